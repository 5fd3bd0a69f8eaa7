"""One layer in the JSON of a comparison."""

from sgs_tui.batch.json_values import Json, exact, finite_or_null
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, Metrics, SideStats

_METRICS = (
    *("mse", "cos", "rmse", "sqnr_db", "relative_l2"),
    *("max_abs_error", "max_abs_index", "mean_error"),
)


def layer(row: LayerDiff) -> Json:
    """The keys of `layers[]` that a comparison gives, without a diagnosis."""
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
