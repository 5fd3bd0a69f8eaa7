"""Trials made in this process, or in one process a core where there is enough to do."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Self

from sgs_tui.engine.errors import CancelledError, RunError
from sgs_tui.engine.optimize.onnx_question import PreparedQuestion
from sgs_tui.engine.optimize.onnx_trial import run_trial
from sgs_tui.engine.optimize.trials import Trial

_WORTH = 8.0
"""Seconds of work below which starting processes (each loads onnxruntime) costs more than it saves."""
_LOOK = 0.2

Result = Trial | RunError
"""A trial, or why onnxruntime can not make it."""
Names = frozenset[str]


class Crew:
    """Makes trials; `with` it, so that its processes are gone in the end. `seconds`: what one trial takes."""

    def __init__(self, question: PreparedQuestion, folder: Path, cancel: Event, seconds: float) -> None:
        self._question, self._folder, self._cancel, self._seconds = question, folder, cancel, seconds
        self._pool: ProcessPoolExecutor | None = None
        self._stop: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool is not None:
            self._stop.set()
            self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, wanted: Sequence[Names]) -> Iterator[tuple[Names, Result]]:
        """Every trial as it is done, in any order. Raises CancelledError."""
        cores = min(len(os.sched_getaffinity(0)), len(wanted))
        if self._pool is None and (cores < 2 or len(wanted) * self._seconds < _WORTH):
            yield from ((names, self._here(names)) for names in wanted)
        else:
            yield from self._in_processes(wanted)

    def _here(self, names: Names) -> Result:
        return _attempt(self._question, names, self._folder, self._cancel)

    def _in_processes(self, wanted: Sequence[Names]) -> Iterator[tuple[Names, Result]]:
        pool = self._pool or self._start()
        waiting: dict[Future[Result], Names] = {
            pool.submit(_work, self._question, names, self._folder): names for names in wanted
        }
        while waiting:
            if self._cancel.is_set():
                raise CancelledError("the search was stopped")
            for future in wait(waiting, _LOOK, FIRST_COMPLETED).done:
                yield waiting.pop(future), _result(future.result)

    def _start(self) -> ProcessPoolExecutor:
        """spawn: onnxruntime's threads do not survive a fork."""
        context = get_context("spawn")
        self._stop = context.Event()
        count = len(os.sched_getaffinity(0))
        self._pool = ProcessPoolExecutor(count, context, _begin, (self._stop,))
        return self._pool


def _result(ask: Callable[[], Result]) -> Result:
    try:
        return ask()
    except BrokenProcessPool as error:
        raise RunError("a worker process died (out of memory?)", "run it again: it goes on where it stopped") from error


_stops: list[Event] = []
"""In a worker process: what tells it to stop."""


def _begin(stop: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _stops.append(_Following(stop))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed, as a lost connection does, tells its workers nothing; they would wait for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _Following(threading.Event):
    """A threading.Event that is set once an event of another process is."""

    def __init__(self, other: Any) -> None:
        super().__init__()
        self._other = other

    def is_set(self) -> bool:
        """Whether the other one is."""
        return bool(self._other.is_set())


def _work(question: PreparedQuestion, names: Names, folder: Path) -> Result:
    return _attempt(question, names, folder, _stops[0])


def _attempt(question: PreparedQuestion, names: Names, folder: Path, cancel: Event) -> Result:
    try:
        return run_trial(question, sorted(names), folder, cancel)
    except RunError as error:
        return error
