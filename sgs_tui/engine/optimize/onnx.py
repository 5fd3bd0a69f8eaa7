"""`optimize onnx`: search the smallest set of 16-bit tensors of an ONNX model, on the embedded simulator.

The search is a generator of events, like a comparison. Everything it finds out is in a folder of its own, so one
that was stopped or killed goes on where it was when it is started again.
"""

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

import sgs_tui
from sgs_tui.engine import errors
from sgs_tui.engine.backends.embedded import EmbeddedFiles, embedded_run
from sgs_tui.engine.backends.jobs import job_to_json
from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.dumps.writer import make_folder
from sgs_tui.engine.errors import CancelledError, RunError, SgsError
from sgs_tui.engine.events import LogLine, Started
from sgs_tui.engine.numbers import count
from sgs_tui.engine.optimize.onnx_trial import PREFIX, OnnxQuestion, PreparedQuestion, candidates, run_trial
from sgs_tui.engine.optimize.search import LOST, Accuracy, Chosen, Outcome, Told, Wanted, accuracy, search
from sgs_tui.engine.optimize.trials import Trial, TrialStore, alone_in
from sgs_tui.engine.text import visible

# The near end of a trial worker (onnx_trial.main): a process with one question, asked one trial at a time.
#
# Plain pipes instead of multiprocessing, which would run the caller's main program again in each process, and whose
# workers wait for ever when their parent is killed.

_CODE = (
    "import sys; sys.path.insert(0, sys.argv[1]); from sgs_tui.engine.optimize.onnx_trial import main; sys.exit(main())"
)
"""Finds this very package, installed or not."""

LOG = "worker.log"
_LOOK = 0.2
_GRACE = 10.0


class TrialProcess:
    """One worker; `names` are what it is trying, None while it waits for work."""

    def __init__(self, question: PreparedQuestion, folder: Path) -> None:
        self.names: frozenset[str] | None = None
        self._log = folder / LOG
        home = str(Path(sgs_tui.__file__).resolve().parent.parent)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _CODE, home],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                process_group=0,
            )
        job = question.request((), folder.absolute(), Preprocess())
        self._send(job_to_json(job))

    def fileno(self) -> int:
        """The descriptor that becomes readable with an answer, or with the worker's end."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def ask(self, names: frozenset[str]) -> None:
        """Have one trial made."""
        self.names = names
        self._send(sorted(names))

    def answer(self) -> tuple[frozenset[str], RunError | None]:
        """What was asked, and why it can not be made. Raises the worker's other errors, RunError when it died."""
        assert self._process.stdout is not None and self.names is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._died()
        names, self.names = self.names, None
        told = json.loads(line)
        if not told:
            return names, None
        kind: type[SgsError] = getattr(errors, told["kind"])
        error = kind(told["message"], told["hint"])
        if isinstance(error, RunError):
            return names, error
        raise error

    def end(self) -> None:
        """End it, a trial in the middle too; wait until it is gone."""
        process = self._process
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message, ensure_ascii=True).encode("ascii") + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._died() from error

    def _died(self) -> RunError:
        code = self._process.wait()
        how = f"signal {-code}, out of memory?" if code < 0 else f"exit code {code}, see {self._log}"
        return RunError(f"a process of the search died ({how})", "run it again: it goes on where it stopped")


def wait_for_answers(processes: Sequence[TrialProcess]) -> Iterator[tuple[frozenset[str], RunError | None]]:
    """Answers that have come, after a fifth of a second at the latest even where there are none."""
    busy = [process for process in processes if process.names is not None]
    for process in select.select(busy, (), (), _LOOK)[0]:
        yield process.answer()


# Trials made in this process, or in one process a core where there is enough to do.

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


