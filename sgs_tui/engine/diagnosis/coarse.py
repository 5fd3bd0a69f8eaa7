"""Causes `wide_range` and `shared_scale`: the step is too coarse for what it has to tell apart.

Either values of one tensor differ too much for 255 steps (a channel 400 times the others), or a tensor has to
take the scale of another it is concatenated with. Both hide well: the wide record itself looks fine to COS.
Two observations prove them: a layer whose own error stays within a step but is as large as its signal, and a
layer that goes bad when its input is rounded to that input's grid, in float, with nothing else changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sgs_tui.engine.diagnosis.case import SUSPECT, Case
from sgs_tui.engine.diagnosis.results import Budget
from sgs_tui.engine.diagnosis.tensors import Values

WITHIN = 1.0
"""Own errors up to this many steps (RMS) are rounding: 0.29 for the output, up to 0.6 with 8-bit weights."""

COSTLY = 0.07
"""An input whose rounding alone costs this share of the output's signal (-23 dB) is too coarse; healthy: 0.03."""

PART = 0.2
"""... and it has to explain this share of the output's error energy, or make the layer bad all by itself."""

SPREAD = 16.0
"""A channel this many times larger than the lower quartile leaves those four bits."""

CROWDED = 0.5
"""Share of the non-zero values within two steps of 0 from which a tensor is suspected without a replay."""

OWN = 0.7 * SUSPECT
"""Own error that makes a layer suspect all by itself, nearly."""

NARROW = 4.0
"""A member this many times narrower than its shared scale loses two of its eight bits (12 dB)."""


@dataclass(frozen=True, slots=True)
class Coarse:
    """A tensor whose step is too coarse: `cost` in the signal of `victim` (itself where it is crushed)."""

    tensor: str
    victim: str
    cost: float
    explained: float
    proven: bool


def coarse_tensors(case: Case, budgets: Sequence[Budget]) -> Iterator[Coarse]:
    """Every tensor that is crushed by its own step, or whose rounding spoils a layer behind it."""
    known = {budget.name: budget for budget in budgets}
    for budget in budgets:
        if not budget.proven and budget.own >= OWN and not budget.own_steps <= WITHIN:
            yield from _suspected(case, budget)
        if is_crushed(case, budget):
            part = min(1.0, (budget.floor / budget.own) ** 2) if budget.own else 0.0
            yield Coarse(budget.name, budget.name, budget.own, part, budget.proven)
        for source, cost in _costs(case, budget, known):
            part = min(1.0, (cost / budget.total) ** 2) if budget.total else 0.0
            if cost >= COSTLY and (part >= PART or cost >= SUSPECT) and budget.total >= OWN:
                yield Coarse(source, budget.name, cost, part, True)


def _costs(case: Case, budget: Budget, known: Mapping[str, Budget]) -> Iterator[tuple[str, float]]:
    """What each input costs a layer: its rounding, or all of its own error where 8 bits make that too."""
    passed = dict(budget.passed)
    for source, cost in budget.rounding:
        own = known.get(source)
        eight = own is not None and (own.own_steps <= WITHIN or _wide_weights(case, own))
        yield source, max(cost, passed.get(source, 0.0)) if eight else cost


def _wide_weights(case: Case, budget: Budget) -> bool:
    """Whether weights that make one channel of a layer large cost the others their bits."""
    return budget.weights >= 0.5 and not any(is_spread(case, name) for name in budget.inputs)


def _suspected(case: Case, budget: Budget) -> Iterator[Coarse]:
    """Without a replay: a layer goes bad while an input looks fine, though most of its values fill no step."""
    for source in budget.inputs:
        if source in case.compared and case.error(source) < SUSPECT and inside(case, source) >= CROWDED:
            yield Coarse(source, budget.name, budget.own, 0.6, proven=False)


def inside(case: Case, name: str) -> float:
    """Share of a tensor's non-zero values that lie within two steps of 0; in healthy tensors it is a few percent."""
    grid = case.grid(name)
    if grid is None or grid.bits != 8 or not case.comparable(name):
        return 0.0
    truth = case.both(name)[1]
    live = truth[np.isfinite(truth) & (truth != 0)]
    return float(np.mean(np.abs(live) < 2 * grid.step)) if live.size else 0.0


def is_crushed(case: Case, budget: Budget) -> bool:
    """Whether a layer's own error is within a step and yet as large as its signal."""
    mostly = budget.own >= OWN and budget.own**2 >= PART * budget.total**2
    return mostly and budget.own_steps <= WITHIN and case.error(budget.name) >= OWN


def width(case: Case, name: str) -> float:
    """How much of the grid a tensor needs: calibrated or measured range, zero included."""
    row = case.rows.get(name)
    if row is None or row.benchmark is None:
        return 0.0
    known = case.ranges.find(name) if case.ranges else None
    low, high = known or (row.benchmark.minimum, row.benchmark.maximum)
    return max(high, 0.0) - min(low, 0.0)


def channel_tops(case: Case, name: str) -> Values:
    """Largest magnitude of every channel of the benchmark; empty where the channels are not known."""
    channels = case.shape(name).channels
    truth = case.both(name)[1] if channels > 1 and case.comparable(name) else np.empty(0, np.float32)
    if not truth.size or truth.size % channels:
        return np.empty(0, np.float32)
    tops: Values = np.nanmax(np.abs(truth.reshape(-1, channels)), axis=0)
    return tops


def is_spread(case: Case, name: str) -> bool:
    """Whether one channel is far larger than the smaller ones; dead channels do not count."""
    tops = channel_tops(case, name)
    live = tops[tops > 0]
    return bool(live.size) and float(live.max()) >= SPREAD * float(np.percentile(live, 25))
