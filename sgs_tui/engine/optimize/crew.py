"""Trials made in this process, or in one process a core where there is enough to do."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from sgs_tui.engine.errors import CancelledError, RunError
from sgs_tui.engine.optimize.onnx_question import PreparedQuestion
from sgs_tui.engine.optimize.onnx_trial import run_trial
from sgs_tui.engine.optimize.trial_process import LOG, TrialProcess, wait_for_answers
from sgs_tui.engine.optimize.trials import Trial, TrialStore

_WORTH = 8.0
"""Seconds of work below which starting processes (each loads onnxruntime) costs more than it saves."""

Result = Trial | RunError
"""A trial, or why onnxruntime can not make it."""
Names = frozenset[str]


class Crew:
    """Makes trials; `with` it, so that its processes are gone in the end. `seconds`: what one trial takes."""

    def __init__(self, question: PreparedQuestion, folder: Path, cancel: Event, seconds: float) -> None:
        self._question, self._folder, self._cancel, self._seconds = question, folder, cancel, seconds
        self._processes: list[TrialProcess] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in self._processes:
            process.end()
        log = self._folder / LOG
        if log.is_file() and log.stat().st_size == 0:
            log.unlink()

    def run(self, wanted: Sequence[Names]) -> Iterator[tuple[Names, Result]]:
        """Every trial as it is done, in any order. Raises CancelledError, and RunError when a process dies."""
        cores = min(len(os.sched_getaffinity(0)), len(wanted))
        if not self._processes and (cores < 2 or len(wanted) * self._seconds < _WORTH):
            yield from ((names, self._here(names)) for names in wanted)
        else:
            yield from self._in_processes(wanted)

    def _here(self, names: Names) -> Result:
        try:
            return run_trial(self._question, sorted(names), self._folder, self._cancel)
        except RunError as error:
            return error

    def _in_processes(self, wanted: Sequence[Names]) -> Iterator[tuple[Names, Result]]:
        waiting = list(reversed(wanted))
        if not self._processes:
            count = len(os.sched_getaffinity(0))
            self._processes = [TrialProcess(self._question, self._folder) for _ in range(count)]
        while waiting or any(process.names is not None for process in self._processes):
            for process in self._processes:
                if process.names is None and waiting:
                    process.ask(waiting.pop())
            for names, refused in wait_for_answers(self._processes):
                yield names, refused or self._made(names)
            if self._cancel.is_set():
                raise CancelledError("the search was stopped")

    def _made(self, names: Names) -> Trial:
        trial = TrialStore(self._folder).find(names)
        if trial is None:
            raise RunError(f"{self._folder}: a trial was not kept", "is the disk full?")
        return trial
