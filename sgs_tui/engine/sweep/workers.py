"""Pictures measured in processes that may die: a picture that takes its worker along costs its own row alone.

When a worker dies its pool is broken, and nobody knows which of the pictures under way killed it. They are measured
again one at a time: the one that kills its worker once more, alone, is the one, and the others have their figures.

Apart because it is about processes, and knows nothing of what is measured.
"""

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from threading import Event
from typing import Protocol

from sgs_tui.engine import pool
from sgs_tui.engine.errors import CancelledError, NothingComparableError, RunError, SgsError, told
from sgs_tui.engine.sweep.pictures import digest_of
from sgs_tui.engine.sweep.results import Failure, Measured, Outcome, Picture
from sgs_tui.language import Message

_LOOK = 0.1
DIED = Message(
    "its worker process died, twice: killed by the system (out of memory?), or the picture crashes a library"
)

Placed = tuple[int, Picture]
"""A picture and its place in the sweep's list."""


class Measurer(Protocol):
    """Measures pictures, one after the other, in one process."""

    def measure(self, picture: Picture, cancel: Event | None = None) -> Measured:
        """The picture's figures. Raises SgsError where there are none."""


class How(Protocol):
    """How pictures are measured: small and frozen, so that it can be sent to a worker, and what it opens there."""

    def digest(self) -> str:
        """Of everything but the picture that the figures depend on."""

    def open(self) -> Measurer:
        """What measures. Raises SgsError."""

    def small_files(self) -> tuple[Path, ...]:
        """Files that can travel to a worker that does not have them."""

    def moved(self, places: Mapping[Path, Path]) -> "How":
        """The same with some of its small files elsewhere."""


def measure_picture(measurer: Measurer, picture: Picture, cancel: Event | None = None) -> Outcome:
    """A picture's outcome, whatever happens. Raises CancelledError alone."""
    digest = ""
    try:
        digest = digest_of(picture.files)
        found = measurer.measure(picture, cancel)
    except CancelledError:
        raise
    except SgsError as error:
        return Outcome(digest, None, told(error), failure_of(error))
    except MemoryError:
        return Outcome(digest, None, Message("out of memory"), Failure.RUN)
    except Exception as error:  # an odd picture must not cost the sweep; the row names the defect
        return Outcome(
            digest,
            None,
            Message("a defect of sgs-tui: {kind}: {error}", kind=type(error).__name__, error=str(error)),
            Failure.RUN,
        )
    return Outcome(digest, found, found.damage, Failure.INPUT if found.damage else None)


def failure_of(error: SgsError) -> Failure:
    """Whose fault an error is."""
    if isinstance(error, RunError):
        return Failure.RUN
    return Failure.NOTHING_COMPARABLE if isinstance(error, NothingComparableError) else Failure.INPUT


def default_workers() -> int:
    """One a core that this process may use."""
    return len(os.sched_getaffinity(0))


def in_processes(how: How, pictures: Iterable[Placed], cancel: Event, count: int) -> Iterator[tuple[int, Outcome]]:
    """Every picture's place and outcome, as they come. Raises CancelledError; no process is left."""
    waiting, suspects = deque(pictures), deque[Placed]()
    while waiting or suspects:
        if suspects:
            lost = yield from _until_broken(how, suspects, cancel, 1, 1)
            yield from ((place, Outcome("", None, DIED, Failure.RUN)) for place, _ in lost)
        else:
            suspects.extend((yield from _until_broken(how, waiting, cancel, min(count, len(waiting)), 2 * count)))


def _until_broken(
    how: How, queue: deque[Placed], cancel: Event, count: int, ahead: int
) -> Generator[tuple[int, Outcome], None, list[Placed]]:
    """Outcomes until the queue is empty or a worker dies; returns the pictures that were under way then."""
    lost: list[Placed] = []
    flying: dict[Future[Outcome], Placed] = {}
    with pool.process_pool(count, partial(_start, how)) as processes:
        while (queue and not lost) or flying:
            while queue and not lost and len(flying) < ahead:
                try:
                    flying[processes.submit(_work, queue[0][1])] = queue[0]
                except BrokenProcessPool:
                    lost += [] if flying else [queue.popleft()]  # nobody is under way: the next one has to find out
                    break
                queue.popleft()
            done, _ = wait(flying, _LOOK, FIRST_COMPLETED)
            if cancel.is_set():
                raise CancelledError(Message("the sweep was stopped"))
            for future in done:
                placed = flying.pop(future)
                try:
                    yield placed[0], future.result()
                except BrokenProcessPool:
                    lost.append(placed)
    return lost


# What runs in a worker process.


_mine: list[How | Measurer] = []
"""How this process measures, until the first picture comes, and from then on what does."""


def _start(how: How) -> None:
    _mine[:] = [how]


def _work(picture: Picture) -> Outcome:
    measurer = _mine[-1]
    try:
        if not hasattr(measurer, "measure"):
            _mine.append(measurer.open())
    except SgsError as error:
        return Outcome("", None, told(error), failure_of(error))
    return measure_picture(_mine[-1], picture, pool.stopping)  # type: ignore[arg-type]
