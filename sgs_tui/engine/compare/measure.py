"""Measure pairs: one pass each, in this process or, where there is much to read, in one process per core.

Threads would not do: numpy holds the interpreter lock in the dot products and hands it over thousands
of times a second in the rest, which costs more than the second core gives (measured).
"""

import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from threading import Event

from sgs_tui.engine.compare.kernel import BLOCK, Kernel, Sums
from sgs_tui.engine.compare.match import layouts_of
from sgs_tui.engine.compare.results import Pair
from sgs_tui.engine.compare.sides import SideReader
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import DumpIndex
from sgs_tui.engine.dumps.source import Source
from sgs_tui.engine.errors import CancelledError, SgsError

PARALLEL_BYTES = 400 << 20
"""Below it starting processes (0.2 s) costs more than they save."""

SEGMENT = 256 * BLOCK
"""Elements of one task: 8 Mi, long enough to forget the hand-over, short enough to cancel and to balance."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Sums of a pair, or the error that prevented them."""

    pair: Pair
    sums: Sums | None
    error: SgsError | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """Both open dumps."""

    sample: Dump
    benchmark: Dump


def measure(pair: Pair, sides: Sides, kernel: Kernel, cancel: Event | None = None) -> Sums:
    """One pass over a pair in this process. Raises SgsError (file changed, bad text, cancelled)."""
    sample, benchmark = _readers(pair, sides)
    sums = Sums()
    _check_unchanged(sides)
    _add_range(sums, kernel, sample, benchmark, range(0, benchmark.count), cancel)
    _check_unchanged(sides)
    return sums


def _readers(pair: Pair, sides: Sides) -> tuple[SideReader, SideReader]:
    left, right = layouts_of(pair)
    return SideReader(sides.sample, pair.sample, left), SideReader(sides.benchmark, pair.benchmark, right)


def _add_range(
    sums: Sums, kernel: Kernel, sample: SideReader, benchmark: SideReader, elements: range, cancel: Event | None
) -> None:
    for start in range(elements.start, elements.stop, BLOCK):
        if cancel is not None and cancel.is_set():
            raise CancelledError("comparison stopped")
        kernel.add(sums, sample, benchmark, start, min(BLOCK, elements.stop - start))


def _check_unchanged(sides: Sides) -> None:
    sides.sample.check_unchanged()
    sides.benchmark.check_unchanged()


def measure_all(pairs: Sequence[Pair], sides: Sides, cancel: Event, workers: int | None = None) -> Iterator[Measured]:
    """Every pair in order; the figures do not depend on `workers` (default: one a core for big inputs)."""
    size = sum(pair.size for pair in pairs)
    cores = len(os.sched_getaffinity(0))
    count = workers if workers is not None else (cores if size >= PARALLEL_BYTES else 1)
    if count <= 1:
        yield from _measure_here(pairs, sides, cancel)
    else:
        yield from _measure_in_processes(pairs, sides, cancel, count)


def _measure_here(pairs: Sequence[Pair], sides: Sides, cancel: Event) -> Iterator[Measured]:
    kernel = Kernel()
    for pair in pairs:
        try:
            yield Measured(pair, measure(pair, sides, kernel, cancel))
        except CancelledError:
            raise
        except SgsError as error:
            yield Measured(pair, None, error)


# --- processes -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _OpenedAs:
    """What a worker needs to open the very file that was indexed."""

    path: Path
    index: DumpIndex


_worker: list[tuple[Sides, Kernel]] = []
"""A worker process' own dumps and buffers, set once by its initializer."""


def _start_worker(sample: _OpenedAs, benchmark: _OpenedAs) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    dumps = [Dump(Source(opened.path), opened.index) for opened in (sample, benchmark)]
    _worker.append((Sides(*dumps), Kernel()))


def _measure_segment(pair: Pair, elements: range) -> Sums:
    sides, kernel = _worker[0]
    sample, benchmark = _readers(pair, sides)
    sums = Sums()
    _add_range(sums, kernel, sample, benchmark, elements, None)
    return sums


def _segments(pair: Pair, sides: Sides) -> list[range]:
    """Stretches of one task each; a text payload can only be read from the front, so it is one."""
    count = _readers(pair, sides)[1].count
    in_order = sides.sample.reads_in_order() or sides.benchmark.reads_in_order()
    step = max(count, 1) if in_order else SEGMENT
    return [range(start, min(start + step, count)) for start in range(0, max(count, 1), step)]


@contextmanager
def _pool(sides: Sides, count: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes that are gone when the block ends, whatever ended it."""
    opened = [_OpenedAs(d.path.absolute(), _without_records(d.index)) for d in (sides.sample, sides.benchmark)]
    pool = ProcessPoolExecutor(count, get_context("spawn"), partial(_start_worker, *opened))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _without_records(index: DumpIndex) -> DumpIndex:
    """A worker gets each record with its task."""
    return DumpIndex(index.is_float, index.form, (), index.health, index.state)


def _measure_in_processes(pairs: Sequence[Pair], sides: Sides, cancel: Event, count: int) -> Iterator[Measured]:
    """Tasks run at most a few ahead of the row that is due, so that memory and a cancel stay small."""
    waiting: deque[tuple[Pair, list[Future[Sums]]]] = deque()
    todo = iter(pairs)
    with _pool(sides, count) as pool:
        while True:
            while sum(len(futures) for _, futures in waiting) < 4 * count and (pair := next(todo, None)):
                segments = _segments(pair, sides)
                waiting.append((pair, [pool.submit(_measure_segment, pair, segment) for segment in segments]))
            if not waiting:
                return
            yield _joined(*waiting.popleft(), sides, cancel)


def _joined(pair: Pair, futures: list[Future[Sums]], sides: Sides, cancel: Event) -> Measured:
    sums = Sums()
    try:
        for future in futures:
            sums.merge(_result(future, cancel))
        _check_unchanged(sides)
    except CancelledError:
        raise
    except SgsError as error:
        return Measured(pair, None, error)
    return Measured(pair, sums)


def _result(future: Future[Sums], cancel: Event) -> Sums:
    while True:
        if cancel.is_set():
            raise CancelledError("comparison stopped")
        try:
            return future.result(timeout=0.1)
        except TimeoutError:
            continue
        except BrokenProcessPool as error:
            raise SgsError("a worker process died (out of memory?)", "try again with fewer programs running") from error
