"""Coarse tensors where no layer is bad: a step that costs a layer a measurable part of its signal."""

from collections.abc import Sequence
from dataclasses import replace

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.coarse import Coarse, coarse_tensors, is_spread
from sgs_tui.engine.diagnosis.coarse_findings import grouped
from sgs_tui.engine.diagnosis.results import Budget, Finding

MOSTLY = 0.5
"""Share of a layer's error that a coarse input has to explain where no layer is bad."""

MILD = 0.7
"""Confidence in such a finding, relative to one that spoils a layer."""


def find_mild(case: Case, budgets: Sequence[Budget]) -> list[Finding]:
    """The worst first. Rounding one input of a healthy layer costs 0.05 of its signal at most; here it is 0.07.

    Only with a replay's proof and most of the layer's error explained; for a layer behind, one channel has to be far
    above the others; for a layer that its own step crushes, its error is twice what healthy layers have (0.05).
    """
    sure = [each for each in coarse_tensors(case, budgets) if _is_sure(case, each)]
    found = [replace(each, confidence=MILD * each.confidence) for each in grouped(case, budgets, sure)]
    return sorted(found, key=lambda each: -each.size)


def _is_sure(case: Case, each: Coarse) -> bool:
    apart = each.tensor == each.victim or is_spread(case, each.tensor)
    return each.proven and each.explained >= MOSTLY and apart
