"""Where a layer's error comes from: inherited from its inputs, or its own.

    error = sample - benchmark = own + inherited
    inherited = f(sample's inputs) - f(benchmark's inputs)          f: the layer in float, replayed
    own = sample - f(sample's inputs)

All are given as RMS relative to the RMS of the benchmark's output. What rounding or clipping ONE input to the
sample's grid does to the output is replayed too: it is the price of that input's 8 bits, and what 16 would save.
Where a layer can not be replayed, its own error is what exceeds the worst error of its inputs, unproven.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import isfinite, sqrt

import numpy as np

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.convolution import Rows, Span
from sgs_tui.engine.diagnosis.domains import passes_through
from sgs_tui.engine.diagnosis.energy import rms, share
from sgs_tui.engine.diagnosis.geometry import TOLERANCE
from sgs_tui.engine.diagnosis.grids import Grid, weight_steps
from sgs_tui.engine.diagnosis.replay import Replay, Source
from sgs_tui.engine.diagnosis.results import Budget
from sgs_tui.engine.diagnosis.tensors import Values

Change = Callable[[Values], Values]

GROWTH = 2.0
"""Without a replay: an error that doubles (+6 dB) over that of the inputs is the layer's own."""


class Budgets:
    """Error budgets of a case, in network order."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._given = frozenset(case.compared) | frozenset(item.name for item in case.inputs if item.benchmark)
        self._input_change: dict[str, Change] = {}
        self._known: dict[str, Budget] = {}

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
            self._known[name] = self._budget(name)
        return self._known[name]

    def _budget(self, name: str) -> Budget:
        replay = self._case.replay
        frontier = replay.frontier(name, self._given) if replay and self._case.comparable(name) else None
        if replay is None or frontier is None or not all(map(self._readable, frontier)):
            return self._estimated(name)
        return self._replayed(replay, name, frontier) or self._estimated(name)

    def made(self, name: str) -> tuple[Values, Values]:
        """(sample, the layer in float from the sample's inputs), flat, on bands; the benchmark where not replayed."""
        replay = self._case.replay
        frontier = replay.frontier(name, self._given) if replay else None
        if replay is None or frontier is None or not self.of(name).proven:
            return self._case.both(name)
        made = self.run(replay, name, self.source(frontier, sample=True))
        return self.bands(replay, name, self._case.sample_rows(name)), made

    def _readable(self, name: str) -> bool:
        return name not in self._case.compared or self._case.comparable(name)

    # --- replayed ---------------------------------------------------------------------------------

    def source(
        self, frontier: tuple[str, ...], sample: bool, changed: str = "", change: Change | None = None
    ) -> Source:
        """Tensors of the frontier from the sample (network inputs: the benchmark's) or the benchmark, one changed."""

        def give(name: str) -> Rows | None:
            if name not in frontier:
                return None
            outside = name not in self._case.compared
            rows = self._case.sample_rows(name) if sample and not outside else self._case.benchmark_rows(name)
            if sample and outside and name in self._input_change:
                return _changed(rows, self._input_change[name])
            return _changed(rows, change) if change and name == changed else rows

        return give

    def run(self, replay: Replay, name: str, source: Source) -> Values:
        """A layer replayed on its bands, flat."""
        return np.concatenate([replay.rows(name, source, span).ravel() for span in replay.bands(name)])

    def bands(self, replay: Replay, name: str, rows: Rows) -> Values:
        """A tensor's values on the bands a replay covers, flat."""
        return np.concatenate([rows(span.start, span.stop).ravel() for span in replay.bands(name)])

    def _replayed(self, replay: Replay, name: str, frontier: tuple[str, ...]) -> Budget | None:
        """None where the replay does not reproduce the benchmark."""
        truth = self.bands(replay, name, self._case.benchmark_rows(name))
        again = self.run(replay, name, self.source(frontier, sample=False))
        sample = self.bands(replay, name, self._case.sample_rows(name))
        made = self.run(replay, name, self.source(frontier, sample=True))
        size = rms(truth)
        if not isfinite(size + rms(sample) + rms(made)) or not size > 0 or not rms(again - truth) <= TOLERANCE * size:
            return None
        own = sample - made
        grid = self._case.grid(name)
        return Budget(
            name=name,
            inputs=frontier,
            total=rms(sample - truth) / size,
            inherited=rms(made - truth) / size,
            own=rms(own) / size,
            own_steps=rms(own) / grid.step if grid else float("nan"),
            floor=rms(made - grid.rounded(made)) / size if grid else 0.0,
            clipped=share(own, sample - grid.clipped(made)) if grid else 0.0,
            cut=rms(truth - grid.clipped(truth)) / size if grid else 0.0,
            weights=self._weights(replay, name, frontier, sample, own) if _notable(own, size, grid) else 0.0,
            rounding=tuple(self._rounding(replay, name, frontier, truth, size)),
            passed=tuple(self._passed(replay, name, frontier, truth, size)),
            proven=True,
        )

    def _rounding(
        self, replay: Replay, name: str, frontier: tuple[str, ...], truth: Values, size: float
    ) -> Iterator[tuple[str, float]]:
        """What rounding each input alone does to the output."""
        for source in frontier:
            grid = self._case.grid(source)
            if grid is not None and grid.bits == 8:
                rounded = self.run(replay, name, self.source(frontier, False, source, grid.rounded))
                yield source, rms(rounded - truth) / size

    def _passed(
        self, replay: Replay, name: str, frontier: tuple[str, ...], truth: Values, size: float
    ) -> Iterator[tuple[str, float]]:
        """What each input's own error alone does to the output."""
        for source in frontier:
            if source in self._case.compared and self.of(source).proven:
                given = _with(self.source(frontier, sample=False), source, self._with_own_error(replay, source))
                made = self.run(replay, name, given)
                yield source, rms(made - truth) / size

    def _with_own_error(self, replay: Replay, name: str) -> Rows:
        """The benchmark's tensor plus what the sample's layer itself got wrong."""
        truth, sample = self._case.benchmark_rows(name), self._case.sample_rows(name)
        given = self.source(self.of(name).inputs, sample=True)
        return lambda start, stop: (
            truth(start, stop) + sample(start, stop) - replay.rows(name, given, Span(start, stop))
        )

    def _weights(self, replay: Replay, name: str, frontier: tuple[str, ...], sample: Values, own: Values) -> float:
        """Share of the own error that the weights' rounding explains."""
        ops = [op for op in replay.path(name, frozenset(frontier)) if op.has_weights]
        records = {record.name: record for record in self._case.sample.records if record.constant}
        rounded: dict[int, Values] = {}
        for op in ops:
            weights, record = replay.weights(op), records.get(op.constants[0].name)
            steps = weight_steps(weights, record) if record else None
            if steps is not None:
                rounded[op.index] = (np.round(weights / steps) * steps).astype(np.float32)
        if not rounded:
            return 0.0
        made = self.run(replay.with_weights(rounded), name, self.source(frontier, sample=True))
        return share(own, sample - made)

    # --- estimated --------------------------------------------------------------------------------

    def _estimated(self, name: str) -> Budget:
        inputs = self.nearest(name)
        total = self._case.error(name)
        worst = max((self._case.error(source) for source in inputs), default=0.0)
        op = self._case.graph.producer(name)
        passing = op is not None and passes_through(op.kind) and bool(inputs)
        grown = total > GROWTH * worst and not (passing and worst > 0 and total < 0.05)
        own = sqrt(max(0.0, min(total, 1e3) ** 2 - min(worst, 1e3) ** 2)) if grown else 0.0
        plain = Budget(name, inputs, total, min(worst, total), own, own_steps=float("nan"))
        grid = self._case.grid(name)
        if grid is None or not own or not isfinite(total) or not self._case.comparable(name):
            return plain
        sample, truth = self._case.both(name)
        size = rms(truth)
        return replace(
            plain,
            own_steps=own * size / grid.step,
            floor=rms(truth - grid.rounded(truth)) / size if size else 0.0,
            clipped=share(sample - truth, sample - grid.clipped(truth)),
            cut=rms(truth - grid.clipped(truth)) / size if size else 0.0,
        )

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


def _notable(own: Values, size: float, grid: Grid | None) -> bool:
    """Whether an own error is more than rounding the output makes, so that its weights are worth a look."""
    return rms(own) > 0.05 * size or (grid is not None and grid.bits == 8 and rms(own) > 0.8 * grid.step)


def _with(source: Source, name: str, rows: Rows) -> Source:
    """The same source with one tensor from elsewhere."""
    return lambda each: rows if each == name else source(each)


def _changed(rows: Rows, change: Change) -> Rows:
    return lambda start, stop: change(rows(start, stop))
