"""Where a layer's error comes from: inherited from its inputs, or its own.

    error = sample - benchmark = own + inherited
    inherited = f(sample's inputs) - f(benchmark's inputs)          f: the layer in float, replayed
    own = sample - f(sample's inputs)

All are given as RMS relative to the RMS of the benchmark's output. What rounding ONE input to the sample's grid does
to the output is replayed too: it is the price of that input's 8 bits, and what 16 would save.
Where a layer can not be replayed, its own error is what exceeds the worst error of its inputs, unproven.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from math import isfinite, nan, sqrt
from threading import Lock
from typing import NamedTuple

import numpy as np

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.results import Budget, Costs
from sgs_tui.engine.network.scales import Grid, one_scale, weight_steps
from sgs_tui.engine.network.tensors import STRETCH, distance, rms, rms_of, share, share_of, squares
from sgs_tui.engine.twin.again import Again
from sgs_tui.engine.twin.meaning import Floats
from sgs_tui.language import Message

_GROWTH = 2.0  # an error that doubles (+6 dB) over that of the inputs is the layer's own
_OVERLAP = 2.5  # a value counts several times in pools whose windows overlap: 9/4 times for 3x3 with stride 2


def estimated(case: Case, name: str, inputs: tuple[str, ...]) -> Budget:
    """The budget from the errors of a layer and of the compared tensors it is computed from, unproven."""
    total = case.error(name)
    worst = max((case.error(source) for source in inputs), default=0.0)
    op = case.graph.producer(name)
    passing = op is not None and op.family.passes_values and bool(inputs)
    handed_on = passing and worst > 0 and (total < 0.05 or _energy(case, (name,)) <= _OVERLAP * _energy(case, inputs))
    grown = total > _GROWTH * worst and not handed_on
    own = total * sqrt(1 - (worst / total) ** 2) if grown else 0.0
    inherited = total if handed_on else min(worst, total)
    plain = Budget(name, inputs, total, inherited, own, own_steps=nan)
    return _on_grid(case, plain) if own and isfinite(total) and case.comparable(name) else plain


def _energy(case: Case, names: tuple[str, ...]) -> float:
    """Summed squares of the errors of compared layers. What passes values on can not add to it.

    Relative to the signal a part can be worse than the whole: a split hands on some channels only.
    """
    rows = [case.compared[name] for name in names if name in case.compared]
    return sum(row.metrics.mse * row.pair.benchmark.count for row in rows if row.metrics is not None)


def _on_grid(case: Case, plain: Budget) -> Budget:
    """What the sample's grid tells of the error, measured against the benchmark itself."""
    grid = case.grid(plain.name)
    if grid is None:
        return plain
    sample, truth = case.both(plain.name)
    size = rms(truth)
    return replace(
        plain,
        own_steps=plain.own * size / grid.step,
        floor=rms(truth - grid.rounded(truth)) / size if size else 0.0,
        clipped=share(sample - truth, sample - grid.clipped(truth)),
        cut=rms(truth - grid.clipped(truth)) / size if size else 0.0,
    )


Change = Callable[[Floats], Floats]
"""What happens to values [..., channels]."""

Feed = Mapping[str, Floats]


_KEPT = 1 << 23
"""Elements kept at once of layers in float from the sample's inputs (32 MB)."""


class Trials:
    """Layers computed again by the twin.

    `seen`: how the sample's network saw its inputs, where that is known to differ from the benchmark's.
    """

    def __init__(self, case: Case, again: Again, seen: Mapping[str, Change]) -> None:
        self.case, self.again, self._seen = case, again, seen
        self.theirs, self.ours = case.theirs, case.ours
        self._made: dict[str, Floats] = {}
        self._lock = Lock()

    def benchmark(self, frontier: tuple[str, ...]) -> dict[str, Floats]:
        """The benchmark's tensors of a frontier."""
        return {name: self.truth(name) for name in frontier}

    def sample(self, frontier: tuple[str, ...]) -> dict[str, Floats]:
        """The sample's; for the network's inputs the benchmark's, since the sample's records do not show them."""
        return {name: self._given(name) for name in frontier}

    def _given(self, name: str) -> Floats:
        if name in self.case.compared:
            return self.stored(name)
        return self.changed(name, self._seen[name]) if name in self._seen else self.truth(name)

    def truth(self, name: str) -> Floats:
        """What the benchmark holds of a tensor, flat."""
        return self.theirs.read(self.again.twin.records[name])

    def stored(self, name: str) -> Floats:
        """What the sample holds of a compared layer, flat."""
        return self.ours.read(self.case.rows[name].pair.sample)

    def changed(self, name: str, change: Change) -> Floats:
        """The benchmark's tensor with a change made to it."""
        return change(self.truth(name).reshape(-1, max(self.case.channels(name), 1))).reshape(-1)

    def run(self, name: str, source: Feed, weights: Mapping[int, Floats] | None = None) -> Floats:
        """A layer from its frontier, flat."""
        return self.again.run(name, source, weights)

    def made(self, name: str, frontier: tuple[str, ...]) -> Floats:
        """A layer in float from the sample's inputs, flat; those made last are kept, the layers behind ask for them."""
        known = self._made.get(name)
        if known is not None:
            return known
        made = self.run(name, self.sample(frontier))
        with self._lock:
            while self._made and made.size + sum(each.size for each in self._made.values()) > _KEPT:
                self._made.pop(next(iter(self._made)))
            self._made[name] = made
        return made

    def forget(self) -> None:
        """Make everything anew: the sample's inputs are seen in another way."""
        self._made.clear()

    def with_own_error(self, budget: Budget) -> Floats:
        """The benchmark's tensor plus what the sample's layer itself got wrong."""
        found = self.truth(budget.name) + self.stored(budget.name)
        found -= self.made(budget.name, budget.inputs)
        return found


