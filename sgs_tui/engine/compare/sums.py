"""The one pass over a layer: sums per cell of 8192 elements in float64, extremes and counts of both sides.

Cells lie on a fixed grid from the layer's first element and are added up exactly (math.fsum) at the end,
so the figures do not depend on how the layer was cut into chunks, segments or processes. One cell is below
the size at which BLAS starts threads of its own.
"""

from dataclasses import dataclass, field
from math import fsum, inf, isfinite, isnan, nan
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.compare.elements import Elements
from sgs_tui.engine.compare.results import SideStats
from sgs_tui.engine.dumps.dtypes import AnyArray, FloatArray

CELL = 8192
BLOCK = CELL * 16
"""Elements in flight: three float64 buffers of 1 MB. Smaller ones cost more calls (measured)."""


class Totals(NamedTuple):
    """What metrics are made of, summed over a layer: s = sample, b = benchmark, d = s - b.

    `cells` of `Sums` has the first eight as its rows. `n`: elements; `largest`: the largest |d|.
    """

    ss: float
    bb: float
    sb: float
    s: float
    b: float
    dd: float
    abs_d: float
    abs_b: float
    n: float
    largest: float


SS, BB, SB, S, B, DD, ABS_D, ABS_B = range(8)


@dataclass(slots=True)
class SideTally:
    """Extremes (of finite values) and counts of one side."""

    minimum: float = inf
    maximum: float = -inf
    nan: int = 0
    inf: int = 0
    nonzero: int = 0

    @property
    def non_finite(self) -> int:
        return self.nan + self.inf

    def add(self, values: AnyArray, mask: npt.NDArray[np.bool_] | None = None) -> float:
        """Count values of shape (n,), n > 0; the least of them (NaN where one is). `mask`: room to work in, (n,)."""
        self.nonzero += int(np.count_nonzero(np.not_equal(values, 0, out=mask)))
        least, greatest = float(np.minimum.reduce(values)), float(np.maximum.reduce(values))
        low, high = least, greatest
        if not (isfinite(low) and isfinite(high)):
            low, high = self._add_non_finite(values)
        self.minimum, self.maximum = min(self.minimum, low), max(self.maximum, high)
        return least

    def _add_non_finite(self, values: AnyArray) -> tuple[float, float]:
        """Count NaN and Inf and return the extremes of the rest (the empty range where nothing is left)."""
        nan = int(np.count_nonzero(np.isnan(values)))
        finite = values[np.isfinite(values)]
        self.nan += nan
        self.inf += len(values) - nan - len(finite)
        return (float(finite.min()), float(finite.max())) if finite.size else (inf, -inf)

    def merge(self, later: "SideTally") -> None:
        self.minimum = min(self.minimum, later.minimum)
        self.maximum = max(self.maximum, later.maximum)
        self.nan += later.nan
        self.inf += later.inf
        self.nonzero += later.nonzero

    def stats(self, count: int, total: float) -> SideStats:
        """Of a side with `count` values in all; `total` is their sum, NaN where one is NaN or Inf."""
        finite = count - self.non_finite
        return SideStats(
            count=count,
            minimum=self.minimum if finite else nan,
            maximum=self.maximum if finite else nan,
            mean=total / finite if finite else nan,
            nan=self.nan,
            inf=self.inf,
            zeros=count - self.nonzero,
        )


@dataclass(slots=True)
class Sums:
    """What one pass gathers; `cells` are arrays of shape (8, cells), one row for each of the first `Totals`."""

    count: int = 0
    cells: list[FloatArray] = field(default_factory=list)
    sample: SideTally = field(default_factory=SideTally)
    benchmark: SideTally = field(default_factory=SideTally)
    max_abs_error: float = -1.0
    max_abs_index: int = -1

    def merge(self, later: "Sums") -> None:
        self.count += later.count
        self.cells.extend(later.cells)
        self.sample.merge(later.sample)
        self.benchmark.merge(later.benchmark)
        if later.max_abs_error > self.max_abs_error:
            self.max_abs_error, self.max_abs_index = later.max_abs_error, later.max_abs_index

    def totals(self) -> Totals:
        """The exactly rounded sum of each row over all cells; NaN where a row's cells hold NaN or Inf."""
        cells = self.cells[0] if len(self.cells) == 1 else np.concatenate([np.zeros((8, 0)), *self.cells], axis=1)
        rows = [row[0] if len(row) == 1 else _exact(row) for row in cells.tolist()]
        rows = [total if isfinite(total) else nan for total in rows]
        return Totals._make((*rows, self.count, max(self.max_abs_error, 0.0)))


