"""Two sides of a picture -> its layers' numbers: what a comparison says, and which values are beyond the limits.

Apart because every way of making the two sides gives its numbers by it.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import inf, isfinite, nan
from typing import NamedTuple

import numpy as np

from sgs_tui.engine.compare.elements import Elements
from sgs_tui.engine.compare.results import LayerDiff, Top1, Verdict
from sgs_tui.engine.compare.select import worst_first
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.sweep.results import VERDICTS, Column
from sgs_tui.language import Message, clauses

_FIRST = 5
"""Of top-5."""
_ROUNDED = 1e-6
"""Relative: calibration files print six decimals, so a value this little beyond its limit is at it."""


def row_of(
    row: LayerDiff, limits: tuple[float, float] | None, benchmark: Iterable[AnyArray], classes: tuple[float, float]
) -> list[float]:
    """The layer's `COLUMNS`. `benchmark`: its values in pieces, read only where some are beyond the `limits`."""
    if row.metrics is None or row.benchmark is None:
        return [*[nan] * (len(Column) - 1), float(VERDICTS.index(Verdict.NOT_COMPARABLE))]
    errors = (row.metrics.rmse, row.metrics.cos, row.metrics.sqnr_db, row.metrics.max_abs_error)
    extremes = row.benchmark.minimum, row.benchmark.maximum
    return [*errors, *beyond(*extremes, limits, benchmark), *classes, float(VERDICTS.index(row.verdict))]


def beyond(
    least: float, greatest: float, limits: tuple[float, float] | None, benchmark: Iterable[AnyArray]
) -> tuple[float, float, float, float]:
    """The two extremes, and how many values are below and above the limits; NaN without limits."""
    counts = (nan, nan) if limits is None else _counted(least, greatest, limits, benchmark)
    return least, greatest, *counts


def _counted(
    least: float, greatest: float, limits: tuple[float, float], benchmark: Iterable[AnyArray]
) -> tuple[float, float]:
    edges = _edges(limits)
    if not (least < edges.low or greatest > edges.high):  # NaN, of an empty layer, is beyond nothing
        return 0.0, 0.0
    below = above = 0
    for piece in benchmark:
        low, high = edges.single if piece.dtype == np.float32 else (edges.low, edges.high)
        below += int(np.count_nonzero(np.less(piece, low))) if least < edges.low else 0
        above += int(np.count_nonzero(np.greater(piece, high))) if greatest > edges.high else 0
    return float(below), float(above)


class _Edges(NamedTuple):
    """Limits and what a printed figure may be off, as doubles, and as `single` floats that no value lies between: so
    nothing is widened to be counted."""

    low: float
    high: float
    single: tuple[np.float32, np.float32]


@lru_cache(4096)
def _edges(limits: tuple[float, float]) -> _Edges:
    slack = _ROUNDED * max(map(abs, limits))
    low, high = limits[0] - slack, limits[1] + slack
    first, last = np.float32(low), np.float32(high)
    return _Edges(
        low,
        high,
        (
            np.nextafter(first, np.float32(inf)) if float(first) < low else first,
            np.nextafter(last, np.float32(-inf)) if float(last) > high else last,
        ),
    )


def class_agreement(top1: Top1 | None, sample: Elements, benchmark: Elements) -> tuple[float, float]:
    """Of an output of class scores: whether the benchmark's first class is the sample's first, and among its first five
    (who shares the fifth place is among them; NaN of five and fewer, where all are); NaN where it is none."""
    if top1 is None:
        return nan, nan
    scores = sample.values(0, sample.count)
    among = float(int(np.count_nonzero(scores > scores[top1.benchmark])) < _FIRST)
    return float(top1.agrees), among if sample.count > _FIRST else nan


def outputs_of(dump: Dump) -> frozenset[str]:
    """The network's outputs: layers that no op reads; of a dump without inputs the last one."""
    read = {record.name for record in dump.records if record.direction is Direction.IN and not record.constant}
    layers = [record.name for record in dump.outputs()]
    return frozenset(name for name in layers if name not in read) if read else frozenset(layers[-1:])


def useful_limits(low: float, high: float) -> tuple[float, float] | None:
    """Limits that something can be beyond; None for what is no range."""
    return (low, high) if isfinite(low) and isfinite(high) and low < high else None


def why_worst(rows: Sequence[LayerDiff]) -> str:
    """The worst layer that is not ok and why, in words; empty where all are."""
    failing = [row for row in rows if row.verdict is Verdict.FAIL] or [
        row for row in rows if row.verdict is Verdict.WARN
    ]
    worst = next(iter(worst_first(failing)), None)
    return Message("{name}: {why}", name=worst.name, why=clauses(worst.reasons)) if worst is not None else ""
