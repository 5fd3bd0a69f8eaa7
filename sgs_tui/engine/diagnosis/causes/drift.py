"""Causes `healthy` and `drift`: nothing to blame but rounding, or rounding that adds up and nobody in particular.

`healthy` in real dumps: worst RMSE 0.04 to 0.12, worst COS 0.994 to 0.999. `drift` (24 to 26 layers, level L1): no
jump, RMSE creeps over the limits from layer 13 to 18 on; the last layer may recover by pooling (0.08 to 0.12).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from sgs_tui.engine.diagnosis.case import SUSPECT, Case
from sgs_tui.engine.diagnosis.results import Budget, Cause, Evidence, Finding, percent
from sgs_tui.engine.diagnosis.words import everything_words, level_words
from sgs_tui.engine.numbers import count
from sgs_tui.engine.twin.figures import median
from sgs_tui.language import Message

_STEEP = 3.0  # growth of the error over one layer that is no drift


def healthy(case: Case, budgets: Sequence[Budget]) -> Finding:
    """Every layer is as good as rounding leaves it; the worst one is named."""
    worst = max(case.compared, key=case.error, default="")
    evidence = []
    if worst:
        row = case.compared[worst]
        if row.metrics is not None:
            text = Message(
                "worst layer: {worst}, RMSE {rmse:.4f}, COS {cos:.6f}",
                worst=worst,
                rmse=row.metrics.rmse,
                cos=row.metrics.cos,
            )
            evidence.append(Evidence(text, row.metrics.rmse, worst))
    steps = _steps(budgets)
    if steps:
        text = Message(
            "own error of a layer: {median:.2f} steps RMS (median of {number}); rounding alone is 0.29",
            median=median(steps),
            number=len(steps),
        )
        evidence.append(Evidence(text, median(steps)))
    return Finding(
        Cause.HEALTHY,
        (worst,) if worst else (),
        confidence=0.95,
        evidence=tuple(evidence),
        refuted_by=Message("a layer with COS below 0.99 (relative error over {error:.0%})", error=SUSPECT),
        explained=1.0,
        size=case.error(worst) if worst else 0.0,
    )


def drift(case: Case, budgets: Sequence[Budget]) -> Finding:
    """Rounding adds up over many layers; the first beyond the limit comes first."""
    first, worst = next(iter(case.suspects)), max(case.suspects, key=case.error)
    proven = sum(b.proven for b in budgets) / max(len(budgets), 1)
    return Finding(
        Cause.DRIFT,
        (first, worst) if first != worst else (first,),
        confidence=0.5 + 0.45 * proven,
        evidence=tuple(_drift_evidence(case, budgets, first, worst)),
        advice=(
            *(() if case.by_channel else (level_words(case.by_onnxruntime),)),
            *everything_words(case.by_onnxruntime),
        ),
        refuted_by=Message("one layer alone in INT16 removes most of the error"),
        explained=0.5 + 0.5 * proven,
        size=case.error(worst),
    )


def _drift_evidence(case: Case, budgets: Sequence[Budget], first: str, worst: str) -> Iterator[Evidence]:
    largest = max(budgets, key=_brought)
    brought, steps = _brought(largest), _steps(budgets)
    guessed = sum(not budget.proven for budget in budgets)
    text = (
        Message(
            "no layer brings in more than {brought} of its signal; of {guessed} that is estimated from their neighbors",
            brought=percent(brought),
            guessed=count(guessed, "layer"),
        )
        if guessed
        else Message("no layer brings in more than {brought} of its signal", brought=percent(brought))
    )
    yield Evidence(text, brought, largest.name)
    if steps:
        middle = median(steps)
        yield Evidence(
            Message(
                "own error of a layer: {middle:.2f} steps RMS (median of {number}), as rounding makes it",
                middle=middle,
                number=len(steps),
            ),
            middle,
        )
    error = case.error(worst)
    yield Evidence(
        Message("the error creeps up to {error} at {worst}", error=percent(error), worst=worst), error, worst
    )
    place = list(case.compared).index(first)
    yield Evidence(
        Message(
            "{first} is the first beyond {error:.0%}, after {number} layers", first=first, error=SUSPECT, number=place
        ),
        place,
        first,
    )


def is_drift(case: Case, budgets: Sequence[Budget]) -> bool:
    """Whether the error grows layer by layer with no layer bringing in much."""
    known = {budget.name: budget for budget in budgets}
    for name in case.suspects:
        budget = known[name]
        before = [case.error(source) for source in budget.inputs if source in case.compared]
        steep = bool(before) and case.error(name) > _STEEP * max(before) and not _behind_suspects(case, name)
        if steep or not before or not np.isfinite(case.error(name)):
            return False
    most = 0.7 * SUSPECT
    return all(budget.own < most for budget in budgets) and all(_brought(budget) < most for budget in budgets)


def _behind_suspects(case: Case, name: str) -> bool:
    """Whether a bad layer lies upstream: an average can hide an error that shows again behind it."""
    return any(source in case.suspects for source in case.graph.upstream(name))


def _brought(budget: Budget) -> float:
    """What a layer brings in: its own error or the worst rounding of an input."""
    return max([budget.own, *(cost for _, cost in budget.rounding)])


def _steps(budgets: Sequence[Budget]) -> list[float]:
    """Own errors in steps of replayed 8-bit layers."""
    return [b.own_steps for b in budgets if b.proven and 0.05 < b.own_steps < 5]
