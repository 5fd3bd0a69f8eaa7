"""What a sweep says of each layer, as columns of the layer table: its worst and its median RMSE over the pictures, and
on how many of them it fails.

Apart because it is no figure of the comparison on show: the engine neither measures nor writes it there.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sgs_tui.engine.compare.metrics import Metric
from sgs_tui.engine.numbers import ratio
from sgs_tui.language import Message
from sgs_tui.tui.widgets.table import Cell

WORST, MEDIAN, FAILS = "set_worst", "set_median", "set_fails"


class OverSet(NamedTuple):
    """A layer over the pictures."""

    worst: float
    median: float
    fails: int


Swept = Mapping[str, OverSet]
"""By the layer's name."""


def figures_over(find: Callable[[str], OverSet | None]) -> dict[str, Metric]:
    """The columns as figures that rows are filtered and sorted by; `find` gives a layer's, None where it has none."""

    def read(field: str) -> Callable[[object], float | None]:
        def value(row: object) -> float | None:
            found = find(getattr(row, "name", ""))
            return None if found is None else float(getattr(found, field))

        return value

    worst, median = Message("worst RMSE over a sweep's pictures"), Message("median RMSE over a sweep's pictures")
    fails = Message("pictures of a sweep it fails on")
    return {
        WORST: Metric(key=WORST, name=worst, short="worst", also=("worst",), cells=6, read=read("worst")),
        MEDIAN: Metric(key=MEDIAN, name=median, short="median", also=("median",), cells=6, read=read("median")),
        FAILS: Metric(key=FAILS, name=fails, short="fails", also=("fails",), cells=4, read=read("fails")),
    }


COLUMNS = figures_over(lambda name: None)
"""What the columns are called and how wide they are."""


def cell(found: OverSet | None, key: str) -> Cell:
    """What a layer shows in one of the columns; nothing where the sweep does not have it."""
    if found is None:
        return Cell("")
    if key == FAILS:
        return Cell(f"{found.fails} ", "fail") if found.fails else Cell("- ", "muted")
    value = found.worst if key == WORST else found.median
    return Cell(ratio(value) + " ")
