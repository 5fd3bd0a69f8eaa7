"""`optimize twin`: the smallest set of INT16 tensors that reaches a goal, searched on the twin: no simulator is run.

A trial takes a part of a second, so all of the search is one process with a thread a core. What was tried is kept in
one file of the question's own folder: stopped by Ctrl-C or by a lost connection, the same question goes on from there.
Without pictures the network is judged on the one in the float dump.

    tried.json      {"<digests of the pictures, a line each; empty: the dump's own>": [a trial, ..], ..}
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Event
from time import monotonic

from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.backends.twin import PictureInputs
from sgs_tui.engine.calibration.quant import QuantEntry
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.errors import InputError, SgsError, UsageError
from sgs_tui.engine.events import LogLine, Started
from sgs_tui.engine.files import make_folder, write_atomically
from sgs_tui.engine.numbers import count
from sgs_tui.engine.optimize.limits import limits_of
from sgs_tui.engine.optimize.trials import fingerprint, locked
from sgs_tui.engine.runs.run_folder import safe_name
from sgs_tui.engine.sweep.pictures import digest_of
from sgs_tui.engine.sweep.results import Picture
from sgs_tui.engine.text import visible
from sgs_tui.engine.twin.agreement import SelfCheck, not_predicted
from sgs_tui.engine.twin.opening import Files, Opened, open_subject
from sgs_tui.engine.twin.picture_trials import Pictures, TwinPicture
from sgs_tui.engine.twin.plan import Plan, with_int16
from sgs_tui.engine.twin.rebuild import refuse_barriers
from sgs_tui.engine.twin.search import Goal, Point, Search, Step, Trial, goal_of, key_of
from sgs_tui.engine.twin.set_search import Memo, PictureResult, SetSearch
from sgs_tui.engine.twin.whatif import Limits, Subject, cost
from sgs_tui.language import Message

_STATE = "tried.json"
_MEANING = "3: slices are judged, dumps of onnxruntime by its own rules"
"""Of the figures of a trial: kept ones of another meaning are of another question."""
_EVERY = 2.0
"""Seconds between two writings of what was tried."""
_MOST_WORKERS = 4


@dataclass(frozen=True, slots=True)
class TwinQuestion:
    """Which network, and what for: `goal` as `goal_of` reads it. `level` counts without a fixed dump only."""

    files: Files
    profile: Profile
    goal: str = "layers"
    level: int | None = None
    pictures: tuple[Picture, ...] = ()
    preprocess: Preprocess = field(default=Preprocess())

    def folder(self, root: Path) -> Path:
        """The folder of exactly this question below `root`, whichever its pictures are: what is tried on one holds for
        it in every set. Raises InputError for files that can not be read."""
        files = self.files.with_neighbors()
        named = (files.float_dump, files.fixed_dump, files.ranges, files.softmax, files.channels, files.ini)
        paths = (*named, *self.preprocess.modules)
        words = (_MEANING, self.goal, repr(self.profile), str(self.level), *(str(path is None) for path in paths))
        words += ("pictures",) if self.pictures else ()
        mark = fingerprint([path for path in paths if path is not None], words)[:8]
        return root / f"{safe_name(files.float_dump.stem)}-twin-{mark}"


@dataclass(frozen=True, slots=True)
class TwinResult:
    """The best set. `points` is the curve from no INT16 up, the best set of each size; `alone` each candidate by
    itself, what helps most first; `everything` all of them at once.

    `int16` are all tensors that are INT16 with `best`, `quant` the entries for a quant_file (tensors without a
    calibrated range left out), `convolution_inputs` those of `best` that the SDK takes by name: all, but where
    onnxruntime quantized (`qdq`). Over `pictures` (worst first) `best`, `everything` are the worst of them; `points`
    and `alone` are about those that decide (`deciding`); `lost`: pictures that could not be run, and why.
    """

    best: Trial
    goal: str
    profile: str
    candidates: tuple[str, ...]
    points: tuple[Point, ...]
    alone: tuple[Trial, ...]
    everything: Trial
    int16: tuple[str, ...]
    quant: tuple[QuantEntry, ...]
    check: SelfCheck | None
    trials: int
    folder: Path
    pictures: tuple[PictureResult, ...] = ()
    deciding: tuple[str, ...] = ()
    lost: tuple[tuple[str, SgsError], ...] = ()
    convolution_inputs: tuple[str, ...] = ()
    qdq: bool = False


TwinEvent = Started | LogLine | Step | TwinResult


def optimize_twin(question: TwinQuestion, root: Path, cancel: Event) -> Iterator[TwinEvent]:
    """Search; the last event is the TwinResult. Raises CancelledError soon after `cancel` is set, and SgsError."""
    goal_of(question.goal, Limits(), ())
    folder = question.folder(root)
    opened = open_subject(question.files, question.level, cancel)
    twin = opened.subject.plan.twin
    limits, about = limits_of(question.profile, twin)
    goal = goal_of(question.goal, limits, twin.outputs)
    if not opened.subject.plan.choices():
        raise UsageError(
            Message("{path}: no convolution reads another op's output", path=twin.dump.path),
            Message("INT16 is for such tensors only"),
        )
    make_folder(folder)
    with locked(folder):
        yield Started(str(folder), 0)
        yield from (LogLine(note) for note in (*opened.notes, *about, *_chance(opened.subject.plan, goal)))
        memo = _load(folder / _STATE)
        if found := sum(len(tried) for tried in memo.values()):
            yield LogLine(
                Message("{trials} of an earlier search found in {folder}", trials=count(found, "trial"), folder=folder)
            )
        kept = _Kept(memo, folder / _STATE)
        workers = min(_MOST_WORKERS, len(os.sched_getaffinity(0)))
        if question.pictures:
            yield from _over_pictures(question, opened, goal, kept, cancel, workers)
            return
        search = Search(opened.subject.trials, goal, memo.setdefault("", {}), cancel=cancel, workers=workers)
        yield from kept.steps(search.run())
        everything = search.trial(search.candidates)
        kept.save()
        points = tuple(each for each in search.curve() if len(each.trial.names) <= len(search.best.names))
        yield _result(
            question, opened.subject, search.best, points, _alone(search), everything, len(search.tried), folder
        )


def _over_pictures(
    question: TwinQuestion, opened: Opened, goal: Goal, kept: "_Kept", cancel: Event, workers: int
) -> Iterator[Step | LogLine | TwinResult]:
    """The search over pictures."""
    plan = opened.subject.plan
    refuse_barriers(plan.twin)
    with closing(PictureInputs(plan.twin, question.preprocess)) as reader:
        pictures = [_picture(each, reader) for each in question.pictures]
        on = Pictures(plan, opened.pixels, goal.judged(plan))
        search = SetSearch(on, pictures, goal, kept.memo, cancel, workers)
        yield from kept.steps(search.run())
    if search.search is None:
        points: tuple[Point, ...] = (Point(search.best, cost(with_int16(plan, ()))),)
    else:
        points = tuple(each for each in search.search.curve() if len(each.trial.names) <= len(search.best.names))
    found = _result(
        question, opened.subject, search.best, points, _alone(search.search) if search.search else (),
        search.everything or search.best, search.trials, kept.state.parent,
    )  # fmt: skip
    lost = tuple((pictures[place].name, error) for place, error in sorted(search.lost.items()))
    yield replace(found, pictures=search.results(), deciding=search.deciding, lost=lost)


def _picture(picture: Picture, reader: PictureInputs) -> TwinPicture:
    """A picture that can not be read has a key of its own, and says why when it is run."""
    try:
        key = digest_of(picture.files)
    except InputError:
        key = picture.name
    return TwinPicture(key, picture.name, lambda cancel: reader.read(picture.files, cancel)[0])


def _chance(plan: Plan, goal: Goal) -> Iterator[str]:
    """Layers of the goal whose prediction does not count."""
    reasons = not_predicted(plan)
    for name in goal.layers or ():
        if name in reasons:
            yield Message(
                "{name} is judged although its prediction does not count: {reason}",
                name=visible(name),
                reason=reasons[name],
            )


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is tried, in memory and in a file."""

    memo: Memo
    state: Path

    def steps(self, steps: Iterable[Step]) -> Iterator[Step]:
        """A search's steps; what it tried is written as it goes, and however it ends."""
        written = monotonic()
        try:
            for step in steps:
                yield step
                if monotonic() - written > _EVERY:
                    self.save()
                    written = monotonic()
        finally:
            self.save()

    def save(self) -> None:
        found = {key: [asdict(trial) for trial in tried.values()] for key, tried in self.memo.items()}
        write_atomically(self.state, json.dumps(found).encode("ascii"))


