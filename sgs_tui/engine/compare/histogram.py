"""Counts of values: of a layer's two sides on one range, of a tensor whose range nobody knows, and as bars."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, frexp, isfinite, isqrt, nan
from threading import Event

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.compare.compare import Sides, chunks
from sgs_tui.engine.compare.elements import SideReader
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, SideStats
from sgs_tui.engine.compare.sums import SideTally
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.errors import InputError
from sgs_tui.language import Message

Counts = npt.NDArray[np.int64]
FINE_BINS = 4096
"""Bins counted at once; the screen shows groups of them, and percentiles are read from them."""


class ValueCounter:
    """What every count says beside its bins. `bounds`: the calibrated (min, max)."""

    def __init__(self, bounds: tuple[float, float] | None = None) -> None:
        self._bounds = bounds
        self._seen = SideTally()
        self._count = self._outside = 0
        self._total = 0.0

    def finite(self, values: FloatArray) -> FloatArray:
        """Note what `values`, shape (n,), are; those that are numbers, shape (m,)."""
        self._count += values.size
        if values.size:
            with np.errstate(invalid="ignore"):  # signalling NaNs are data here
                self._seen.add(values)
        if not np.isfinite(values).all():
            values = values[np.isfinite(values)]
        self._total += float(values.sum())
        if self._bounds is not None:
            self._outside += int(np.count_nonzero((values < self._bounds[0]) | (values > self._bounds[1])))
        return values

    def stats(self) -> SideStats:
        """Of all values; the mean is that of the finite ones."""
        return self._seen.stats(self._count, self._total)


def tensor_statistics(dump: Dump, record: Record, cancel: Event | None = None) -> SideStats:
    """One pass over `record`, dequantized as `Dump.values` does: what `compare` says of a side, without a partner.

    Raises FileChangedError when the dump changes meanwhile, CancelledError soon after `cancel` is set.
    """
    counter = ValueCounter()
    for values in SideReader(dump, record).pieces(cancel):
        counter.finite(values)
    stats = counter.stats()
    return stats if stats.finite else replace(stats, mean=nan)


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
        return int(self.counts.sum()) + self.below + self.above + self.non_finite


@dataclass(frozen=True, slots=True)
class LayerHistogram:
    """Both sides on `span`, and the error sample - benchmark on `error_span` (it is symmetric about 0).

    `outside_range` of a side is the share of its values outside the layer's range, where that comes from
    calibration; NaN otherwise. `original`: a third side on the same bins, where there is one.
    """

    span: Span
    sample: SideCounts
    benchmark: SideCounts
    error_span: Span
    error: SideCounts
    original: SideCounts | None = None

    def edges(self, bins: int | None = None) -> FloatArray:
        """Bin edges of the value histogram, shape (bins + 1,)."""
        return np.linspace(self.span.low, self.span.high, (bins or len(self.sample.counts)) + 1)


class _SpanCounter(ValueCounter):
    """Counts on a known span; the bin rule is numpy.histogram's (last bin closed)."""

    def __init__(self, span: Span, bins: int, bounds: tuple[float, float] | None) -> None:
        super().__init__(bounds)
        self._span = span
        self._bins: Counts = np.zeros(bins, np.int64)
        self._below = self._above = 0

    def add(self, values: FloatArray) -> None:
        values = self.finite(values)
        self._below += int(np.count_nonzero(values < self._span.low))
        self._above += int(np.count_nonzero(values > self._span.high))
        self._bins += np.histogram(values, len(self._bins), (self._span.low, self._span.high))[0]

    def result(self) -> SideCounts:
        finite = self._count - self._seen.non_finite
        share = self._outside / finite if self._bounds is not None and finite else nan
        return SideCounts(self._bins, self._below, self._above, self._seen.non_finite, share)


def count_beside(counted: LayerHistogram, dump: Dump, record: Record, cancel: Event | None = None) -> LayerHistogram:
    """The same with the values of a third dump's record on its bins. Raises FileChangedError, CancelledError."""
    counter = _SpanCounter(counted.span, len(counted.sample.counts), None)
    for values in SideReader(dump, record).pieces(cancel):
        counter.add(values)
    return replace(counted, original=counter.result())


