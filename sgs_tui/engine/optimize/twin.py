"""`optimize twin`: the smallest set of INT16 tensors that reaches a goal, searched on the twin: no simulator is run.

A trial takes a part of a second, so all of the search is one process with a thread a core. What was tried is kept in
one file of the question's own folder: stopped by Ctrl-C or by a lost connection, the same question goes on from there.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from math import log10
from pathlib import Path
from threading import Event
from time import monotonic

from sgs_tui.engine.calibration.quant import QuantEntry
from sgs_tui.engine.compare.limits import Limits as ProfileLimits
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.compare.metrics import METRICS
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.events import LogLine, Started
from sgs_tui.engine.files import make_folder, write_atomically
from sgs_tui.engine.numbers import count
from sgs_tui.engine.optimize.trials import fingerprint, locked
from sgs_tui.engine.runs.run_folder import safe_name
from sgs_tui.engine.text import visible
from sgs_tui.engine.twin.agreement import SelfCheck, not_predicted
from sgs_tui.engine.twin.network import Twin
from sgs_tui.engine.twin.opening import Files, open_subject
from sgs_tui.engine.twin.plan import Plan, with_int16
from sgs_tui.engine.twin.search import Goal, Point, Search, Step, Trial, Tried, goal_of, key_of
from sgs_tui.engine.twin.whatif import Limits

_STATE = "tried.json"
_MEANING = "2: slices are judged"
"""Of the figures of a trial: kept ones of another meaning are of another question."""
_EVERY = 2.0
"""Seconds between two writings of what was tried."""
_MOST_WORKERS = 4
_FORESEEN = frozenset({"rmse", "cos", "sqnr_db", "relative_l2", "slice_sqnr_db", "range"})
"""Metrics whose limits the twin can judge; a range is no error and changes with no INT16."""


def limits_of(profile: Profile, twin: Twin) -> tuple[Limits, tuple[str, ...]]:
    """What a profile lets layers fail by, rules included; and a note on limits that the twin can not judge."""
    general = _limits(profile.fail)
    found = {
        name: _limits(profile.limits_for(name, op.kind)[0])
        for op in twin.ops
        for name in op.outputs
        if any(rule.applies(name, op.kind) for rule in profile.rules)
    }
    sets = (profile.fail, *(rule.fail for rule in profile.rules))
    others = dict.fromkeys(METRICS[key].name for each in sets for key in each if key not in _FORESEEN)
    note = f"profile {profile.name}: the twin foresees no {', '.join(others)}, these limits do not count"
    return replace(general, own=found), (note,) if others else ()


def _limits(limits: ProfileLimits) -> Limits:
    least = [limits["sqnr_db"]] if "sqnr_db" in limits else []
    if limits.get("relative_l2", 0) > 0:
        least.append(-20 * log10(limits["relative_l2"]))
    return Limits(limits.get("rmse"), limits.get("cos"), max(least, default=None), limits.get("slice_sqnr_db"))


@dataclass(frozen=True, slots=True)
class TwinQuestion:
    """Which network, and what for: `goal` as `goal_of` reads it. `level` counts without a fixed dump only."""

    files: Files
    profile: Profile
    goal: str = "layers"
    level: int | None = None

    def folder(self, root: Path) -> Path:
        """The folder of exactly this question below `root`. Raises InputError for files that can not be read."""
        files = self.files.with_neighbors()
        paths = (files.float_dump, files.fixed_dump, files.ranges, files.softmax, files.channels, files.ini)
        words = (_MEANING, self.goal, repr(self.profile), str(self.level), *(str(path is None) for path in paths))
        mark = fingerprint([path for path in paths if path is not None], words)[:8]
        return root / f"{safe_name(files.float_dump.stem)}-twin-{mark}"


@dataclass(frozen=True, slots=True)
class TwinResult:
    """The best set. `points` is the curve from no INT16 up, the best set of each size; `alone` each candidate by
    itself, what helps most first; `everything` all of them at once.

    `int16` are all tensors that are INT16 with `best`, `quant` the entries for a quant_file (tensors without a
    calibrated range left out).
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
            f"{twin.dump.path}: no convolution reads another op's output", "INT16 is for such tensors only"
        )
    make_folder(folder)
    with locked(folder):
        yield Started(str(folder), 0)
        yield from (LogLine(note) for note in (*opened.notes, *about, *_chance(opened.subject.plan, goal)))
        tried = _load(folder / _STATE)
        if tried:
            yield LogLine(f"{count(len(tried), 'trial')} of an earlier search found in {folder}")
        workers = min(_MOST_WORKERS, len(os.sched_getaffinity(0)))
        search = Search(opened.subject.trials, goal, tried, cancel=cancel, workers=workers)
        yield from _kept(search, folder / _STATE)
        everything = search.trial(search.candidates)
        _save(search.tried, folder / _STATE)
        yield _result(question, search, everything, opened.subject.check, folder)


def _chance(plan: Plan, goal: Goal) -> Iterator[str]:
    """Layers of the goal whose prediction does not count."""
    reasons = not_predicted(plan)
    for name in goal.layers or ():
        if name in reasons:
            yield f"{visible(name)} is judged although its prediction does not count: {reasons[name]}"


def _kept(search: Search, state: Path) -> Iterator[Step]:
    """The search's steps; what it tried is written as it goes, and however it ends."""
    written = monotonic()
    try:
        for step in search.run():
            yield step
            if monotonic() - written > _EVERY:
                _save(search.tried, state)
                written = monotonic()
    finally:
        _save(search.tried, state)


def _save(tried: Tried, state: Path) -> None:
    write_atomically(state, json.dumps([asdict(trial) for trial in tried.values()]).encode("ascii"))


def _load(state: Path) -> dict[str, Trial]:
    """What an earlier search tried; nothing where its file can not be read: it is only made again."""
    try:
        found = [Trial(**{**entry, "names": tuple(entry["names"])}) for entry in json.loads(state.read_bytes())]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {key_of(trial.names): trial for trial in found}


def _result(
    question: TwinQuestion, search: Search, everything: Trial, check: SelfCheck | None, folder: Path
) -> TwinResult:
    plan = with_int16(search.trials.plan, search.best.names)
    wide = plan.wide()
    alone = [search.tried[key_of((name,))] for name in search.candidates if key_of((name,)) in search.tried]
    return TwinResult(
        best=search.best,
        goal=question.goal,
        profile=question.profile.name,
        candidates=search.candidates,
        points=tuple(each for each in search.curve() if len(each.trial.names) <= len(search.best.names)),
        alone=tuple(sorted(alone, key=lambda each: (each.failing, each.excess, each.mean_rmse))),
        everything=everything,
        int16=tuple(name for name in plan.twin.tensors if name in wide),
        quant=tuple(
            QuantEntry(name, (plan.ranges[name][0],), (plan.ranges[name][1],), 16)
            for name in search.best.names
            if name not in plan.guessed
        ),
        check=check,
        trials=len(search.tried),
        folder=folder,
    )
