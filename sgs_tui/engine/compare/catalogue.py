"""The figures of a layer by name: what filters, sorting, tables and reports pick from one row.

`value` gives None where a row has no such figure (layers that are not comparable, extremes of empty tensors).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import isnan

from sgs_tui.engine.compare.results import LayerDiff, SideStats


class Worse(Enum):
    """Which way a figure gets worse; SIZE: away from zero."""

    HIGH = "high"
    LOW = "low"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a row. `key` is its name in filters, options and files, `title` its column head."""

    key: str
    title: str
    worse: Worse
    value: Callable[[LayerDiff], float | None]

    def badness(self, row: LayerDiff) -> float | None:
        """The figure turned so that more is worse; NaN stays NaN."""
        value = self.value(row)
        if value is None or self.worse is Worse.HIGH:
            return value
        return -value if self.worse is Worse.LOW else abs(value)


def _metric(name: str) -> Callable[[LayerDiff], float | None]:
    def value(row: LayerDiff) -> float | None:
        return None if row.metrics is None else float(getattr(row.metrics, name))

    return value


def _of_side(side: str, name: str) -> Callable[[LayerDiff], float | None]:
    def value(row: LayerDiff) -> float | None:
        stats: SideStats | None = getattr(row, side)
        return float(getattr(stats, name)) if stats is not None and stats.count else None

    return value


def _range(row: LayerDiff) -> float | None:
    """None too for an empty tensor: it has no values, which is nothing bad, and so no range of its own."""
    if row.range is None or (isnan(row.range.width) and row.benchmark is not None and not row.benchmark.count):
        return None
    return row.range.width


_ALL = (
    Figure("index", "#", Worse.HIGH, lambda row: float(row.index)),
    Figure("rmse", "RMSE", Worse.HIGH, _metric("rmse")),
    Figure("cos", "COS", Worse.LOW, _metric("cos")),
    Figure("mse", "MSE", Worse.HIGH, _metric("mse")),
    Figure("sqnr_db", "SQNR dB", Worse.LOW, _metric("sqnr_db")),
    Figure("relative_l2", "rel. L2", Worse.HIGH, _metric("relative_l2")),
    Figure("max_abs_error", "max error", Worse.HIGH, _metric("max_abs_error")),
    Figure("mean_error", "mean error", Worse.SIZE, _metric("mean_error")),
    Figure("range", "range", Worse.HIGH, _range),
    Figure("sample_min", "sample min", Worse.LOW, _of_side("sample", "minimum")),
    Figure("sample_max", "sample max", Worse.HIGH, _of_side("sample", "maximum")),
    Figure("benchmark_min", "bench. min", Worse.LOW, _of_side("benchmark", "minimum")),
    Figure("benchmark_max", "bench. max", Worse.HIGH, _of_side("benchmark", "maximum")),
)

FIGURES: dict[str, Figure] = {figure.key: figure for figure in _ALL}
"""Every figure by its key, in the order of columns."""

_SHORT = {"sqnr": "sqnr_db", "l2": "relative_l2", "maxerr": "max_abs_error", "max_error": "max_abs_error"}


def known_figure(name: str) -> Figure | None:
    """The figure of that key or short name (`sqnr`, `maxerr`, `l2`), in any case; None where there is none."""
    key = name.lower()
    return FIGURES.get(_SHORT.get(key, key))
