"""Cause `padding_kept`: the fixed dump was made without eliminateGarbage, its payloads are in hardware order.

With dequantFixed its headers and sizes are those of a good dump: nothing in the file tells but its values. Records
whose channels fill whole blocks stay right, the first other one is bad (COS 0.01 to 0.67). With the right layout undone
they are back at 0.977 to 0.9999; a wrong one stays below 0.7, and a layer that is broken otherwise fits none.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sgs_tui.engine.compare.elements import SideReader
from sgs_tui.engine.compare.limits import Profile, judged
from sgs_tui.engine.compare.metrics import figures_of
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, Pair, RangeSource, Unmatched, Verdict
from sgs_tui.engine.compare.sums import BLOCK, Kernel, Sums
from sgs_tui.engine.diagnosis.case import LOOKED_AT, Case
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding, Recovered
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.layouts import Padded, candidates
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.network.tensors import WHOLE, Tensors, Values, cosine
from sgs_tui.engine.twin.values import Values as WholeTensors
from sgs_tui.language import Message, plural

_PIXELS = 1 << 16  # values put in order at once, more or less


class _Ready(SideReader):
    """A reader of values that are in memory already, as the file stores them."""

    def __init__(self, dump: Dump, record: Record, values: AnyArray) -> None:
        super().__init__(dump, record)
        self._values = values

    def take(self, start: int, count: int) -> AnyArray:
        """Elements [start, start + count) of the values."""
        return self._values[start : start + count]


def _recovered_row(pair: Pair, sample: Dump, benchmark: Dump, padded: Padded, profile: Profile) -> Recovered:
    """The pair's row with the sample's payload in order; only values that are still in the file count."""
    sums, kernel = Sums(), Kernel()
    waiting = np.empty(0, pair.sample.dtype), np.empty(0, pair.benchmark.dtype)
    for piece in _pieces(pair, sample, benchmark, padded):
        waiting = tuple(np.concatenate(both) for both in zip(waiting, piece, strict=True))  # type: ignore[assignment]
        whole = len(waiting[0]) // BLOCK * BLOCK
        _add(sums, kernel, pair, sample, benchmark, (waiting[0][:whole], waiting[1][:whole]))
        waiting = waiting[0][whole:], waiting[1][whole:]
    _add(sums, kernel, pair, sample, benchmark, waiting)
    figures = figures_of(sums)
    right = figures.benchmark
    row = LayerDiff(
        pair=pair,
        metrics=replace(figures.metrics, max_abs_index=-1),
        sample=figures.sample,
        benchmark=right,
        range=LayerRange(right.minimum, right.maximum, RangeSource.BENCHMARK),
        verdict=Verdict.OK,
        notes=(
            *pair.notes,
            Message(
                "recovered from {layout}, {share:.0%} of the values are in the file",
                layout=Message(str(padded.layout)),
                share=padded.kept(),
            ),
        ),
    )
    return Recovered(judged(row, profile), Message(str(padded.layout)), padded.kept())


def _pieces(pair: Pair, sample: Dump, benchmark: Dump, padded: Padded) -> Iterator[tuple[AnyArray, AnyArray]]:
    """Values of both sides that the sample still holds, in the benchmark's order."""
    step = max(1, _PIXELS // padded.channels)
    for first in range(0, padded.pixels, step):
        last = min(first + step, padded.pixels)
        values, present = padded.undo(lambda start, stop: sample.read(pair.sample, start, stop), first, last)
        truth = benchmark.read(pair.benchmark, first * padded.channels, last * padded.channels)
        yield values[present], truth.reshape(present.shape)[present]


def _add(
    sums: Sums, kernel: Kernel, pair: Pair, sample: Dump, benchmark: Dump, values: tuple[AnyArray, AnyArray]
) -> None:
    """Feed values to the kernel, block by block."""
    sides = _Ready(sample, pair.sample, values[0]), _Ready(benchmark, pair.benchmark, values[1])
    for start in range(0, len(values[0]), BLOCK):
        kernel.add(sums, *sides, start, min(BLOCK, len(values[0]) - start))


RIGHT = 0.9  # COS that the right layout reaches even under coarse 8 bit; wrong ones stay below 0.7
CLEAR = 5.0  # the right layout leaves at most a fifth of what any other leaves of 1 - COS
GLIMPSE = 0.1  # how far below that a part of a layer may be for all of it to be looked at
_GLANCE = 1 << 15  # elements of that part
_LARGEST = 1 << 22  # elements up to which unknown channel counts are tried out


@dataclass(frozen=True, slots=True)
class Undone:
    """A layer whose stored order was found: COS as stored and in order, on the values looked at."""

    pair: Pair
    padded: Padded
    before: float
    after: float


def undone_layers(case: Case, unmatched: Iterable[Unmatched] = ()) -> list[Undone]:
    """Every bad layer that one of the layouts puts right, and layers whose record is longer by its padding."""
    pairs = [row.pair for row in case.suspects.values()] + list(_longer(unmatched))
    found = (_undone(case, pair) for pair in pairs)
    return [each for each in found if each is not None]


def _longer(unmatched: Iterable[Unmatched]) -> Iterator[Pair]:
    """Layers of one name whose sample record is longer than the benchmark's."""
    items = list(unmatched)
    theirs = {item.name: item.record for item in items if item.side == "benchmark" and item.record.is_layer}
    for item in items:
        partner = theirs.get(item.name)
        if item.side == "sample" and item.record.is_layer and partner and item.record.count > partner.count > 0:
            yield Pair(-1, item.record, partner)


def _undone(case: Case, pair: Pair) -> Undone | None:
    count = pair.benchmark.count
    channels = case.channels(pair.name) or (pair.channels or 0)
    readable = case.sample_tensors.readable(pair.sample) and case.tensors.readable(pair.benchmark)
    if not readable or (not channels and count > _LARGEST):
        return None
    hopeful = (
        padded
        for padded in candidates(pair.sample, count, channels)
        if _cos(case, pair, padded, _GLANCE) >= RIGHT - GLIMPSE
    )
    tried = sorted(
        ((_cos(case, pair, padded), padded) for padded in hopeful),
        key=lambda item: item[0],
        reverse=True,
    )
    if not tried or tried[0][0] < RIGHT:
        return None
    (best, padded), plain = tried[0], _plain_cos(case, pair)
    others = [plain] + [cos for cos, other in tried[1:] if not _alike(padded, other)]
    return Undone(pair, padded, plain, best) if (1 - best) * CLEAR <= 1 - max(others) else None


def _alike(one: Padded, other: Padded) -> bool:
    """Layouts of a few pixels can agree on nearly all values: channel counts of one another's multiples do."""
    return one.layout is other.layout and one.channels % other.block == 0 and other.channels % one.block == 0


def _cos(case: Case, pair: Pair, padded: Padded, budget: int = LOOKED_AT) -> float:
    """COS of the values that are still in the file, on pixels spread over the layer."""
    ours_of = _reader(case.ours, case.sample_tensors, pair.sample)
    theirs_of = _reader(case.theirs, case.tensors, pair.benchmark)
    pieces = max(1, min(8, padded.pixels * padded.channels // budget * 8))
    each = min(padded.pixels, max(1, budget // padded.channels // pieces))
    ours, theirs = [], []
    for first in dict.fromkeys(np.linspace(0, padded.pixels - each, pieces).astype(int).tolist()):
        values, present = padded.undo(ours_of, first, first + each)
        truth = theirs_of(first * padded.channels, (first + each) * padded.channels)
        ours.append(values[present])
        theirs.append(truth.reshape(present.shape)[present])
    return cosine(np.concatenate(ours).astype(np.float32), np.concatenate(theirs))


def _reader(whole: WholeTensors, slices: Tensors, record: Record) -> Callable[[int, int], Values]:
    """How to read elements [start, stop): out of the whole tensor, which others need too, unless it is huge."""
    if record.count > WHOLE:
        return lambda start, stop: slices.slice(record, start, stop)
    return lambda start, stop: whole.read(record)[start:stop]


def _plain_cos(case: Case, pair: Pair) -> float:
    if pair.sample.count != pair.benchmark.count:
        return 0.0
    return cosine(case.sample_tensors.spread(pair.sample, LOOKED_AT), case.tensors.spread(pair.benchmark, LOOKED_AT))


def find_padding(
    case: Case, layers: Sequence[Undone], switched_on: bool | None, profile: Profile
) -> tuple[Finding, tuple[Recovered, ...]] | None:
    """The finding and the recovered rows. `switched_on`: what the run's DebugConfig.txt says of eliminateGarbage.

    None where no layer is put right, or so few that the bad ones have another reason.
    """
    suspects = [row for row in case.suspects.values() if _could_differ(case, row)]
    put_right = {each.pair.name for each in layers}
    share = len(put_right & {row.name for row in suspects}) / len(suspects) if suspects else float(bool(layers))
    if not layers or (share < 0.5 and switched_on is not False):
        return None
    recovered = tuple(_recovered_row(each.pair, case.sample, case.benchmark, each.padded, profile) for each in layers)
    finding = Finding(
        Cause.PADDING_KEPT,
        tuple(each.pair.name for each in layers),
        confidence=min(0.99, 0.6 + 0.39 * share + 0.2 * (switched_on is False)),
        evidence=tuple(_evidence(layers, share, switched_on)),
        advice=(Message("add the line eliminateGarbage to the fixed run's DebugConfig.txt and dump again"),),
        refuted_by=Message("a dump made with eliminateGarbage shows the same layers bad"),
        explained=share,
        size=max(case.error(row.name) for row in suspects) if suspects else 1.0,
    )
    return finding, recovered


def _evidence(layers: Sequence[Undone], share: float, switched_on: bool | None) -> Iterator[Evidence]:
    yield Evidence(
        plural(
            len(layers),
            "{number} layer is right once its stored order is undone: COS {span}",
            "{number} layers are right once their stored order is undone: COS {span}",
            span=_span(layers),
        ),
        share,
    )
    worst = min(layers, key=lambda each: each.after)
    padded = worst.padded
    order = Message(
        "{layout} of {block} ({channels} channels)",
        layout=Message(str(padded.layout)),
        block=padded.block,
        channels=padded.channels,
    )
    text = Message(
        "{layer}: COS {before:.4f} as stored, {after:.4f} read as {order}; {share:.0%} is in the file",
        layer=worst.pair.name,
        before=worst.before,
        after=worst.after,
        order=order,
        share=padded.kept(),
    )
    yield Evidence(text, worst.after, worst.pair.name)
    if switched_on is not None:
        yield Evidence(
            Message("the DebugConfig.txt given switches eliminateGarbage on: is it of this run?")
            if switched_on
            else Message("the DebugConfig.txt given does not switch eliminateGarbage on")
        )


def _could_differ(case: Case, row: LayerDiff) -> bool:
    """Whether padding changes this layer's order at all, as far as its channels are known."""
    channels = case.channels(row.name)
    return any(True for _ in candidates(row.pair.sample, row.pair.benchmark.count, channels))


def _span(layers: Sequence[Undone]) -> str:
    """COS before and after, worst to best."""
    before, after = [each.before for each in layers], [each.after for each in layers]
    return Message(
        "{low:.4f} to {high:.4f} becomes {least:.4f} to {most:.4f}",
        low=min(before),
        high=max(before),
        least=min(after),
        most=max(after),
    )