def count_histogram(
    row: LayerDiff, sides: Sides, span: Span | None = None, bins: int = FINE_BINS, cancel: Event | None = None
) -> LayerHistogram:
    """Count both sides and the error in one pass. `span` zooms; default is the shared range.

    Raises InputError (row without figures), FileChangedError, CancelledError.
    """
    shared = span or span_of(row)
    largest = row.metrics.max_abs_error if row.metrics is not None else nan
    errors = Span(-largest, largest) if isfinite(largest) and largest > 0 else _NOTHING
    sample, benchmark = (_SpanCounter(shared, bins, row.calibrated) for _ in range(2))
    error = _SpanCounter(errors, bins, None)
    for chunk in chunks(row, sides, cancel=cancel):
        sample.add(chunk.sample)
        benchmark.add(chunk.benchmark)
        with np.errstate(invalid="ignore"):
            error.add(chunk.sample - chunk.benchmark)
    return LayerHistogram(shared, sample.result(), benchmark.result(), errors, error.result())


def span_of(row: LayerDiff) -> Span:
    """The range shared by both sides' finite values. Raises InputError for a row without figures."""
    if row.sample is None or row.benchmark is None:
        raise InputError(
            Message("{name}: not comparable, so there is nothing to count", name=row.name),
            Message("see the row's reason"),
        )
    sides = [side for side in (row.sample, row.benchmark) if isfinite(side.minimum)]
    if not sides:
        return _NOTHING
    return widened(min(side.minimum for side in sides), max(side.maximum for side in sides))


_NOTHING = Span(-0.5, 0.5)


def widened(low: float, high: float) -> Span:
    """A span that bins can divide: constants, denormals and empty ranges get some room around them."""
    if not (isfinite(low) and isfinite(high)):
        return _NOTHING
    room = max(abs(low), abs(high)) * 1e-6
    if high - low > room * 1e-3 and high - low > 1e-300:
        return Span(low, high)
    room = max(room, 0.5 if low == 0 else abs(low) * 0.5)
    return Span(low - room, high + room)


_ON_A_LIMIT = 1e-6
"""Limits are printed with six decimals: what is so near to one is on it, not beyond it."""


def beyond(limits: LayerRange) -> Span:
    """The limits with the room of their last decimal: no value that is on one is outside."""
    room = _ON_A_LIMIT * max(1.0, abs(limits.minimum), abs(limits.maximum))
    return Span(limits.minimum - room, limits.maximum + room)


def on_edges(span: Span, limits: LayerRange | None, bins: int = FINE_BINS) -> tuple[Span, int]:
    """About that span and number of bins, such that limits inside the span are edges of bins.

    So no bin holds values of both sides of a limit. The bins may be a few more.
    """
    if limits is None:
        return span, bins
    ends = beyond(limits)
    inside = [end for end in (ends.low, ends.high) if span.low < end < span.high]
    width = (span.high - span.low) / bins
    if len(inside) == 2 and ends.high - ends.low >= width:  # nearer ones can not both be edges
        width = (ends.high - ends.low) / max(1, round((ends.high - ends.low) / width))
    if not inside or width <= 0:
        return span, bins
    low = inside[0] - ceil((inside[0] - span.low) / width) * width
    number = ceil((span.high - low) / width)
    return Span(low, low + number * width), number


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


# Counts of a tensor's values in one pass, without knowing their range before.
#
# Bins are the cells of a grid of powers of two: bin k covers [k * 2^e, (k + 1) * 2^e). When values fall outside, e
# grows and neighbouring bins are added up, so nothing is ever counted twice or moved between bins, and the result
# depends on the values alone, not on the order or the size of the pieces they came in. At most BINS bins are kept,
# whatever the values are (`bins='auto'` asks for millions where data is concentrated and its range is wide).

BINS = 1 << 14
_LEAST_EXPONENT = -1000
_SIGNIFICANT = 40
"""Bits of a bin's number at most: a range far from zero is not cut finer than 2^-40 of its values."""