_FAINT = 0.03
"""Inherited errors below this (-30 dB) are under every built-in limit: which input they come from is not asked."""


@dataclass(frozen=True)
class _Runs:
    """A layer: what both dumps hold, and the float layer fed with the sample's inputs."""

    name: str
    frontier: tuple[str, ...]
    truth: Floats
    sample: Floats
    made: Floats
    size: float
    sizes: "_Sizes"

    @cached_property
    def own(self) -> Floats:
        """What the sample's layer itself got wrong."""
        return self.sample - self.made


class _Sizes(NamedTuple):
    """RMS of a layer's errors: all, its own, what it inherits, what rounding alone makes, what is left of its own where
    clipping is no error, and what clipping cuts of the truth."""

    total: float
    own: float
    inherited: float
    floor: float
    unclipped: float
    cut: float


def _sizes(truth: Floats, sample: Floats, made: Floats, grid: Grid | None) -> _Sizes:
    sums: list[list[float]] = [[] for _ in _Sizes._fields]
    with np.errstate(all="ignore"):
        for at in range(0, truth.size, STRETCH):
            ours, theirs, replay = (each[at : at + STRETCH] for each in (sample, truth, made))
            errors = [ours - theirs, ours - replay, replay - theirs]
            if grid is not None:
                errors += [replay - grid.rounded(replay)]
                errors += [errors[1] if _holds(grid, replay) else ours - grid.clipped(replay)]
                errors += [] if _holds(grid, theirs) else [theirs - grid.clipped(theirs)]
            found: dict[int, list[float]] = {}
            for parts, error in zip(sums, errors, strict=False):
                parts.extend(found.get(id(error)) or found.setdefault(id(error), squares(error)))
        return _Sizes._make(rms_of(parts, truth.size) for parts in sums)


def _holds(grid: Grid, values: Floats) -> bool:
    return grid.holds(float(values.min()), float(values.max()))


def replayed(trials: Trials, name: str, frontier: tuple[str, ...], proven: Sequence[Budget]) -> Budget | None:
    """The budget of a layer; None where its values do not allow one.

    `proven`: replayed budgets of the tensors it is computed from, as far as there are any.
    """
    runs = _runs(trials, name, frontier)
    if runs is None:
        return None
    grid, size = trials.case.grid(name), runs.size
    sizes, inherited = runs.sizes, runs.sizes.inherited / size
    asked = proven if inherited >= _FAINT else ()
    return Budget(
        name=name,
        inputs=frontier,
        total=sizes.total / size,
        inherited=inherited,
        own=sizes.own / size,
        own_steps=sizes.own / grid.step if grid else nan,
        floor=sizes.floor / size,
        clipped=share_of(sizes.own, sizes.unclipped) if grid else 0.0,
        cut=sizes.cut / size,
        weights=_weights(trials, runs) if _notable(runs, grid) else nan,
        rounding=Costs(partial(_rounding, trials, name, frontier, size)),
        passed=Costs(partial(_passed, trials, name, frontier, size, asked)) if asked else (),
        proven=True,
    )


def _runs(trials: Trials, name: str, frontier: tuple[str, ...]) -> _Runs | None:
    truth = trials.truth(name)
    size = rms(truth)
    if not size > 0:
        return None
    sample, made = trials.stored(name), trials.made(name, frontier)
    sizes = _sizes(truth, sample, made, trials.case.grid(name))
    found = _Runs(name, frontier, truth, sample, made, size, sizes)
    return found if isfinite(size + sizes.total + sizes.own) else None


def _rounding(trials: Trials, name: str, frontier: tuple[str, ...], size: float) -> Iterator[tuple[str, float]]:
    """What rounding each input alone does to the output."""
    plain, truth = trials.benchmark(frontier), trials.truth(name)
    for source in frontier:
        grid = trials.case.grid(source)
        if grid is not None and grid.bits == 8:
            made = trials.run(name, plain | {source: grid.rounded(plain[source])})
            yield source, distance(made, truth) / size


