"""Trials on several pictures at once: a layer's figures are its worst over them, so a limit is broken exactly where
some picture breaks it, and a search asks them as it asks one picture.

Pictures are only ever added. What a set gave on those before is kept (five numbers a layer), so a new picture costs its
own runs alone. Values of pictures stay in memory up to `ROOM`: a trial then runs what the set changes; the other
pictures are run from their input on, which takes two to five times as long.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf
from threading import Event
from typing import Self

import numpy as np

from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.network.narrow import Slices
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.figures import Figures, figures
from sgs_tui.engine.twin.kernels import Kernel
from sgs_tui.engine.twin.meaning import Floats
from sgs_tui.engine.twin.plan import Plan, with_int16
from sgs_tui.engine.twin.predict import Inputs, Kernels, predict
from sgs_tui.engine.twin.run import float_layers
from sgs_tui.engine.twin.slices import TwinSlices
from sgs_tui.engine.twin.trials import Scores, Trials

ROOM = 1 << 29
"""Bytes of values that are kept."""

_MOST_IS_WORST = np.array([False, True, False, True, True])
"""Of Figures' fields, in their order."""


@dataclass(frozen=True, slots=True)
class TwinPicture:
    """A picture for the twin: `key` by its content; `read` gives its inputs (flat NHWC) or raises SgsError."""

    key: str
    name: str
    read: Callable[[Event | None], Inputs]


@dataclass
class Pictures:
    """Runs one network on whatever pictures; kernels are made once. Safe to be used by several threads."""

    plan: Plan
    pixels: Pixels | None
    layers: tuple[str, ...]
    _fixed: Kernels = field(default_factory=Kernels)
    _float: dict[int, Kernel] = field(default_factory=dict)

    def scores(self, under: Plan, inputs: Inputs, cancel: Event | None = None) -> Scores:
        """Figures of `layers` under a plan; nothing but the fixed codes is held. Raises SgsError."""
        wanted = frozenset(self.layers)
        fixed = predict(under, inputs, self.pixels, self._fixed, cancel)
        stored = {layer.name: layer for layer in fixed if layer.name in wanted}
        found: dict[str, Figures] = {}
        for op, held in float_layers(self.plan.twin, inputs, self._float, cancel):
            for name in op.outputs:
                if name in stored:
                    layer, truth = stored.pop(name), held[name]
                    values = layer.values()
                    slices = self._slices.of(name, layer.grid, values, truth)
                    found[name] = replace(figures(values, truth), slices=slices)
        return found

    def trials(self, inputs: Inputs, cancel: Event | None = None) -> Trials:
        """Trials on a picture whose values are kept. Raises SgsError."""
        wanted = frozenset(self.plan.layers())
        floats = {
            name: held[name]
            for op, held in float_layers(self.plan.twin, inputs, self._float, cancel)
            for name in op.outputs
            if name in wanted
        }
        return Trials.start(self.plan, inputs, self.pixels, self._fixed, cancel, _Held(floats))

    @cached_property
    def _slices(self) -> TwinSlices:
        return TwinSlices(self.plan.twin, self.plan.known_ranges())

    @property
    def size(self) -> int:
        """Bytes that one picture's trials hold: float values, and codes of two bytes at most."""
        return sum(6 * self.plan.twin.records[name].count for name in self.plan.layers())


@dataclass(frozen=True, slots=True)
class _Held:
    values: Mapping[str, Floats]

    def read(self, record: Record) -> Floats:
        return self.values[record.name]


@dataclass
class PictureTrials:
    """What a search tries sets on: `pictures`, to which others are added."""

    on: Pictures
    room: int = ROOM
    cancel: Event | None = None
    pictures: list[TwinPicture] = field(default_factory=list)
    _inputs: list[Inputs] = field(default_factory=list)
    _kept: list[Trials] = field(default_factory=list)
    _worst: dict[tuple[str, ...] | None, "_Worst"] = field(default_factory=dict)

    def add(self, picture: TwinPicture) -> None:
        """One more picture. Raises SgsError where it can not be run."""
        inputs = picture.read(self.cancel)
        if (len(self._kept) + 1) * self.on.size <= self.room and len(self._kept) == len(self.pictures):
            self._kept.append(self.on.trials(inputs, self.cancel))
        self.pictures.append(picture)
        self._inputs.append(inputs)

    def drop(self) -> None:
        """Without the picture that came last; what was tried with it is forgotten."""
        last = len(self.pictures) - 1
        self.pictures.pop()
        self._inputs.pop()
        del self._kept[last:]
        self._worst = {key: found for key, found in self._worst.items() if found.pictures <= last}

    @property
    def plan(self) -> Plan:
        return self.on.plan

    @property
    def scores(self) -> Scores:
        return self._under(None, self.on.plan, self.cancel)

    def of(self, int16: Sequence[str], cancel: Event | None = None, only: Iterable[str] | None = None) -> Scores:
        """The worst figures over the pictures of the goal's layers, whatever is in `only`. Raises SgsError."""
        return self._under(tuple(sorted(int16)), with_int16(self.on.plan, int16), cancel)

    def _under(self, key: tuple[str, ...] | None, under: Plan, cancel: Event | None) -> Scores:
        worst = self._worst.get(key)
        for at in range(worst.pictures if worst is not None else 0, len(self.pictures)):
            if at < len(self._kept):
                found = self._kept[at].under(under, cancel, self.on.layers)
            else:
                found = self.on.scores(under, self._inputs[at], cancel)
            worst = _Worst.of(self.on.layers, found) if worst is None else worst.joined(found)
            self._worst[key] = worst
        return worst.scores() if worst is not None else {}


@dataclass(frozen=True, slots=True)
class _Worst:
    """Figures over the first so many pictures, small: `numbers` [layers, 5], slices of the few layers that have any."""

    pictures: int
    names: tuple[str, ...]
    numbers: FloatArray
    slices: Mapping[str, Slices]

    @classmethod
    def of(cls, layers: Sequence[str], found: Scores) -> Self:
        names = tuple(name for name in layers if name in found)
        slices = {name: each for name in names if (each := found[name].slices) is not None}
        return cls(1, names, np.array([_numbers(found[name]) for name in names]).reshape(-1, 5), slices)

    def joined(self, found: Scores) -> Self:
        """One more picture; NaN is worse than all, and of a layer's slices those of the picture that loses most."""
        other = np.array([_numbers(found[name]) for name in self.names]).reshape(-1, 5)
        most, least = np.maximum(self.numbers, other), np.minimum(self.numbers, other)
        slices = dict(self.slices)
        for name in self.names:
            each = found[name].slices
            if each is not None and (name not in slices or _lost(each) < _lost(slices[name])):
                slices[name] = each
        numbers = np.where(_MOST_IS_WORST, most, least)
        return replace(self, pictures=self.pictures + 1, numbers=numbers, slices=slices)

    def scores(self) -> dict[str, Figures]:
        return {
            name: Figures(sqnr, rmse, cos, largest, int(number), self.slices.get(name))
            for name, (sqnr, rmse, cos, largest, number) in zip(self.names, self.numbers.tolist(), strict=True)
        }


def _numbers(found: Figures) -> tuple[float, ...]:
    return found.sqnr_db, found.rmse, found.cos, found.largest, found.count


def _lost(slices: Slices) -> float:
    """SQNR of the worst slice."""
    return min((each.sqnr_db for each in slices.narrow), default=inf)
