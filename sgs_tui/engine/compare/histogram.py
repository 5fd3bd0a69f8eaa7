"""Counts of a layer's values on one range shared by both sides, and of its errors."""

from dataclasses import dataclass
from threading import Event

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.compare.measure import Sides
from sgs_tui.engine.compare.results import LayerDiff, RangeSource
from sgs_tui.engine.compare.stream import chunks
from sgs_tui.engine.dumps.records import FloatArray
from sgs_tui.engine.errors import InputError

Counts = npt.NDArray[np.int64]
FINE_BINS = 4096
"""Bins counted at once; the screen shows groups of them, and percentiles are read from them."""


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch of values that is counted, low < high."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SideCounts:
    """One side: counts per bin (int64, shape (bins,)), values below and above the span, not finite."""

    counts: Counts
    below: int
    above: int
    non_finite: int
    outside_range: float

    @property
    def total(self) -> int:
        """Every value of the side."""
        return int(self.counts.sum()) + self.below + self.above + self.non_finite


@dataclass(frozen=True, slots=True)
class LayerHistogram:
    """Both sides on `span`, and the error sample - benchmark on `error_span` (it is symmetric about 0).

    `outside_range` of a side is the share of its values outside the layer's range, where that comes from
    calibration; NaN otherwise.
    """

    span: Span
    sample: SideCounts
    benchmark: SideCounts
    error_span: Span
    error: SideCounts

    def edges(self, bins: int | None = None) -> FloatArray:
        """Bin edges of the value histogram, shape (bins + 1,)."""
        return np.linspace(self.span.low, self.span.high, (bins or len(self.sample.counts)) + 1)


def widened(low: float, high: float) -> Span:
    """A span that bins can divide: constants, denormals and empty ranges get some room around them."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return Span(-0.5, 0.5)
    room = max(abs(low), abs(high)) * 1e-6
    if high - low > room * 1e-3 and high - low > 1e-300:
        return Span(low, high)
    room = max(room, 0.5 if low == 0 else abs(low) * 0.5)
    return Span(low - room, high + room)


def span_of(row: LayerDiff) -> Span:
    """The range shared by both sides' finite values. Raises InputError for a row without figures."""
    if row.sample is None or row.benchmark is None:
        raise InputError(f"{row.name}: not comparable, so there is nothing to count", "see the row's reason")
    lows = [side.minimum for side in (row.sample, row.benchmark) if np.isfinite(side.minimum)]
    highs = [side.maximum for side in (row.sample, row.benchmark) if np.isfinite(side.maximum)]
    return widened(min(lows), max(highs)) if lows and highs else Span(-0.5, 0.5)


def error_span_of(row: LayerDiff) -> Span:
    """[-m, m] with m the largest error."""
    largest = row.metrics.max_abs_error if row.metrics is not None else np.nan
    return Span(-largest, largest) if np.isfinite(largest) and largest > 0 else Span(-0.5, 0.5)


class _Counter:
    """Counts one stream of values chunk by chunk; the bin rule is numpy.histogram's (last bin closed)."""

    def __init__(self, span: Span, bins: int, limits: tuple[float, float] | None) -> None:
        self._span, self._limits = span, limits
        self._edges = np.linspace(span.low, span.high, bins + 1)
        self._counts: Counts = np.zeros(bins, np.int64)
        self._below = self._above = self._non_finite = self._outside = self._seen = 0

    def add(self, values: FloatArray) -> None:
        finite = np.isfinite(values)
        if not finite.all():
            self._non_finite += int(values.size - np.count_nonzero(finite))
            values = values[finite]
        self._seen += values.size
        self._below += int(np.count_nonzero(values < self._span.low))
        self._above += int(np.count_nonzero(values > self._span.high))
        if self._limits is not None:
            low, high = self._limits
            self._outside += int(np.count_nonzero((values < low) | (values > high)))
        self._counts += np.histogram(values, len(self._counts), (self._span.low, self._span.high))[0]

    def result(self) -> SideCounts:
        share = self._outside / self._seen if self._limits is not None and self._seen else float("nan")
        return SideCounts(self._counts, self._below, self._above, self._non_finite, share)


def count_histogram(
    row: LayerDiff, sides: Sides, span: Span | None = None, bins: int = FINE_BINS, cancel: Event | None = None
) -> LayerHistogram:
    """Count both sides and the error in one pass. `span` zooms; default is the shared range.

    Raises InputError (row without figures), FileChangedError, CancelledError.
    """
    shared, errors = span or span_of(row), error_span_of(row)
    limits = None
    if row.range is not None and row.range.source is RangeSource.CALIBRATION:
        limits = (row.range.minimum, row.range.maximum)
    sample, benchmark = _Counter(shared, bins, limits), _Counter(shared, bins, limits)
    error = _Counter(errors, bins, None)
    for chunk in chunks(row, sides, cancel=cancel):
        sample.add(chunk.sample)
        benchmark.add(chunk.benchmark)
        with np.errstate(invalid="ignore"):
            error.add(chunk.sample - chunk.benchmark)
    return LayerHistogram(shared, sample.result(), benchmark.result(), errors, error.result())


def grouped(counts: Counts, bins: int) -> Counts:
    """The counts in (at most) `bins` groups for a screen; their sum is kept."""
    if bins >= len(counts):
        return counts
    starts = np.linspace(0, len(counts), bins + 1).astype(int)[:-1]
    return np.add.reduceat(counts, starts)


def percentile_span(histogram: LayerHistogram, percent: float) -> Span:
    """The span that keeps `percent` (say 99) of both sides' values, cut equally at both ends, to a fine bin."""
    counts = histogram.sample.counts + histogram.benchmark.counts
    total = int(counts.sum())
    if total == 0:
        return histogram.span
    cut = total * (100.0 - percent) / 200.0
    reached = np.cumsum(counts)
    low, high = np.searchsorted(reached, cut, "right"), np.searchsorted(reached, total - cut, "left")
    edges = histogram.edges()
    return widened(float(edges[low]), float(edges[min(int(high) + 1, len(counts))]))
