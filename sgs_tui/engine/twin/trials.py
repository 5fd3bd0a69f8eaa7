"""Trials: figures of every layer for one INT16 choice after the other, each computed downstream of what it changes.

A trial costs the groups whose settings or inputs differ from the base run; all others keep their codes and figures. The
base run's codes stay in memory (a quarter to a half of the float values).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Self

from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.figures import Figures, figures
from sgs_tui.engine.twin.kernels import Array
from sgs_tui.engine.twin.plan import Plan, with_int16
from sgs_tui.engine.twin.predict import Base, Inputs, Kernels, Layer, dumped_inputs, input_codes, run
from sgs_tui.engine.twin.values import Values

Scores = Mapping[str, Figures]
STRETCHES = (1.0, 0.9, 1.12)
"""What calibration may have seen more or less of: the plan as it is, and two to see how much hangs on it."""


@dataclass(frozen=True)
class Trials:
    """One network on one picture under one plan: `scores` of every stored layer against the float dump."""

    plan: Plan
    inputs: Mapping[str, Array] = field(repr=False)
    kernels: Kernels = field(repr=False)
    references: Values = field(repr=False)
    base: Base = field(repr=False)
    scores: Scores = field(repr=False)

    @classmethod
    def start(
        cls,
        plan: Plan,
        inputs: Inputs | None = None,
        pixels: Pixels | None = None,
        kernels: Kernels | None = None,
        cancel: Event | None = None,
    ) -> Self:
        """Run the base. `inputs` and `pixels` as for `predict`. Raises InputError, RunError, CancelledError."""
        codes = input_codes(plan, dumped_inputs(plan.twin) if inputs is None else inputs, pixels)
        kept, base, references = kernels or Kernels(), Base(), Values(plan.twin.dump)
        layers = run(plan, codes, kept, keep=base, cancel=cancel)
        return cls(plan, codes, kept, references, base, scored(plan, layers, references))

    def of(self, int16: Sequence[str], cancel: Event | None = None, only: Iterable[str] | None = None) -> Scores:
        """Figures with exactly these convolution inputs in 16 bit; of layers in `only`, or of all."""
        return self.under(with_int16(self.plan, int16), cancel, only)

    def under(self, plan: Plan, cancel: Event | None = None, only: Iterable[str] | None = None) -> Scores:
        """Figures under another plan of the same network (same fused tensors)."""
        if plan is self.plan:
            return self.scores
        layers = run(plan, self.inputs, self.kernels, base=self.base, cancel=cancel)
        return scored(plan, layers, self.references, self.scores, None if only is None else frozenset(only))

    def stretched(self, factor: float, cancel: Event | None = None) -> Scores:
        """Figures if calibration had seen more or less than the plan says: accumulators lose other bits."""
        return self.under(replace(self.plan, stretch=factor), cancel)


def scored(
    plan: Plan, layers: Iterable[Layer], references: Values, known: Scores | None = None,
    only: frozenset[str] | None = None,
) -> dict[str, Figures]:  # fmt: skip
    """Figures of layers as they come; of what did not change those that are `known`."""
    found: dict[str, Figures] = {}
    for layer in layers:
        if layer.name in plan.twin.inputs or (only is not None and layer.name not in only):
            continue
        if known is not None and not layer.changed and layer.name in known:
            found[layer.name] = known[layer.name]
        else:
            found[layer.name] = figures(layer.values(), references.read(plan.twin.records[layer.name]))
    return found


def error_bars(trials: Trials, cancel: Event | None = None) -> dict[str, float]:
    """By layer, how far its predicted SQNR may be off in dB: what changes with the unknown part of calibration, and
    0.3."""
    runs = [trials.stretched(factor, cancel) for factor in STRETCHES]
    return {
        name: max(run[name].sqnr_db for run in runs) - min(run[name].sqnr_db for run in runs) + 0.3
        for name in trials.scores
    }
