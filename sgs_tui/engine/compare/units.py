"""A comparison cut into tasks for worker processes."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sgs_tui.engine.compare.kernel import BLOCK
from sgs_tui.engine.compare.measure import Sides, readers_of
from sgs_tui.engine.compare.results import Pair

TASK = 64 * BLOCK
"""Elements of one task, on the grid of blocks: long enough to forget the hand-over, short enough to cancel."""


class Unit(NamedTuple):
    """Elements [start, stop) of the pair at `position` in the list; `last` closes the pair."""

    position: int
    start: int
    stop: int
    last: bool


def units_of(pairs: Sequence[Pair], sides: Sides) -> Iterator[Unit]:
    """Every pair in stretches of at most a task; a text payload can only be read from the front, so it is one."""
    in_order = sides.sample.reads_in_order() or sides.benchmark.reads_in_order()
    for position, pair in enumerate(pairs):
        count = readers_of(pair, sides)[1].count
        step = max(count, 1) if in_order else TASK
        for start in range(0, max(count, 1), step):
            yield Unit(position, start, min(start + step, count), start + step >= count)


def tasks_of(units: Iterator[Unit]) -> Iterator[list[Unit]]:
    """Units packed until a task is full."""
    task: list[Unit] = []
    size = 0
    for unit in units:
        task.append(unit)
        size += unit.stop - unit.start + BLOCK // 16
        if size >= TASK:
            yield task
            task, size = [], 0
    if task:
        yield task
