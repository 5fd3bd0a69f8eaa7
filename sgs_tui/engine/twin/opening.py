"""From paths to something that can be asked: a float dump's twin, with the calibration and settings of its network.

What lies beside the dumps under the vendor's own names is taken where no file was named, and `notes` say so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from sgs_tui.engine.calibration.ranges import load_ranges
from sgs_tui.engine.configs import inputconfig
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.text import did_you_mean, visible
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.domains import WORDS, raised_inputs
from sgs_tui.engine.twin.network import Bounds, Extremes, Twin
from sgs_tui.engine.twin.plan import (
    SOFTMAX,
    Plan,
    load_channel_ranges,
    load_softmax_ranges,
    plan,
    plan_fused,
    with_qdq,
)
from sgs_tui.engine.twin.qdq import Qdq
from sgs_tui.engine.twin.rebuild import rebuild
from sgs_tui.engine.twin.trials import Trials
from sgs_tui.engine.twin.whatif import Subject, from_fixed
from sgs_tui.language import Message, plural

RANGES, CHANNELS = "tensor_min_max.txt", "tensor_chn.txt"
INI = "input_config.ini"
_CHOOSING, _PROMOTING = 3, 4
"""Levels from which the calibrator takes limits of its own, and promotes tensors to INT16 by its own judgement."""

_SAME, _FEW = 0.02, 0.1
"""Scales that agree (level L5 moves them by 1.4 %), and the share of others from which it is another calibration."""


@dataclass(frozen=True, slots=True)
class Files:
    """What belongs to one network. Of the calibrator's files `softmax` and `channels` are those beside `ranges`."""

    float_dump: Path
    fixed_dump: Path | None = None
    ranges: Path | None = None
    ini: Path | None = None

    def with_neighbors(self) -> "Files":
        """With what lies beside the dumps (the fixed one first) for what was not named."""
        folders = [path.parent for path in (self.fixed_dump, self.float_dump) if path is not None]
        return replace(self, ranges=self.ranges or _in(folders, RANGES), ini=self.ini or _in(folders, INI))

    @property
    def softmax(self) -> Path | None:
        """softmax_lut_range.txt."""
        return _in([self.ranges.parent], SOFTMAX) if self.ranges is not None else None

    @property
    def channels(self) -> Path | None:
        """tensor_chn.txt."""
        return _in([self.ranges.parent], CHANNELS) if self.ranges is not None else None


def _in(folders: Sequence[Path], name: str) -> Path | None:
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the files say; `int16` what `config` (an input_config.ini) puts into INT16.

    `notes`: which were taken without being named, and what they do not say.
    """

    ranges: Mapping[str, Bounds] | None
    softmax: Mapping[str, Bounds] | None
    channels: Mapping[str, Extremes] | None
    pixels: Pixels
    int16: tuple[str, ...]
    config: Path | None
    notes: tuple[str, ...]


def read_settings(named: Files) -> Settings:
    """Everything around the dumps. Raises InputError for a file that is not what it is named."""
    files = named.with_neighbors()
    taken = [path for path in (files.ranges, files.softmax, files.channels, files.ini) if path is not None]
    found = [str(path) for path in taken if path not in (named.ranges, named.ini)]
    config = inputconfig.load(files.ini) if files.ini is not None else None
    pixels = _pixels(config) if config is not None else Pixels()
    notes = [Message("found beside and taken: {files}", files=", ".join(found))] if found else []
    if pixels is None:
        notes.append(Message("{ini}: its mean and std are not plain numbers, 127 and 128 are taken", ini=files.ini))
    return Settings(
        load_ranges(files.ranges).by_name if files.ranges is not None else None,
        load_softmax_ranges(files.softmax) if files.softmax is not None else None,
        load_channel_ranges(files.channels) if files.channels is not None else None,
        pixels or Pixels(),
        _chosen(config) if config is not None else (),
        files.ini,
        tuple(notes),
    )


def _chosen(config: inputconfig.InputConfig) -> tuple[str, ...]:
    """What [CONV_CONFIG] puts into INT16: names, and a word for many."""
    word = (config.value(inputconfig.CONV_SECTION, inputconfig.INPUT_FORMAT) or "").strip()
    return (*(name for name in config.tensor_arrays if name), *([word] if word in WORDS else []))


def _pixels(config: inputconfig.InputConfig) -> Pixels | None:
    """Mean and std by channel in the network's order; None where they are not plain numbers."""
    colors = [config.value(inputconfig.INPUT_SECTION, f"mean_{color}") for color in ("red", "green", "blue")]
    std = config.value(inputconfig.INPUT_SECTION, "std_value")
    if None in colors:
        return Pixels()
    order = config.value(inputconfig.INPUT_SECTION, "training_input_formats") or "BGR"
    try:
        mean = tuple(float(each or 0) for each in (colors[::-1] if order.upper().startswith("BGR") else colors))
        return Pixels(mean, (float(std or 1) or 1.0,) * 3)
    except ValueError:
        return None