def _load(state: Path) -> Memo:
    """What an earlier search tried; nothing where its file can not be read: it is only made again."""
    try:
        read = json.loads(state.read_bytes())
        found = {
            key: [Trial(**{**entry, "names": tuple(entry["names"])}) for entry in tried] for key, tried in read.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {key: {key_of(trial.names): trial for trial in tried} for key, tried in found.items()}


def _alone(search: Search) -> tuple[Trial, ...]:
    found = [search.tried[key_of((name,))] for name in search.candidates if key_of((name,)) in search.tried]
    return tuple(sorted(found, key=lambda each: (each.failing, each.excess, each.mean_rmse)))


def _result(
    question: TwinQuestion, subject: Subject, best: Trial, points: tuple[Point, ...], alone: tuple[Trial, ...],
    everything: Trial, trials: int, folder: Path,
) -> TwinResult:  # fmt: skip
    plan = with_int16(subject.plan, best.names)
    wide = plan.wide()
    return TwinResult(
        best=best,
        goal=question.goal,
        profile=question.profile.name,
        candidates=plan.choices(),
        points=points,
        alone=alone,
        everything=everything,
        int16=tuple(name for name in plan.twin.tensors if name in wide),
        quant=tuple(
            QuantEntry(name, (plan.ranges[name][0],), (plan.ranges[name][1],), 16)
            for name in best.names
            if name not in plan.guessed
        ),
        check=subject.check,
        trials=trials,
        folder=folder,
        convolution_inputs=tuple(name for name in best.names if name in plan.twin.convolution_inputs()),
        qdq=plan.qdq is not None,
    )
