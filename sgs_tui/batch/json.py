"""`--format json`: schema `sgs-tui/compare/1`, described by cfg/schemas/compare-1.json.

    schema      "sgs-tui/compare/1"; keys may be added within version 1, never renamed, moved or taken away
    sample, benchmark
                path (as given), stage (original, float, cmodel_float, fixed, offline, unknown),
                health (complete, truncated, short records, empty, stops early, damaged), health_detail
    profile     name of the limits
    layers[]    index, name, op, verdict (ok, warn, fail, not comparable), reason, mse, cos, rmse, sqnr_db,
                relative_l2, max_abs_error, max_abs_index, mean_error, range, range_min, range_max,
                range_source (calibration, benchmark), over[], transposed, notes[], sample and benchmark:
                count, min, max, mean, nan, inf, zeros; null where the layer is not comparable
    unmatched[] name, side (sample, benchmark), reason
    summary     layers, ok, warned, failed, not_comparable, unmatched, shown, first_failing, worst (each: index, name)
    notes[]     what is true of the whole comparison

`layers` holds what --filter, --sort and --top leave (`summary.shown` of them); `summary` counts all layers. A number
that is not finite is null, and `not_finite` beside it says which and why: {"sqnr_db": "inf"}. The bytes are ASCII:
other characters are \\u escapes; bytes of a name that are not UTF-8 are shown as \\xNN.
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

from sgs_tui.batch.numbers import non_finite, stable
from sgs_tui.batch.report import Report, Source
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, Metrics, SideStats, Summary, Verdict
from sgs_tui.engine.text import encode

SCHEMA = "sgs-tui/compare/1"

_METRICS = (
    *("mse", "cos", "rmse", "sqnr_db", "relative_l2"),
    *("max_abs_error", "max_abs_index", "mean_error"),
)

Json = dict[str, Any]


def write_json(report: Report) -> bytes:
    """The report as one JSON object, indented, ending with a newline."""
    return dump_json(document(report))


def dump_json(value: Json) -> bytes:
    """Deterministic ASCII JSON."""
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode("ascii")


def document(report: Report) -> Json:
    """The object of schema `sgs-tui/compare/1`."""
    return {
        "schema": SCHEMA,
        "sample": _source(report.sample),
        "benchmark": _source(report.benchmark),
        "profile": report.profile.name,
        "layers": [_layer(row) for row in report.shown],
        "unmatched": [
            {"name": exact(item.name), "side": item.side, "reason": exact(item.reason)} for item in report.unmatched
        ],
        "summary": _summary(report),
        "notes": [exact(note) for note in report.notes],
    }


def exact(text: str) -> str:
    """The text itself; only bytes that are not UTF-8 become `\\xNN`, as JSON has no way to hold them."""
    return encode(text).decode("utf-8", "backslashreplace")


def finite_or_null(values: Mapping[str, float | int | None]) -> Json:
    """`values` with numbers that are not finite as null, and their names under `not_finite`."""
    lost = {key: non_finite(value) for key, value in values.items() if value is not None and not isfinite(value)}
    kept: Json = {key: None if key in lost else _stable(value) for key, value in values.items()}
    return kept | ({"not_finite": lost} if lost else {})


def _stable(value: float | int | None) -> float | int | None:
    return stable(value) if isinstance(value, float) else value


def _source(source: Source) -> Json:
    health = source.health
    return {
        "path": exact(source.path),
        "stage": str(source.stage),
        "health": str(health.state),
        "health_detail": exact(health.detail),
    }


def _layer(row: LayerDiff) -> Json:
    numbers = finite_or_null(_metrics(row.metrics) | _range(row.range))
    return {
        "index": row.index,
        "name": exact(row.name),
        "op": exact(row.op_type),
        "verdict": str(row.verdict),
        "reason": exact("; ".join(row.reasons)),
        **numbers,
        "range_source": str(row.range.source) if row.range else None,
        "over": sorted(row.over),
        "transposed": row.transposed,
        "notes": [exact(note) for note in (*row.pair.notes, *row.notes)],
        "sample": statistics(row.sample) if row.sample else None,
        "benchmark": statistics(row.benchmark) if row.benchmark else None,
    }


def _metrics(metrics: Metrics | None) -> dict[str, float | int | None]:
    return {name: None if metrics is None else getattr(metrics, name) for name in _METRICS}


def _range(found: LayerRange | None) -> dict[str, float | int | None]:
    if found is None:
        return {"range": None, "range_min": None, "range_max": None}
    return {"range": found.width, "range_min": found.minimum, "range_max": found.maximum}


def statistics(stats: SideStats) -> Json:
    """Statistics of one side."""
    numbers = {"min": stats.minimum, "max": stats.maximum, "mean": stats.mean}
    return {
        "count": stats.count,
        **finite_or_null(numbers),
        "nan": stats.nan,
        "inf": stats.inf,
        "zeros": stats.zeros,
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
