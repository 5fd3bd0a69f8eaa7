"""What a diagnosis adds to a layer's line in CSV."""

from sgs_tui.batch.csv_cells import cell, number
from sgs_tui.batch.report import Report
from sgs_tui.engine.diagnosis.results import Blame, Recovered

COLUMNS = (
    *("causes", "role", "error_total", "error_inherited", "error_own", "own_steps", "jump", "culprits"),
    *("recovered_rmse", "recovered_cos", "recovered_kept", "recovered_layout"),
)
EMPTY = [""] * len(COLUMNS)


def diagnosis_cells(report: Report) -> dict[str, list[str]]:
    """The cells of `COLUMNS` by layer; empty without a diagnosis."""
    if report.diagnosis is None:
        return {}
    causes: dict[str, list[str]] = {}
    for finding in report.diagnosis.findings:
        for name in finding.layers:
            causes.setdefault(name, []).append(str(finding.cause))
    blamed, recovered = report.blame, report.recovered
    return {
        row.name: ["; ".join(causes.get(row.name, ())), *_blame(blamed.get(row.name)), *_back(recovered.get(row.name))]
        for row in report.shown
    }


def _blame(part: Blame | None) -> list[str]:
    if part is None:
        return [""] * 7
    errors = (part.total, part.inherited, part.own, part.own_steps)
    culprits = cell("; ".join(part.culprits))
    return [str(part.role), *(number(value) for value in errors), "yes" if part.jump else "no", culprits]


def _back(each: Recovered | None) -> list[str]:
    metrics = each.row.metrics if each is not None else None
    if each is None or metrics is None:
        return [""] * 4
    return [number(metrics.rmse), number(metrics.cos), number(each.kept), each.layout]