_BEST = "best"


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial more: `number` so far, of which `ahead` more are asked for already. `found`: by an earlier search."""

    names: frozenset[str]
    accuracy: Accuracy
    number: int
    ahead: int
    found: bool


@dataclass(frozen=True, slots=True)
class OnnxResult:
    """What was found: `files` are the float and fixed dumps, model and ranges with the chosen tensors raised.

    `raised` are all tensors with 16 bits then; `convolution_inputs` those of the chosen that the SDK can raise by
    name. `trials` were needed in all.
    """

    outcome: Outcome
    profile: str
    candidates: tuple[str, ...]
    convolution_inputs: tuple[str, ...]
    raised: tuple[str, ...]
    files: EmbeddedFiles
    folder: Path
    trials: int


SearchEvent = Started | LogLine | Tried | OnnxResult


def optimize_onnx(question: OnnxQuestion, root: Path, profile: Profile, cancel: Event) -> Iterator[SearchEvent]:
    """Search; the last event is the OnnxResult. Raises CancelledError soon after `cancel` is set, and SgsError."""
    folder = question.folder(root)
    make_folder(folder)
    with alone_in(folder):
        _clear(folder)
        store = TrialStore(folder)
        yield Started(str(folder), 0)
        if earlier := store.count():
            yield LogLine(f"{count(earlier, 'trial')} of an earlier search found in {folder}")
        prepared, notes = question.prepare(folder)
        yield from (LogLine(note) for note in notes)
        eight = store.find(frozenset()) or run_trial(prepared, (), folder, cancel)
        names = candidates(prepared, eight)
        yield LogLine(f"{count(len(names), 'tensor')} can be raised to 16 bits")
        with Crew(prepared, folder, cancel, eight.seconds) as crew:
            driver = _Driver(crew, store, profile, cancel)
            outcome = yield from driver.drive(search(names))
        yield from (LogLine(f"{visible(name)} can not be raised: {why}") for name, why in driver.refused.items())
        yield _result(outcome, prepared, profile, names, folder, driver.number)


class _Driver:
    """Gets the search's trials made, or found, and tells of each."""

    def __init__(self, crew: Crew, store: TrialStore, profile: Profile, cancel: Event) -> None:
        self._crew, self._store, self._profile, self._cancel = crew, store, profile, cancel
        self.number = 0
        self.refused: dict[str, str] = {}

    def drive(self, searching: Generator[Wanted, Told, Outcome]) -> Generator[SearchEvent, None, Outcome]:
        """Run the search to its end."""
        try:
            wanted = next(searching)
            while True:
                told = yield from self._try(wanted)
                wanted = searching.send(told)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome

    def _try(self, wanted: Wanted) -> Generator[SearchEvent, None, Mapping[Chosen, Accuracy]]:
        told: dict[Chosen, Accuracy] = {}
        missing = []
        for names in wanted:
            trial = self._store.find(names)
            if trial is None:
                missing.append(names)
            else:
                yield self._tell(told, names, accuracy(trial.layers, self._profile), len(wanted), True)
        for names, result in self._crew.run(missing):
            if self._cancel.is_set():
                raise CancelledError("the search was stopped")
            judged = self._judged(names, result)
            yield self._tell(told, names, judged, len(wanted), False)
        return told

    def _tell(self, told: dict[Chosen, Accuracy], names: Chosen, judged: Accuracy, wanted: int, found: bool) -> Tried:
        told[names] = judged
        self.number += 1
        return Tried(names, judged, self.number, wanted - len(told), found)

    def _judged(self, names: Chosen, result: Trial | RunError) -> Accuracy:
        """A tensor that can not be raised is none to choose; with none raised nothing can be searched at all."""
        if isinstance(result, Trial):
            return accuracy(result.layers, self._profile)
        if not names:
            raise result
        if len(names) == 1:
            self.refused[next(iter(names))] = result.message
        return LOST


def _result(
    outcome: Outcome, question: PreparedQuestion, profile: Profile, names: tuple[str, ...], folder: Path, trials: int
) -> OnnxResult:
    store = TrialStore(folder)
    chosen, eight = store.find(frozenset(outcome.chosen)), store.find(frozenset())
    fed = {layer.name for layer in (eight.layers if eight else ()) if layer.feeds_convolution}
    return OnnxResult(
        outcome=outcome,
        profile=profile.name,
        candidates=names,
        convolution_inputs=tuple(name for name in outcome.chosen if name in fed),
        raised=chosen.raised if chosen else (),
        files=_leave_best(question, outcome.chosen, folder),
        folder=folder,
        trials=trials,
    )


def _leave_best(question: PreparedQuestion, names: tuple[str, ...], folder: Path) -> EmbeddedFiles:
    """The files of the result in `best/`; those of an earlier result go only when the new ones are there."""
    target, work = folder / _BEST, folder / f"{PREFIX}best"
    embedded_run(question.request(names, work, Preprocess()))
    shutil.rmtree(target, ignore_errors=True)
    work.rename(target)
    return EmbeddedFiles.below(target)


def _clear(folder: Path) -> None:
    """Take away what a search that was killed left of its trials."""
    for left in folder.glob(f"{PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)
