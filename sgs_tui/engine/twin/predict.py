"""`predict`: every layer's values under the fixed arithmetic, given out as they come.

Codes are held (a quarter of float32) and dropped after their last reader, so memory is bounded by the widest point of
the network. A second plan is computed against a first one: groups whose settings and inputs are unchanged are not run.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

import numpy as np

from sgs_tui.engine.errors import CancelledError, InputError
from sgs_tui.engine.text import visible
from sgs_tui.engine.twin.arithmetic import Pixels, quantize_input
from sgs_tui.engine.twin.fixed_kernels import Settings, fixed_kernel, settings_of, stored_type
from sgs_tui.engine.twin.fusing import Group
from sgs_tui.engine.twin.kernels import Array, Kernel
from sgs_tui.engine.twin.meaning import Floats
from sgs_tui.engine.twin.network import Twin
from sgs_tui.engine.twin.plan import Grid, Plan
from sgs_tui.engine.twin.values import Values
from sgs_tui.language import Message, plural

KERNELS = 4000
"""Kernels kept; a trial of one more INT16 tensor makes some ten."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One stored tensor: codes of `grid`, or float32 without one (or without limits). NHWC order.

    `changed` is False where it is bit for bit what the base run gave.
    """

    name: str
    stored: Array
    grid: Grid | None
    changed: bool = True

    def values(self) -> Floats:
        """What it stands for, flat."""
        flat = self.stored.reshape(-1)
        if self.grid is None or flat.dtype == np.float32:
            return flat.astype(np.float32, copy=False)
        decoded = flat.astype(np.float32)
        decoded -= np.float32(self.grid.zero)
        decoded *= np.float32(self.grid.scale)
        return decoded


@dataclass
class Kernels:
    """Kernels by what their numbers depend on, shared by all plans of one twin and by threads."""

    limit: int = KERNELS
    _kept: "OrderedDict[tuple[int, frozenset[str], Settings], Kernel]" = field(default_factory=OrderedDict)
    _lock: Any = field(default_factory=Lock)

    def get(self, group: Group, settings: Settings, plan: Plan) -> Kernel:
        """The group's kernel, made where it is not there yet."""
        key = (group.last.index, plan.fused, settings)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = fixed_kernel(group, settings, plan)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self.limit:
                self._kept.popitem(last=False)
        return made


@dataclass
class Base:
    """A finished run to compute others against: its plan's settings, and every stored tensor's codes."""

    settings: dict[int, Settings] = field(default_factory=dict)
    stored: dict[str, Array] = field(default_factory=dict)


Inputs = Mapping[str, Floats]


def dumped_inputs(twin: Twin) -> dict[str, Floats]:
    """The float dump's own network inputs, flat NHWC."""
    values = Values(twin.dump)
    return {name: values.read(twin.records[name]) for name in twin.inputs}


def input_codes(plan: Plan, inputs: Inputs, pixels: Pixels | None) -> dict[str, Array]:
    """The network's inputs as the fixed simulator holds them. Raises InputError where one is missing or has another
    size."""
    found: dict[str, Array] = {}
    for name in plan.twin.inputs:
        values = inputs.get(name)
        wanted = int(np.prod(plan.twin.shapes.get(name, (plan.twin.records[name].count,))))
        if values is None or values.size != wanted:
            got = Message("nothing") if values is None else plural(values.size, "{number} value", "{number} values")
            raise InputError(
                Message(
                    "network input {name}: expected {wanted} values (NHWC), got {got}",
                    name=visible(name),
                    wanted=wanted,
                    got=got,
                )
            )
        found[name] = _input(values.reshape(-1), plan.grids.get(name), pixels if plan.qdq is None else None)
    return found


