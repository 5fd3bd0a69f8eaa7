"""Measure pairs: one pass each, in this process or, where there is much to read, in one process per core.

Threads would not do: numpy holds the interpreter lock in the dot products and hands it over thousands
of times a second in the rest, which costs more than the second core gives (measured).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isnan, prod
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from sgs_tui.engine.compare.elements import PLAIN, Layout, SideReader
from sgs_tui.engine.compare.limits import Figures, Profile, judge
from sgs_tui.engine.compare.metrics import BLOCK, Kernel, LayerFigures, Sums, figures_of
from sgs_tui.engine.compare.pairing import layouts_of
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, Pair, RangeSource, SideStats, Verdict
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.errors import CancelledError, FileChangedError, SgsError

if TYPE_CHECKING:
    from sgs_tui.engine.calibration.ranges import Ranges


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of a pair, or the error that prevented them."""

    pair: Pair
    figures: LayerFigures | None
    error: SgsError | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """Both open dumps."""

    sample: Dump
    benchmark: Dump


def changed(sides: Sides) -> SgsError | None:
    """Why what was just read can not be trusted: a file is no longer the one that was indexed."""
    try:
        sides.sample.check_unchanged()
        sides.benchmark.check_unchanged()
    except SgsError as error:
        return error
    return None


def measure(pair: Pair, sides: Sides, kernel: Kernel, cancel: Event | None = None) -> LayerFigures:
    """One pass over a pair in this process. Raises SgsError (file changed, bad text, cancelled)."""
    sample, benchmark = readers_of(pair, sides)
    sums = Sums()
    add_range(sums, kernel, sample, benchmark, range(0, benchmark.count), cancel)
    sides.sample.check_unchanged()
    sides.benchmark.check_unchanged()
    return figures_of(sums)


def readers_of(pair: Pair, sides: Sides) -> tuple[SideReader, SideReader]:
    """Both sides of a pair as streams of equally many elements."""
    left, right = layouts_of(pair)
    return SideReader(sides.sample, pair.sample, left), SideReader(sides.benchmark, pair.benchmark, right)


def add_range(
    sums: Sums,
    kernel: Kernel,
    sample: SideReader,
    benchmark: SideReader,
    elements: range,
    cancel: Event | None = None,
) -> None:
    """Add a stretch that begins on the grid of blocks. Raises CancelledError between blocks."""
    for start in range(elements.start, elements.stop, BLOCK):
        if cancel is not None and cancel.is_set():
            raise CancelledError("comparison stopped")
        kernel.add(sums, sample, benchmark, start, min(BLOCK, elements.stop - start))


# Layout detective: is a four-dimensional layer only bad because one side is NCHW and the other NHWC?

SUSPECT_COS = 0.98
"""Below it a layer is tried in the other layout, as in the vendor's compareAccuracy.c."""

_CLEAR = 5.0
"""A winner's 1 - cos is at most a fifth of every other candidate's."""

_SAME = 1e-12

_PREFIX = 32 * BLOCK
"""Elements a candidate is judged by before the whole layer is read again."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reading of both sides: which one is taken as NCHW."""

    text: str
    sample: Layout
    benchmark: Layout


def candidates(pair: Pair) -> tuple[Candidate, ...]:
    """The readings worth trying: both sides hold equally many elements and a shape of rank four is known."""
    shape = pair.benchmark.shape or pair.sample.shape or pair.shape
    if shape is None or len(shape) != 4 or pair.sample.count != pair.benchmark.count:
        return ()
    if prod(shape) != pair.benchmark.count or _same_either_way(shape):
        return ()
    n, a, b, c = shape
    as_nhwc, as_nchw = (n, a, b, c), (n, b, c, a)
    return (
        Candidate("sample is NCHW, benchmark NHWC", Layout(nchw=as_nhwc), PLAIN),
        Candidate("sample is NHWC, benchmark NCHW", PLAIN, Layout(nchw=as_nchw)),
    )


def _same_either_way(shape: tuple[int, ...]) -> bool:
    """One channel or one pixel: both layouts hold the same sequence."""
    return sum(size > 1 for size in shape[1:]) <= 1


def winner(
    pair: Pair, sample: Dump, benchmark: Dump, kernel: Kernel, plain_cos: float
) -> tuple[Candidate, LayerFigures] | None:
    """The candidate that clearly explains the layer, with the figures of the whole layer read that way."""
    if not plain_cos < SUSPECT_COS:
        return None
    tried = [(_prefix_cos(c, pair, sample, benchmark, kernel), c) for c in candidates(pair)]
    tried.sort(key=lambda item: item[0], reverse=True)
    if not tried or tried[0][0] < SUSPECT_COS:
        return None
    best_cos, best = tried[0]
    # With one row of pixels both readings are the same permutation: a tie then is no doubt.
    others = [plain_cos] + [cos for cos, _ in tried[1:] if abs(cos - best_cos) > _SAME]
    if (1 - best_cos) * _CLEAR > min(1 - cos for cos in others):
        return None
    figures = figures_of(_sums(best, pair, sample, benchmark, kernel, pair.benchmark.count))
    return (best, figures) if figures.metrics.cos >= SUSPECT_COS else None


def _prefix_cos(candidate: Candidate, pair: Pair, sample: Dump, benchmark: Dump, kernel: Kernel) -> float:
    sums = _sums(candidate, pair, sample, benchmark, kernel, min(_PREFIX, pair.benchmark.count))
    cos = figures_of(sums).metrics.cos
    return -1.0 if isnan(cos) else cos


