"""A sweep as the app is asked for it: what is typed, what is compared, and pane 7's form -> the job.

Apart because it reads files and SDKs, and knows no pane.
"""

from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.backends.samples import image_samples, open_shapes
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.files import at_home
from sgs_tui.engine.runs.run_folder import default_root
from sgs_tui.engine.sweep.background import SweepJob
from sgs_tui.engine.sweep.pictures import listed_dumps, paired_dumps
from sgs_tui.language import _
from sgs_tui.tui.runs.form import BOTH, SDK, RunForm
from sgs_tui.tui.runs.jobs import requests_of


@dataclass(frozen=True, slots=True)
class Asked:
    """`text`: what was typed for the pictures, or the dumps; the rest is what the app has at hand."""

    text: str
    benchmark: Path | None
    sample: Path | None
    ranges: Path | None
    profile: str
    form: RunForm
    debug_config: bytes


def job_for(kind: str, asked: Asked) -> SweepJob:
    """The sweep, without a journal yet. Raises SgsError for what is missing."""
    if kind == "pairs":
        return _pairs(asked)
    samples = image_samples(asked.text, missing=kind in ("twin", "onnx"))
    preprocess = Preprocess(tuple(map(_whole, _parts(asked.form.value("preprocess")))))
    if kind == "twin":
        return SweepJob(
            samples, float_dump=asked.benchmark, fixed_dump=asked.sample, ranges=asked.ranges, preprocess=preprocess,
            profile=asked.profile,
        )  # fmt: skip
    if kind == "onnx":
        model, calibrate = asked.form.value("model"), asked.form.value("calibrate")
        if not model or not calibrate:
            raise UsageError(_("no ONNX model, or no calibration pictures"), _("name both in pane 7's form: 7, e"))
        return SweepJob(
            samples, model=_whole(model), calibration=image_samples(calibrate), preprocess=preprocess,
            int16=_parts(asked.form.value("int16")), shapes=open_shapes(asked.form.value("shape").split()),
            profile=asked.profile,
        )  # fmt: skip
    return _by_sdk(asked, samples)


def _pairs(asked: Asked) -> SweepJob:
    parts = _parts(asked.text)
    if len(parts) == 1 and _whole(parts[0]).is_file():
        pictures = listed_dumps(_whole(parts[0]))
    elif len(parts) == 2:
        pictures, _unpaired = paired_dumps(_whole(parts[0]), _whole(parts[1]))
    else:
        raise UsageError(
            _("{text}: expected two folders with a comma between, or a list", text=asked.text), _("fixed, float")
        )
    files, names = tuple(each.files for each in pictures), tuple(each.name for each in pictures)
    return SweepJob(files, names=names, ranges=asked.ranges, profile=asked.profile)


def _by_sdk(asked: Asked, samples: tuple[tuple[Path, ...], ...]) -> SweepJob:
    """Each picture's runs as pane 7 would start them, both stages."""
    values = {**asked.form.values, "simulator": SDK, "stage": BOTH, "image": asked.text}
    requests = requests_of(RunForm(values), asked.debug_config)
    runs = tuple(zip(requests[::2], requests[1::2], strict=True))
    return SweepJob(samples, runs=runs, root=default_root().absolute(), ranges=asked.ranges, profile=asked.profile)


def _whole(text: str) -> Path:
    return at_home(text).absolute()


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
