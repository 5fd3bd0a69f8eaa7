"""Cause `clipping`: values beyond the calibrated limits are cut, at the input or inside the network.

In real dumps (calibrated on dark or dull pictures, run on a bright one) the network clips its input to [calibrated
min, max(calibrated max, 0)], but the input record does not show it; layers sit on their calibrated limits, where the
sample's maxima end while the benchmark's go beyond.
"""

from collections.abc import Iterator, Mapping, Sequence

from sgs_tui.engine.diagnosis.case import SUSPECT, Case
from sgs_tui.engine.diagnosis.causes.coarse_step import WITHIN
from sgs_tui.engine.diagnosis.causes.network_input import FirstLayer, Hypothesis, Kinship
from sgs_tui.engine.diagnosis.results import Budget, Cause, Evidence, Finding, percent
from sgs_tui.language import Message

NOTICED = 0.03  # own error from which a layer is named: a healthy layer's is 0.01 to 0.02
_BEYOND = 0.01  # share of an input beyond its calibrated range from which clipping is suspected without a replay
MOSTLY = 0.5  # share of a layer's own error that its limits have to explain
_CUT = 0.3  # what the limits cut off the benchmark, relative to the layer's own error; enough is what makes it bad


_AGAIN = Message("calibrate again with about 30 pictures like the one that is judged, brightness and contrast included")
_REFUTED = Message("calibrating with this picture leaves the layers as they are")


def find_clipping(case: Case, budgets: Sequence[Budget], first_layers: Sequence[FirstLayer]) -> Finding | None:
    """Layers whose error is what their limits cut off, and the network's inputs that are clipped."""
    inputs = [first for first in first_layers if clipped_share(first) >= MOSTLY]
    layers = [b for b in budgets if _is_clipped(b)]
    if not inputs and not layers:
        return None
    evidence = [fact for first in inputs for fact in _input_evidence(case, first)]
    for budget in sorted(layers, key=lambda b: -b.own)[:4]:
        evidence.append(_layer_evidence(case, budget))
    sizes = [(e.budget.own, clipped_share(e)) for e in inputs] + [(b.own, b.clipped) for b in layers]
    size, explained = max(sizes)
    proven = all(first.tested for first in inputs) and all(budget.proven for budget in layers)
    return Finding(
        Cause.CLIPPING,
        (*(first.item.name for first in inputs), *(budget.name for budget in layers)),
        confidence=min(0.99, (0.6 + 0.4 * explained) if proven else (0.3 + 0.4 * explained)),
        evidence=tuple(evidence),
        advice=(_AGAIN,),
        refuted_by=_REFUTED,
        explained=explained,
        size=size,
        behind=tuple(first.layer for first in inputs),
    )


def hidden_clipping(case: Case, costs: Mapping[str, float]) -> Finding:
    """The finding of tensors whose limits, once other faults are undone in the twin, cost layers that much of their
    signal."""
    names = sorted(costs, key=lambda name: -costs[name])
    grids = [(name, case.grid(name)) for name in names[:4]]
    spans = {name: f" [{grid.low:.4g}, {grid.high:.4g}]" if grid else "" for name, grid in grids}
    return Finding(
        Cause.CLIPPING,
        tuple(names),
        confidence=0.9,
        evidence=tuple(
            Evidence(
                Message(
                    "the limits{span} of {name} alone change layers by {cost}",
                    span=span,
                    name=name,
                    cost=percent(costs[name]),
                ),
                costs[name],
                name,
            )
            for name, span in spans.items()
        ),
        advice=(_AGAIN,),
        refuted_by=_REFUTED,
        explained=1.0,
        size=max(costs.values()),
    )


def clipped_share(first: FirstLayer) -> float:
    """How much of a first layer's error clipping its input explains; half where only the records can tell."""
    if first.other_scale:
        return 0.0
    if first.tested:
        best = first.tested[0]
        return best.explained if best.kind is Hypothesis.CLIPPED else 0.0
    same = first.pictures.kinship in (Kinship.SAME, Kinship.UNKNOWN)
    return 0.5 if same and first.outside >= _BEYOND else 0.0


def _is_clipped(budget: Budget) -> bool:
    """Whether the limits of a layer explain most of its own error, which is more than rounding.

    They have to cut the benchmark as well: a sample that is wrong already may run into limits that fit.
    """
    mostly = budget.clipped >= MOSTLY and budget.cut >= min(_CUT * budget.own, SUSPECT)
    return budget.own >= NOTICED and mostly and not budget.own_steps <= WITHIN


def _input_evidence(case: Case, first: FirstLayer) -> Iterator[Evidence]:
    name, limits = first.item.name, first.limits
    if limits is not None:
        span = f"[{limits.low:.4g}, {limits.high:.4g}]"
        yield Evidence(
            Message(
                "{share:.1%} of {name} lies beyond its calibrated range {span}",
                share=first.outside,
                name=name,
                span=span,
            ),
            first.outside,
            name,
        )
    if not first.tested:
        yield Evidence(
            Message(
                "{layer} is the first bad layer; {why}, so this is not proven", layer=first.layer, why=case.why_unproven
            )
        )
        return
    best = first.tested[0]
    text = Message(
        "clipping {name} and computing {layer} again explains {explained:.1%} of its error",
        name=name,
        layer=first.layer,
        explained=best.explained,
    )
    yield Evidence(text, best.explained, name)
    if best.offsets:
        mean = sum(best.offsets) / len(best.offsets)
        yield Evidence(
            Message("the network adds {mean:.3g} to {name} before it clips", mean=mean, name=name), mean, name
        )


def _layer_evidence(case: Case, budget: Budget) -> Evidence:
    grid, row = case.grid(budget.name), case.rows[budget.name]
    limits = f"[{grid.low:.4g}, {grid.high:.4g}]" if grid else Message("its limits")
    top = Message(", the benchmark reaches {value:.4g}", value=row.benchmark.maximum) if row.benchmark else ""
    share = Message("{share:.0%} of its own error of {own}", share=budget.clipped, own=percent(budget.own))
    return Evidence(
        Message(
            "{name} is cut at {limits}{top}: that explains {share}",
            name=budget.name,
            limits=limits,
            top=top,
            share=share,
        ),
        budget.clipped,
        budget.name,
    )
