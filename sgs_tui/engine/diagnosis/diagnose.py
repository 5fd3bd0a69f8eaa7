"""`diagnose`: which layer, why, and what proves it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from threading import Event

from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.blaming import blame, trend
from sgs_tui.engine.diagnosis.budget import Budget, Budgets
from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.coarse import WITHIN, find_coarse
from sgs_tui.engine.diagnosis.codes import find_codes
from sgs_tui.engine.diagnosis.cutting import find_clipping
from sgs_tui.engine.diagnosis.entry import Entry, Kind, Laboratory, entries
from sgs_tui.engine.diagnosis.leftover import find_leftovers
from sgs_tui.engine.diagnosis.nonfinite import find_non_finite
from sgs_tui.engine.diagnosis.overall import drift, healthy, is_drift
from sgs_tui.engine.diagnosis.padding import find_padding, undone_layers
from sgs_tui.engine.diagnosis.preprocess import EXPLAINS, SEEN, find_input
from sgs_tui.engine.diagnosis.results import Cause, Diagnosis, Evidence, Finding, Recovered
from sgs_tui.engine.diagnosis.transposed import find_layout
from sgs_tui.engine.session import Comparison


CERTAIN = 0.9
"""Share of a first layer's error that has to be explained to report it where no layer is bad."""


def diagnose(
    comparison: Comparison, rows: Sequence[LayerDiff], debug_config: Path | None = None, cancel: Event | None = None
) -> Diagnosis:
    """Explain a finished comparison. `debug_config`: the DebugConfig.txt of the sample's run, as evidence.

    Reads at most a few million elements per layer; the dumps must still be open. Raises FileChangedError,
    CancelledError.
    """
    case = Case(comparison.sample, comparison.benchmark, rows, comparison.ranges)
    budgets = Budgets(case)
    recovered: tuple[Recovered, ...] = ()
    first = [found for found in (find_non_finite(case), find_codes(case)) if found]
    padding = find_padding(case, undone_layers(case, comparison.matching.unmatched), None, comparison.request.profile)
    if padding:
        first.append(padding[0])
        recovered = padding[1]
    layout = find_layout(case)
    if layout:
        first.append(layout)
    findings = first if padding or layout or _codes_spoil(case, first) else [*first, *_inside(case, budgets)]
    listed = list(budgets.all())
    found_roles = blame(case, listed)
    return Diagnosis(
        findings=tuple(findings),
        blame=found_roles,
        trend=trend(case, {each.name: each.role for each in found_roles}),
        graph_known=case.graph.known,
        recovered=recovered,
    )


def _codes_spoil(case: Case, found: Sequence[Finding]) -> bool:
    return any(each.cause is Cause.NOT_DEQUANTISED for each in found) and bool(case.suspects or not case.compared)


def _inside(case: Case, budgets: Budgets) -> list[Finding]:
    """Causes inside the network and at its input, the largest explained error first."""
    bad = list(_entries(case, budgets))
    if not case.suspects:
        proven = [entry for entry in bad if entry.tested and entry.tested[0].explained >= CERTAIN]
        small = [finding for entry in proven if (finding := find_input(entry))]
        return small or [healthy(case, list(budgets.all()))]
    found = [finding for entry in bad if (finding := find_input(entry))]
    for entry in bad:
        best = entry.tested[0] if entry.tested else None
        if best and best.explained >= EXPLAINS and best.kind not in (Kind.PICTURE, Kind.LAYOUT):
            budgets.explain_input(entry.item.name, best.change)
    listed = list(budgets.all())
    clipping = find_clipping(case, listed, bad)
    found += ([clipping] if clipping else []) + find_coarse(case, listed)
    found = find_leftovers(case, budgets, found)
    found.sort(key=_weight, reverse=True)
    if found:
        return found
    return [drift(case, listed)] if is_drift(case, listed) else [_nothing(case)]


def _weight(finding: Finding) -> float:
    """How much error a finding accounts for; what nothing explains counts half."""
    return min(finding.size, 2.0) * (0.5 if finding.cause is Cause.UNEXPLAINED else finding.explained)


def _entries(case: Case, budgets: Budgets) -> Iterator[Entry]:
    """Network inputs whose first layer is bad by itself, hypotheses tested."""
    for entry in entries(case, budgets):
        budget = entry.budget
        if budget.own >= SEEN and isfinite(budget.total) and not budget.own_steps <= WITHIN:
            able = case.replay is not None and budget.proven
            tested = Laboratory(case, budgets, case.replay, entry).test() if able and case.replay else ()
            yield replace(entry, tested=tested)


def _nothing(case: Case) -> Finding:
    worst = max(case.suspects, key=case.error)
    first = next(iter(case.suspects))
    evidence = (Evidence(f"{first} is the first bad layer ({case.error(first):.1%} of its signal)", case.error(first), first),)
    return Finding(Cause.UNEXPLAINED, tuple(dict.fromkeys((first, worst))), 0.3, evidence)
