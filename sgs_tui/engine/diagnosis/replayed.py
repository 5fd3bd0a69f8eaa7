"""A layer's error budget, proven: the layer is computed again from the sample's inputs and from changed ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from sgs_tui.engine.diagnosis.energy import rms, share
from sgs_tui.engine.diagnosis.geometry import TOLERANCE
from sgs_tui.engine.diagnosis.grids import Grid, weight_steps
from sgs_tui.engine.diagnosis.reach import path
from sgs_tui.engine.diagnosis.results import Budget
from sgs_tui.engine.diagnosis.tensors import Values
from sgs_tui.engine.diagnosis.trials import Trials, changed, replaced

FAINT = 0.03
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
    asked = proven if runs.inherited >= FAINT else ()
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
    ops = [op for op in path(replay.graph, runs.name, frozenset(runs.frontier)) if op.has_weights]
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
