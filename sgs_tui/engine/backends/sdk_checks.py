"""What is wrong before the SDK's tools run, found for free: ini against preprocess script, names, pictures, memory.

The tools say little of it: a wrong size or mean gives wrong numbers without a word, a mean of another kind an assertion
in the calibrator, a file name with Chinese characters a hang, one calibration picture ranges that fit that one only.
"""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import psutil

from sgs_tui.engine.backends.samples import Sample
from sgs_tui.engine.backends.sdk_ask import SdkAnswers
from sgs_tui.engine.configs import inputconfig
from sgs_tui.engine.configs.inputconfig import INPUT_SECTION, InputConfig
from sgs_tui.engine.dumps.format import Direction, Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.numbers import count, size
from sgs_tui.engine.runs.backend import Concern, Level
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, plural

FEW = 10
"""Calibration pictures below which ranges are a matter of chance; some 30 are usual."""
_WANTED = 6_000_000_000
"""Bytes that the vendor asks for, 8 advised."""
_MEAN, _STD = 1.0, 0.02
"""By how much a script's mean (pixel values), and its std (relative), may differ from the ini's."""
_MAKE_BOTH_THE_SAME = Message("the calibrator stops at an assertion, or every layer is off: make both the same")
_FORMATS = ("RGB", "BGR")


def _warning(message: str, hint: str) -> Concern:
    return Concern(Level.WARNING, message, hint)


def check_names(paths: Iterable[Path]) -> Iterator[Concern]:
    """Names that are not ASCII: the calibrator hangs on some, and the tools' shells differ about the others."""
    odd = next((path for path in paths if not str(path).isascii()), None)
    if odd is not None:
        message = Message(
            "{path}: this name is not plain ASCII: the older calibrator hangs on such names", path=visible(str(odd))
        )
        yield _warning(message, Message("rename it, or work through a link with another name"))


def check_pictures(pictures: int) -> Iterator[Concern]:
    """Whether there are enough to calibrate with."""
    if pictures < FEW:
        message = plural(
            pictures,
            "one picture is no calibration: ranges then fit what was in it, and clip what was not",
            "only {number} calibration pictures: ranges then fit what was in it, and clip what was not",
        )
        yield _warning(message, Message("take about 30 that look like what the network will see"))


def check_memory(processes: int, available: int | None = None) -> Iterator[Concern]:
    """Whether memory suffices for so many processes of the tools. `available` in bytes; None: of this machine, now."""
    free = psutil.virtual_memory().available if available is None else available
    if free < _WANTED:
        told = Message(", for {processes} processes", processes=processes) if processes > 1 else ""
        message = Message(
            "{free} of memory are free{told}: the SDK's tools want 6 to 8 GB, and are killed without them",
            free=size(free),
            told=told,
        )
        yield _warning(message, Message("close other programs, or run fewer processes (--num_process 2)"))


@dataclass(frozen=True, slots=True)
class Probed:
    """What a script did to a picture: numbers of values with and without norm, (mean, std) by channel where a line fits
    both, the order of the channels where it shows."""

    size: int
    raw_size: int
    raw_type: str
    shape: tuple[int, ...]
    lines: tuple[tuple[float, float] | None, ...] = ()
    order: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Feeding:
    """How a network is fed: the scripts (as -n names them), one sample, its ini, the true number of values of each
    input (empty where that is not known)."""

    scripts: tuple[str, ...]
    sample: Sample
    ini: Path | None = None
    sizes: tuple[int, ...] = field(default=())


def check_feeding(feeding: Feeding, answers: SdkAnswers) -> Iterator[Concern]:
    """The ini against what the scripts do to the sample. Raises SgsError where the ini or the SDK can not be read."""
    config = inputconfig.load(feeding.ini) if feeding.ini is not None else None
    if config is not None and config.inputs and feeding.scripts and len(config.inputs) != len(feeding.scripts):
        message = Message(
            "{ini}: names {inputs}, -n {scripts}",
            ini=feeding.ini,
            inputs=count(len(config.inputs), "input"),
            scripts=count(len(feeding.scripts), "script"),
        )
        yield _warning(message, Message("give one script an input, in the order of `inputs`"))
        return
    for number, (script, picture) in enumerate(zip(feeding.scripts, feeding.sample, strict=False)):
        found = _probe(script, picture, answers)
        if found is not None:
            wanted = feeding.sizes[number] if number < len(feeding.sizes) else 0
            yield from _about_script(Path(script).name, picture, found, wanted)
            if config is not None and not found.error:
                yield from _about_ini(feeding.ini, config, number, Path(script).name, found)


_probed: dict[tuple[str, ...], Probed | None] = {}
"""By script and picture, in this process: both stages of a network are fed alike."""


def _probe(script: str, picture: Path, answers: SdkAnswers) -> Probed | None:
    """None where nothing can be said: no numpy there, or files that are not seen there."""
    key = (answers.mark, script, str(_modified(script)), str(picture), str(_modified(str(picture))))
    if key not in _probed:
        _probed[key] = _tried(script, picture, answers)
    return _probed[key]


def _modified(path: str) -> int:
    return os.stat(path).st_mtime_ns if os.path.exists(path) else 0


