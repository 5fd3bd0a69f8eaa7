"""Dumps of new pictures without the SDK: the twin runs them, in float and, where it has a plan, in fixed numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np

from sgs_tui.engine.backends.preprocess import Layout, ModelInput, Preprocess, load_inputs
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.network import Twin
from sgs_tui.engine.twin.plan import Plan
from sgs_tui.engine.twin.rebuild import refuse_barriers
from sgs_tui.engine.twin.run import write_fixed_dump, write_float_dump


@dataclass(frozen=True, slots=True)
class TwinDumps:
    """The dumps of one sample; `fixed` None without a plan. `notes` on axes that had to be moved."""

    float_dump: Path
    fixed_dump: Path | None
    notes: tuple[str, ...]


def dump_pictures(
    twin: Twin,
    samples: Sequence[tuple[Path, ...]],
    how: Preprocess,
    folder: Path,
    fixed: Plan | None = None,
    pixels: Pixels | None = None,
    cancel: Event | None = None,
) -> Iterator[TwinDumps]:
    """`<picture>_float.bin` (and `_fixed.bin`) in `folder` for each sample, as they are written.

    Nothing that is there is written over. Raises InputError, UsageError, RunError, CancelledError.
    """
    refuse_barriers(twin)
    names = [sample[0].stem for sample in samples]
    stages = ("float", "fixed") if fixed is not None else ("float",)
    _check_targets(folder, names, stages)
    wanted = [
        ModelInput(name, twin.shapes.get(name, (twin.records[name].count,)), np.dtype(np.float32))
        for name in twin.inputs
    ]
    for name, sample in zip(names, samples, strict=True):
        feed, notes = load_inputs(wanted, sample, how, Layout.NHWC)
        inputs = {each: values.astype(np.float32).reshape(-1) for each, values in feed.items()}
        targets = [folder / f"{name}_{stage}.bin" for stage in stages]
        write_float_dump(twin, inputs, targets[0], cancel)
        if fixed is not None:
            write_fixed_dump(fixed, inputs, targets[1], pixels, cancel=cancel)
        yield TwinDumps(targets[0], targets[1] if fixed is not None else None, tuple(notes))


def _check_targets(folder: Path, names: Sequence[str], stages: Sequence[str]) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder", "make it first")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"two pictures are named {twice}: their dumps would be too", "dump one after the other")
    there = next((p for name in names for s in stages if (p := folder / f"{name}_{s}.bin").exists()), None)
    if there is not None:
        raise InputError(f"{there}: is there already", "name another folder: --dumps DIR")
