"""`optimize onnx`: the smallest set of INT16 tensors of an ONNX model, searched on the embedded simulator.

The search is a generator of events, like a comparison. Everything it finds out is in a folder of its own, so one
that was stopped or killed goes on where it was when it is started again.
"""

import os
import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from sgs_tui.engine.backends.embedded import EmbeddedFiles, embedded_run
from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.errors import CancelledError, RunError
from sgs_tui.engine.events import LogLine, Started
from sgs_tui.engine.files import make_folder
from sgs_tui.engine.numbers import count
from sgs_tui.engine.optimize.onnx_trial import (
    PREFIX,
    OnnxQuestion,
    PreparedQuestion,
    candidates,
    run_trial,
    start_worker,
    try_in_worker,
)
from sgs_tui.engine.optimize.search import LOST, Accuracy, Asked, Chosen, SearchOutcome, Told, accuracy, search
from sgs_tui.engine.optimize.trials import Trial, TrialStore, locked
from sgs_tui.engine.pool import process_pool
from sgs_tui.engine.text import visible
from sgs_tui.language import Message

_BEST = "best"
_LOG = "worker.log"
_WORTH = 8.0
"""Seconds of work below which starting processes (each loads onnxruntime) costs more than it saves."""
_LOOK = 0.2
"""Seconds between looks at whether the search was stopped."""


@dataclass(frozen=True, slots=True)
class TrialDone:
    """One trial more: `number` so far, of which `ahead` more are asked for already. `found`: by an earlier search."""

    names: frozenset[str]
    accuracy: Accuracy
    number: int
    ahead: int
    found: bool


@dataclass(frozen=True, slots=True)
class OnnxResult:
    """What was found: `files` are the float and fixed dumps, model and ranges with the chosen tensors in INT16.

    `int16` are all tensors that are INT16 then; `convolution_inputs` those of the chosen that the SDK can make so by
    name. `left_out` are quantized and were not tried: the network's inputs. `trials` were needed in all.
    """

    outcome: SearchOutcome
    profile: str
    candidates: tuple[str, ...]
    left_out: tuple[str, ...]
    convolution_inputs: tuple[str, ...]
    int16: tuple[str, ...]
    files: EmbeddedFiles
    folder: Path
    trials: int


SearchEvent = Started | LogLine | TrialDone | OnnxResult


def optimize_onnx(question: OnnxQuestion, root: Path, profile: Profile, cancel: Event) -> Iterator[SearchEvent]:
    """Search; the last event is the OnnxResult. Raises CancelledError soon after `cancel` is set, and SgsError."""
    folder = question.folder(root)
    make_folder(folder)
    with locked(folder):
        for left in folder.glob(f"{PREFIX}*"):  # by a search that was killed
            shutil.rmtree(left, ignore_errors=True)
        store = TrialStore(folder)
        yield Started(str(folder), 0)
        if earlier := store.count():
            yield LogLine(
                Message(
                    "{trials} of an earlier search found in {folder}", trials=count(earlier, "trial"), folder=folder
                )
            )
        prepared, notes = question.prepare(folder)
        yield from (LogLine(note) for note in notes)
        int8 = store.find(frozenset()) or run_trial(prepared, (), folder, cancel)
        names, left_out = candidates(prepared, int8)
        yield LogLine(Message("{tensors} can be INT16", tensors=count(len(names), "tensor")))
        if unjudged := [visible(layer.name) for layer in int8.layers if layer.holds_own_infinities]:
            yield LogLine(
                Message("not judged, the network itself brings infinities in: {names}", names=", ".join(unjudged))
            )
        with TrialRunner(prepared, folder, cancel, int8.seconds) as runner:
            driver = _Driver(runner, store, profile, cancel)
            outcome = yield from driver.drive(search(names))
        yield from (
            LogLine(Message("{name} can not be INT16: {why}", name=visible(name), why=why))
            for name, why in driver.refused.items()
        )
        chosen = store.find(frozenset(outcome.chosen))
        fed = {layer.name for layer in int8.layers if layer.feeds_convolution}
        yield OnnxResult(
            outcome=outcome,
            profile=profile.name,
            candidates=names,
            left_out=left_out,
            convolution_inputs=tuple(name for name in outcome.chosen if name in fed),
            int16=chosen.int16 if chosen else (),
            files=_leave_best(prepared, outcome.chosen, folder),
            folder=folder,
            trials=driver.number,
        )


