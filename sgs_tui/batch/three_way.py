"""What every format says of the original beside fixed and float: columns, figures, and the object for programs."""

from sgs_tui.batch.report import Report
from sgs_tui.batch.values import Json, exact, finite_or_null
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.diagnosis.original import Breaks, ThreeRow, ThreeWay
from sgs_tui.engine.numbers import ratio
from sgs_tui.language import Message

HEAD = (Message("float-original"), Message("fixed-float"), Message("fixed-original"), Message("breaks"))
"""RMSE of conversion, quantization, and both."""

_WORDS = {Breaks.NOTHING: "", Breaks.UNKNOWN: ""}


def shown(report: Report) -> tuple[ThreeRow, ...]:
    """The layers that --filter and --top leave, in their order; where nothing was left out also those that only
    float and original have."""
    three = report.three_way
    if three is None:
        return ()
    if len(report.shown) == len(report.rows):
        return three.rows
    return tuple(three.by_name[row.name] for row in report.shown if row.name in three.by_name)


def cells(row: ThreeRow) -> tuple[str, str, str, str]:
    """The figures of a layer, and what breaks it."""
    one, other, both = (_figure(each) for each in (row.conversion, row.quantization, row.whole))
    return one, other, both, _WORDS.get(row.breaks, Message(str(row.breaks)))


def _figure(row: LayerDiff | None) -> str:
    if row is None:
        return ""
    if row.metrics is None:
        return "n/c"
    return ratio(row.metrics.rmse, 6) + ("!" if row.verdict is Verdict.FAIL else "")


def three_way_json(three: ThreeWay) -> Json:
    """The object `original` of schema sgs-tui/compare/1."""
    return {
        "path": exact(three.path),
        "stage": str(three.stage),
        "health": str(three.health.state),
        "health_detail": exact(three.health.detail),
        "blame": str(three.blame),
        "text": exact(three.text),
        "compared": three.compared,
        "unmatched": three.unmatched,
        "layers": [
            {
                "name": exact(row.name),
                "index": row.index,
                "breaks": str(row.breaks),
                "float_original": _side(row.conversion),
                "fixed_float": _side(row.quantization),
                "fixed_original": _side(row.whole),
            }
            for row in three.rows
        ],
    }


def _side(row: LayerDiff | None) -> Json | None:
    if row is None:
        return None
    found = row.metrics
    values = {key: None if found is None else getattr(found, key) for key in ("rmse", "cos", "sqnr_db", "relative_l2")}
    return {
        "name": exact(row.name),
        "verdict": str(row.verdict),
        **finite_or_null(values),
        "transposed": row.transposed,
    }