def _input(values: Floats, grid: Grid | None, pixels: Pixels | None) -> Array:
    if grid is None:
        return values.astype(np.float32)
    if not grid.limited:
        return np.asarray(np.rint(values / grid.scale) * grid.scale, np.float32)
    if grid.wide:
        return np.asarray(np.clip(np.rint(values / grid.scale) + grid.zero, -32768, 32767), np.int16)
    return quantize_input(values, grid, pixels)


def predict(
    plan: Plan,
    inputs: Inputs | None = None,
    pixels: Pixels | None = Pixels(),  # noqa: B008 - frozen
    kernels: Kernels | None = None,
    cancel: Event | None = None,
) -> Iterator[Layer]:
    """Every stored tensor in execution order, network inputs first.

    `inputs` by name, flat NHWC (None: the dump's own); `pixels` how they were normalized (None: round plainly).
    Barriers give the dump's values. Raises InputError, RunError, CancelledError.
    """
    given = input_codes(plan, dumped_inputs(plan.twin) if inputs is None else inputs, pixels)
    yield from run(plan, given, kernels or Kernels(), cancel=cancel)


def run(
    plan: Plan,
    inputs: Mapping[str, Array],
    kernels: Kernels,
    base: Base | None = None,
    keep: Base | None = None,
    cancel: Event | None = None,
) -> Iterator[Layer]:
    """Every stored tensor. What equals `base` is taken from it; `keep` collects what the run gives."""
    left = Counter(name for group in plan.groups for name in group.reads)
    stored: dict[str, Array] = {}
    same: set[str] = set()
    for name, values in inputs.items():
        stored[name] = values
        if base is not None and np.array_equal(values, base.stored[name]):
            same.add(name)
        yield Layer(name, values, plan.grids.get(name), name not in same)
    for group in plan.groups:
        if cancel is not None and cancel.is_set():
            raise CancelledError(Message("the prediction was stopped"))
        settings = settings_of(group, plan)
        for name, values in zip(group.writes, _values(group, settings, plan, kernels, base, stored, same), strict=True):
            stored[name] = values
            if base is not None and _unchanged(base.stored[name], values):
                same.add(name)
            yield Layer(name, values, plan.grids.get(name), name not in same)
        if keep is not None:
            keep.settings[group.last.index] = settings
            keep.stored |= {name: stored[name] for name in group.writes}
        _drop(left, stored, group)
    if keep is not None:
        keep.stored |= dict(inputs)


def _values(
    group: Group, settings: Settings, plan: Plan, kernels: Kernels, base: Base | None, stored: Mapping[str, Array],
    same: set[str],
) -> list[Array]:  # fmt: skip
    if group.last.barrier:
        return _barrier(group, plan)
    if base is not None and base.settings[group.last.index] == settings and same.issuperset(group.reads):
        return [base.stored[name] for name in group.writes]
    return kernels.get(group, settings, plan).run([stored[name] for name in group.reads])


def _barrier(group: Group, plan: Plan) -> list[Array]:
    """A barrier's dumped values, on the grid they would have: the fixed dump's where it has them."""
    values, found = Values(plan.twin.dump), []
    for name in group.writes:
        known = plan.fed.get(name)
        found.append(_on_grid(values.read(plan.twin.records[name]) if known is None else known, plan.grids.get(name)))
    return found


def _on_grid(values: Floats, grid: Grid | None) -> Array:
    if grid is None or not grid.limited:
        return values.astype(np.float32)
    limits = np.iinfo(stored_type(grid))
    codes = np.rint(np.nan_to_num(values.astype(np.float64)) / grid.scale) + grid.zero
    found: Array = np.clip(codes, limits.min, limits.max).astype(stored_type(grid))
    return found


def _unchanged(before: Array, after: Array) -> bool:
    return before is after or (before.dtype == after.dtype and np.array_equal(before, after))


def _drop(left: Counter[str], stored: dict[str, Array], group: Group) -> None:
    for name in group.reads:
        left[name] -= 1
    for name in (*group.reads, *group.writes):
        if left[name] <= 0:
            stored.pop(name, None)
