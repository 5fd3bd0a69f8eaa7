"""From a pair of layers to a row: read once, measured, tried in the other layout, judged; and read again closely."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isnan, prod
from threading import Event
from typing import TYPE_CHECKING

from sgs_tui.engine.compare.elements import PIECE, PLAIN, Layout, SideReader
from sgs_tui.engine.compare.limits import Profile, judged, slice_names
from sgs_tui.engine.compare.metrics import LayerFigures, figures_of
from sgs_tui.engine.compare.pairing import layouts_of
from sgs_tui.engine.compare.results import (
    LayerDiff,
    LayerRange,
    Pair,
    RangeSource,
    SideStats,
    Top1,
    Verdict,
)
from sgs_tui.engine.compare.slices import Before, slices_of, top1_of
from sgs_tui.engine.compare.sums import BLOCK, Kernel, Sums
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.errors import CancelledError, FileChangedError, SgsError
from sgs_tui.engine.network.narrow import Slices
from sgs_tui.language import Message, plural

if TYPE_CHECKING:
    from sgs_tui.engine.calibration.ranges import Ranges
    from sgs_tui.engine.network.slicing import SidedSlicer


@dataclass(frozen=True, slots=True)
class Readers:
    """Both sides of a pair as streams of equally many elements."""

    sample: SideReader
    benchmark: SideReader
    indices: bool = False

    def add(self, sums: Sums, kernel: Kernel, elements: range, cancel: Event | None = None) -> None:
        """Add a stretch that begins on the grid of blocks. Raises CancelledError between blocks."""
        for start in range(elements.start, elements.stop, BLOCK):
            if cancel is not None and cancel.is_set():
                raise CancelledError(Message("comparison stopped"))
            count = min(BLOCK, elements.stop - start)
            kernel.add(sums, self.sample, self.benchmark, start, count, self.indices)

    def figures(self, kernel: Kernel, most: int | None = None, cancel: Event | None = None) -> LayerFigures:
        """Of the whole layer, or of its first `most` elements."""
        sums = Sums()
        self.add(sums, kernel, range(min(most or self.benchmark.count, self.benchmark.count)), cancel)
        return figures_of(sums)


@dataclass(frozen=True, slots=True)
class Sides:
    """Both open dumps."""

    sample: Dump
    benchmark: Dump

    def readers(self, pair: Pair, layouts: tuple[Layout, Layout] | None = None) -> Readers:
        """The pair read in these layouts, by default un-padded."""
        left, right = layouts or layouts_of(pair)
        sample, benchmark = (
            SideReader(self.sample, pair.sample, left),
            SideReader(self.benchmark, pair.benchmark, right),
        )
        return Readers(sample, benchmark, pair.indices)

    def check_unchanged(self) -> None:
        self.sample.check_unchanged()
        self.benchmark.check_unchanged()

    def changed(self) -> SgsError | None:
        """Why what was just read can not be trusted; None where it can."""
        try:
            self.check_unchanged()
        except SgsError as error:
            return error
        return None


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of a pair, or the error that prevented them."""

    pair: Pair
    figures: LayerFigures | None
    error: SgsError | None = None


def measure(pair: Pair, sides: Sides, kernel: Kernel, cancel: Event | None = None) -> LayerFigures:
    """One pass over a pair in this process. Raises SgsError (file changed, bad text, cancelled)."""
    figures = sides.readers(pair).figures(kernel, cancel=cancel)
    sides.check_unchanged()
    return figures


# Is a four-dimensional layer only bad because one side is NCHW and the other NHWC?

_SUSPECT_COS = 0.98
"""Below it a layer is tried in the other layout, as in the vendor's compareAccuracy.c."""

_CLEAR = 5.0
"""A winner's 1 - cos is at most a fifth of every other reading's."""

_SAME = 1e-12

_PREFIX = 32 * BLOCK
"""Elements a reading is judged by before the whole layer is read again."""


def _transpositions(pair: Pair) -> dict[str, tuple[Layout, Layout]]:
    """The readings worth trying, in words: equally many elements on both sides and a known shape of rank four."""
    shape = pair.benchmark.shape or pair.sample.shape or pair.shape
    if shape is None or len(shape) != 4 or pair.sample.count != pair.benchmark.count:
        return {}
    # With one channel or one pixel both layouts hold the same sequence.
    if prod(shape) != pair.benchmark.count or sum(size > 1 for size in shape[1:]) <= 1:
        return {}
    n, a, b, c = shape
    return {
        Message("sample is NCHW, benchmark NHWC"): (Layout(nchw=(n, a, b, c)), PLAIN),
        Message("sample is NHWC, benchmark NCHW"): (PLAIN, Layout(nchw=(n, b, c, a))),
    }


def _transposed(pair: Pair, sides: Sides, kernel: Kernel, plain_cos: float) -> tuple[str, LayerFigures] | None:
    """The reading that clearly explains the layer, with the figures of the whole layer read that way."""
    if not plain_cos < _SUSPECT_COS:
        return None
    readings = {text: sides.readers(pair, layouts) for text, layouts in _transpositions(pair).items()}
    cosines = {text: readers.figures(kernel, _PREFIX).metrics.cos for text, readers in readings.items()}
    tried = {text: -1.0 if isnan(cos) else cos for text, cos in cosines.items()}
    best = max(tried, key=tried.__getitem__, default="")
    if not best or tried[best] < _SUSPECT_COS:
        return None
    # With one row of pixels both readings are the same permutation: a tie then is no doubt.
    others = [plain_cos, *(cos for text, cos in tried.items() if text != best and abs(cos - tried[best]) > _SAME)]
    if (1 - tried[best]) * _CLEAR > min(1 - cos for cos in others):
        return None
    figures = readings[best].figures(kernel)
    return (best, figures) if figures.metrics.cos >= _SUSPECT_COS else None


