"""Slices and the best class of a compared layer: both sides are read again, in pieces.

Apart because it reads some layers a second time, while compare.py makes the row of every layer from one pass.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event

from sgs_tui.engine.compare.elements import PIECE, Elements
from sgs_tui.engine.compare.results import Pair, SideStats, Top1
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.errors import CancelledError
from sgs_tui.engine.network.narrow import Slices
from sgs_tui.engine.network.scales import CODES
from sgs_tui.engine.network.slices import Ranges, Seen, find_narrow, step_of
from sgs_tui.engine.network.slicing import Sliced
from sgs_tui.language import Message


@dataclass(frozen=True, slots=True)
class Before:
    """The layers compared so far: what the benchmark spans, by name, and those that fail."""

    widths: dict[str, float] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)


def slices_of(
    pair: Pair,
    sliced: Sliced,
    benchmark: SideStats,
    readers: tuple[Elements, Elements],
    before: Before,
    ranges: Ranges,
    cancel: Event | None = None,
) -> Slices | None:
    """A layer's slices; `readers` are the sample and the benchmark. Raises FileChangedError, CancelledError."""
    record = pair.sample
    scale = record.scale if record.type_name in CODES else 0.0
    step = step_of(scale, benchmark.minimum, benchmark.maximum)
    seen = Seen(sliced, step, benchmark.minimum, benchmark.maximum)
    found = find_narrow(seen, lambda: _pieces(readers, cancel), before.widths, ranges)
    return None if found is None else found.told_by(before.failing)


def _pieces(readers: tuple[Elements, Elements], cancel: Event | None) -> Iterator[tuple[FloatArray, FloatArray]]:
    sample, benchmark = readers
    for start in range(0, benchmark.count, PIECE):
        if cancel is not None and cancel.is_set():
            raise CancelledError(Message("comparison stopped"))
        size = min(PIECE, benchmark.count - start)
        yield sample.values(start, size), benchmark.values(start, size)


def top1_of(readers: Sequence[Elements]) -> Top1:
    """The class of highest score on both sides of a graph output; the vector is small enough to be read whole."""
    sample, benchmark = (int(each.values(0, each.count).argmax()) for each in readers)
    return Top1(sample, benchmark)
