"""`--format csv`: one line a layer, RFC 4180 (CRLF, quotes doubled), UTF-8.

Outputs without a partner follow as lines whose verdict is `unmatched` and whose `side` says where they are, so that
no output of either dump is lost. The columns from `causes` to `recovered_layout` come from the diagnosis
(json_diagnosis.py says what they are; `causes` are those that name the layer, the likeliest first) and are empty with
--no-diagnosis; `journal` has the notes on the layer; those behind it are filled with --baseline.
Text that a spreadsheet would run as a formula is given a leading apostrophe; numbers never are. Control characters
in names are written as escapes (`\\x1b`). `nan`, `inf` and `-inf` stand for numbers that are none; a figure that a
layer does not have is empty.
"""

import csv
import io
from collections.abc import Iterator

from sgs_tui.batch import csv_diagnosis as diagnosis
from sgs_tui.batch.csv_cells import cell, number
from sgs_tui.batch.regression_text import word
from sgs_tui.batch.report import Report
from sgs_tui.engine.compare.catalogue import FIGURES
from sgs_tui.engine.compare.regression import Step
from sgs_tui.engine.compare.results import LayerDiff, SideStats, Unmatched
from sgs_tui.engine.journal import notes_on_layers

_FIGURES = ("rmse", "cos", "mse", "sqnr_db", "relative_l2", "max_abs_error", "mean_error", "range")
_STATS = ("count", "minimum", "maximum", "mean", "nan", "inf", "zeros")
COLUMNS: tuple[str, ...] = (
    *("index", "name", "op", "verdict", "reason", *_FIGURES, "range_source"),
    *(f"{side}_{name}" for side in ("sample", "benchmark") for name in _STATS),
    *("transposed", "notes", "side"),
    *diagnosis.COLUMNS,
    *("journal", "change", "rmse_before", "cos_before", "verdict_before"),
)
"""The head line; columns may be added behind these, never moved."""


def write_csv(report: Report) -> bytes:
    """The report's shown layers and everything unmatched."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    told, noted = diagnosis.diagnosis_cells(report), notes_on_layers(report.journal)
    steps = {step.name: step for step in report.since.regression.steps} if report.since else {}
    for row in report.shown:
        diagnosed = told.get(row.name, diagnosis.EMPTY)
        writer.writerow([*_layer(row), *diagnosed, cell(noted.get(row.name, "")), *_before(steps.get(row.name))])
    writer.writerows(_lonely(item) for item in report.unmatched)
    return text.getvalue().encode()


def _layer(row: LayerDiff) -> list[str]:
    return [
        *(str(row.index), cell(row.name), cell(row.op_type), row.verdict, cell("; ".join(row.reasons))),
        *(number(FIGURES[key].value(row)) for key in _FIGURES),
        row.range.source if row.range else "",
        *_side(row.sample),
        *_side(row.benchmark),
        *("yes" if row.transposed else "no", cell("; ".join((*row.pair.notes, *row.notes))), "both"),
    ]


def _side(stats: SideStats | None) -> Iterator[str]:
    for name in _STATS:
        value = None if stats is None else getattr(stats, name)
        yield str(value) if isinstance(value, int) else number(value)


def _before(step: Step | None) -> list[str]:
    """What became of a layer since the baseline."""
    if step is None or step.before is None:
        return [str(step.change) if step else "", "", "", ""]
    return [word(step), number(step.before.rmse), number(step.before.cos), str(step.before.verdict)]


def _lonely(item: Unmatched) -> list[str]:
    known = {
        "index": str(item.record.op_index),
        "name": cell(item.name),
        "op": cell(item.record.op_type),
        "verdict": "unmatched",
        "reason": cell(item.reason),
        "side": item.side,
    }
    return [known.get(column, "") for column in COLUMNS]
