"""What `--baseline` adds to the JSON of a comparison.

regression  source (as given), profile (that judged the baseline), newly_failing[], newly_fixed[] and
            not_comparable[] (names that could be compared before), counts (layers by change), layers[]: name,
            change (better, worse, same, added, gone, cast added, cast gone), newly (failing, fixed or null),
            note (how names were matched), before and after: name, verdict, rmse, cos, sqnr_db, relative_l2;
            null where the layer is not there
"""

from collections import Counter

from sgs_tui.batch.json_values import Json, exact, finite_or_null
from sgs_tui.batch.regression_text import names, regressions
from sgs_tui.batch.report import Since
from sgs_tui.engine.compare.regression import Change, Snapshot, Step


def regression_json(since: Since) -> Json:
    """The object."""
    found = since.regression
    counts = Counter(step.change for step in found.steps)
    lost = [step for step in regressions(found) if not step.newly_failing]
    return {
        "source": exact(since.source),
        "profile": since.profile,
        "newly_failing": [exact(name) for name in names(found.newly_failing)],
        "newly_fixed": [exact(name) for name in names(found.newly_fixed)],
        "not_comparable": [exact(name) for name in names(lost)],
        "counts": {str(change): counts[change] for change in Change},
        "layers": [_step(step) for step in found.steps],
    }


def _step(step: Step) -> Json:
    newly = "failing" if step.newly_failing else ("fixed" if step.newly_fixed else None)
    return {
        "name": exact(step.name),
        "change": str(step.change),
        "newly": newly,
        "note": exact(step.note),
        "before": _side(step.before),
        "after": _side(step.after),
    }


def _side(layer: Snapshot | None) -> Json | None:
    if layer is None:
        return None
    figures = {"rmse": layer.rmse, "cos": layer.cos, "sqnr_db": layer.sqnr_db, "relative_l2": layer.relative_l2}
    return {"name": exact(layer.name), "verdict": str(layer.verdict), **finite_or_null(figures)}
