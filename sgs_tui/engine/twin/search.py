"""`search`: the smallest set of INT16 tensors that reaches a goal, found by trying sets on the twin.

Every candidate alone, then those that may help only together (`chains`), then greedily in context (the best added, the
rest measured again), pruned, swapped, and for small sets every smaller one tried. No step takes more INT16 to be
better: levels L4 and L5 make layers worse than 8 bit, and the vendor's own optimizer is not monotone either. A trial is
a set; what was tried is in a plain dict of set to figures and is never run again, so that a search that was stopped
goes on where it was.
"""

from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations
from math import comb, inf, isfinite, isnan
from threading import Event
from time import perf_counter
from typing import Protocol

from sgs_tui.engine.errors import CancelledError, UsageError
from sgs_tui.engine.twin.agreement import not_predicted
from sgs_tui.engine.twin.chains import units
from sgs_tui.engine.twin.figures import Figures
from sgs_tui.engine.twin.plan import Plan, with_int16
from sgs_tui.engine.twin.trials import Scores, Trials
from sgs_tui.engine.twin.whatif import Cost, Limits, cost
from sgs_tui.language import Message

BELOW = 3
"""Sets up to this size are tried exhaustively below what greedy found, as far as `Search.seconds` allows."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Limits for `layers` (None: every layer whose prediction counts)."""

    limits: Limits = field(default_factory=Limits)
    layers: tuple[str, ...] | None = None

    def judged(self, plan: Plan) -> tuple[str, ...]:
        """The layers that are judged."""
        if self.layers is not None:
            return self.layers
        reasons = not_predicted(plan)
        return tuple(name for name in plan.layers() if name not in reasons)


