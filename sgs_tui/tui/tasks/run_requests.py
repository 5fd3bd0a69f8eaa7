"""From the form to runs of the SDK's simulator, or of the embedded one."""

from itertools import chain
from pathlib import Path

from sgs_tui.engine.dumps.records import Stage
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.simulate.runs import RunRequest
from sgs_tui.engine.simulate.sdk import SdkRequest, refuse_offline, sdk_runs
from sgs_tui.engine.simulate.sdk_root import find_sdk
from sgs_tui.tui.models.run_form import BOTH, EMBEDDED, FIXED, FLOAT, RunForm

PATIENCE = 120.0
"""Seconds for a preprocess script of the embedded simulator."""


def requests_of(form: RunForm, debug_config: bytes) -> tuple[RunRequest, ...]:
    """One run for each stage and image. Raises SgsError for what is missing or can not be dumped.

    `debug_config`: the DebugConfig.txt of pane 4, whose switches count (its path is the run's own).
    """
    if form.problems:
        raise UsageError(f"not everything is there: {'; '.join(form.problems)}", "e edits what is to be run")
    return (_embedded(form),) if form.value("simulator") == EMBEDDED else _simulated(form, debug_config)


def _simulated(form: RunForm, debug_config: bytes) -> tuple[RunRequest, ...]:
    """Both stages of an image follow one another."""
    sdk = find_sdk(_path(form.value("sdk")) if form.value("sdk") else None)
    stages = {BOTH: (FLOAT, FIXED)}.get(form.value("stage"), (form.value("stage"),))
    found = []
    for stage in stages:
        model = _path(form.value(stage))
        wanted = _stage(stage, model)
        refuse_offline(model, wanted or Stage.CMODEL_FLOAT)
        request = SdkRequest(
            model=model,
            image=form.value("image"),
            preprocess=form.value("preprocess"),
            stage=wanted,
            debug_config=debug_config,
            python=form.value("python"),
        )
        found.append(sdk_runs(request, sdk))
    return tuple(chain.from_iterable(zip(*found, strict=True)))


def _stage(stage: str, model: Path) -> Stage | None:
    """None for a cmodel_float model: its name tells the stage."""
    if stage == FIXED:
        return Stage.FIXED
    return None if model.name.endswith("_cmodel_float.sim") else Stage.FLOAT


def _embedded(form: RunForm) -> RunRequest:
    """The one run that quantises and dumps both stages."""
    from sgs_tui.engine.simulate.embedded import EmbeddedRequest
    from sgs_tui.engine.simulate.local_inputs import image_samples
    from sgs_tui.engine.simulate.local_runs import WORK, local_run
    from sgs_tui.engine.simulate.onnx_model import load_model
    from sgs_tui.engine.simulate.preprocess import Preprocess
    from sgs_tui.engine.simulate.quantise import Quantisation, check_names

    model, int16 = _path(form.value("model")), _parts(form.value("int16"))
    check_names(load_model(model), int16)
    image = form.value("image")
    samples = image_samples(image) if image else ()
    if len(samples) > 1:
        raise UsageError(f"{image}: {len(samples)} images, both stages run on one", "name one image")
    modules = tuple(_path(part) for part in _parts(form.value("preprocess")))
    return local_run(
        EmbeddedRequest(
            model=model,
            images=image_samples(form.value("calibrate")),
            folder=WORK,
            preprocess=Preprocess(modules, timeout=PATIENCE),
            quantisation=Quantisation(int16=int16),
            sample=samples[0] if samples else (),
        )
    )


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