def _sums(candidate: Candidate, pair: Pair, sample: Dump, benchmark: Dump, kernel: Kernel, count: int) -> Sums:
    left = SideReader(sample, pair.sample, candidate.sample)
    right = SideReader(benchmark, pair.benchmark, candidate.benchmark)
    sums = Sums()
    for start in range(0, count, BLOCK):
        kernel.add(sums, left, right, start, min(BLOCK, count - start))
    return sums


# From a measured pair to the row that front ends show.


@dataclass(slots=True)
class RowMaker:
    """What every row needs beside its figures. Use in one thread."""

    sides: Sides
    profile: Profile
    ranges: "Ranges | None"
    kernel: Kernel

    def row(self, measured: Measured) -> LayerDiff:
        """The judged row of one pair; an error becomes a `not comparable` row that says why."""
        pair = measured.pair
        if pair.excluded is not None:
            return _not_comparable(pair, SgsError(pair.excluded))
        if measured.figures is None:
            return _not_comparable(pair, measured.error)
        try:
            return self._judged(pair, measured.figures)
        except SgsError as error:
            return _not_comparable(pair, error)

    def _judged(self, pair: Pair, figures: LayerFigures) -> LayerDiff:
        notes = [*pair.notes, *self._dequantized(pair)]
        plain_cos = figures.metrics.cos
        found = winner(pair, self.sides.sample, self.sides.benchmark, self.kernel, plain_cos)
        if found:
            notes.append(f"transposed: {found[0].text} (COS as stored {plain_cos:.4f})")
            figures = found[1]
        row = LayerDiff(
            pair=pair,
            metrics=figures.metrics,
            sample=figures.sample,
            benchmark=figures.benchmark,
            range=self._range(pair, figures.benchmark),
            verdict=Verdict.OK,
            notes=tuple(notes),
            transposed=found is not None,
        )
        return judged(row, self.profile)

    def _dequantized(self, pair: Pair) -> list[str]:
        if self.sides.sample.is_float and self.sides.benchmark.is_float:
            return []
        sides = (("sample", self.sides.sample, pair.sample), ("benchmark", self.sides.benchmark, pair.benchmark))
        return [f"{name} dequantized" for name, dump, record in sides if dump.dequantizes(record)]

    def _range(self, pair: Pair, benchmark: SideStats) -> LayerRange:
        known = self.ranges.find(pair.name) if self.ranges else None
        if known is not None:
            return LayerRange(known[0], known[1], RangeSource.CALIBRATION)
        return LayerRange(benchmark.minimum, benchmark.maximum, RangeSource.BENCHMARK)


def judged(row: LayerDiff, profile: Profile) -> LayerDiff:
    """The row under (another) profile; rows that are not comparable stay so."""
    if row.metrics is None or row.sample is None or row.benchmark is None or row.range is None:
        return row
    figures = Figures(row.metrics, row.sample, row.benchmark, row.range, row.pair.feeds_convolution)
    judgement = judge(figures, profile, row.name, row.op_type)
    if (row.verdict, row.reasons, row.over) == (judgement.verdict, judgement.reasons, judgement.over):
        return row
    return replace(row, verdict=judgement.verdict, reasons=judgement.reasons, over=judgement.over)


def _not_comparable(pair: Pair, error: SgsError | None) -> LayerDiff:
    reason = "file changed" if isinstance(error, FileChangedError) else (error.message if error else "not measured")
    return LayerDiff(pair, None, None, None, None, Verdict.NOT_COMPARABLE, (reason,), notes=pair.notes)


# A pair's elements as float64 chunks, for everything beyond the metrics: histograms, channels, worst elements.

CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Chunk:
    """Elements [start, start + len) of both sides, dequantized, in the order the row was compared in."""

    start: int
    sample: FloatArray
    benchmark: FloatArray


def chunks(row: LayerDiff, sides: Sides, multiple: int = 1, cancel: Event | None = None) -> Iterator[Chunk]:
    """The layer in chunks whose length is a multiple of `multiple` (its channels); the last may be shorter.

    Raises FileChangedError, CancelledError.
    """
    readers = _readers(row, sides)
    size = max(CHUNK // multiple, 1) * multiple
    total = min(reader.count for reader in readers)
    for start in range(0, total, size):
        if cancel is not None and cancel.is_set():
            raise CancelledError("stopped")
        sides.sample.check_unchanged()
        sides.benchmark.check_unchanged()
        sample, benchmark = (_values(reader, start, min(size, total - start)) for reader in readers)
        yield Chunk(start, sample, benchmark)


def _readers(row: LayerDiff, sides: Sides) -> tuple[SideReader, SideReader]:
    pair = row.pair
    left, right = layouts_of(pair)
    if row.transposed:
        chosen = next(c for c in candidates(pair) if any(c.text in note for note in row.notes))
        left, right = chosen.sample, chosen.benchmark
    return SideReader(sides.sample, pair.sample, left), SideReader(sides.benchmark, pair.benchmark, right)


def _values(reader: SideReader, start: int, count: int) -> FloatArray:
    with np.errstate(invalid="ignore"):  # signalling NaNs are data here
        values = reader.take(start, count).astype(np.float64)
    reader.dump.dequantize(reader.record, values)
    return values
