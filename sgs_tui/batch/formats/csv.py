"""`--format csv`: one line a layer, RFC 4180 (CRLF, quotes doubled), UTF-8.

Outputs without a partner follow as lines whose verdict is `unmatched` and whose `side` says where they are, so that
no output of either dump is lost. The columns from `causes` to `recovered_layout` come from the diagnosis
(cfg/schemas/compare-1.json says what they are; `causes` are those that name the layer, the likeliest first) and are
empty with --no-diagnosis; `journal` has the notes on the layer; `change` to `verdict_before` are filled with
--baseline. `slice_sqnr_db` is the worst of `narrow_slices`, channels of an output or branches of a concat that span
under 4 steps; `top1_sample` and `top1_benchmark` are the classes that an output scores highest.
Text that a spreadsheet would run as a formula is given a leading apostrophe; numbers never are. Control characters
in names are written as escapes (`\\x1b`). `nan`, `inf` and `-inf` stand for numbers that are none; a figure that a
layer does not have is empty.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from operator import attrgetter

from sgs_tui.batch.console import Screen
from sgs_tui.batch.report import Report
from sgs_tui.batch.values import cell, csv_of, number, numbers
from sgs_tui.batch.words import word
from sgs_tui.engine.compare.baseline import Step
from sgs_tui.engine.compare.limits import slice_names
from sgs_tui.engine.compare.metrics import METRICS, OF_LAYER
from sgs_tui.engine.compare.results import LayerDiff, SideStats, Unmatched
from sgs_tui.engine.diagnosis.results import Blame, Recovered
from sgs_tui.engine.journal import notes_on_layers

_STATS = ("count", "minimum", "maximum", "mean", "nan", "inf", "zeros")
_STATS_OF = attrgetter(*_STATS)
_OF_LAYER = tuple(METRICS[key] for key in OF_LAYER)
COLUMNS: tuple[str, ...] = (
    *("index", "name", "op", "verdict", "reason", *OF_LAYER, "range_source"),
    *(f"{side}_{name}" for side in ("sample", "benchmark") for name in _STATS),
    *("transposed", "notes", "side"),
    *("causes", "role", "error_total", "error_inherited", "error_own", "own_steps", "jump", "culprits"),
    *("recovered_rmse", "recovered_cos", "recovered_kept", "recovered_layout"),
    *("journal", "change", "rmse_before", "cos_before", "verdict_before"),
    *("slice_sqnr_db", "narrow_slices", "top1_sample", "top1_benchmark"),
)
"""The head line; columns may be added behind these, never moved."""


def write(report: Report, screen: Screen) -> Iterator[bytes]:
    """The report's shown layers and everything unmatched."""
    diagnosed, noted = _diagnosis_of(report), notes_on_layers(report.journal)
    steps = {step.name: step for step in report.since.regression.steps} if report.since else {}
    layers = (
        [
            *_layer(row),
            *diagnosed(row.name),
            cell(noted.get(row.name, "")),
            *_before(steps.get(row.name)),
            *_slices(row),
        ]
        for row in report.shown
    )
    return csv_of(COLUMNS, chain(layers, map(_lonely, report.unmatched)))


def _layer(row: LayerDiff) -> list[str]:
    return [
        *(str(row.index), cell(row.name), cell(row.op_type), row.verdict, cell("; ".join(row.reasons))),
        *numbers([metric.value(row) for metric in _OF_LAYER]),
        row.range.source if row.range else "",
        *_side(row.sample),
        *_side(row.benchmark),
        *("yes" if row.transposed else "no", cell("; ".join((*row.pair.notes, *row.notes))), "both"),
    ]


def _side(stats: SideStats | None) -> list[str]:
    return numbers(_STATS_OF(stats)) if stats is not None else [""] * len(_STATS)


def _diagnosis_of(report: Report) -> Callable[[str], list[str]]:
    """The cells that a diagnosis has for a layer, by its name; empty ones without a diagnosis."""
    causes: dict[str, list[str]] = {}
    for finding in report.diagnosis.findings if report.diagnosis else ():
        for name in finding.layers:
            causes.setdefault(name, []).append(str(finding.cause))
    blame, recovered = report.blame, report.recovered
    return lambda name: [
        "; ".join(causes[name]) if name in causes else "",
        *_blame(blame.get(name)),
        *_recovered(recovered.get(name)),
    ]


def _blame(part: Blame | None) -> list[str]:
    if part is None:
        return [""] * 7
    errors = numbers((part.total, part.inherited, part.own, part.own_steps))
    culprits = cell("; ".join(part.culprits)) if part.culprits else ""
    return [str(part.role), *errors, "yes" if part.jump else "no", culprits]


def _recovered(each: Recovered | None) -> list[str]:
    if each is None or each.row.metrics is None:
        return [""] * 4
    return [*map(number, (each.row.metrics.rmse, each.row.metrics.cos, each.kept)), each.layout]


def _before(step: Step | None) -> list[str]:
    """What became of a layer since the baseline."""
    if step is None or step.before is None:
        return [str(step.change) if step else "", "", "", ""]
    return [word(step), number(step.before.rmse), number(step.before.cos), str(step.before.verdict)]


def _slices(row: LayerDiff) -> list[str]:
    """The worst slice under few steps, which ones these are, and the best class of either side."""
    narrow = cell(slice_names(row.slices.narrow)) if row.slices else ""
    best = [str(row.top1.sample), str(row.top1.benchmark)] if row.top1 else ["", ""]
    return [number(METRICS["slice_sqnr_db"].value(row)), narrow, *best]


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
