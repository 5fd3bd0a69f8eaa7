"""Measure pairs in one process per core, for dumps so big that starting processes pays; else in this one.

Workers get the list of pairs once, at their start (with fork for free), and tasks of a few million
elements: a stretch of one big layer, or several small layers. Rows come out in order, and only a few tasks
run ahead of the row that is due, so that memory and a cancel stay small.

Threads would not do: numpy holds the interpreter lock in the dot products and hands it over thousands
of times a second in the rest, which costs more than the second core gives (measured).
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import fields, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from sgs_tui.engine.compare.compare import Measured, Sides, measure
from sgs_tui.engine.compare.metrics import LayerFigures, figures_of
from sgs_tui.engine.compare.pairing import layouts_of
from sgs_tui.engine.compare.results import Metrics, Pair, SideStats
from sgs_tui.engine.compare.small import blocks, figures_of_block
from sgs_tui.engine.compare.sums import BLOCK, CELL, Kernel, Sums
from sgs_tui.engine.dumps.format import DumpIndex
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.source import Source
from sgs_tui.engine.errors import CancelledError, SgsError
from sgs_tui.engine.pool import process_pool
from sgs_tui.language import Message

_PARALLEL_BYTES = 300 << 20
"""Below it starting processes costs more than they save."""
_PAIR_BYTES = 1 << 16
"""Payload that takes as long as everything else that has to be done for a pair that is measured alone."""
TASK = 64 * BLOCK
"""Elements of one task, on the grid of blocks: long enough to forget the hand-over, short enough to cancel."""


def measure_all(pairs: Sequence[Pair], sides: Sides, cancel: Event, workers: int | None = None) -> Iterator[Measured]:
    """Every pair in order; the figures do not depend on `workers` (default: one a core for big inputs).

    Raises CancelledError; an error of one layer is in its `Measured`.
    """
    size = sum(pair.size + (_PAIR_BYTES if pair.benchmark.count > CELL else 0) for pair in pairs)
    count = workers if workers is not None else (len(os.sched_getaffinity(0)) if size >= _PARALLEL_BYTES else 1)
    done = 0
    if count > 1:
        from concurrent.futures.process import BrokenProcessPool

        try:
            for measured in measure_in_processes(pairs, sides, cancel, count):
                yield measured
                done += 1
        except BrokenProcessPool:  # one was killed (out of memory, say): this one does what is left
            pass
    yield from _measure_here(pairs[done:], sides, cancel)


def _measure_here(pairs: Sequence[Pair], sides: Sides, cancel: Event) -> Iterator[Measured]:
    kernel = Kernel()
    binary = not (sides.sample.reads_in_order() or sides.benchmark.reads_in_order())
    for block in blocks(pairs, binary):
        for pair, figures in zip(block, _together(block, sides, cancel), strict=True):
            yield Measured(pair, figures) if figures is not None else _alone(pair, sides, kernel, cancel)


def _together(block: Sequence[Pair], sides: Sides, cancel: Event) -> Sequence[LayerFigures | None]:
    """Figures of small layers that can be measured at once; None for those that have to be looked at alone."""
    nothing = [None] * len(block)
    if len(block) == 1 or cancel.is_set():
        return nothing
    try:
        return figures_of_block(block, sides.sample, sides.benchmark)
    except SgsError:  # which layer it is about is found out one by one
        return nothing


def _alone(pair: Pair, sides: Sides, kernel: Kernel, cancel: Event) -> Measured:
    try:
        return Measured(pair, measure(pair, sides, kernel, cancel))
    except CancelledError:
        raise
    except SgsError as error:
        return Measured(pair, None, sides.changed() or error)


class _Unit(NamedTuple):
    """Elements [start, stop) of the pair at `position` in the list; `last` closes the pair."""

    position: int
    start: int
    stop: int
    last: bool


Result = Sums | tuple[float, ...] | SgsError
"""What a worker says of a unit: sums of a stretch, or the packed figures of a whole layer, or what went wrong."""


def measure_in_processes(pairs: Sequence[Pair], sides: Sides, cancel: Event, count: int) -> Iterator[Measured]:
    """Every pair in order, measured by `count` processes. Raises CancelledError, BrokenProcessPool (one was killed)."""
    files = [(d.path.absolute(), replace(d.index, records=())) for d in (sides.sample, sides.benchmark)]
    results: list[Result] = []
    with process_pool(count, partial(_start_worker, pairs, files)) as pool:
        for task, said in _results(pool, _tasks(_units(pairs, sides)), cancel, 2 * count):
            untrusted = sides.changed()
            for unit, result in zip(task, said, strict=True):
                results.append(untrusted or result)
                if unit.last:
                    yield _finished(pairs[unit.position], results)
                    results = []


def _units(pairs: Sequence[Pair], sides: Sides) -> Iterator[_Unit]:
    """Every pair in stretches of at most a task; a text payload can only be read from the front, so it is one."""
    in_order = sides.sample.reads_in_order() or sides.benchmark.reads_in_order()
    for position, pair in enumerate(pairs):
        count = layouts_of(pair)[1].count(pair.benchmark)
        step = max(count, 1) if in_order else TASK
        for start in range(0, max(count, 1), step):
            yield _Unit(position, start, min(start + step, count), start + step >= count)


def _tasks(units: Iterator[_Unit]) -> Iterator[list[_Unit]]:
    task: list[_Unit] = []
    size = 0
    for unit in units:
        task.append(unit)
        size += unit.stop - unit.start + BLOCK // 16
        if size >= TASK:
            yield task
            task, size = [], 0
    if task:
        yield task


def _results(
    pool: ProcessPoolExecutor, tasks: Iterator[list[_Unit]], cancel: Event, ahead: int
) -> Iterator[tuple[list[_Unit], list[Result]]]:
    """Tasks with their results, in order, at most `ahead` of them under way."""
    waiting: deque[tuple[list[_Unit], Future[list[Result]]]] = deque()
    while True:
        while len(waiting) < ahead and (task := next(tasks, None)) is not None:
            waiting.append((task, pool.submit(_run_task, task)))
        if not waiting:
            return
        task, future = waiting.popleft()
        yield task, _result(future, cancel)


def _result(future: Future[list[Result]], cancel: Event) -> list[Result]:
    while not cancel.is_set():
        try:
            return future.result(timeout=0.1)
        except TimeoutError:
            continue
    raise CancelledError(Message("comparison stopped"))


def _finished(pair: Pair, results: list[Result]) -> Measured:
    """The pair from what the workers said of its stretches."""
    if isinstance(results[0], tuple):
        return Measured(pair, _unpacked(results[0]))
    sums = Sums()
    for result in results:
        if isinstance(result, SgsError):
            return Measured(pair, None, result)
        assert isinstance(result, Sums)
        sums.merge(result)
    return Measured(pair, figures_of(sums))


# What runs in a worker process.


_worker: list[tuple[Sequence[Pair], Sides, Kernel]] = []
"""What this process keeps between tasks, set once as it starts; empty in the main process."""


def _start_worker(pairs: Sequence[Pair], files: Sequence[tuple[Path, DumpIndex]]) -> None:
    sample, benchmark = (Dump(Source(path), index) for path, index in files)
    _worker.append((pairs, Sides(sample, benchmark), Kernel()))


def _run_task(task: list[_Unit]) -> list[Result]:
    pairs, sides, kernel = _worker[0]
    results: list[Result] = []
    for unit in task:
        sums = Sums()
        try:
            sides.readers(pairs[unit.position]).add(sums, kernel, range(unit.start, unit.stop))
            results.append(_packed(figures_of(sums)) if unit.start == 0 and unit.last else sums)
        except SgsError as error:
            results.append(error)
    return results


_OF_METRICS, _OF_SIDE = (attrgetter(*(each.name for each in fields(kind))) for kind in (Metrics, SideStats))
_SAMPLE, _BENCHMARK = len(fields(Metrics)), len(fields(Metrics)) + len(fields(SideStats))


def _packed(figures: LayerFigures) -> tuple[float, ...]:
    """The figures as bare numbers: between processes those travel ten times faster than dataclasses."""
    return (*_OF_METRICS(figures.metrics), *_OF_SIDE(figures.sample), *_OF_SIDE(figures.benchmark))


def _unpacked(numbers: tuple[Any, ...]) -> LayerFigures:
    sample, benchmark = SideStats(*numbers[_SAMPLE:_BENCHMARK]), SideStats(*numbers[_BENCHMARK:])
    return LayerFigures(Metrics(*numbers[:_SAMPLE]), sample, benchmark)
