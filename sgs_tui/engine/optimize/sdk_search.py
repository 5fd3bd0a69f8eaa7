"""`optimize sdk`: let sim_optimizer.py make candidates, then try every one of them and rank what comes out.

Its compression rates are not monotone: a higher one may undo what a lower one mended (interop notes, int16). So
each candidate is calibrated, dumped and compared with the float model, and the figures decide.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

from sgs_tui.engine.configs.profiles import Profile
from sgs_tui.engine.dumps.original import make_folder
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.records import Stage
from sgs_tui.engine.errors import NothingComparableError, RunError
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.numbers import count
from sgs_tui.engine.optimize.accuracy import Accuracy, accuracy, measure
from sgs_tui.engine.optimize.alone import alone_in
from sgs_tui.engine.optimize.sdk_candidates import Candidate, load_candidates
from sgs_tui.engine.optimize.sdk_question import SdkFiles, SdkQuestion, prepare_files, state_of
from sgs_tui.engine.optimize.sdk_steps import StepEvent, Steps
from sgs_tui.engine.optimize.sdk_tools import calibrator_run, optimizer_run
from sgs_tui.engine.simulate.runs import Run, RunRequest
from sgs_tui.engine.simulate.sdk import SdkRequest, sdk_runs


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate and what came of it: figures, fixed model and dump, or `error` and `hint` where it failed.

    `candidate` None is the user's own fixed model. `inputs`: its 16-bit tensors that are no weights.
    """

    candidate: Candidate | None
    accuracy: Accuracy | None
    model: Path
    dump: Path | None = None
    inputs: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""

    @property
    def label(self) -> str:
        """Its rates, or what else it is called."""
        return ", ".join(self.candidate.labels) if self.candidate else self.model.name

    @property
    def rank(self) -> tuple[bool, bool, float, float, float]:
        """Best first: those that meet the profile with the fewest 16-bit tensors, then by how far they are off."""
        if self.accuracy is None:
            return True, True, 0.0, 0.0, 0.0
        size = float(len(self.candidate.int16)) if self.candidate else 0.0
        one = self.accuracy
        return (False, not one.meets, *((size, one.mean_rmse, 0.0) if one.meets else one.rank))


@dataclass(frozen=True, slots=True)
class SdkResult:
    """All candidates, best first, and the float dump they were compared with."""

    ranked: tuple[Ranked, ...]
    float_dump: Path
    profile: str
    folder: Path

    @property
    def best(self) -> Ranked | None:
        """The first that did not fail."""
        return next((each for each in self.ranked if each.accuracy is not None), None)


SdkEvent = StepEvent | SdkResult


def optimize_sdk(
    question: SdkQuestion, folders: Path, runs: Path, profile: Profile, cancel: Event
) -> Iterator[SdkEvent]:
    """Search; the last event is the SdkResult. `runs`: where run folders go.

    Raises RunError when sim_optimizer.py or the float dump fails (a candidate that fails is ranked last),
    CancelledError soon after `cancel` is set, and what is wrong with the question before anything is started.
    """
    folder = question.folder(folders)
    make_folder(folder)
    with alone_in(folder):
        search = _Search(question, folder, Steps(folder, runs, cancel), profile, cancel)
        yield from search.run(prepare_files(question, folder, False))


class _Search:
    def __init__(self, question: SdkQuestion, folder: Path, steps: Steps, profile: Profile, cancel: Event) -> None:
        self._question, self._folder, self._steps = question, folder, steps
        self._profile, self._cancel = profile, cancel

    def run(self, files: SdkFiles) -> Generator[SdkEvent]:
        candidates = yield from self._candidates(files)
        if any(one.has_data for one in candidates):
            files = prepare_files(self._question, self._folder, True)
        benchmark = yield from self._float()
        ranked = []
        if self._question.fixed is not None:
            ranked.append((yield from self._judge(None, self._question.fixed, benchmark)))
        for number, candidate in enumerate(candidates, 1):
            yield LogLine(f"candidate {number} of {len(candidates)}: {', '.join(candidate.labels)}")
            ranked.append((yield from self._try(candidate, files, benchmark)))
        ranked.sort(key=lambda each: each.rank)
        assert benchmark.dump is not None
        yield SdkResult(tuple(ranked), benchmark.dump, self._profile.name, self._folder)

    def _candidates(self, files: SdkFiles) -> Generator[SdkEvent, None, tuple[Candidate, ...]]:
        paths: Iterable[Path] = self._question.quant_files
        if not paths:
            ask = partial(optimizer_run, self._question, files)
            run = yield from self._steps.run("optimizer", "sim_optimizer.py", ask)
            _require(run)
            paths = [run.folder.path / product.path for product in run.status.products]
        found = load_candidates(paths, self._question.rates)
        yield LogLine(f"{count(len(found), 'candidate')} to try: {'; '.join(', '.join(one.labels) for one in found)}")
        return found

    def _float(self) -> Generator[SdkEvent, None, Run]:
        ask = partial(self._dump, self._question.model, Stage.FLOAT)
        run = yield from self._steps.run("float", "float dump", ask)
        _require(run)
        return run

    def _try(self, candidate: Candidate, files: SdkFiles, benchmark: Run) -> Generator[SdkEvent, None, Ranked]:
        """Calibrate, dump, compare."""
        target = files.fixed_model(candidate.label)
        ask = partial(calibrator_run, self._question, files, candidate.file, target)
        run = yield from self._steps.run(f"calibrate {candidate.key}", f"{candidate.label}: calibrate", ask)
        if not run.status.products:
            return Ranked(candidate, None, target, error=run.status.message, hint=run.status.hint)
        return (yield from self._judge(candidate, target, benchmark))

    def _judge(self, candidate: Candidate | None, model: Path, benchmark: Run) -> Generator[SdkEvent, None, Ranked]:
        label, key = (candidate.label, candidate.key) if candidate else (model.name, state_of(model))
        ask = partial(self._dump, model, Stage.FIXED)
        run = yield from self._steps.run(f"fixed {key}", f"{label}: fixed dump", ask)
        if run.dump is None or benchmark.dump is None:
            return Ranked(candidate, None, model, error=run.status.message, hint=run.status.hint)
        try:
            layers = measure(run.dump, benchmark.dump, benchmark.ranges, self._cancel)
        except NothingComparableError as error:
            return Ranked(candidate, None, model, run.dump, error=error.message, hint=error.hint)
        inputs = _inputs(candidate.int16 if candidate else (), benchmark.dump)
        return Ranked(candidate, accuracy(layers, self._profile), model, run.dump, inputs)

    def _dump(self, model: Path, stage: Stage) -> RunRequest:
        question = self._question
        request = SdkRequest(
            model, question.sample(), question.preprocess, stage, python=question.python, timeout=question.timeout
        )
        return sdk_runs(request, question.sdk, question.environ)[0]


def _require(run: Run) -> None:
    """Raise RunError for a step that nothing can go on without."""
    if not run.status.products:
        raise RunError(f"{run.name}: {run.status.message or run.state}", run.status.hint)


def _inputs(names: Sequence[str], dump: Path) -> tuple[str, ...]:
    """Those that are no constants of the network."""
    with open_dump(dump) as opened:
        constants = {record.name for record in opened.records if record.constant}
    return tuple(name for name in names if name not in constants)
