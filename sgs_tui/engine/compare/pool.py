"""Measure pairs in one process per core, for dumps so big that starting processes pays.

Workers get the list of pairs once, at their start (with fork for free), and tasks of a few million
elements: a stretch of one big layer, or several small layers. Rows come out in order, and only a few tasks
run ahead of the row that is due, so that memory and a cancel stay small.
"""

import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from threading import Event

from sgs_tui.engine.compare.figures import figures_of, packed, unpacked
from sgs_tui.engine.compare.kernel import Kernel, Sums
from sgs_tui.engine.compare.measure import Measured, Sides, add_range, changed, readers_of
from sgs_tui.engine.compare.results import Pair
from sgs_tui.engine.compare.units import Unit, tasks_of, units_of
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import DumpIndex
from sgs_tui.engine.dumps.source import Source
from sgs_tui.engine.errors import CancelledError, SgsError


@dataclass(slots=True)
class _Worker:
    """What a worker process keeps between tasks."""

    pairs: Sequence[Pair]
    sides: Sides
    kernel: Kernel


_workers: list[_Worker] = []
"""This process' own worker, set once by the initializer; empty in the main process."""


def _start_worker(pairs: Sequence[Pair], files: Sequence[tuple[Path, DumpIndex]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sample, benchmark = (Dump(Source(path), index) for path, index in files)
    _workers.append(_Worker(pairs, Sides(sample, benchmark), Kernel()))


Result = Sums | tuple[float, ...] | SgsError
"""What a worker says of a unit: sums of a stretch, or the packed figures of a whole layer, or what went wrong."""


def _run_task(task: list[Unit]) -> list[Result]:
    return [_run_unit(_workers[0], unit) for unit in task]


def _run_unit(worker: _Worker, unit: Unit) -> Result:
    sums = Sums()
    try:
        sample, benchmark = readers_of(worker.pairs[unit.position], worker.sides)
        add_range(sums, worker.kernel, sample, benchmark, range(unit.start, unit.stop))
    except SgsError as error:
        return error
    return packed(figures_of(sums)) if unit.start == 0 and unit.last else sums


@contextmanager
def _pool(pairs: Sequence[Pair], sides: Sides, count: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes that are gone when the block ends, whatever ended it.

    fork is instant but only safe without other threads; the app has some and spawns.
    """
    files = [(d.path.absolute(), _without_records(d.index)) for d in (sides.sample, sides.benchmark)]
    method = "fork" if threading.active_count() == 1 else "spawn"
    pool = ProcessPoolExecutor(count, get_context(method), partial(_start_worker, pairs, files))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _without_records(index: DumpIndex) -> DumpIndex:
    return DumpIndex(index.is_float, index.form, (), index.health, index.state)


def measure_in_processes(pairs: Sequence[Pair], sides: Sides, cancel: Event, count: int) -> Iterator[Measured]:
    """Every pair in order, measured by `count` processes. Raises CancelledError, BrokenProcessPool (one was killed)."""
    results: list[Result] = []
    with _pool(pairs, sides, count) as pool:
        for task, said in _results(pool, tasks_of(units_of(pairs, sides)), cancel, 2 * count):
            untrusted = changed(sides)
            for unit, result in zip(task, said, strict=True):
                results.append(untrusted or result)
                if unit.last:
                    yield _finished(pairs[unit.position], results)
                    results = []


def _results(
    pool: ProcessPoolExecutor, tasks: Iterator[list[Unit]], cancel: Event, ahead: int
) -> Iterator[tuple[list[Unit], list[Result]]]:
    """Tasks with their results, in order, at most `ahead` of them under way."""
    waiting: deque[tuple[list[Unit], Future[list[Result]]]] = deque()
    while True:
        while len(waiting) < ahead and (task := next(tasks, None)) is not None:
            waiting.append((task, pool.submit(_run_task, task)))
        if not waiting:
            return
        task, future = waiting.popleft()
        yield task, _result(future, cancel)


def _result(future: Future[list[Result]], cancel: Event) -> list[Result]:
    while True:
        if cancel.is_set():
            raise CancelledError("comparison stopped")
        try:
            return future.result(timeout=0.1)
        except TimeoutError:
            continue


def _finished(pair: Pair, results: list[Result]) -> Measured:
    """The pair from what the workers said of its stretches."""
    sums = Sums()
    for result in results:
        if isinstance(result, SgsError):
            return Measured(pair, None, result)
        if isinstance(result, tuple):
            return Measured(pair, unpacked(result))
        sums.merge(result)
    return Measured(pair, figures_of(sums))