@dataclass(frozen=True, slots=True)
class Tally:
    """A tensor's values: `counts[i]` lie in [(first + i) * 2^exponent, (first + i + 1) * 2^exponent).

    `stats`: its mean is that of the finite values; `outside`: how many finite values lie outside the bounds that
    were given, 0 without bounds.
    """

    counts: Counts
    first: int
    exponent: int
    stats: SideStats
    outside: int

    @property
    def finite(self) -> int:
        return int(self.counts.sum())

    @property
    def outside_share(self) -> float:
        """Part (0 to 1) of the finite values outside the bounds; 0 where there are no values."""
        return self.outside / self.finite if self.finite else 0.0

    def coarser(self, exponent: int) -> "Tally":
        """The same values on a grid of 2^exponent, which is not finer than this one's."""
        counts, first = _merged(self.counts, self.first, exponent - self.exponent)
        return replace(self, counts=counts, first=first, exponent=exponent)


class Tallier(ValueCounter):
    """Takes values piece by piece; `tally` at the end."""

    def __init__(self, bounds: tuple[float, float] | None = None) -> None:
        super().__init__(bounds)
        self._bins: Counts = np.zeros(0, np.int64)
        self._first, self._exponent = 0, _LEAST_EXPONENT

    def add(self, values: FloatArray) -> None:
        values = self.finite(values)
        if values.size:
            self._make_room()
            places = np.floor(values * 2.0**-self._exponent).astype(np.int64)
            self._bins += np.bincount(places - self._first, minlength=len(self._bins))

    def tally(self) -> Tally:
        return Tally(self._bins.copy(), self._first, self._exponent, self.stats(), self._outside)

    def _make_room(self) -> None:
        """Widen the grid until it holds everything between the least and the greatest value."""
        low, high = self._seen.minimum, self._seen.maximum
        exponent = _exponent_for(low, high)
        counts, start = _merged(self._bins, self._first, exponent - self._exponent)
        first, last = (floor(end * 2.0**-exponent) for end in (low, high))
        room: Counts = np.zeros(last - first + 1, np.int64)
        if len(counts):
            room[start - first : start - first + len(counts)] = counts
        self._bins, self._first, self._exponent = room, first, exponent


def _exponent_for(low: float, high: float) -> int:
    """The least e for which bins of 2^e between `low` and `high` are at most BINS, and their numbers exact."""
    size = max(abs(low), abs(high))
    if size == 0:
        return _LEAST_EXPONENT
    least = max(_LEAST_EXPONENT, frexp(size)[1] - _SIGNIFICANT)
    exponent = max(least, frexp((high - low) / BINS)[1] - 2) if high > low else least
    while floor(high * 2.0**-exponent) - floor(low * 2.0**-exponent) >= BINS:
        exponent += 1
    return exponent


def _merged(counts: Counts, first: int, shift: int) -> tuple[Counts, int]:
    """Counts on a grid 2^shift times as coarse, and the number of its first bin."""
    if shift == 0 or not len(counts):
        return counts, first >> min(shift, 63)
    places = (np.arange(len(counts), dtype=np.int64) + first) >> min(shift, 63)
    start = int(places[0])
    edges = np.flatnonzero(np.diff(places, prepend=places[0] - 1))
    merged: Counts = np.zeros(int(places[-1]) - start + 1, np.int64)
    merged[places[edges] - start] = np.add.reduceat(counts, edges)
    return merged, start


# From fine counts to the bars of a picture: few enough to see, on edges that do not lie about the data.
#
# Bars are whole groups of a grid's bins, so that no bar holds more bins than its neighbour. Where the values of an
# 8-bit tensor are shown, a bar is a whole number of its steps, with the steps in the middle: other widths would put
# two codes into one bar and three into the next, and draw a comb that is not in the data.

BARS = 200
_FEWEST_BARS = 16
"""Few values in many bars would only draw their own noise."""
_CODES, _FEWEST_CODES = 256, 32
"""A tensor that uses fewer codes than that is drawn as the spikes it consists of."""
_EIGHT_BIT = frozenset({"SGS_U8", "SGS_S8"})
_LEAST_STEP = 5e-4
"""`s:` has six decimals; below this its error adds up to a quarter of a step over 256 codes."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Edges, shape (bars + 1,), and for each side its counts, shape (bars,)."""

    edges: FloatArray
    sides: tuple[Counts, ...]


