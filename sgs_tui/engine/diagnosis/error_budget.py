"""Where a layer's error comes from: inherited from its inputs, or its own.

    error = sample - benchmark = own + inherited
    inherited = f(sample's inputs) - f(benchmark's inputs)          f: the layer in float, replayed
    own = sample - f(sample's inputs)

All are given as RMS relative to the RMS of the benchmark's output. What rounding or clipping ONE input to the
sample's grid does to the output is replayed too: it is the price of that input's 8 bits, and what 16 would save.
Where a layer can not be replayed, its own error is what exceeds the worst error of its inputs, unproven.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt

import numpy as np

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.results import Budget
from sgs_tui.engine.network.compute import Rows
from sgs_tui.engine.network.replay import Feed, Replay, frontier, path
from sgs_tui.engine.network.scales import Grid, weight_steps
from sgs_tui.engine.network.tensors import Values, rms, share
from sgs_tui.engine.network.windows import TOLERANCE

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
    own = sqrt(max(0.0, min(total, 1e3) ** 2 - min(worst, 1e3) ** 2)) if grown else 0.0
    inherited = total if handed_on else min(worst, total)
    plain = Budget(name, inputs, total, inherited, own, own_steps=float("nan"))
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


Change = Callable[[Values], Values]


class Trials:
    """Runs of layers on the bands of rows that a replay covers.

    `seen`: how the sample's network saw its inputs, where that is known to differ from the benchmark's.
    """

    def __init__(self, case: Case, replay: Replay, seen: Mapping[str, Change]) -> None:
        self.case, self.replay, self._seen = case, replay, seen

    def benchmark(self, frontier: tuple[str, ...]) -> Feed:
        """The benchmark's tensors for those of a frontier; what lies behind them is computed."""
        return lambda name: self.case.benchmark_rows(name) if name in frontier else None

    def sample(self, frontier: tuple[str, ...]) -> Feed:
        """The sample's; for the network's inputs the benchmark's, since the sample's records do not show them."""

        def give(name: str) -> Rows | None:
            if name not in frontier:
                return None
            if name in self.case.compared:
                return self.case.sample_rows(name)
            rows = self.case.benchmark_rows(name)
            return changed(rows, self._seen[name]) if name in self._seen else rows

        return give

    def run(self, name: str, source: Feed, replay: Replay | None = None) -> Values:
        """A layer computed on its bands, flat; by another `replay` (with other weights, say) where given."""
        able = replay or self.replay
        return np.concatenate([able.rows(name, source, span).ravel() for span in self.replay.bands(name)])

    def stored(self, name: str, rows: Rows) -> Values:
        """What a dump holds of a tensor on the same bands, flat."""
        return np.concatenate([rows(span.start, span.stop).ravel() for span in self.replay.bands(name)])

    def with_own_error(self, name: str, inputs: tuple[str, ...]) -> Rows:
        """The benchmark's tensor plus what the sample's layer itself got wrong."""
        truth, sample, given = self.case.benchmark_rows(name), self.case.sample_rows(name), self.sample(inputs)
        return lambda start, stop: (
            truth(start, stop) + sample(start, stop) - self.replay.rows(name, given, range(start, stop))
        )


def replaced(source: Feed, name: str, rows: Rows) -> Feed:
    """The same source with one tensor from elsewhere."""
    return lambda each: rows if each == name else source(each)


def changed(rows: Rows, change: Change) -> Rows:
    """Rows with a change made to them."""
    return lambda start, stop: change(rows(start, stop))


_FAINT = 0.03
"""Inherited errors below this (-30 dB) are under every built-in limit: which input they come from is not asked."""


@dataclass(frozen=True, slots=True)
class _Runs:
    """A layer on its bands: what both dumps hold, and the float layer fed with the sample's inputs."""

    name: str
    frontier: tuple[str, ...]
    truth: Values
    sample: Values
    made: Values
    size: float

    @property
    def own(self) -> Values:
        """What the sample's layer itself got wrong."""
        return self.sample - self.made

    @property
    def inherited(self) -> float:
        """Relative error that its inputs hand on."""
        return rms(self.made - self.truth) / self.size


def replayed(trials: Trials, name: str, frontier: tuple[str, ...], proven: Sequence[Budget]) -> Budget | None:
    """The budget of a layer; None where the replay does not reproduce the benchmark.

    `proven`: replayed budgets of the tensors it is computed from, as far as there are any.
    """
    runs = _runs(trials, name, frontier)
    if runs is None:
        return None
    grid, own, truth, size = trials.case.grid(name), runs.own, runs.truth, runs.size
    asked = proven if runs.inherited >= _FAINT else ()
    return Budget(
        name=name,
        inputs=frontier,
        total=rms(runs.sample - truth) / size,
        inherited=runs.inherited,
        own=rms(own) / size,
        own_steps=rms(own) / grid.step if grid else float("nan"),
        floor=rms(runs.made - grid.rounded(runs.made)) / size if grid else 0.0,
        clipped=share(own, runs.sample - grid.clipped(runs.made)) if grid else 0.0,
        cut=rms(truth - grid.clipped(truth)) / size if grid else 0.0,
        weights=_weights(trials, runs) if _notable(own, size, grid) else 0.0,
        rounding=tuple(_rounding(trials, runs)),
        passed=tuple(_passed(trials, runs, asked)),
        proven=True,
    )


