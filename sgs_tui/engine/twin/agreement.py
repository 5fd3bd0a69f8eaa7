"""How well the twin foresees a fixed dump at hand: said before anything it promises.

On pairs where only quantization differs the median is 0.00 to 0.35 dB (26 pairs). Where the fixed network is another
(other picture, channel order, gain, offset) it is 13 dB and more (5 pairs). So beyond half a decibel nothing is
promised.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sgs_tui.engine.network.indices import index_tensors
from sgs_tui.engine.network.narrow import all_but_zero
from sgs_tui.engine.twin import trust
from sgs_tui.engine.twin.arithmetic import quantize_weights
from sgs_tui.engine.twin.domains import passes
from sgs_tui.engine.twin.figures import Figures, figures, spread
from sgs_tui.engine.twin.meaning import Given
from sgs_tui.engine.twin.measured import FixedRecords
from sgs_tui.engine.twin.network import Twin
from sgs_tui.engine.twin.plan import NARROW, WIDE, Plan
from sgs_tui.engine.twin.trials import Trials
from sgs_tui.engine.twin.values import Values
from sgs_tui.language import Message, plural

FEW = 32
"""Elements below which a layer's SQNR is chance."""

CHANCE = Message("their rounding is chance")
"""Why the prediction of a layer of few values does not count."""

MANY = 256
"""Elements from which a layer counts for the median."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One layer measured and predicted; `why_not` is empty where the prediction counts."""

    name: str
    kind: str
    measured: Figures
    predicted: Figures
    why_not: str

    @property
    def difference_db(self) -> float:
        """|predicted - measured SQNR|."""
        return abs(self.predicted.sqnr_db - self.measured.sqnr_db)

    @property
    def roughly(self) -> bool:
        """Whether a layer of few values is foreseen as well as chance lets it: to a factor."""
        foreseen, measured = self.predicted.rmse, self.measured.rmse
        return self.why_not.endswith(CHANCE) and measured / trust.ROUGHLY <= foreseen <= measured * trust.ROUGHLY


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """`median_db`, `p90_db` over `counted` layers (256 elements and more, what passes codes on left out); NaN of
    none."""

    layers: tuple[Compared, ...]
    median_db: float
    p90_db: float
    counted: int

    @property
    def trusted(self) -> bool:
        """Whether the twin reproduces this dump, so that its predictions mean something."""
        return trust.trusted(self.median_db, self.counted)

    @property
    def reproduces(self) -> bool:
        """Whether changes may be judged on the twin: it gives this dump, if only roughly."""
        return trust.reproduces(self.median_db, self.counted)


def self_check(trials: Trials, fixed: FixedRecords, known: Mapping[str, Figures] | None = None) -> SelfCheck:
    """The base run of `trials` (a plan read from that dump) against a fixed dump. `known`: layers that were measured
    already."""
    measured, reasons = measure(trials.plan, fixed, known), not_predicted(trials.plan)
    twin = trials.plan.twin
    layers = tuple(
        Compared(name, twin.producers[name].kind, measured[name], trials.scores[name], reasons.get(name, ""))
        for name in trials.plan.layers()
        if name in measured
    )
    counted = [each for each in layers if not each.why_not and _counts(twin, each)]
    counted = counted or [each for each in layers if not each.why_not]
    differences = np.array([each.difference_db for each in counted], np.float64)
    return SelfCheck(layers, *spread(differences), len(counted))


def _counts(twin: Twin, layer: Compared) -> bool:
    producer = twin.producers[layer.name]
    return layer.measured.count >= MANY and not passes(producer) and not isinstance(producer.meaning, Given)


def measure(plan: Plan, fixed: FixedRecords, known: Mapping[str, Figures] | None = None) -> dict[str, Figures]:
    """A fixed dump's layers against the float dump, where they have the same number of elements. `known`: those that
    were measured already."""
    known = known or {}
    ours, theirs = Values(fixed.dump), Values(plan.twin.dump)
    found: dict[str, Figures] = {}
    for name in plan.layers():
        record, reference = fixed.by_name.get(name), plan.twin.records[name]
        if record is not None and record.count == reference.count:
            found[name] = known[name] if name in known else figures(ours.read(record), theirs.read(reference))
    return found


def not_predicted(plan: Plan) -> Mapping[str, str]:
    """Layers whose prediction does not count, with the reason."""
    twin = plan.twin
    found: dict[str, str] = {}
    nothing = frozenset(name for name in plan.layers() if _all_but_zero(plan, name))
    indices = index_tensors(twin.dump.records)
    behind, lanes, apart = twin.behind_barriers(plan.fed), _pad_lanes(twin), _far_apart(plan)
    for name in plan.layers():
        reason = _INDICES if name in indices else _reason(twin, name, behind, lanes, apart, nothing)
        if reason:
            found[name] = reason
    return found


_INDICES = Message("places or labels: they are the same or not, and no ratio says by how much")


def _all_but_zero(plan: Plan, name: str) -> bool:
    grid, (low, high) = plan.grids.get(name), plan.twin.bounds[name]
    return grid is not None and all_but_zero(max(abs(low), abs(high)), grid.scale * (2 * WIDE if grid.wide else NARROW))


def _reason(
    twin: Twin, name: str, behind: frozenset[str], lanes: frozenset[str], apart: frozenset[str], nothing: frozenset[str]
) -> str:
    if name in twin.nonfinite:
        return Message("the float dump holds NaN or infinities here")
    if name in behind:
        return Message("it is computed from an op that could not be rebuilt")
    if name in lanes:
        return Message("its pad lanes hold leftover memory in the fixed dump")
    count = int(np.prod(twin.shapes[name]))
    if count < FEW:
        return plural(count, "{number} value: {chance}", "{number} values: {chance}", chance=CHANCE)
    if name in nothing:
        return Message("it is all but zero in the float dump: no ratio means anything")
    return Message("its INT16 weights have scales more than 100 apart") if name in apart else ""


def _pad_lanes(twin: Twin) -> frozenset[str]:
    found: set[str] = set()
    for op in twin.ops:
        if op.kind.upper().startswith("ALIGN") or (passes(op) and any(name in found for name in op.inputs)):
            found.update(op.outputs)
    return frozenset(found)


def _far_apart(plan: Plan) -> frozenset[str]:
    """Layers of convolutions with INT16 weights whose channels' scales lie far apart."""
    found: set[str] = set()
    for each in plan.groups:
        for op in each.convolutions:
            how = plan.weights.get(op.index)
            if op.convolution is not None and how is not None and how.wide and how.by_channel:
                scales = quantize_weights(op.convolution.weights, how).scales
                found.update(each.writes if scales.max() > 100 * scales.min() else ())
    return frozenset(found)
