"""Dumps of new pictures without the SDK: the twin runs them, in float and, where it has a plan, in fixed numbers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

import numpy as np

from sgs_tui.engine.backends.preprocess import Layout, ModelInput, Preprocess, load_inputs
from sgs_tui.engine.backends.preprocess_child import Children
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.numbers import figure
from sgs_tui.engine.text import visible
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.meaning import Floats
from sgs_tui.engine.twin.network import Twin
from sgs_tui.engine.twin.plan import Plan
from sgs_tui.engine.twin.rebuild import refuse_barriers
from sgs_tui.engine.twin.run import write_fixed_dump, write_float_dump
from sgs_tui.engine.twin.segments import fixed_segments, float_segments
from sgs_tui.language import Message, plural


@dataclass(frozen=True, slots=True)
class TwinDumps:
    """The dumps of one sample; `fixed` None without a plan. `notes` on axes that had to be moved."""

    float_dump: Path
    fixed_dump: Path | None
    notes: tuple[str, ...]


@dataclass
class PictureInputs:
    """Reads a network's inputs from pictures' files; a preprocess script is loaded once."""

    twin: Twin
    preprocess: Preprocess
    _children: Children = field(default_factory=Children)

    def __post_init__(self) -> None:
        twin, kind = self.twin, np.dtype(np.float32)
        self._wanted = [ModelInput(name, twin.shapes.get(name, (twin.records[name].count,)), kind)
                        for name in twin.inputs]  # fmt: skip

    def read(self, files: Sequence[Path], cancel: Event | None = None) -> tuple[dict[str, Floats], list[str]]:
        """The inputs by name, flat NHWC, and notes on axes that had to be moved.

        Raises SgsError for what is no input of the network, or holds NaN or Inf.
        """
        how = self.preprocess if cancel is None else replace(self.preprocess, cancel=cancel)
        feed, notes = load_inputs(self._wanted, files, how, Layout.NHWC, self._children)
        inputs = {name: values.astype(np.float32, copy=False).reshape(-1) for name, values in feed.items()}
        for name, values in inputs.items():
            lost = values.size - int(np.count_nonzero(np.isfinite(values)))
            if lost:
                what = plural(
                    lost,
                    "{file}: input {name}: {number} of {size} values is NaN or Inf",
                    "{file}: input {name}: {number} of {size} values are NaN or Inf",
                    file=files[0].name, name=visible(name), size=values.size,
                )  # fmt: skip
                raise InputError(what, Message("check the preprocess"))
        return inputs, notes

    def close(self) -> None:
        """End what runs the preprocess."""
        self._children.close()


def dump_pictures(
    twin: Twin,
    samples: Sequence[tuple[Path, ...]],
    how: Preprocess,
    folder: Path,
    fixed: Plan | None = None,
    pixels: Pixels | None = None,
    cancel: Event | None = None,
    names: Sequence[str] = (),
) -> Iterator[TwinDumps]:
    """`<picture>_float.bin` (and `_fixed.bin`) in `folder` for each sample, as they are written.

    `names` of the pictures, where they are not those of the samples' first files. Nothing that is there is
    written over. Raises InputError, UsageError, RunError, CancelledError.
    """
    refuse_barriers(twin)
    names = names or [sample[0].stem for sample in samples]
    stages = ("float", "fixed") if fixed is not None else ("float",)
    _check_targets(folder, names, stages)
    in_float, in_fixed = float_segments(twin), fixed_segments(fixed) if fixed is not None else []
    with closing(PictureInputs(twin, how)) as reader:
        for name, sample in zip(names, samples, strict=True):
            inputs, notes = reader.read(sample, cancel)
            targets = [folder / f"{name}_{stage}.bin" for stage in stages]
            write_float_dump(twin, inputs, targets[0], cancel, in_float)
            if fixed is not None:
                write_fixed_dump(fixed, inputs, targets[1], pixels, cancel, in_fixed)
            yield TwinDumps(targets[0], targets[1] if fixed is not None else None, (*notes, *_far_off(twin, inputs)))


_FAR = 8.0
"""How many times larger or smaller values are from which they are on another scale: pixels are 127 times and more what
a network reads."""


def _far_off(twin: Twin, inputs: Mapping[str, Floats]) -> Iterator[str]:
    """Inputs on another scale than the picture that the float dump was made of: the forgotten normalization."""
    for name, values in inputs.items():
        most, usual = float(np.abs(values).max(initial=0.0)), max(map(abs, twin.bounds[name]))
        if most > _FAR * usual or usual > _FAR * most:
            yield Message(
                "input {name}: its values reach {most}, those in the float dump {usual}: are they normalized alike?",
                name=visible(name), most=figure(most), usual=figure(usual),
            )  # fmt: skip


def _check_targets(folder: Path, names: Sequence[str], stages: Sequence[str]) -> None:
    if not folder.is_dir():
        if folder.exists():
            raise InputError(Message("{path}: is no folder", path=folder), Message("name a folder"))
        raise InputError(Message("{path}: there is no such folder", path=folder), Message("make it first"))
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            Message("two pictures are named {name}: their dumps would be too", name=twice),
            Message("dump one after the other"),
        )
    there = next((p for name in names for s in stages if (p := folder / f"{name}_{s}.bin").exists()), None)
    if there is not None:
        raise InputError(
            Message("{target}: is there already", target=there), Message("name another folder: --dumps DIR")
        )
