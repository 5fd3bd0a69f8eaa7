"""A layer's error budget where it can not be computed again: what exceeds the worst error of its inputs is its own."""

from dataclasses import replace
from math import isfinite, sqrt

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.domains import passes_through
from sgs_tui.engine.diagnosis.energy import rms, share
from sgs_tui.engine.diagnosis.results import Budget

GROWTH = 2.0
"""An error that doubles (+6 dB) over that of the inputs is the layer's own."""


def estimated(case: Case, name: str, inputs: tuple[str, ...]) -> Budget:
    """The budget from the errors of a layer and of the compared tensors it is computed from, unproven."""
    total = case.error(name)
    worst = max((case.error(source) for source in inputs), default=0.0)
    op = case.graph.producer(name)
    passing = op is not None and passes_through(op.kind) and bool(inputs)
    grown = total > GROWTH * worst and not (passing and worst > 0 and total < 0.05)
    own = sqrt(max(0.0, min(total, 1e3) ** 2 - min(worst, 1e3) ** 2)) if grown else 0.0
    plain = Budget(name, inputs, total, min(worst, total), own, own_steps=float("nan"))
    return _on_grid(case, plain) if own and isfinite(total) and case.comparable(name) else plain


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
