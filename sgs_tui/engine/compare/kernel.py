"""The one pass over a layer: sums per cell of 8192 elements, in float64.

Cells lie on a fixed grid from the layer's first element and are added up exactly (math.fsum) at the end,
so the figures do not depend on how the layer was cut into chunks, segments or processes. One cell is below
the size at which BLAS starts threads of its own.
"""

from dataclasses import dataclass, field
from math import fsum, inf, isfinite, isnan, nan

import numpy as np

from sgs_tui.engine.compare.sides import SideReader
from sgs_tui.engine.dumps.records import AnyArray, FloatArray

CELL = 8192
BLOCK_CELLS = 16
BLOCK = CELL * BLOCK_CELLS
"""Elements in flight: three float64 buffers of 1 MB. Smaller ones cost more calls (measured)."""

SS, BB, SB, S, B, DD, ABS_D, ABS_B = range(8)
"""Rows of `Sums.cells`: sums of s^2, b^2, s*b, s, b, (s-b)^2, |s-b|, |b|."""


@dataclass(slots=True)
class SideTally:
    """Extremes (of finite values) and counts of one side."""

    minimum: float = inf
    maximum: float = -inf
    nan: int = 0
    inf: int = 0
    nonzero: int = 0

    def merge(self, later: "SideTally") -> None:
        """Add what was counted elsewhere."""
        self.minimum = min(self.minimum, later.minimum)
        self.maximum = max(self.maximum, later.maximum)
        self.nan += later.nan
        self.inf += later.inf
        self.nonzero += later.nonzero


@dataclass(slots=True)
class Sums:
    """What one pass gathers; `cells` are arrays of shape (8, cells), see the row names above."""

    count: int = 0
    cells: list[FloatArray] = field(default_factory=list)
    sample: SideTally = field(default_factory=SideTally)
    benchmark: SideTally = field(default_factory=SideTally)
    max_abs_error: float = -1.0
    max_abs_index: int = -1

    def merge(self, later: "Sums") -> None:
        """Add the sums of a later stretch of the same layer."""
        self.count += later.count
        self.cells.extend(later.cells)
        self.sample.merge(later.sample)
        self.benchmark.merge(later.benchmark)
        if later.max_abs_error > self.max_abs_error:
            self.max_abs_error, self.max_abs_index = later.max_abs_error, later.max_abs_index

    def totals(self) -> tuple[float, ...]:
        """The exactly rounded sum of each row over all cells; NaN where a row's cells hold NaN or Inf."""
        if not self.cells:
            return (0.0,) * 8
        cells = self.cells[0] if len(self.cells) == 1 else np.concatenate(self.cells, axis=1)
        return tuple(map(_total, cells.tolist()))


def _total(cells: list[float]) -> float:
    return fsum(cells) if all(map(isfinite, cells)) else nan


class Kernel:
    """Buffers for one pass; use one per thread."""

    def __init__(self) -> None:
        self._work = np.empty((2, BLOCK))
        self._difference = np.empty(BLOCK)
        self._mask = np.empty(BLOCK, np.bool_)
        self._ones = np.ones(CELL)

    def add(self, sums: Sums, sample: SideReader, benchmark: SideReader, start: int, count: int) -> None:
        """Read and add elements [start, start + count), at most a block, `start` on the grid of cells."""
        with np.errstate(all="ignore"):  # NaN and Inf are counted, not warned about
            self._add(sums, sample, benchmark, start, count)

    def _add(self, sums: Sums, sample: SideReader, benchmark: SideReader, start: int, count: int) -> None:
        self._side(sums.sample, sample, start, self._work[0, :count])
        positive = self._side(sums.benchmark, benchmark, start, self._work[1, :count]) >= 0
        whole = count // CELL * CELL
        if whole:
            self._add_cells(sums, slice(0, whole), CELL, start, positive)
        if whole < count:
            self._add_cells(sums, slice(whole, count), count - whole, start + whole, positive)
        sums.count += count

    def _side(self, tally: SideTally, reader: SideReader, start: int, work: FloatArray) -> float:
        """Read one side's elements into `work`, as numbers, and count them; the least of them (NaN where one is)."""
        stored = reader.take(start, len(work))
        np.copyto(work, stored, casting="unsafe")
        if reader.codes:
            reader.dump.dequantise(reader.record, work)
            stored = work
        return self._tally(tally, stored, work)

    def _tally(self, tally: SideTally, values: AnyArray, work: FloatArray) -> float:
        mask = np.not_equal(values, 0, out=self._mask[: len(values)])
        tally.nonzero += int(np.count_nonzero(mask))
        least, greatest = float(np.minimum.reduce(values)), float(np.maximum.reduce(values))
        low, high = least, greatest
        if not (isfinite(low) and isfinite(high)):
            low, high = self._tally_non_finite(tally, work)
        tally.minimum, tally.maximum = min(tally.minimum, low), max(tally.maximum, high)
        return least

    @staticmethod
    def _tally_non_finite(tally: SideTally, work: FloatArray) -> tuple[float, float]:
        """Count NaN and Inf and return the extremes of the rest (the empty range where nothing is left)."""
        nan = int(np.count_nonzero(np.isnan(work)))
        finite = work[np.isfinite(work)]
        tally.nan += nan
        tally.inf += len(work) - nan - len(finite)
        return (float(finite.min()), float(finite.max())) if finite.size else (inf, -inf)

    def _add_cells(self, sums: Sums, where: slice, width: int, start: int, positive: bool) -> None:
        """The sums of cells of `width` elements; `positive`: no value of the benchmark is under zero."""
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
        worst = float(np.maximum.reduce(difference, axis=None))
        sums.cells.append(cells)
        if worst > sums.max_abs_error:
            sums.max_abs_error, sums.max_abs_index = worst, start + int(difference.argmax())
        elif isnan(worst):
            self._note_worst_number(sums, difference, start)

    @staticmethod
    def _note_worst_number(sums: Sums, difference: FloatArray, start: int) -> None:
        """The largest error among those that are numbers (Inf - Inf and NaN are not)."""
        rank = np.where(np.isnan(difference), -1.0, difference)
        index = int(rank.argmax())
        if rank.flat[index] > sums.max_abs_error:
            sums.max_abs_error, sums.max_abs_index = float(rank.flat[index]), start + index
