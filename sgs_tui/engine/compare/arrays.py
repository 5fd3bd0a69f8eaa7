"""Many layers that are in memory, measured together: the figures of the one pass (`sums`) to 1e-12, in half the time.

Layers are laid one behind the other in rows of `ROW` numbers, the last row of each filled with zeros, which add nothing
to any sum. A numpy call then works on a block of rows, whatever layers they are of: one by one, a layer of a few
hundred values takes some thirty calls of its own.

Apart because it needs both sides in memory, and leaves out what a sweep does not say (see `figures`).
"""

from collections.abc import Sequence
from math import isfinite

import numpy as np

from sgs_tui.engine.compare.elements import ArrayReader
from sgs_tui.engine.compare.metrics import LayerFigures, figures_of, metrics_of
from sgs_tui.engine.compare.results import SideStats
from sgs_tui.engine.compare.sums import ABS_B, ABS_D, BB, BLOCK, DD, SB, SS, B, Kernel, S, Sums, Totals
from sgs_tui.engine.dumps.dtypes import AnyArray, FloatArray

ROW = 512
ROWS = 64
"""Rows of a block: two sides of 256 kB, which stay in the second cache."""

_LARGEST = 8
_MANY = 256
"""Rows of a layer from which their sums are added in pairs."""

Sides = tuple[AnyArray, AnyArray]
"""Sample and benchmark of a layer, float32 of shape (n,)."""


class Arrays:
    """Buffers for layers in memory; use one per thread."""

    def __init__(self) -> None:
        self._work = np.empty((2, ROWS * ROW))
        self._ones = np.ones(ROW)
        self._plain = Kernel()

    def figures(self, layers: Sequence[Sides]) -> list[LayerFigures]:
        """Figures of each layer. Zeros of a side that has other values too are not counted, nor is it told where the
        largest error is (`max_abs_index` -1). What holds NaN or Inf, or nothing, goes through the one pass."""
        extremes = [tuple(map(_extremes, sides)) for sides in layers]
        usual = [all(isfinite(low) and isfinite(high) for low, high in each) for each in extremes]
        rows = [-(-len(sides[0]) // ROW) if good else 0 for sides, good in zip(layers, usual, strict=True)]
        sums = self._sums([sides for sides, good in zip(layers, usual, strict=True) if good], sum(rows))
        starts = np.cumsum([0, *rows])[:-1]
        totals = iter(_totals(sums, starts[usual].tolist(), [count for count in rows if count]))
        return [
            _figures(len(sides[0]), next(totals), ends) if good else self._alone(*sides)
            for sides, ends, good in zip(layers, extremes, usual, strict=True)
        ]

    def _sums(self, layers: Sequence[Sides], rows: int) -> FloatArray:
        """[9, rows]: the first eight of `Totals` and the largest error of each row."""
        sums, row, used = np.empty((9, rows)), 0, 0
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
        np.vecdot(pair, pair, out=sums[SS : BB + 1])
        np.vecdot(sample, benchmark, out=sums[SB])
        np.vecdot(pair, ones, out=sums[S : B + 1])
        difference = np.subtract(sample, benchmark, out=sample)
        np.vecdot(difference, difference, out=sums[DD])
        np.abs(pair, out=pair)
        np.vecdot(difference, ones, out=sums[ABS_D])
        np.vecdot(benchmark, ones, out=sums[ABS_B])
        np.maximum.reduce(difference, axis=1, out=sums[_LARGEST])

    def _alone(self, sample: AnyArray, benchmark: AnyArray) -> LayerFigures:
        sums, sides = Sums(), (ArrayReader(sample), ArrayReader(benchmark))
        for start in range(0, len(sample), BLOCK):
            self._plain.add(sums, *sides, start, min(BLOCK, len(sample) - start))
        return figures_of(sums)


def _extremes(values: AnyArray) -> tuple[float, float]:
    """Not finite where a value is not, or there is none."""
    if not len(values):
        return np.inf, -np.inf
    return float(np.minimum.reduce(values)), float(np.maximum.reduce(values))


def _totals(sums: FloatArray, starts: Sequence[int], rows: Sequence[int]) -> list[list[float]]:
    """Of each layer its eight sums and its largest error."""
    if not starts:
        return []
    added = np.add.reduceat(sums[:_LARGEST], starts, axis=1)
    for place, (start, count) in enumerate(zip(starts, rows, strict=True)):
        if count > _MANY:
            added[:, place] = sums[:_LARGEST, start : start + count].sum(axis=1)
    largest = np.maximum.reduceat(sums[_LARGEST], starts)
    found: list[list[float]] = np.vstack([added, largest]).T.tolist()
    return found


def _figures(count: int, sums: Sequence[float], extremes: Sequence[tuple[float, float]]) -> LayerFigures:
    *sums, largest = sums
    total = Totals._make((*sums, count, largest))
    sides = (
        SideStats(count, low, high, mean / count, 0, 0, count if low == high == 0 else 0)
        for (low, high), mean in zip(extremes, (total.s, total.b), strict=True)
    )
    return LayerFigures(metrics_of(total, -1), *sides)
