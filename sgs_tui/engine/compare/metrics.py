"""The one pass over a layer: sums per cell of 8192 elements, in float64.

Cells lie on a fixed grid from the layer's first element and are added up exactly (math.fsum) at the end,
so the figures do not depend on how the layer was cut into chunks, segments or processes. One cell is below
the size at which BLAS starts threads of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from enum import Enum
from math import fsum, inf, isfinite, isnan, log10, nan, sqrt
from operator import attrgetter
from typing import Any

import numpy as np

from sgs_tui.engine.compare.elements import SideReader
from sgs_tui.engine.compare.results import LayerDiff, Metrics, SideStats
from sgs_tui.engine.dumps.dtypes import AnyArray, FloatArray

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
            reader.dump.dequantize(reader.record, work)
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


# The figures of a layer by name: what filters, sorting, tables and reports pick from one row.
#
# `value` gives None where a row has no such figure (layers that are not comparable, extremes of empty tensors).


class Worse(Enum):
    """Which way a figure gets worse; SIZE: away from zero."""

    HIGH = "high"
    LOW = "low"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a row. `key` is its name in filters, options and files, `title` its column head."""

    key: str
    title: str
    worse: Worse
    value: Callable[[LayerDiff], float | None]

    def badness(self, row: LayerDiff) -> float | None:
        """The figure turned so that more is worse; NaN stays NaN."""
        value = self.value(row)
        if value is None or self.worse is Worse.HIGH:
            return value
        return -value if self.worse is Worse.LOW else abs(value)


def _metric(name: str) -> Callable[[LayerDiff], float | None]:
    def value(row: LayerDiff) -> float | None:
        return None if row.metrics is None else float(getattr(row.metrics, name))

    return value


def _of_side(side: str, name: str) -> Callable[[LayerDiff], float | None]:
    def value(row: LayerDiff) -> float | None:
        stats: SideStats | None = getattr(row, side)
        return float(getattr(stats, name)) if stats is not None and stats.count else None

    return value


def _range(row: LayerDiff) -> float | None:
    """None too for an empty tensor: it has no values, which is nothing bad, and so no range of its own."""
    if row.range is None or (isnan(row.range.width) and row.benchmark is not None and not row.benchmark.count):
        return None
    return row.range.width


_ALL = (
    Figure("index", "#", Worse.HIGH, lambda row: float(row.index)),
    Figure("rmse", "RMSE", Worse.HIGH, _metric("rmse")),
    Figure("cos", "COS", Worse.LOW, _metric("cos")),
    Figure("mse", "MSE", Worse.HIGH, _metric("mse")),
    Figure("sqnr_db", "SQNR dB", Worse.LOW, _metric("sqnr_db")),
    Figure("relative_l2", "rel. L2", Worse.HIGH, _metric("relative_l2")),
    Figure("max_abs_error", "max error", Worse.HIGH, _metric("max_abs_error")),
    Figure("mean_error", "mean error", Worse.SIZE, _metric("mean_error")),
    Figure("range", "range", Worse.HIGH, _range),
    Figure("sample_min", "sample min", Worse.LOW, _of_side("sample", "minimum")),
    Figure("sample_max", "sample max", Worse.HIGH, _of_side("sample", "maximum")),
    Figure("benchmark_min", "bench. min", Worse.LOW, _of_side("benchmark", "minimum")),
    Figure("benchmark_max", "bench. max", Worse.HIGH, _of_side("benchmark", "maximum")),
)

FIGURES: dict[str, Figure] = {figure.key: figure for figure in _ALL}
"""Every figure by its key, in the order of columns."""

_SHORT = {"sqnr": "sqnr_db", "l2": "relative_l2", "maxerr": "max_abs_error", "max_error": "max_abs_error"}


def known_figure(name: str) -> Figure | None:
    """The figure of that key or short name (`sqnr`, `maxerr`, `l2`), in any case; None where there is none."""
    key = name.lower()
    return FIGURES.get(_SHORT.get(key, key))