def goal_of(text: str, limits: Limits, outputs: Sequence[str]) -> Goal:
    """`layers` and `profile` (every layer within the limits), `outputs`, or `sqnr=25` (outputs). Raises UsageError."""
    word, _, number = text.partition("=")
    if text in ("layers", "profile"):
        return Goal(limits)
    if text == "outputs":
        return Goal(limits, tuple(outputs))
    if word == "sqnr":
        try:
            return Goal(Limits(rmse=None, sqnr_db=float(number)), tuple(outputs))
        except ValueError:
            pass
    raise UsageError(
        Message("goal {text!r}: not known", text=text), Message("say layers, outputs, profile, or sqnr=25")
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """A set that was tried: `excess` beyond the limits summed over the goal's `layers` (0: reached), how many fail.

    `worst_rmse` is infinite where a layer is no number; means are over the others.
    """

    names: tuple[str, ...]
    excess: float
    failing: int
    layers: int
    worst_rmse: float
    worst_layer: str
    mean_rmse: float
    min_cos: float
    mean_cos: float

    @property
    def reached(self) -> bool:
        """Whether every layer of the goal is within its limits."""
        return self.failing == 0


Tried = MutableMapping[str, Trial]
"""By `key` of its set."""


@dataclass(frozen=True, slots=True)
class Step:
    """One trial as it ends: `done` of `expected` in this `phase`; `best` so far."""

    phase: str
    done: int
    expected: int
    trial: Trial
    best: Trial


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the curve of accuracy against cost."""

    trial: Trial
    cost: Cost


class Tries(Protocol):
    """Where sets are tried: on one picture, or on several at once."""

    @property
    def plan(self) -> Plan:
        """What sets are tried on."""

    @property
    def scores(self) -> Scores:
        """Figures under the plan as it is."""

    def of(self, int16: Sequence[str], cancel: Event | None = None, only: Iterable[str] | None = None) -> Scores:
        """Figures with exactly these convolution inputs in INT16."""


@dataclass
class Search:
    """A search over one network. `tried` may come from a search before, for the same goal. `kept` is in INT16 with
    every set.

    `workers` trials run at once; `budget` bounds the trials of all phases, `seconds` what trying every smaller set
    may take at the pace so far.
    """

    trials: Tries
    goal: Goal
    tried: Tried = field(default_factory=dict)
    candidates: tuple[str, ...] = ()
    budget: int = 20000
    seconds: float = 60.0
    cancel: Event | None = None
    workers: int = 2
    kept: tuple[str, ...] = ()
    best: Trial = field(init=False)

    def __post_init__(self) -> None:
        self.candidates = self.candidates or self.trials.plan.choices()
        self._layers = self.goal.judged(self.trials.plan)
        self._units = list(units(self.trials.plan, self.candidates))
        self._spent, self._started = 0, perf_counter()
        same = self.trials.plan.raised == frozenset(self.kept)
        self.best = self._judged((), self.trials.scores if same else self._scores(()))

    def run(self) -> Iterator[Step]:
        """Every trial as it ends; `best` and `curve` hold the result. Raises CancelledError, RunError."""
        if self.best.reached:
            return
        yield from self._phase(Message("alone"), [(name,) for name in self.candidates])
        if not self.best.reached:
            yield from self._phase(Message("chains"), self._units)
        yield from self._greedy()
        yield from self._pruned()
        yield from self._swapped()
        yield from self._smaller()

    def curve(self) -> tuple[Point, ...]:
        """The best set of each size that was tried, smallest first."""
        best: dict[int, Trial] = {}
        for trial in self.tried.values():
            if len(trial.names) not in best or _rank(trial) < _rank(best[len(trial.names)]):
                best[len(trial.names)] = trial
        return tuple(Point(best[size], self._cost(best[size])) for size in sorted(best))

    def _cost(self, trial: Trial) -> Cost:
        return cost(with_int16(self.trials.plan, (*trial.names, *self.kept)))

    def _phase(self, phase: str, sets: Sequence[Iterable[str]]) -> Iterator[Step]:
        """Each set's trial; as many at once as there are workers."""
        ordered = [self._ordered(names) for names in sets]
        with ThreadPoolExecutor(self.workers) as pool:
            for start in range(0, len(ordered), self.workers):
                chunk = ordered[start : start + self.workers]
                fresh = [names for names in dict.fromkeys(chunk) if key_of(names) not in self.tried]
                if self._spent + len(fresh) > self.budget:
                    return
                for names, scores in zip(fresh, pool.map(self._scores, fresh), strict=True):
                    self._judged(names, scores)
                for done, names in enumerate(chunk, start + 1):
                    trial = self._known(names)
                    yield Step(phase, done, len(ordered), trial, self.best)

    def _known(self, names: tuple[str, ...]) -> Trial:
        """A set that was tried, the best if it is."""
        trial = self.tried[key_of(names)]
        if _rank(trial) < _rank(self.best):
            self.best = trial
        return trial

    def _scores(self, names: Sequence[str]) -> Scores:
        if self.cancel is not None and self.cancel.is_set():
            raise CancelledError(Message("the search was stopped"), Message("the sets tried so far are kept"))
        self._spent += 1
        return self.trials.of((*names, *self.kept), self.cancel, only=self._layers)

    def _judged(self, names: Sequence[str], scores: Scores) -> Trial:
        trial = judged(self.goal, self._layers, names, scores)
        self.tried[key_of(names)] = trial
        return trial

    def trial(self, names: Iterable[str]) -> Trial:
        """Any set's trial, found or made. Raises CancelledError, RunError."""
        ordered = self._ordered(names)
        return self.tried.get(key_of(ordered)) or self._judged(ordered, self._scores(ordered))

    def _greedy(self) -> Iterator[Step]:
        """Add the candidate that helps most to what is chosen, until the goal is reached or nothing helps."""
        chosen = self._best_of([*((name,) for name in self.candidates), *self._units])
        while chosen is not None and not chosen.reached:
            rest = [name for name in self.candidates if name not in chosen.names]
            sets = [(*chosen.names, name) for name in rest]
            yield from self._phase(Message("in context"), sets)
            better = self._best_of(sets)
            if better is None or better.excess >= chosen.excess:
                chains = [(*chosen.names, *unit) for unit in self._units if not set(unit) <= set(chosen.names)]
                yield from self._phase(Message("chains in context"), chains)
                better = self._best_of(chains)
            if better is None or better.excess >= chosen.excess:
                return
            chosen = better

    def _pace(self) -> float:
        """Seconds a trial."""
        return (perf_counter() - self._started) / max(1, self._spent)

    def _best_of(self, sets: Sequence[Iterable[str]]) -> Trial | None:
        known = [self.tried.get(key_of(names)) for names in map(self._ordered, sets)]
        return min((each for each in known if each is not None), key=_rank, default=None)

    def _ordered(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(set(names), key=self.candidates.index))

    def _pruned(self) -> Iterator[Step]:
        """Take out what the goal does not need."""
        while self.best.reached and len(self.best.names) > 1:
            before = self.best
            yield from self._phase(Message("pruned"), [_without(before.names, name) for name in before.names])
            if self.best is before:
                return

    def _swapped(self) -> Iterator[Step]:
        """One out, another in, until nothing is better; only where the goal is not reached."""
        while not self.best.reached and self.best.names:
            before = self.best
            others = [name for name in self.candidates if name not in before.names]
            sets = [(*_without(before.names, out), other) for out in before.names for other in others]
            yield from self._phase(Message("swapped"), sets)
            if self.best is before:
                return

    def _smaller(self) -> Iterator[Step]:
        """Every set smaller than the best that reaches the goal, as far as the budget goes."""
        for size in range(2, BELOW + 1):
            if self.best.reached and len(self.best.names) <= size:
                return
            if comb(len(self.candidates), size) * self._pace() > self.seconds:
                return
            yield from self._phase(Message("all of {size}", size=size), list(combinations(self.candidates, size)))


def judged(goal: Goal, layers: Iterable[str], names: Sequence[str], scores: Scores) -> Trial:
    """A set's trial by the figures of the goal's `layers`."""
    found = {name: scores[name] for name in layers if name in scores}
    over = goal.limits.excesses(found).values()
    errors = {name: inf if isnan(each.rmse) else each.rmse for name, each in found.items()}
    worst = max(errors, key=errors.__getitem__, default="")
    cosines = [each.cos for each in found.values() if isfinite(each.cos)]
    return Trial(
        names=tuple(names),
        excess=sum(over),
        failing=sum(each > 0 for each in over),
        layers=len(found),
        worst_rmse=errors.get(worst, 0.0),
        worst_layer=worst,
        mean_rmse=_mean([each for each in errors.values() if isfinite(each)]),
        min_cos=min(cosines, default=0.0),
        mean_cos=_mean(cosines),
    )


def _rank(trial: Trial) -> tuple[bool, float, float]:
    """Reached first, then few; else little excess, then few."""
    if trial.reached:
        return (False, len(trial.names), 0.0)
    return (True, trial.excess, len(trial.names))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _without(names: Sequence[str], out: str) -> tuple[str, ...]:
    return tuple(name for name in names if name != out)


def key_of(names: Iterable[str]) -> str:
    """A set as the key of `tried`: names hold no line feed."""
    return "\n".join(names)


def sensitivities(
    trials: Trials, outputs: Sequence[str], cancel: Event | None = None
) -> Iterator[tuple[str, dict[str, Figures]]]:
    """Each convolution input alone in INT16: the figures of `outputs`."""
    for name in trials.plan.choices():
        scores = trials.of((name,), cancel, only=outputs)
        yield name, {each: scores[each] for each in outputs if each in scores}