def reread(row: LayerDiff, like: LayerDiff, sides: Sides, profile: Profile) -> LayerDiff:
    """The row with its sides in the order of axes that `like`, a row against the same benchmark, was found to have.

    A layer that is wrong fits in no order, so its own figures can not tell. Raises SgsError (file changed).
    """
    readings = _transpositions(row.pair) if like.transposed and not row.transposed and row.metrics else {}
    text = next((text for text in readings if any(text in note for note in like.notes)), None)
    if text is None:
        return row
    figures = sides.readers(row.pair, readings[text]).figures(Kernel())
    sides.check_unchanged()
    shared = (row.pair, figures.metrics, figures.sample, figures.benchmark, row.range, Verdict.OK)
    return judged(
        LayerDiff(
            *shared,
            notes=(*row.notes, Message("transposed: {text}, as {name}", text=text, name=like.name)),
            transposed=True,
        ),
        profile,
    )


@dataclass(slots=True)
class RowMaker:
    """From measured pairs to the rows that front ends show. Use in one thread."""

    sides: Sides
    profile: Profile
    ranges: "Ranges | None"
    kernel: Kernel
    slicer: "SidedSlicer | None" = None
    _before: Before = field(default_factory=Before)
    """What concats are held against."""

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
        sides = (("sample", self.sides.sample, pair.sample), ("benchmark", self.sides.benchmark, pair.benchmark))
        notes = [
            *pair.notes,
            *(
                Message("{side} dequantized", side=Message(name))
                for name, dump, record in sides
                if dump.dequantizes(record)
            ),
        ]
        notes += _how_many_differ(pair, figures)
        plain_cos = figures.metrics.cos
        found = _transposed(pair, self.sides, self.kernel, plain_cos)
        if found:
            notes.append(Message("transposed: {text} (COS as stored {cos:.4f})", text=found[0], cos=plain_cos))
            figures = found[1]
        sample, benchmark, values = figures.sample, figures.benchmark, self._range(pair, figures.benchmark)
        self._before.widths[pair.name] = benchmark.width
        slices, top1 = self._closer(pair, figures) if found is None else (None, None)
        told = [each for each in slices.narrow if each.told] if slices is not None else []
        notes += [Message("lost slices: {lost}, told at its own layer", lost=slice_names(told))] if told else []
        notes += [top1.text] if top1 is not None else []
        shared = (pair, figures.metrics, sample, benchmark, values, Verdict.OK)
        row = LayerDiff(*shared, notes=tuple(notes), transposed=found is not None, slices=slices, top1=top1)
        made = judged(row, self.profile)
        if made.verdict is Verdict.FAIL:
            self._before.failing.add(made.name)
        return made

    def _closer(self, pair: Pair, figures: LayerFigures) -> tuple[Slices | None, Top1 | None]:
        """What only graph outputs and concats have."""
        if self.slicer is None or pair.indices or not (figures.sample.finite and figures.benchmark.finite):
            return None, None
        record = pair.record(self.slicer.side)
        sliced = self.slicer.slicer.of(record)
        if sliced is None:
            return None, None
        readers = self.sides.readers(pair)
        if readers.benchmark.count != record.count:
            return None, None
        both = (readers.sample, readers.benchmark)
        top1 = top1_of(both) if self.slicer.slicer.scores_classes(record) else None
        find = self.ranges.find if self.ranges else lambda name: None
        slices = slices_of(pair, sliced, figures.benchmark, both, self._before, find)
        self.sides.check_unchanged()
        return slices, top1

    def _range(self, pair: Pair, benchmark: SideStats) -> LayerRange:
        known = self.ranges.find(pair.name) if self.ranges else None
        if known is not None:
            return LayerRange(known[0], known[1], RangeSource.CALIBRATION)
        return LayerRange(benchmark.minimum, benchmark.maximum, RangeSource.BENCHMARK)


def _how_many_differ(pair: Pair, figures: LayerFigures) -> list[str]:
    """What the figures of indices are about."""
    count = pair.benchmark.count
    if not (pair.indices and count):
        return []
    differing = round(figures.metrics.mse * count)
    return [plural(differing, "{number} of {count} indices differs", "{number} of {count} indices differ", count=count)]


def _not_comparable(pair: Pair, error: SgsError | None) -> LayerDiff:
    reason = (
        Message("file changed")
        if isinstance(error, FileChangedError)
        else (error.message if error else Message("not measured"))
    )
    return LayerDiff(pair, None, None, None, None, Verdict.NOT_COMPARABLE, (reason,), notes=pair.notes)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Elements [start, start + n) of both sides, shape (n,), dequantized, in the order the row was compared in."""

    start: int
    sample: FloatArray
    benchmark: FloatArray


def chunks(row: LayerDiff, sides: Sides, multiple: int = 1, cancel: Event | None = None) -> Iterator[Chunk]:
    """The layer in chunks whose length is a multiple of `multiple` (its channels); the last may be shorter.

    For everything beyond the metrics: histograms, channels, worst elements. Raises FileChangedError, CancelledError.
    """
    readings = _transpositions(row.pair) if row.transposed else {}
    layouts = next((each for text, each in readings.items() if any(text in note for note in row.notes)), None)
    readers = sides.readers(row.pair, layouts)
    size = max(PIECE // multiple, 1) * multiple
    total = min(readers.sample.count, readers.benchmark.count)
    for start in range(0, total, size):
        if cancel is not None and cancel.is_set():
            raise CancelledError(Message("stopped"))
        sides.check_unchanged()
        count = min(size, total - start)
        yield Chunk(start, readers.sample.values(start, count), readers.benchmark.values(start, count))