def _leave_best(question: PreparedQuestion, names: tuple[str, ...], folder: Path) -> EmbeddedFiles:
    """The files of the result in `best/`; those of an earlier result go only when the new ones are there."""
    target, work = folder / _BEST, folder / f"{PREFIX}best"
    embedded_run(question.request(names, work, Preprocess()))
    shutil.rmtree(target, ignore_errors=True)
    work.rename(target)
    return EmbeddedFiles.below(target)


Result = Trial | RunError
"""A trial, or why onnxruntime can not make it."""


class TrialRunner:
    """Makes trials in this process, or in one a core where there is enough to do. `seconds`: what one trial takes."""

    def __init__(self, question: PreparedQuestion, folder: Path, cancel: Event, seconds: float) -> None:
        self._question, self._folder, self._cancel, self._seconds = question, folder, cancel, seconds
        self._stack = ExitStack()
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()
        log = self._folder / _LOG
        if log.is_file() and log.stat().st_size == 0:
            log.unlink()

    def run(self, wanted: Sequence[Chosen]) -> Iterator[tuple[Chosen, Result]]:
        """Every trial as it is done, in any order. Raises CancelledError, and RunError when a process dies."""
        cores = len(os.sched_getaffinity(0))
        if self._pool is None and (min(cores, len(wanted)) < 2 or len(wanted) * self._seconds < _WORTH):
            yield from ((names, self._here(names)) for names in wanted)
            return
        if self._pool is None:
            start = partial(start_worker, self._question, self._folder, self._folder / _LOG)
            self._pool = self._stack.enter_context(process_pool(cores, start))
        waiting = {self._pool.submit(try_in_worker, names): names for names in wanted}
        while waiting:
            done, _ = wait(waiting, _LOOK, FIRST_COMPLETED)
            for future in done:
                yield waiting.pop(future), self._result(future)
            if self._cancel.is_set():
                raise CancelledError(Message("the search was stopped"))

    def _here(self, names: Chosen) -> Result:
        try:
            return run_trial(self._question, sorted(names), self._folder, self._cancel)
        except RunError as error:
            return error

    def _result(self, future: Future[Trial]) -> Result:
        try:
            return future.result()
        except RunError as error:
            return error
        except BrokenProcessPool as error:
            message = Message("a process of the search died (out of memory? see {log})", log=self._folder / _LOG)
            raise RunError(message, Message("run it again: it goes on where it stopped")) from error


class _Driver:
    """Gets the search's trials made, or found, and tells of each."""

    def __init__(self, runner: TrialRunner, store: TrialStore, profile: Profile, cancel: Event) -> None:
        self._runner, self._store, self._profile, self._cancel = runner, store, profile, cancel
        self.number = 0
        self.refused: dict[str, str] = {}

    def drive(self, searching: Generator[Asked, Told, SearchOutcome]) -> Generator[SearchEvent, None, SearchOutcome]:
        """Run the search to its end."""
        try:
            asked = next(searching)
            while True:
                told = yield from self._try(asked)
                asked = searching.send(told)
        except StopIteration as end:
            outcome: SearchOutcome = end.value
            return outcome

    def _try(self, asked: Asked) -> Generator[SearchEvent, None, Mapping[Chosen, Accuracy]]:
        told: dict[Chosen, Accuracy] = {}
        for names, result, found in self._results(asked):
            told[names] = self._judged(names, result)
            self.number += 1
            yield TrialDone(names, told[names], self.number, len(asked) - len(told), found)
        return told

    def _results(self, asked: Asked) -> Iterator[tuple[Chosen, Result, bool]]:
        """Those of earlier searches first."""
        kept = {names: self._store.find(names) for names in asked}
        yield from ((names, trial, True) for names, trial in kept.items() if trial is not None)
        for names, result in self._runner.run([names for names, trial in kept.items() if trial is None]):
            if self._cancel.is_set():
                raise CancelledError(Message("the search was stopped"))
            yield names, result, False

    def _judged(self, names: Chosen, result: Result) -> Accuracy:
        """A tensor that can not be INT16 is none to choose; without any INT16 nothing can be searched at all."""
        if isinstance(result, Trial):
            return accuracy(result.layers, self._profile)
        if not names:
            raise result
        if len(names) == 1:
            self.refused[next(iter(names))] = result.message
        return LOST