def _exact(cells: list[float]) -> float:
    """Their sum; NaN where one is NaN or Inf."""
    return fsum(cells) if isfinite(sum(cells)) or all(map(isfinite, cells)) else nan


class Kernel:
    """Buffers for one pass; use one per thread."""

    def __init__(self) -> None:
        self._work = np.empty((2, BLOCK))
        self._difference = np.empty(BLOCK)
        self._mask = np.empty(BLOCK, np.bool_)
        self._ones = np.ones(CELL)

    def add(
        self, sums: Sums, sample: Elements, benchmark: Elements, start: int, count: int, indices: bool = False
    ) -> None:
        """Read and add elements [start, start + count), at most a block, `start` on the grid of cells."""
        with np.errstate(all="ignore"):  # NaN and Inf are counted, not warned about
            self._side(sums.sample, sample, start, self._work[0, :count])
            positive = self._side(sums.benchmark, benchmark, start, self._work[1, :count]) >= 0
            whole = count // CELL * CELL
            if whole:
                self._add_cells(sums, slice(0, whole), CELL, start, positive, indices)
            if whole < count:
                self._add_cells(sums, slice(whole, count), count - whole, start + whole, positive, indices)
        sums.count += count
        if indices:  # label 0 is one like any other
            sums.sample.nonzero = sums.benchmark.nonzero = sums.count

    def _side(self, tally: SideTally, reader: Elements, start: int, work: FloatArray) -> float:
        """Read one side's elements into `work`, as numbers, and count them; the least of them (NaN where one is)."""
        stored = reader.take(start, len(work))
        np.copyto(work, stored, casting="unsafe")
        if reader.codes:
            reader.dequantize(work)
            stored = work
        return tally.add(stored, self._mask[: len(work)])

    def _add_cells(self, sums: Sums, where: slice, width: int, start: int, positive: bool, indices: bool) -> None:
        """The sums of cells of `width` elements; `positive`: no value of the benchmark is under zero.

        Of `indices` an element's energy and magnitude are 1 and its error is 1 where it differs.
        """
        pair = self._work[:, where].reshape(2, -1, width)
        sample, benchmark = pair
        ones = self._ones[:width]
        cells = np.empty((8, len(sample)))
        cells[SS : BB + 1] = np.vecdot(pair, pair)
        cells[SB] = np.vecdot(sample, benchmark)
        cells[S : B + 1] = np.vecdot(pair, ones)
        difference = np.subtract(sample, benchmark, out=self._difference[where].reshape(-1, width))
        cells[DD] = np.vecdot(difference, difference)
        np.abs(difference, out=difference)
        cells[ABS_D] = np.vecdot(difference, ones)
        cells[ABS_B] = cells[B] if positive else np.vecdot(np.abs(benchmark, out=benchmark), ones)
        if indices:
            differing = np.count_nonzero(difference, axis=1)
            cells[SS], cells[BB], cells[SB] = width, width, width - differing
            cells[DD], cells[ABS_D], cells[ABS_B] = differing, differing, width
        sums.cells.append(cells)
        worst = float(np.maximum.reduce(difference, axis=None))
        if isnan(worst):  # the largest among those that are numbers: Inf - Inf and NaN are not
            difference = np.where(np.isnan(difference), -1.0, difference)
            worst = float(difference.max())
        if worst > sums.max_abs_error:
            sums.max_abs_error, sums.max_abs_index = worst, start + int(difference.argmax())
