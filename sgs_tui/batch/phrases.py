"""What the formats for people say in the same words: figures, marks, the summary line."""

from collections import Counter
from math import isnan

from sgs_tui.batch.report import Report
from sgs_tui.engine.compare.catalogue import FIGURES
from sgs_tui.engine.compare.results import LayerDiff, RangeSource, Summary
from sgs_tui.engine.configs.profiles import LOWER_BOUNDS, Profile
from sgs_tui.engine.numbers import cosine, count, decibel, figure
from sgs_tui.engine.text import visible

FAILED, WARNED = "!", "~"
LEGEND = (
    f"{FAILED} beyond a fail limit, {WARNED} beyond a warn limit (a range counts only where a convolution reads it), "
    "n/c not comparable"
)

_DIGITS = {"rmse": 6, "mse": 6, "relative_l2": 6}
"""Decimals of the figures that the vendor prints with six."""


def figure_text(row: LayerDiff, key: str) -> str:
    """A figure of the row as people read it; empty where the row has none."""
    value = FIGURES[key].value(row)
    if key == "cos":
        return cosine(value)
    return decibel(value) if key == "sqnr_db" else figure(value, _DIGITS.get(key, 4))


def mark(row: LayerDiff, key: str, profile: Profile) -> str:
    """`!` where the figure breaks a fail limit (or is NaN), `~` a warn limit, else nothing."""
    value = FIGURES[key].value(row)
    if value is not None and isnan(value):
        return FAILED
    if value is None or key not in row.over:
        return ""
    fail, _ = profile.limits_for(row.name, row.op_type)
    limit: float | None = getattr(fail, key)
    if limit is not None and (value < limit if key in LOWER_BOUNDS else value > limit):
        return FAILED
    return WARNED


def ranges_from(report: Report) -> str:
    """Where the layers' ranges were taken from, counted over all layers."""
    found = Counter(row.range.source for row in report.rows if row.range is not None)
    calibrated, measured = found[RangeSource.CALIBRATION], found[RangeSource.BENCHMARK]
    parts = [f"calibration ({count(calibrated, 'layer')})"] if calibrated else []
    parts += [f"the benchmark's data ({count(measured, 'layer')})"] if measured else []
    return ", ".join(parts) or "none"


def headline(summary: Summary) -> str:
    """The comparison in one line."""
    parts = [f"{count(summary.layers, 'layer')}: {summary.failed} failed, {summary.warned} warned"]
    if summary.not_comparable:
        parts.append(f"{summary.not_comparable} not comparable")
    counts = f"{', '.join(parts)}, {summary.unmatched} unmatched"
    return "; ".join([counts, *_pointers(summary)])


def _pointers(summary: Summary) -> list[str]:
    first, worst = summary.first_failing, summary.worst
    if first is not None and first is worst:
        return [f"first failing and worst {_pointer(first)}"]
    named = (("first failing", first), ("worst", worst))
    return [f"{what} {_pointer(row)}" for what, row in named if row is not None]


def _pointer(row: LayerDiff) -> str:
    return f"{row.index} {visible(row.name)} (RMSE {figure_text(row, 'rmse')})"
