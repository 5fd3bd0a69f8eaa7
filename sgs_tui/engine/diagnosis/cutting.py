"""Cause `clipping`: values beyond the calibrated limits are cut, at the input or inside the network."""

from collections.abc import Sequence

from sgs_tui.engine.diagnosis.budget import Budget
from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.coarse import WITHIN
from sgs_tui.engine.diagnosis.entry import Entry, Kind, Tested
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding

NOTICED = 0.03
"""Own error from which a layer is named: a healthy layer's is 0.01 to 0.02."""

MOSTLY = 0.5
"""Share of a layer's own error that its limits have to explain."""

CUT = 0.3
"""What the limits cut off the benchmark, relative to the layer's own error."""


def find_clipping(case: Case, budgets: Sequence[Budget], entries: Sequence[tuple[Entry, Tested]]) -> Finding | None:
    """Layers whose error is what their limits cut off, and the network's inputs that are clipped."""
    inputs = [(entry, tested) for entry, tested in entries if tested.kind is Kind.CLIPPED]
    layers = [b for b in budgets if is_clipped(b)]
    if not inputs and not layers:
        return None
    evidence = [fact for entry, tested in inputs for fact in _input_evidence(entry, tested)]
    for budget in sorted(layers, key=lambda b: -b.own)[:4]:
        evidence.append(_layer_evidence(case, budget))
    sizes = [(entry.budget.own, tested.explained) for entry, tested in inputs] + [(b.own, b.clipped) for b in layers]
    size, explained = max(sizes)
    proven = bool(inputs) or all(budget.proven for budget in layers)
    return Finding(
        Cause.CLIPPING,
        (*(entry.item.name for entry, _ in inputs), *(budget.name for budget in layers)),
        confidence=min(0.99, (0.6 + 0.4 * explained) if proven else (0.4 + 0.4 * explained)),
        evidence=tuple(evidence),
        advice=(
            "calibrate again with pictures like the one that is judged (about 30; its brightness and contrast among them)",
        ),
        refuted_by="calibrating with this picture leaves the layers as they are",
        explained=explained,
        size=size,
    )


def is_clipped(budget: Budget) -> bool:
    """Whether the limits of a layer explain most of its own error, which is more than rounding.

    They have to cut the benchmark as well: a sample that is wrong already may run into limits that fit.
    """
    mostly = budget.clipped >= MOSTLY and budget.cut >= CUT * budget.own
    return budget.own >= NOTICED and mostly and not budget.own_steps <= WITHIN


def _input_evidence(entry: Entry, tested: Tested) -> list[Evidence]:
    name = entry.item.name
    limits = tested.limits
    found = [
        Evidence(
            f"clipping {name} to [{limits.low:.4g}, {limits.high:.4g}] and computing {entry.layer} again explains "
            f"{tested.explained:.1%} of its error",
            tested.explained,
            name,
        )
        if limits
        else Evidence(f"{name} is clipped", tested.explained, name),
        Evidence(f"{entry.outside:.1%} of {name} lies beyond its calibrated range", entry.outside, name),
    ]
    if tested.offsets:
        found.append(Evidence(f"the network adds {_mean(tested.offsets):.3g} to {name} before it clips", _mean(tested.offsets), name))
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _layer_evidence(case: Case, budget: Budget) -> Evidence:
    grid, row = case.grid(budget.name), case.rows[budget.name]
    limits = f"[{grid.low:.4g}, {grid.high:.4g}]" if grid else "its limits"
    top = f", the benchmark reaches {row.benchmark.maximum:.4g}" if row.benchmark else ""
    return Evidence(
        f"{budget.name} is cut at {limits}{top}: that explains {budget.clipped:.0%} of its own error of {budget.own:.1%}",
        budget.clipped,
        budget.name,
    )