def open_twin(path: Path) -> Twin:
    """The twin of a float dump; its file stays open. Raises InputError."""
    return rebuild(open_dump(path))


@dataclass(frozen=True)
class Opened:
    """A subject, how its pixels are made, and what there is to know about it.

    `promoted`: convolution inputs in INT16 in the fixed dump that input_config.ini does not name.
    """

    subject: Subject
    pixels: Pixels
    notes: tuple[str, ...]
    promoted: tuple[str, ...] = ()


def open_subject(files: Files, level: int | None = None, cancel: Event | None = None) -> Opened:
    """Rebuild, plan and run the base. `level` counts without a fixed dump only (L2 unless told).

    Raises UsageError where neither a fixed dump nor ranges are there, InputError, CancelledError.
    """
    twin, settings = open_twin(files.float_dump), read_settings(files)
    if files.fixed_dump is None:
        made, notes = open_plan(twin, files, level, settings=settings)
        return Opened(Subject(Trials.start(made, None, settings.pixels, cancel=cancel)), settings.pixels, notes)
    fixed = open_dump(files.fixed_dump)
    subject = from_fixed(twin, fixed, settings.ranges, settings.pixels, settings.softmax, cancel)
    notes = (
        *settings.notes,
        *_about_ranges(subject.plan, files, settings),
        *_about_scales(subject.plan, files, settings),
    )
    if level is not None:
        notes = (*notes, Message("the level is read from the fixed dump, --level does not count"))
    promoted = _promoted(subject.plan, settings)
    if promoted:
        said = Message(
            "in INT16 in {dump} and not named in {config}: {names} (levels L4 and L5 promote; or it was another file)",
            dump=files.fixed_dump,
            config=settings.config,
            names=", ".join(promoted),
        )
        notes = (*notes, said)
    return Opened(subject, settings.pixels, notes, promoted)


def _promoted(made: Plan, settings: Settings) -> tuple[str, ...]:
    if settings.config is None:
        return ()
    named = raised_inputs(made.twin, settings.int16)
    return tuple(name for name in made.twin.convolution_inputs() if name in made.raised - named)


def open_plan(
    twin: Twin, files: Files, level: int | None = None, int16: Sequence[str] = (), settings: Settings | None = None
) -> tuple[Plan, tuple[str, ...]]:
    """The plan before any fixed model exists, and what there is to know about it. Raises UsageError, InputError."""
    known = settings or read_settings(files)
    if known.ranges is None:
        raise UsageError(
            Message("no calibrated ranges: there is no {name} beside {dump}", name=RANGES, dump=files.float_dump),
            Message("name it: --ranges {name}", name=RANGES),
        )
    check_names(twin, int16)
    chosen = level or 2
    made = plan(twin, known.ranges, (*known.int16, *int16), chosen, known.softmax, channels=known.channels)
    notes = [*known.notes, *_about_ranges(made, files, known)]
    if level is None:
        notes.append(Message("quantization level L2 is taken: --level names another"))
    notes += _about_level(made, chosen)
    if known.int16:
        notes.append(Message("INT16 by {ini}: {names}", ini=INI, names=", ".join(known.int16)))
    return made, tuple(notes)


