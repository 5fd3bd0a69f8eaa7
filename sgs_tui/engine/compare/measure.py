"""Measure pairs: one pass each, in this process or, where there is much to read, in one process per core.

Threads would not do: numpy holds the interpreter lock in the dot products and hands it over thousands
of times a second in the rest, which costs more than the second core gives (measured).
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event

from sgs_tui.engine.compare.figures import LayerFigures, figures_of
from sgs_tui.engine.compare.kernel import BLOCK, Kernel, Sums
from sgs_tui.engine.compare.match import layouts_of
from sgs_tui.engine.compare.results import Pair
from sgs_tui.engine.compare.sides import SideReader
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.errors import CancelledError, SgsError

PARALLEL_BYTES = 300 << 20
"""Below it starting processes costs more than they save."""
_PAIR_BYTES = 1 << 16
"""Payload that takes as long as everything else that has to be done for a pair."""


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


def measure_all(pairs: Sequence[Pair], sides: Sides, cancel: Event, workers: int | None = None) -> Iterator[Measured]:
    """Every pair in order; the figures do not depend on `workers` (default: one a core for big inputs).

    Raises CancelledError; an error of one layer is in its `Measured`.
    """
    size = sum(pair.size + _PAIR_BYTES for pair in pairs)
    count = workers if workers is not None else (len(os.sched_getaffinity(0)) if size >= PARALLEL_BYTES else 1)
    if count <= 1:
        yield from _measure_here(pairs, sides, cancel)
        return
    yield from _measure_apart(pairs, sides, cancel, count)


def _measure_apart(pairs: Sequence[Pair], sides: Sides, cancel: Event, count: int) -> Iterator[Measured]:
    """In `count` processes; where one of them is killed (out of memory, say) this one does what is left."""
    from concurrent.futures.process import BrokenProcessPool

    from sgs_tui.engine.compare.pool import measure_in_processes

    done = 0
    try:
        for measured in measure_in_processes(pairs, sides, cancel, count):
            yield measured
            done += 1
    except BrokenProcessPool:
        yield from _measure_here(pairs[done:], sides, cancel)


def _measure_here(pairs: Sequence[Pair], sides: Sides, cancel: Event) -> Iterator[Measured]:
    kernel = Kernel()
    for pair in pairs:
        try:
            yield Measured(pair, measure(pair, sides, kernel, cancel))
        except CancelledError:
            raise
        except SgsError as error:
            yield Measured(pair, None, changed(sides) or error)


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
