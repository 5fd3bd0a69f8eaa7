"""A layer's error budget where it can not be computed again: what exceeds the worst error of its inputs is its own."""

from dataclasses import replace
from math import isfinite, sqrt

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.domains import passes_through
from sgs_tui.engine.diagnosis.energy import rms, share
from sgs_tui.engine.diagnosis.results import Budget

GROWTH = 2.0
"""An error that doubles (+6 dB) over that of the inputs is the layer's own."""

OVERLAP = 2.5
"""A value counts several times in pools whose windows overlap: 9/4 times for 3x3 with stride 2."""


def estimated(case: Case, name: str, inputs: tuple[str, ...]) -> Budget:
    """The budget from the errors of a layer and of the compared tensors it is computed from, unproven."""
    total = case.error(name)
    worst = max((case.error(source) for source in inputs), default=0.0)
    op = case.graph.producer(name)
    passing = op is not None and passes_through(op.kind) and bool(inputs)
    handed_on = passing and worst > 0 and (total < 0.05 or _energy(case, (name,)) <= OVERLAP * _energy(case, inputs))
    grown = total > GROWTH * worst and not handed_on
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