def _about_level(made: Plan, level: int) -> Iterator[str]:
    """What is not known of levels L3 to L5."""
    if level >= _CHOOSING:
        yield Message(
            "L{level} takes limits of the calibrator's own: foreseen with those in {file}, which is not proven",
            level=level,
            file=RANGES,
        )
    if level >= _PROMOTING:
        could = [name for name in made.twin.convolution_inputs() if name not in made.raised]
        named = ", ".join(could[:4]) + (" ..." if could[4:] else "")
        yield Message(
            "L{level} promotes some of {names} to INT16 by its own judgement: foreseen where --int16 names them",
            level=level,
            names=named,
        )


def _about_ranges(made: Plan, files: Files, settings: Settings) -> tuple[str, ...]:
    """Raises InputError where the ranges are of another network."""
    tensors, guessed = len(made.twin.tensors), len(made.guessed)
    if settings.ranges is None:
        return (Message("no {file}: ranges are those that the fixed dump's scales tell", file=RANGES),)
    if guessed == tensors:
        message = Message(
            "{ranges}: has none of the network's {tensors} tensors",
            ranges=files.with_neighbors().ranges,
            tensors=tensors,
        )
        raise InputError(message, Message("name the ranges of this network: --ranges FILE"))
    if guessed:
        return (
            plural(
                guessed,
                "{number} of {tensors} tensors has no calibrated range: the float dump's own is taken",
                "{number} of {tensors} tensors have no calibrated range: the float dump's own is taken",
                tensors=tensors,
            ),
        )
    return ()


def _about_scales(read: Plan, files: Files, settings: Settings) -> tuple[str, ...]:
    """Whether the fixed dump's scales are those that the ranges give: by them changed tensors are foreseen."""
    if settings.ranges is None:
        return ()
    raised = sorted(read.raised)
    made = plan_fused(plan(read.twin, settings.ranges, raised, 2, settings.softmax, exact=True), read.fused)
    made = made if read.qdq is None else with_qdq(made, read.qdq, read.raised)
    pairs = [(grid, made.grids.get(name)) for name, grid in read.grids.items()]
    scales = [(a.scale, b.scale) for a, b in pairs if a is not None and b is not None and a.wide == b.wide]
    other = sum(abs(a - b) > _SAME * max(a, b) for a, b in scales)
    if other <= _FEW * len(scales):
        return ()
    ranges = files.with_neighbors().ranges
    return (
        plural(
            other,
            "{number} of {scales} scales of {fixed_dump} is not that of {ranges}: another calibration?",
            "{number} of {scales} scales of {fixed_dump} are not those of {ranges}: another calibration?",
            scales=len(scales),
            fixed_dump=files.fixed_dump,
            ranges=ranges,
        ),
    )


def check_names(twin: Twin, names: Sequence[str], made: Plan | None = None) -> None:
    """Raise UsageError for a name that puts nothing into INT16: with which no convolution input begins, or that
    onnxruntime does not quantize."""
    if made is not None and made.qdq is not None:
        return _check_quantized(made, made.qdq, names)
    inputs = twin.convolution_inputs()
    for name in names:
        if name not in WORDS and not any(each.startswith(name) for each in inputs):
            what = Message("INT16 for {name}: it begins no tensor's name", name=visible(name))
            if name in twin.records:
                what = Message("INT16 for {name}: it is a tensor, but no convolution reads it", name=visible(name))
            raise UsageError(
                what,
                visible(did_you_mean(name, inputs))
                if inputs
                else Message("the network has no convolution behind another op"),
            )


def _check_quantized(made: Plan, qdq: Qdq, names: Sequence[str]) -> None:
    able = made.choices()
    for name in names:
        if name not in WORDS and qdq.roots.get(name) not in able:
            what = Message("INT16 for {name}: it is no tensor's name", name=visible(name))
            if qdq.roots.get(name) in made.twin.inputs:
                what = Message("INT16 for {name}: it is of the network's input", name=visible(name))
            elif name in made.twin.records:
                what = Message("INT16 for {name}: it has no codes of its own", name=visible(name))
            raise UsageError(what, visible(did_you_mean(name, able)))