# From sums to the figures of a layer: the metrics with their defined answers for odd tensors.

EQUAL = Metrics(
    mse=0.0,
    cos=1.0,
    rmse=0.0,
    sqnr_db=inf,
    relative_l2=0.0,
    max_abs_error=0.0,
    max_abs_index=-1,
    mean_error=0.0,
)
"""Two empty tensors."""


@dataclass(frozen=True, slots=True)
class LayerFigures:
    """What one pass over a layer says: its metrics and the statistics of both sides."""

    metrics: Metrics
    sample: SideStats
    benchmark: SideStats


_OF_METRICS, _OF_SIDE = (attrgetter(*(each.name for each in fields(kind))) for kind in (Metrics, SideStats))
_SIDE_AT = len(fields(Metrics)), len(fields(Metrics)) + len(fields(SideStats))


def packed(figures: LayerFigures) -> tuple[float, ...]:
    """The figures as bare numbers: between processes those travel ten times faster than dataclasses."""
    numbers: tuple[float, ...] = (
        *_OF_METRICS(figures.metrics),
        *_OF_SIDE(figures.sample),
        *_OF_SIDE(figures.benchmark),
    )
    return numbers


def unpacked(numbers: tuple[Any, ...]) -> LayerFigures:
    """The inverse of `packed`."""
    sample, benchmark = _SIDE_AT
    metrics = Metrics(*numbers[:sample])
    return LayerFigures(metrics, SideStats(*numbers[sample:benchmark]), SideStats(*numbers[benchmark:]))


def figures_of(sums: Sums) -> LayerFigures:
    """Metrics (definitions in `Metrics`) and statistics of one pass."""
    total = sums.totals()
    sample, benchmark = _side(sums.count, sums.sample, total[S]), _side(sums.count, sums.benchmark, total[B])
    return LayerFigures(_metrics(sums, total), sample, benchmark)


def _metrics(sums: Sums, total: tuple[float, ...]) -> Metrics:
    if not sums.count:
        return EQUAL
    if _has_non_finite(sums.sample) or _has_non_finite(sums.benchmark):
        return Metrics(nan, nan, nan, nan, nan, nan, sums.max_abs_index, nan)
    ss, bb, dd = total[SS], total[BB], total[DD]
    return Metrics(
        mse=dd / sums.count,
        cos=_cosine(ss, bb, total[SB], dd),
        rmse=_ratio(total[ABS_D], total[ABS_B]),
        sqnr_db=_decibel(bb, dd),
        relative_l2=sqrt(_ratio(dd, bb)),
        max_abs_error=sums.max_abs_error,
        max_abs_index=sums.max_abs_index,
        mean_error=(total[S] - total[B]) / sums.count,
    )


def _side(count: int, tally: SideTally, total: float) -> SideStats:
    """`total` is NaN where the side's cells hold NaN or Inf, and the mean with it."""
    finite = count - tally.nan - tally.inf
    return SideStats(
        count=count,
        minimum=tally.minimum if finite else nan,
        maximum=tally.maximum if finite else nan,
        mean=total / finite if finite else nan,
        nan=tally.nan,
        inf=tally.inf,
        zeros=count - tally.nonzero,
    )


def _has_non_finite(tally: SideTally) -> bool:
    return bool(tally.nan or tally.inf)


def _cosine(ss: float, bb: float, sb: float, dd: float) -> float:
    if dd == 0:
        return 1.0
    if ss == 0 or bb == 0:
        return 0.0
    return max(-1.0, min(1.0, sb / (sqrt(ss) * sqrt(bb))))


def _ratio(error: float, reference: float) -> float:
    if reference == 0:
        return 0.0 if error == 0 else inf
    return error / reference


def _decibel(signal: float, noise: float) -> float:
    """10 log10(signal / noise); +inf for no noise, -inf for no signal."""
    if noise == 0:
        return inf
    return 10 * log10(signal / noise) if signal and signal / noise else -inf
