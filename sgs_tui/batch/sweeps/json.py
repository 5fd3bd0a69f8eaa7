"""`--format json`: schema `sgs-tui/sweep/1` (cfg/schemas/sweep-1.json).

schema, what, profile, stopped, summary, pictures[] (worst first: name, rank, status, reason, failing, warned, compared,
worst_layer (of those that fail, where any does), worst_rmse (its RMSE), clipped, agreement (top1, top5, rmse; null
without outputs)), layers[] (in network order: name, op, index, pictures, worst, p95, median (rmse, cos, sqnr_db each;
null where nothing is compared), failing_share,
failing_on[], warned, worst_picture, range (min, max of all pictures), beyond_limits (null, or limits, limits_from, min,
max, excess as a share of the limits' width, share of elements on the worst picture, pictures[] worst first)), outputs[]
(name, pictures, top1, top5, worst_rmse, mean_rmse, worst_picture, differing[]), groups[] (pictures that fail alike),
findings[] (kind, text, pictures[], layers[], evidence[], advice), since (null, or what changed since --baseline),
notes[]. A number that is not finite is null, and `not_finite` beside it says which it was.
"""

from collections.abc import Iterator

from sgs_tui.batch.console import Screen
from sgs_tui.batch.sweeps.report import SweepReport
from sgs_tui.batch.values import Json, exact, exact_all, finite_or_null, json_pieces, stable
from sgs_tui.engine.sweep.results import Agreement, Beyond, LayerRow, OutputRow, PictureRow, SetFinding, Status

SCHEMA = "sgs-tui/sweep/1"


def write(report: SweepReport, screen: Screen) -> Iterator[bytes]:
    """The sweep in pieces: a list of many pictures is never in memory as text."""
    result = report.result
    return json_pieces(
        {
            "schema": SCHEMA,
            "what": exact(report.what),
            "profile": exact(report.profile),
            "stopped": report.stopped,
            "summary": _summary(report),
            "pictures": (_picture(rank, row) for rank, row in report.ranked),
            "layers": (_layer(report, row) for row in result.layers),
            "outputs": [_output(report, row) for row in result.outputs],
            "groups": [{"pictures": exact_all(report.names(each))} for each in result.groups],
            "findings": [_finding(report, each) for each in result.findings],
            "since": _since(report),
            "notes": exact_all(report.notes),
        }
    )


def _summary(report: SweepReport) -> Json:
    rows = report.result.pictures
    by_status = {str(status): sum(row.status is status for row in rows) for status in Status}
    return {
        "pictures": len(rows),
        **by_status,
        "layers": len(report.result.layers),
        "failing_layers": report.result.failing_layers,
        "worst_picture": exact(report.name(report.result.order[0])) if report.result.order else "",
    }


def _picture(rank: int, row: PictureRow) -> Json:
    return {
        "name": exact(row.name),
        "rank": rank,
        "status": str(row.status),
        "reason": exact(row.reason),
        "failing": row.failing,
        "warned": row.warned,
        "compared": row.compared,
        "worst_layer": exact(row.worst_layer),
        **finite_or_null({"worst_rmse": row.worst_rmse}),
        "clipped": row.clipped,
        "agreement": _agreement(row.agreement),
    }


def _agreement(found: Agreement | None) -> Json | None:
    return None if found is None else finite_or_null({"top1": found.top1, "top5": found.top5, "rmse": found.rmse})


def _layer(report: SweepReport, row: LayerRow) -> Json:
    at = {"worst": 0, "p95": 1, "median": 2}
    spreads = row.spreads
    told = {
        word: None if spreads is None else finite_or_null({key: each[place] for key, each in spreads.items()})
        for word, place in at.items()
    }
    return {
        "name": exact(row.layer.name),
        "op": exact(row.layer.op_type),
        "index": row.layer.op_index,
        "pictures": row.pictures,
        **told,
        "failing_share": stable(row.failing_share),
        "failing_on": exact_all(report.names(row.failing_on)),
        "warned": row.warned,
        "worst_picture": exact(report.name(row.worst_picture)),
        "range": None if row.ranges is None else finite_or_null({"min": row.ranges[0], "max": row.ranges[1]}),
        "beyond_limits": None if row.beyond is None else _beyond(report, row.beyond),
    }


def _beyond(report: SweepReport, found: Beyond) -> Json:
    return {
        "limits": [stable(each) for each in found.limits],
        "limits_from": str(found.limits_from),
        **finite_or_null({"min": found.least, "max": found.greatest, "excess": found.excess, "share": found.share}),
        "pictures": exact_all(report.names(found.pictures)),
    }


def _output(report: SweepReport, row: OutputRow) -> Json:
    return {
        "name": exact(row.name),
        "pictures": row.pictures,
        **finite_or_null(
            {"top1": row.top1, "top5": row.top5, "worst_rmse": row.worst_rmse, "mean_rmse": row.mean_rmse}
        ),
        "worst_picture": exact(report.name(row.worst_picture)),
        "differing": exact_all(report.names(row.differing)),
    }


def _finding(report: SweepReport, found: SetFinding) -> Json:
    return {
        "kind": str(found.kind),
        "text": exact(found.text),
        "pictures": exact_all(report.names(found.pictures)),
        "layers": exact_all(found.layers),
        "evidence": exact_all(found.evidence),
        "advice": exact(found.advice),
    }


def _since(report: SweepReport) -> Json | None:
    since = report.since
    if since is None:
        return None
    return {
        "baseline": exact(report.baseline),
        "regressions": since.regressions,
        "pictures_in_both": since.both,
        "layers": [
            {
                "name": exact(each.name),
                "failing_before": stable(each.before),
                "failing_now": stable(each.after),
                "lost": each.lost,
            }
            for each in since.layers
        ],
        "pictures": [
            {"name": exact(each.name), "before": each.before, "now": each.after, "worse": each.worse}
            for each in since.pictures
        ],
    }
