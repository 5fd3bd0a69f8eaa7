"""Many layers that are in memory, measured together: the figures of the one pass (`sums`) to 1e-12, in half the time.

Layers are laid one behind the other in rows of `ROW` numbers, the last row of each filled with zeros, which add nothing
to any sum. A numpy call then works on a block of rows, whatever layers they are of: one by one, a layer of a few
hundred values takes some thirty calls of its own.

Apart because it needs both sides in memory, and leaves out what a sweep does not say (see `figures`).
"""

from collections.abc import Sequence
from enum import IntEnum
from math import isfinite, nan

import numpy as np

from sgs_tui.engine.compare.elements import ArrayReader
from sgs_tui.engine.compare.metrics import LayerFigures, figures_of, metrics_of
from sgs_tui.engine.compare.results import SideStats
from sgs_tui.engine.compare.sums import BLOCK, Kernel, Sums, Totals
from sgs_tui.engine.dumps.dtypes import AnyArray, FloatArray

ROW = 512
ROWS = 64
"""Rows of a block: two sides of 256 kB, which stay in the second cache."""

_MANY = 256
"""Rows of a layer from which their sums are added in pairs."""


class _Row(IntEnum):
    """What is summed up of a row, by its place; the names of `Totals`."""

    SS, BB, SB, DD, ABS_D, ABS_B, LARGEST = range(7)


Sides = tuple[AnyArray, AnyArray]
"""Sample and benchmark of a layer, float32 of shape (n,)."""


class Arrays:
    """Buffers for layers in memory; use one per thread."""

    def __init__(self) -> None:
        self._work = np.empty((2, ROWS * ROW))
        self._ones = np.ones(ROW)
        self._plain = Kernel()

    def figures(self, layers: Sequence[Sides]) -> list[LayerFigures]:
        """Figures of each layer, without the means (NaN), the sample's extremes (NaN), zeros of a side that has other
        values too (0), and where the largest error is (-1). What holds NaN or Inf, or nothing, goes through the one
        pass."""
        rows = [-(-len(benchmark) // ROW) for _, benchmark in layers]
        totals = _totals(self._sums(layers, sum(rows)), rows)
        return [
            _figures(benchmark, sums) if all(map(isfinite, sums)) and count else self._alone(sample, benchmark)
            for (sample, benchmark), sums, count in zip(layers, totals, rows, strict=True)
        ]

    def _sums(self, layers: Sequence[Sides], rows: int) -> FloatArray:
        """Of each row what `_Row` names."""
        sums, row, used = np.empty((len(_Row), rows)), 0, 0
        work, size = self._work, self._work.shape[1]
        for sample, benchmark in layers:
            start = 0
            while start < len(sample):
                count = min(size - used, len(sample) - start)
                work[0, used : used + count] = sample[start : start + count]
                work[1, used : used + count] = benchmark[start : start + count]
                start, end = start + count, used + count
                used = -(-end // ROW) * ROW
                work[:, end:used] = 0.0
                if used == size:
                    self._add(sums[:, row : row + ROWS], used)
                    row, used = row + ROWS, 0
        if used:
            self._add(sums[:, row:], used)
        return sums

    def _add(self, sums: FloatArray, used: int) -> None:
        """The sums of the rows in the buffers, which are used up."""
        pair, ones = self._work[:, :used].reshape(2, -1, ROW), self._ones
        sample, benchmark = pair
        with np.errstate(all="ignore"):  # NaN and Inf are left to the one pass
            np.vecdot(pair, pair, out=sums[_Row.SS : _Row.BB + 1])
            np.vecdot(sample, benchmark, out=sums[_Row.SB])
            difference = np.subtract(sample, benchmark, out=sample)
            np.vecdot(difference, difference, out=sums[_Row.DD])
            np.abs(pair, out=pair)
            np.vecdot(pair, ones, out=sums[_Row.ABS_D : _Row.ABS_B + 1])
            np.maximum.reduce(difference, axis=1, out=sums[_Row.LARGEST])

    def _alone(self, sample: AnyArray, benchmark: AnyArray) -> LayerFigures:
        sums, sides = Sums(), (ArrayReader(sample), ArrayReader(benchmark))
        for start in range(0, len(sample), BLOCK):
            self._plain.add(sums, *sides, start, min(BLOCK, len(sample) - start))
        return figures_of(sums)


def _totals(sums: FloatArray, rows: Sequence[int]) -> list[list[float]]:
    """Of each layer, which has so many rows, what `_Row` names; zeros of an empty one."""
    totals = np.zeros((len(_Row), len(rows)))
    filled = np.flatnonzero(rows)
    if len(filled):
        starts = (np.cumsum(rows, dtype=np.intp) - rows)[filled]
        totals[:, filled] = np.add.reduceat(sums, starts, axis=1)
        totals[_Row.LARGEST, filled] = np.maximum.reduceat(sums[_Row.LARGEST], starts)
        for place, start in zip(filled.tolist(), starts.tolist(), strict=True):
            if rows[place] > _MANY:
                totals[: _Row.LARGEST, place] = sums[: _Row.LARGEST, start : start + rows[place]].sum(axis=1)
    found: list[list[float]] = totals.T.tolist()
    return found


def _figures(benchmark: AnyArray, sums: Sequence[float]) -> LayerFigures:
    ss, bb, sb, dd, abs_d, abs_b, largest = sums
    count, low, high = len(benchmark), float(np.minimum.reduce(benchmark)), float(np.maximum.reduce(benchmark))
    total = Totals(ss=ss, bb=bb, sb=sb, s=nan, b=nan, dd=dd, abs_d=abs_d, abs_b=abs_b, n=count, largest=largest)
    return LayerFigures(
        metrics_of(total, -1),
        SideStats(count, nan, nan, nan, 0, 0, 0 if ss else count),
        SideStats(count, low, high, nan, 0, 0, 0 if bb else count),
    )
