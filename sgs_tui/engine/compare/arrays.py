"""Many layers that are in memory, measured together: the figures of the one pass (`sums`) to 1e-12, in a third of the
time.

Layers lie one behind the other in rows of `ROW` numbers (`Laid`), where whoever makes them writes them; the last row of
each is filled with zeros, which add nothing to any sum. A numpy call then works on a block of rows, whatever layers
they are of: one by one, a layer of a few hundred values takes some thirty calls of its own.

Apart because it needs both sides in memory, and leaves out what a sweep does not say (see `Summed`).
"""

from collections.abc import Sequence
from enum import IntEnum
from math import isfinite, nan
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.compare.elements import ArrayReader
from sgs_tui.engine.compare.metrics import LayerFigures, figures_of, metrics_of
from sgs_tui.engine.compare.results import SideStats
from sgs_tui.engine.compare.sums import BLOCK, Kernel, Sums, Totals
from sgs_tui.engine.dumps.dtypes import AnyArray, FloatArray

ROW = 1024
ROWS = 48
"""Rows of a block: two sides of 384 kB, which stay in the second cache."""

_MANY = 128
"""Rows of a layer from which their sums are added in pairs."""


class _Row(IntEnum):
    """What is summed up of a row, by its place; the names of `Totals`."""

    SS, BB, SB, DD, ABS_D, ABS_B, LARGEST = range(7)


Sides = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Sample and benchmark of a layer, float32 of shape (n,)."""


class Laid:
    """Room for layers of so many values: `sides` are to be filled, the zeros between them to be left alone."""

    def __init__(self, counts: Sequence[int]) -> None:
        self.counts = np.array(counts, np.intp)
        rows = -(-self.counts // ROW)
        ends = np.cumsum(rows)
        starts = (ends - rows) * ROW
        self.values = np.zeros((2, int(rows.sum()) * ROW), np.float32)
        self.sides: tuple[Sides, ...] = tuple(
            (self.values[0, start:stop], self.values[1, start:stop])
            for start, stop in zip(starts.tolist(), (starts + self.counts).tolist(), strict=True)
        )
        self.filled = np.flatnonzero(rows)
        """Places of those that hold anything."""
        self.first_rows = (ends - rows)[self.filled]
        edges = np.stack((starts, starts + self.counts), 1)[self.filled].reshape(-1)
        self.edges = edges[:-1] if len(edges) and edges[-1] == self.values.shape[1] else edges
        """Where each of them begins and ends, in turns; without the end of all."""
        many = np.flatnonzero(rows > _MANY)
        self.large = [*zip(many.tolist(), (ends - rows)[many].tolist(), ends[many].tolist(), strict=True)]
        """Place, first row and end of those whose rows are added in pairs."""


def laid_out(layers: Sequence[Sides]) -> Laid:
    """Layers that are elsewhere, copied."""
    laid = Laid([len(benchmark) for _, benchmark in layers])
    for room, values in zip(laid.sides, layers, strict=True):
        room[0][:], room[1][:] = values
    return laid


class Summed(NamedTuple):
    """A layer's sums, without those of the values themselves (NaN), and the benchmark's least and greatest value."""

    totals: Totals
    least: float
    greatest: float

    @property
    def finite(self) -> bool:
        """Whether the layer holds nothing but numbers."""
        return isfinite(self.totals.ss) and isfinite(self.totals.bb)

    def figures(self) -> LayerFigures:
        """Of numbers: figures without the means (NaN), the sample's extremes (NaN), zeros of a side that has other
        values too (0), and where the largest error is (-1)."""
        total, count = self.totals, int(self.totals.n)
        return LayerFigures(
            metrics_of(total, -1),
            SideStats(count, nan, nan, nan, 0, 0, 0 if total.ss else count),
            SideStats(count, self.least, self.greatest, nan, 0, 0, 0 if total.bb else count),
        )


class Arrays:
    """Buffers for layers in memory; use one per thread."""

    def __init__(self) -> None:
        self._work = np.empty(ROWS * ROW), np.empty(ROWS * ROW)
        self._ones = np.ones(ROW)
        self._plain = Kernel()

    def sums(self, laid: Laid) -> list[Summed]:
        """The sums of each layer: NaN or Inf of one that holds such, zeros and NaN of an empty one."""
        rows = np.empty((len(_Row), laid.values.shape[1] // ROW))
        with np.errstate(all="ignore"):  # NaN and Inf are left to the one pass
            for start in range(0, rows.shape[1], ROWS):
                self._add(rows[:, start : start + ROWS], laid.values[:, start * ROW : (start + ROWS) * ROW])
        totals, extremes = map(Totals._make, _totals(rows, laid).tolist()), _extremes(laid).tolist()
        return [Summed(each, *ends) for each, ends in zip(totals, extremes, strict=True)]

    def _add(self, sums: FloatArray, values: AnyArray) -> None:
        """The sums of rows, [sample, benchmark; elements]. One side at a time: numpy takes a fifth less of it."""
        flat = [work[: values.shape[1]] for work in self._work]
        sample, benchmark = rows = [each.reshape(-1, ROW) for each in flat]
        for place, each in enumerate(rows):
            np.copyto(flat[place], values[place])
            np.vecdot(each, each, out=sums[_Row.SS + place])
        np.vecdot(sample, benchmark, out=sums[_Row.SB])
        np.subtract(flat[0], flat[1], out=flat[0])
        np.vecdot(sample, sample, out=sums[_Row.DD])
        for place, each in enumerate(rows):
            np.abs(flat[place], out=flat[place])
            np.vecdot(each, self._ones, out=sums[_Row.ABS_D + place])
        np.maximum.reduce(sample, axis=1, out=sums[_Row.LARGEST])

    def figures(self, sides: Sides, summed: Summed) -> LayerFigures:
        """`Summed.figures`; what holds NaN or Inf, or nothing, goes through the one pass."""
        return summed.figures() if summed.finite and len(sides[1]) else self._alone(*sides)

    def _alone(self, sample: AnyArray, benchmark: AnyArray) -> LayerFigures:
        sums, sides = Sums(), (ArrayReader(sample), ArrayReader(benchmark))
        for start in range(0, len(sample), BLOCK):
            self._plain.add(sums, *sides, start, min(BLOCK, len(sample) - start))
        return figures_of(sums)


_PLACES = [Totals._fields.index(row.name.lower()) for row in _Row]


def _totals(sums: FloatArray, laid: Laid) -> FloatArray:
    """Of each layer its `Totals`: [layers, fields]."""
    found = np.zeros((len(_Row), len(laid.counts)))
    if len(laid.filled):
        found[:, laid.filled] = np.add.reduceat(sums, laid.first_rows, axis=1)
        found[_Row.LARGEST, laid.filled] = np.maximum.reduceat(sums[_Row.LARGEST], laid.first_rows)
    for place, first, end in laid.large:
        found[: _Row.LARGEST, place] = sums[: _Row.LARGEST, first:end].sum(axis=1)
    totals = np.full((len(laid.counts), len(Totals._fields)), nan)
    totals[:, _PLACES] = found.T
    totals[:, Totals._fields.index("n")] = laid.counts
    return totals


def _extremes(laid: Laid) -> FloatArray:
    """The benchmark's least and greatest value of each layer: [layers, 2]."""
    found = np.full((len(laid.counts), 2), nan)
    if len(laid.filled):
        for place, extreme in enumerate((np.minimum, np.maximum)):
            found[laid.filled, place] = extreme.reduceat(laid.values[1], laid.edges)[::2]
    return found
