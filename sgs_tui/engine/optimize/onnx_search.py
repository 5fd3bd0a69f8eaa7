"""`optimize onnx`: search the smallest set of 16-bit tensors of an ONNX model, on the embedded simulator.

The search is a generator of events, like a comparison. Everything it finds out is in a folder of its own, so one
that was stopped or killed goes on where it was when it is started again.
"""

import shutil
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from sgs_tui.engine.configs.profiles import Profile
from sgs_tui.engine.dumps.original import make_folder
from sgs_tui.engine.errors import CancelledError, RunError
from sgs_tui.engine.events import LogLine, Started
from sgs_tui.engine.numbers import count
from sgs_tui.engine.optimize.accuracy import LOST, Accuracy, accuracy
from sgs_tui.engine.optimize.alone import alone_in
from sgs_tui.engine.optimize.crew import Crew
from sgs_tui.engine.optimize.onnx_question import OnnxQuestion, PreparedQuestion
from sgs_tui.engine.optimize.onnx_trial import PREFIX, candidates, run_trial
from sgs_tui.engine.optimize.search import Chosen, Outcome, Told, Wanted, search
from sgs_tui.engine.optimize.trials import Trial, TrialStore
from sgs_tui.engine.simulate.embedded import EmbeddedFiles, embedded_run
from sgs_tui.engine.simulate.preprocess import Preprocess
from sgs_tui.engine.text import visible

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
