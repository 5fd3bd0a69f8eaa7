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
ROWS = 64
"""Rows of a block: two sides of 512 kB, which stay in the second cache."""

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
        self.rows = tuple(-(-count // ROW) for count in counts)
        starts = (np.cumsum((0, *self.rows)) * ROW).tolist()
        self.values = np.zeros((2, starts[-1]), np.float32)
        self.sides: tuple[Sides, ...] = tuple(
            (self.values[0, start : start + count], self.values[1, start : start + count])
            for start, count in zip(starts, counts, strict=False)
        )
        filled = [(start, start + count) for start, count in zip(starts, counts, strict=False) if count]
        self.edges = np.array(filled, np.intp).reshape(-1)
        """Where each that holds anything begins and ends, in turns."""


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
        self._work = np.empty((2, ROWS * ROW))
        self._ones = np.ones(ROW)
        self._plain = Kernel()

    def sums(self, laid: Laid) -> list[Summed]:
        """The sums of each layer: NaN or Inf of one that holds such, zeros and NaN of an empty one."""
        rows = np.empty((len(_Row), sum(laid.rows)))
        for start in range(0, rows.shape[1], ROWS):
            self._add(rows[:, start : start + ROWS], laid.values[:, start * ROW : (start + ROWS) * ROW])
        totals, extremes = _totals(rows, laid).tolist(), _extremes(laid).tolist()
        return [Summed(Totals._make(each), *ends) for each, ends in zip(totals, extremes, strict=True)]

    def _add(self, sums: FloatArray, values: AnyArray) -> None:
        """The sums of rows, [sample, benchmark; elements]."""
        work = self._work[:, : values.shape[1]]
        np.copyto(work, values)
        pair, ones = work.reshape(2, -1, ROW), self._ones
        sample, benchmark = pair
        with np.errstate(all="ignore"):  # NaN and Inf are left to the one pass
            np.vecdot(pair, pair, out=sums[_Row.SS : _Row.BB + 1])
            np.vecdot(sample, benchmark, out=sums[_Row.SB])
            difference = np.subtract(sample, benchmark, out=sample)
            np.vecdot(difference, difference, out=sums[_Row.DD])
            np.abs(pair, out=pair)
            np.vecdot(pair, ones, out=sums[_Row.ABS_D : _Row.ABS_B + 1])
            np.maximum.reduce(difference, axis=1, out=sums[_Row.LARGEST])

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
    rows = laid.rows
    found = np.zeros((len(_Row), len(rows)))
    filled = np.flatnonzero(rows)
    if len(filled):
        starts = (np.cumsum(rows, dtype=np.intp) - rows)[filled]
        found[:, filled] = np.add.reduceat(sums, starts, axis=1)
        found[_Row.LARGEST, filled] = np.maximum.reduceat(sums[_Row.LARGEST], starts)
        for place, start in zip(filled.tolist(), starts.tolist(), strict=True):
            if rows[place] > _MANY:
                found[: _Row.LARGEST, place] = sums[: _Row.LARGEST, start : start + rows[place]].sum(axis=1)
    totals = np.full((len(rows), len(Totals._fields)), nan)
    totals[:, _PLACES] = found.T
    totals[:, Totals._fields.index("n")] = [len(benchmark) for _, benchmark in laid.sides]
    return totals


def _extremes(laid: Laid) -> FloatArray:
    """The benchmark's least and greatest value of each layer: [layers, 2]."""
    found, values, edges = np.full((len(laid.rows), 2), nan), laid.values[1], laid.edges
    if len(edges):
        edges = edges[:-1] if edges[-1] == len(values) else edges
        for place, reduce in enumerate((np.minimum, np.maximum)):
            found[np.flatnonzero(laid.rows), place] = reduce.reduceat(values, edges)[::2]
    return found