def bars_of(tallies: Sequence[Tally], most: int = BARS, step: float | None = None) -> Bars | None:
    """All `tallies` on the same edges, at most `most` bars (two at least); None where no value is finite.

    `step`: the distance of the codes of a quantized tensor, see `step_of`.
    """
    there = [tally for tally in tallies if tally.finite]
    if not there:
        return None
    exponent = max(tally.exponent for tally in there)
    even = [tally.coarser(exponent) if tally.finite else tally for tally in tallies]
    width = 2.0**exponent
    in_steps = step is not None and step >= 4 * width
    unit, shift = (step, step / 2) if step is not None and in_steps else (width, 0.0)
    most = min(max(2, most), max(_FEWEST_BARS, isqrt(4 * max(tally.finite for tally in there))))
    places = [_places(tally, width / unit if in_steps else None) for tally in even]
    return _grouped(places, [tally.counts for tally in even], most, unit, shift)


def _places(tally: Tally, ratio: float | None) -> Counts:
    """The bins' numbers, or the code nearest to the middle of each where a bin is `ratio` codes wide."""
    numbers: Counts = np.arange(len(tally.counts), dtype=np.int64) + tally.first
    return numbers if ratio is None else np.floor((numbers + 0.5) * ratio + 0.5).astype(np.int64)


def _grouped(places: list[Counts], counts: list[Counts], most: int, unit: float, shift: float) -> Bars:
    """Counts by their place in units, `unit` wide and moved down by `shift`, put into bars of whole units."""
    low = min(int(place[0]) for place in places if len(place))
    high = max(int(place[-1]) for place in places if len(place))
    units = max(1, (high - low + 1) // most)
    while high // units - low // units >= most:
        units += 1
    first, total = low // units, high // units - low // units + 1
    edges = np.arange(first, first + total + 1, dtype=np.float64) * (units * unit) - shift
    return Bars(edges, tuple(_added(place // units - first, n, total) for place, n in zip(places, counts, strict=True)))


def _added(places: Counts, counts: Counts, total: int) -> Counts:
    bars: Counts = np.zeros(total, np.int64)
    np.add.at(bars, places, counts)
    return bars


def covering(bars: Bars, low: float, high: float, most: int = BARS) -> Bars:
    """The same counts on bars that also cover [low, high]; bars too narrow for that many are put together.

    Nothing happens to bars that cover it already.
    """
    first, last, width = float(bars.edges[0]), float(bars.edges[-1]), float(bars.edges[1] - bars.edges[0])
    before, behind = (max(0, ceil(gap / width)) for gap in (first - low, high - last))
    if before + len(bars.edges) + behind <= 2 * most:
        edges: FloatArray = first + width * np.arange(-before, len(bars.edges) + behind, dtype=np.float64)
        return Bars(edges, tuple(np.pad(side, (before, behind)) for side in bars.sides))
    edges = np.linspace(min(low, first), max(high, last), most + 1)
    middles = (bars.edges[:-1] + bars.edges[1:]) / 2
    places = np.clip(np.searchsorted(edges, middles, "right") - 1, 0, most - 1)
    return Bars(edges, tuple(_added(places, side, most) for side in bars.sides))


def view_of(low: float, high: float, bounds: Sequence[float] = (), most_of_it: float = 0.0) -> tuple[float, float]:
    """What a picture shows of the axis: the values from `low` to `high`, and the finite `bounds`.

    Bounds so far off that the values would take less than the share `most_of_it` of the picture are left out. A
    constant gets room around it.
    """
    ends = [low, high, *(end for end in bounds if isfinite(end))]
    left, right = min(ends), max(ends)
    if high - low < most_of_it * (right - left):
        left, right = low, high
    if right - left > 1e-6 * max(abs(left), abs(right)):
        return left, right
    room = 0.5 * max(abs(left), abs(right)) or 0.5
    return left - room, right + room


def step_of(record: Record, low: float, high: float) -> float | None:
    """The distance of neighbouring codes of a dequantized 8-bit tensor with values from `low` to `high`.

    None where the header does not tell it well enough, where the values are not those of 8 bits, and where they are
    so few different ones that they stand apart from each other in any picture.
    """
    known = record.type_name in _EIGHT_BIT and record.scale >= _LEAST_STEP
    return record.scale if known and _FEWEST_CODES <= (high - low) / record.scale <= _CODES else None