def _runs(trials: Trials, name: str, frontier: tuple[str, ...]) -> _Runs | None:
    case = trials.case
    truth = trials.stored(name, case.benchmark_rows(name))
    again = trials.run(name, trials.benchmark(frontier))
    size = rms(truth)
    if not size > 0 or not rms(again - truth) <= TOLERANCE * size:
        return None
    sample = trials.stored(name, case.sample_rows(name))
    made = trials.run(name, trials.sample(frontier))
    found = _Runs(name, frontier, truth, sample, made, size)
    return found if isfinite(size + rms(sample) + rms(made)) else None


def _rounding(trials: Trials, runs: _Runs) -> Iterator[tuple[str, float]]:
    """What rounding each input alone does to the output."""
    plain = trials.benchmark(runs.frontier)
    for source in runs.frontier:
        grid = trials.case.grid(source)
        if grid is not None and grid.bits == 8:
            rows = changed(trials.case.benchmark_rows(source), grid.rounded)
            yield source, rms(trials.run(runs.name, replaced(plain, source, rows)) - runs.truth) / runs.size


def _passed(trials: Trials, runs: _Runs, proven: Sequence[Budget]) -> Iterator[tuple[str, float]]:
    """What each input's own error alone does to the output."""
    plain = trials.benchmark(runs.frontier)
    for budget in proven:
        given = replaced(plain, budget.name, trials.with_own_error(budget.name, budget.inputs))
        yield budget.name, rms(trials.run(runs.name, given) - runs.truth) / runs.size


def _weights(trials: Trials, runs: _Runs) -> float:
    """Share of the own error that the weights' rounding explains."""
    replay = trials.replay
    ops = [op for op in path(replay.graph, runs.name, frozenset(runs.frontier)) if op.family.has_weights]
    records = {record.name: record for record in trials.case.sample.records if record.constant}
    rounded: dict[int, Values] = {}
    for op in ops:
        weights, record = replay.weights(op), records.get(op.constants[0].name)
        steps = weight_steps(weights, record) if record else None
        if steps is not None:
            rounded[op.index] = (np.round(weights / steps) * steps).astype(np.float32)
    if not rounded:
        return 0.0
    made = trials.run(runs.name, trials.sample(runs.frontier), replay.with_weights(rounded))
    return share(runs.own, runs.sample - made)


def _notable(own: Values, size: float, grid: Grid | None) -> bool:
    """Whether an own error is more than rounding the output makes, so that its weights are worth a look."""
    return rms(own) > 0.05 * size or (grid is not None and grid.bits == 8 and rms(own) > 0.8 * grid.step)


class Budgets:
    """Error budgets of a case, in network order."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._given = frozenset(case.compared) | frozenset(item.name for item in case.inputs if item.benchmark)
        self._input_change: dict[str, Change] = {}
        self._known: dict[str, Budget] = {}
        self.trials = Trials(case, case.replay, self._input_change) if case.replay else None

    def explain_input(self, name: str, change: Change) -> None:
        """From now on replay from a network input as the sample's network saw it."""
        self._input_change[name] = change
        self._known = {layer: budget for layer, budget in self._known.items() if name not in budget.inputs}

    def all(self) -> Iterator[Budget]:
        """One budget per compared layer."""
        for name in self._case.compared:
            yield self.of(name)

    def of(self, name: str) -> Budget:
        """The budget of one compared layer."""
        self._case.check()
        if name not in self._known:
            self._known[name] = self._replayed(name) or estimated(self._case, name, self.nearest(name))
        return self._known[name]

    def _replayed(self, name: str) -> Budget | None:
        sources = self._frontier(name) if self._case.comparable(name) else None
        if self.trials is None or sources is None or not all(map(self._readable, sources)):
            return None
        known = (self.of(source) for source in sources if source in self._case.compared)
        return replayed(self.trials, name, sources, [budget for budget in known if budget.proven])

    def _frontier(self, name: str) -> tuple[str, ...] | None:
        return frontier(self._case.graph, self._case.shapes, name, self._given) if self.trials else None

    def _readable(self, name: str) -> bool:
        return name not in self._case.compared or self._case.comparable(name)

    def made(self, name: str) -> tuple[Values, Values]:
        """(sample, the layer in float from the sample's inputs), flat, on bands; the benchmark where not replayed."""
        sources = self._frontier(name)
        if self.trials is None or sources is None or not self.of(name).proven:
            return self._case.both(name)
        made = self.trials.run(name, self.trials.sample(sources))
        return self.trials.stored(name, self._case.sample_rows(name)), made

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
