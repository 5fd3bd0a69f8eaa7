"""Where a layer's error comes from: inherited from its inputs, or its own.

    error = sample - benchmark = own + inherited
    inherited = f(sample's inputs) - f(benchmark's inputs)          f: the layer in float, replayed
    own = sample - f(sample's inputs)

All are given as RMS relative to the RMS of the benchmark's output. What rounding or clipping ONE input to the
sample's grid does to the output is replayed too: it is the price of that input's 8 bits, and what 16 would save.
Where a layer can not be replayed, its own error is what exceeds the worst error of its inputs, unproven.
"""

from collections.abc import Iterator

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.estimated import estimated
from sgs_tui.engine.diagnosis.reach import frontier
from sgs_tui.engine.diagnosis.replayed import replayed
from sgs_tui.engine.diagnosis.results import Budget
from sgs_tui.engine.diagnosis.tensors import Values
from sgs_tui.engine.diagnosis.trials import Change, Trials


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
