"""`--format json`: schema `sgs-tui/compare/1`, described by cfg/schemas/compare-1.json.

    schema      "sgs-tui/compare/1"; keys may be added within version 1, never renamed, moved or taken away
    sample, benchmark
                path (as given), stage (original, float, cmodel_float, fixed, offline, unknown),
                health (complete, truncated, short records, empty, stops early, damaged), health_detail
    profile     name of the limits
    layers[]    index, name, op, verdict (ok, warn, fail, not comparable), reason, mse, cos, rmse, sqnr_db,
                relative_l2, max_abs_error, max_abs_index, mean_error, range, range_min, range_max,
                range_source (calibration, benchmark), over[], transposed, notes[], sample and benchmark:
                count, min, max, mean, nan, inf, zeros; null where the layer is not comparable;
                blame and recovered (below), unless --no-diagnosis
    unmatched[] name, side (sample, benchmark), reason
    summary     layers, ok, warned, failed, not_comparable, unmatched, shown, first_failing, worst (each: index, name)
    notes[]     what is true of the whole comparison
    journal[]   the triage journal beside the sample: time (UTC), kind (note, tried, result), text, layer, sample

Unless --no-diagnosis (json_diagnosis.py has the details)

    diagnosis[] cause, layers[], confidence, evidence[], advice[] and more, the likeliest cause first; empty only
                where no diagnosis could be made, `notes` then say why
    trend       course (low, sudden jump, slow drift, wobble), layer, text
    recovered[] layers whose data was put back in order: as in layers[], with layout and kept beside

With --baseline (json_regression.py has the details)

    regression  source, newly_failing[], newly_fixed[], not_comparable[], counts, layers[]: each layer before and after

`layers` holds what --filter, --sort and --top leave (`summary.shown` of them); `summary` counts all layers. A number
that is not finite is null, and `not_finite` beside it says which and why: {"sqnr_db": "inf"}. The bytes are ASCII:
other characters are \\u escapes; bytes of a name that are not UTF-8 are shown as \\xNN.
"""

from sgs_tui.batch.journal import entry_json
from sgs_tui.batch.json_diagnosis import blame, diagnosed
from sgs_tui.batch.json_layer import layer
from sgs_tui.batch.json_regression import regression_json
from sgs_tui.batch.json_values import Json, dump_json, exact
from sgs_tui.batch.report import Report, Source
from sgs_tui.engine.compare.results import LayerDiff, Summary, Verdict

__all__ = ["SCHEMA", "Json", "document", "dump_json", "exact", "write_json"]

SCHEMA = "sgs-tui/compare/1"


def write_json(report: Report) -> bytes:
    """The report as one JSON object, indented, ending with a newline."""
    return dump_json(document(report))


def document(report: Report) -> Json:
    """The object of schema `sgs-tui/compare/1`."""
    return {
        "schema": SCHEMA,
        "sample": _source(report.sample),
        "benchmark": _source(report.benchmark),
        "profile": report.profile.name,
        **(diagnosed(report) if report.diagnosed else {}),
        **({"regression": regression_json(report.since)} if report.since is not None else {}),
        "layers": _layers(report),
        "unmatched": [
            {"name": exact(item.name), "side": item.side, "reason": exact(item.reason)} for item in report.unmatched
        ],
        "summary": _summary(report),
        "notes": [exact(note) for note in report.notes],
        "journal": [entry_json(each) for each in report.journal],
    }


def _layers(report: Report) -> list[Json]:
    blamed, recovered = report.blame, report.recovered
    if not report.diagnosed:
        return [layer(row) for row in report.shown]
    return [
        layer(row) | {"blame": blame(blamed.get(row.name)), "recovered": row.name in recovered} for row in report.shown
    ]


def _source(source: Source) -> Json:
    health = source.health
    return {
        "path": exact(source.path),
        "stage": str(source.stage),
        "health": str(health.state),
        "health_detail": exact(health.detail),
    }


def _summary(report: Report) -> Json:
    summary: Summary = report.summary
    return {
        "layers": summary.layers,
        "ok": sum(row.verdict is Verdict.OK for row in report.rows),
        "warned": summary.warned,
        "failed": summary.failed,
        "not_comparable": summary.not_comparable,
        "unmatched": summary.unmatched,
        "shown": len(report.shown),
        "first_failing": _pointer(summary.first_failing),
        "worst": _pointer(summary.worst),
    }


def _pointer(row: LayerDiff | None) -> Json | None:
    return None if row is None else {"index": row.index, "name": exact(row.name)}