def _passed(
    trials: Trials, name: str, frontier: tuple[str, ...], size: float, proven: Sequence[Budget]
) -> Iterator[tuple[str, float]]:
    """What each input's own error alone does to the output."""
    plain, truth = trials.benchmark(frontier), trials.truth(name)
    for budget in proven:
        given = plain | {budget.name: trials.with_own_error(budget)}
        yield budget.name, distance(trials.run(name, given), truth) / size


def _weights(trials: Trials, runs: _Runs) -> float:
    """Share of the own error that the weights' rounding explains; NaN where the sample does not hold their step."""
    records = {record.name: record for record in trials.case.sample.records if record.constant}
    rounded, unknown = dict[int, Floats](), False
    for op in trials.again.path(runs.name, runs.frontier) or ():
        record = records.get(trials.case.weights.get(op.index, ""))
        if op.convolution is None or record is None:
            unknown = unknown or op.convolution is not None
            continue
        weights = op.convolution.weights
        flat = weights.reshape(len(weights), -1).T
        steps = weight_steps(flat, record, one_scale(trials.case.sample.read(record), record))
        if steps is None:
            unknown = True
        else:
            rounded[op.index] = (np.round(flat / steps) * steps).T.astype(np.float32).reshape(weights.shape)
    if not rounded:
        return nan if unknown else 0.0
    made = trials.run(runs.name, trials.sample(runs.frontier), rounded)
    return share(runs.own, runs.sample - made)


def _notable(runs: _Runs, grid: Grid | None) -> bool:
    """Whether an own error is more than rounding the output makes, so that its weights are worth a look."""
    own = runs.sizes.own
    return own > 0.05 * runs.size or (grid is not None and grid.bits == 8 and own > 0.8 * grid.step)


class Budgets:
    """Error budgets of a case, in network order."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._inputs = frozenset(item.name for item in case.inputs if item.benchmark)
        self._input_change: dict[str, Change] = {}
        self._known: dict[str, Budget] = {}
        self._all: tuple[Budget, ...] | None = None
        self.trials = Trials(case, Again(case.twin, case.kernels), self._input_change) if case.twin else None

    @cached_property
    def _given(self) -> frozenset[str]:
        """What layers are computed from."""
        return self._inputs.union(self._case.compared)

    def explain_input(self, name: str, change: Change) -> None:
        """From now on replay from a network input as the sample's network saw it."""
        self._input_change[name] = change
        if self.trials is not None:
            self.trials.forget()
        self._all = None
        first = {layer for layer, budget in self._known.items() if name in budget.inputs}
        # what the errors of the first layers cost the layers behind them may have been worked out already
        self._known = {
            layer: budget for layer, budget in self._known.items() if first.isdisjoint((layer, *budget.inputs))
        }

    def all(self) -> Iterator[Budget]:
        """One budget per compared layer."""
        if self._all is None:
            self._all = tuple(map(self.of, self._case.compared))
        yield from self._all

    def of(self, name: str) -> Budget:
        """The budget of one compared layer."""
        self._case.check()
        if name not in self._known:
            self._known[name] = self._replayed(name) or estimated(self._case, name, self.nearest(name))
        return self._known[name]

    def _replayed(self, name: str) -> Budget | None:
        sources = self._frontier(name) if self._case.comparable(name) else None
        if self._case.clock.over:
            self._case.late(Message("layers behind that, which were not computed again"))
            return None
        if self.trials is None or sources is None or not all(map(self._readable, sources)):
            return None
        known = (self.of(source) for source in sources if source in self._case.compared)
        return replayed(self.trials, name, sources, [budget for budget in known if budget.proven])

    def _frontier(self, name: str) -> tuple[str, ...] | None:
        return self.trials.again.frontier(name, self._given) if self.trials else None

    def _readable(self, name: str) -> bool:
        return name not in self._case.compared or self._case.comparable(name)

    def knows(self, name: str) -> bool:
        """Whether it is a compared layer."""
        return name in self._case.compared

    def made(self, name: str) -> tuple[Floats, Floats]:
        """(sample, the layer in float from the sample's inputs), flat; the benchmark where it can not be computed."""
        sources = self._frontier(name)
        if self.trials is None or sources is None or not self.of(name).proven:
            return self._case.both(name)
        return self.trials.stored(name), self.trials.made(name, sources)

    def nearest(self, name: str) -> tuple[str, ...]:
        """The nearest compared tensors (or network inputs) upstream."""
        found: dict[str, None] = {}
        open_ones, seen = [name], {name}
        while open_ones:
            op = self._case.graph.producer(open_ones.pop())
            for record in op.inputs if op else ():
                if record.name in self._given:
                    found[record.name] = None
                elif record.name not in seen:
                    seen.add(record.name)
                    open_ones.append(record.name)
        return tuple(found)
