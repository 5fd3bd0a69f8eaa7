"""What the network's errors become when some tensors get INT16.

A layer's error energy is what it inherits plus its own. With INT16 for a tensor (and all that share its scale):
its own rounding gives way to that of a step 256 times as fine, what its rounding cost the layers behind it falls
by 48.2 dB (8 bits of 6.02 dB), and so do the errors of the weights that read it, which become S16 as well (seen
in a dump converted with `cat` named). What is inherited from other layers shrinks as those layers' errors do, but no
layer becomes better than its inputs by that. It is an estimate: only converting, calibrating and dumping again tells.

Apart because the rules must not know how the gain is estimated, nor the estimate which rule asked for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt

from sgs_tui.engine.advice.results import Predicted, predicted
from sgs_tui.engine.advice.targets import Targets
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.compare.metrics import with_error
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.results import Budget
from sgs_tui.engine.diagnosis.trying import failing

_FINER = 1 / 256
"""A step of 16 bits in steps of 8."""

_S16_STEPS = 1.0
"""RMS error of an S16 result in its steps: 1.01 in a dump of such a layer; ideal rounding would be 0.29."""


@dataclass(frozen=True, slots=True)
class Model:
    """Error budgets of a network, ready for questions of the kind "what if"."""

    rows: Mapping[str, LayerDiff]
    budgets: Sequence[Budget]
    targets: Targets
    widths: Mapping[str, float]
    totals: Mapping[str, float]
    profile: Profile

    @classmethod
    def of(cls, case: Case, budgets: Sequence[Budget], targets: Targets, profile: Profile) -> "Model":
        """`widths`: of each layer's grid relative to its signal, from which its S16 rounding follows."""
        widths = {}
        for name, row in case.compared.items():
            grid, signal = case.grid(name), _signal(row)
            widths[name] = max(abs(grid.low), abs(grid.high)) / signal if grid and signal > 0 else 0.0
        totals = {budget.name: budget.total for budget in budgets}
        return cls(case.compared, budgets, targets, widths, totals, profile)

    def predict(self, raised: Sequence[str]) -> list[Predicted]:
        """Every layer's figures with these convolution inputs in INT16."""
        wide = {name for tensor in raised for name in (tensor, *self.targets.raises(tensor))}
        ratio: dict[str, float] = {}
        for budget in self.budgets:
            ratio[budget.name] = self._ratio(budget, wide, ratio)
        found = [
            self._figures(row, ratio.get(name, 1.0), name in wide) for name, row in self.rows.items() if row.metrics
        ]
        bad = failing({row.name: row for row in found}, self.profile)
        return [predicted(row, row.name in bad) for row in found]

    def _ratio(self, budget: Budget, wide: set[str], ratio: Mapping[str, float]) -> float:
        """New error of a layer over its old one."""
        if not budget.total or not isfinite(budget.total):
            return 1.0
        own = self._own(budget, wide)
        inherited = self._inherited(budget, wide, ratio)
        before = sqrt(budget.own**2 + budget.inherited**2)
        return min(1.0, sqrt(own**2 + inherited**2) / before) if before > 0 else 1.0

    def _own(self, budget: Budget, wide: set[str]) -> float:
        own = budget.own
        if budget.weights > 0 and any(name in wide for name in budget.inputs):
            own *= sqrt(1 - budget.weights * (1 - _FINER**2))
        if budget.name in wide:
            # Its rounding goes, what its own weights cost stays; a step of the new grid comes.
            step = self.widths.get(budget.name, 0.0) / 32767 * _S16_STEPS
            own = min(own, sqrt(max(own**2 - budget.floor**2, 0.0) + step**2))
        return own

    def _inherited(self, budget: Budget, wide: set[str], ratio: Mapping[str, float]) -> float:
        """What is left of the inherited error: rounding of raised inputs goes, the rest shrinks with its sources."""
        rounding = dict(budget.rounding)
        rounding |= {s: max(c, rounding.get(s, 0.0)) for s, c in budget.passed if s in wide}
        gone = sum(cost**2 for source, cost in rounding.items() if source in wide)
        rest = max(budget.inherited**2 - gone, 0.0)
        factors = [ratio.get(source, 1.0) for source in budget.inputs]
        shrunk = max(factors, default=1.0) if gone < 0.5 * budget.inherited**2 else 1.0
        left = [ratio.get(source, 1.0) * self.totals.get(source, 0.0) for source in budget.inputs]
        return min(budget.inherited, max(sqrt(rest * shrunk**2 + gone * _FINER**2), *left, 0.0))

    def _figures(self, row: LayerDiff, ratio: float, wide: bool) -> LayerDiff:
        """The row with another error; slices that 16 bits tell apart are not narrow any more."""
        assert row.metrics is not None
        exact = ratio == 1.0 or not isfinite(row.metrics.rmse)
        metrics = row.metrics if exact else with_error(row.metrics, ratio)
        return replace(row, metrics=metrics, slices=row.slices.finer(256) if row.slices and wide else row.slices)


def _signal(row: LayerDiff) -> float:
    """RMS of the benchmark, from the error and its relative size."""
    if row.metrics is None or not row.metrics.relative_l2 or not isfinite(row.metrics.relative_l2):
        return 0.0
    return sqrt(row.metrics.mse) / row.metrics.relative_l2