def _tried(script: str, picture: Path, answers: SdkAnswers) -> Probed | None:
    text = files("sgs_tui.engine.backends").joinpath("probe_preprocess.py").read_text("utf-8")
    try:
        done = answers.run(["-c", text, script, str(picture)], (script, str(picture)))
    except (OSError, subprocess.TimeoutExpired):
        return None
    try:
        told = json.loads(done.stdout.strip().rpartition(b"\n")[2])
    except ValueError:
        return None
    if "unseen" in told:
        return None
    if "error" in told:
        return Probed(0, 0, "", (), error=str(told["error"]))
    lines = tuple((float(one[0]), float(one[1])) if one else None for one in told.get("lines", ()))
    return Probed(told["size"], told["raw_size"], told["raw_type"], tuple(told["shape"]), lines, told["order"])


def _about_script(name: str, picture: Path, found: Probed, wanted: int) -> Iterator[Concern]:
    name = visible(name)
    if found.error:
        message = Message(
            "{name} fails on {picture}: {error}",
            name=name,
            picture=visible(picture.name),
            error=visible(found.error)[:200],
        )
        yield _warning(message, Message("the SDK's tools will call it the same way"))
        return
    if wanted and found.size != wanted:
        message = Message(
            "{name} returns {size} values {shape} where the model's input takes {wanted}",
            name=name,
            size=found.size,
            shape=list(found.shape),
            wanted=wanted,
        )
        yield _warning(message, Message("fix the size: the simulator says nothing then and dumps wrong data"))
    if found.raw_size != found.size:
        message = Message(
            "{name} returns {size} values with norm=True and {raw_size} with norm=False",
            name=name,
            size=found.size,
            raw_size=found.raw_size,
        )
        yield _warning(
            message, Message("both must be the same picture: the float model gets the one, the fixed one the other")
        )


def _about_ini(ini: Path | None, config: InputConfig, number: int, name: str, found: Probed) -> Iterator[Concern]:
    trained = _nth(config.value(INPUT_SECTION, "training_input_formats"), number).upper()
    if trained not in (*_FORMATS, "GRAY"):
        return
    if found.order and trained in _FORMATS and found.order != trained:
        message = Message(
            "{ini}: training_input_formats={trained}, but {name} gives {order}",
            ini=ini,
            trained=trained,
            name=visible(name),
            order=found.order,
        )
        yield _warning(message, Message("the board will swap red and blue: make both the same, and convert again"))
    wanted = _mean_and_std(config, number, found.order or trained)
    fitted = [line for line in found.lines if line is not None]
    if wanted is None or len(fitted) != len(found.lines) or not fitted:
        return
    means, stds = wanted
    if len(fitted) == 1:
        means, stds = means[:1], stds[:1]
    told = _numbers(line[0] for line in fitted), _numbers(line[1] for line in fitted)
    if any(abs(line[0] - mean) > _MEAN for line, mean in zip(fitted, means, strict=False)):
        message = Message(
            "{ini}: mean {means}, but {name} subtracts {told} (channels in its order)",
            ini=ini,
            means=_numbers(means),
            name=visible(name),
            told=told[0],
        )
        yield _warning(message, _MAKE_BOTH_THE_SAME)
    if any(abs(line[1] / std - 1) > _STD for line, std in zip(fitted, stds, strict=False)):
        message = Message(
            "{ini}: std_value {stds}, but {name} divides by {told}",
            ini=ini,
            stds=_numbers(stds),
            name=visible(name),
            told=told[1],
        )
        yield _warning(message, _MAKE_BOTH_THE_SAME)


def graph_input_size(dump: Dump) -> int:
    """Values of the network's one input, as the float dump has it; 0 where there are several."""
    found = graph_input(dump)
    return found.count if found is not None else 0


def graph_input(dump: Dump) -> Record | None:
    """The one operand that no op makes; None where there are several."""
    made = {record.name for record in dump.records if record.direction is Direction.OUT}
    given = {
        record.name: record
        for record in dump.records
        if record.direction is Direction.IN and not record.constant and record.name not in made
    }
    return next(iter(given.values())) if len(given) == 1 else None


def _nth(value: str | None, number: int) -> str:
    parts = [part.strip() for part in (value or "").split(",")]
    return parts[number] if number < len(parts) else ""


def _numbers(values: Iterable[float]) -> str:
    return ":".join(f"{value:.4g}" for value in values)


def _mean_and_std(config: InputConfig, number: int, order: str) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Of one input, by channel in `order` (the ini's are red, green, blue); None where the ini says it otherwise."""
    text = _nth(config.value(INPUT_SECTION, "mean"), number)
    colors = [config.value(INPUT_SECTION, f"mean_{color}") or "" for color in ("red", "green", "blue")]
    means = text.split(":") if text else colors
    stds = _nth(config.value(INPUT_SECTION, "std_value"), number).split(":")
    try:
        found = [float(each) for each in means], [float(each) for each in stds]
    except ValueError:
        return None
    mean, std = (part * 3 if len(part) == 1 else part for part in found)
    if order == "BGR":
        mean, std = mean[::-1], std[::-1]
    return (tuple(mean), tuple(std)) if all(std) else None
