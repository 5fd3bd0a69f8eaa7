"""`--format csv`: a line a layer and picture-set figure, in network order; RFC 4180, numbers in full."""

from collections.abc import Iterator

from sgs_tui.batch.console import Screen
from sgs_tui.batch.sweeps.report import SweepReport
from sgs_tui.batch.values import cell, csv_of, number
from sgs_tui.engine.sweep.results import LayerRow

_METRICS = ("rmse", "cos", "sqnr_db")
_SPREADS = ("worst", "p95", "median")
_HEAD = (
    *("index", "name", "op", "pictures", "failing_share", "failing_on", "worst_picture"),
    *(f"{metric}_{spread}" for metric in _METRICS for spread in _SPREADS),
    *("min", "max", "limit_low", "limit_high", "limits_from", "beyond_pictures", "beyond_excess", "beyond_share"),
)


def write(report: SweepReport, screen: Screen) -> Iterator[bytes]:
    """The layers; pictures and findings are in the other formats."""
    return csv_of(_HEAD, (_row(report, row) for row in report.result.layers))


def _row(report: SweepReport, row: LayerRow) -> list[str]:
    low, high = row.ranges or (None, None)
    limits, beyond = row.layer.limits or (None, None), row.beyond
    return [
        str(row.layer.op_index), cell(row.layer.name), cell(row.layer.op_type), str(row.pictures),
        number(row.failing_share), str(len(row.failing_on)), cell(report.name(row.worst_picture)),
        *(
            "" if row.spreads is None else number(getattr(row.spreads[metric], spread))
            for metric in _METRICS
            for spread in _SPREADS
        ),
        number(low), number(high), number(limits[0]), number(limits[1]), str(row.layer.limits_from),
        str(len(beyond.pictures)) if beyond else "0",
        number(beyond.excess if beyond else None), number(beyond.share if beyond else None),
    ]  # fmt: skip
