"""What the original says of each layer, as columns of the layer table: RMSE of float and of fixed against it, and the
first step that breaks the layer.

Apart because it is no figure of the comparison on show: those are fixed against float.
"""

from collections.abc import Callable

from sgs_tui.engine.compare.metrics import Metric
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.diagnosis.original import Breaks, ThreeRow, ThreeWay
from sgs_tui.engine.numbers import figure, ratio
from sgs_tui.language import Message, _
from sgs_tui.tui.comparison.view import SIGNS
from sgs_tui.tui.text import Line, paragraph
from sgs_tui.tui.widgets.table import Cell

CONVERSION, WHOLE, BREAKS = "float_original", "fixed_original", "breaks"
COLUMNS = (CONVERSION, WHOLE, BREAKS)

_WORDS = {
    Breaks.CONVERSION: Cell(Message("conv"), "fail"),
    Breaks.QUANTIZATION: Cell(Message("quant"), "fail"),
    Breaks.TOGETHER: Cell(Message("both"), "fail"),
    Breaks.NOTHING: Cell(""),
    Breaks.UNKNOWN: Cell(""),
}
_ORDER = tuple(_WORDS)


def figures_of(find: Callable[[str], ThreeRow | None]) -> dict[str, Metric]:
    """The two RMSEs as figures that rows are filtered and sorted by; `find` gives a layer's."""

    def read(field: str) -> Callable[[object], float | None]:
        def value(row: object) -> float | None:
            found = find(getattr(row, "name", ""))
            return None if found is None else _rmse(getattr(found, field))

        return value

    one, both = Message("RMSE of float against the original"), Message("RMSE of fixed against the original")
    return {
        CONVERSION: Metric(key=CONVERSION, name=one, short="f/orig", also=(), cells=6, read=read("conversion")),
        WHOLE: Metric(key=WHOLE, name=both, short="x/orig", also=(), cells=6, read=read("whole")),
    }


FIGURES = figures_of(lambda name: None)
"""What the columns of figures are called and how wide they are."""


def _rmse(row: LayerDiff | None) -> float | None:
    return None if row is None or row.metrics is None else row.metrics.rmse


def cell(found: ThreeRow | None, key: str) -> Cell:
    """What a layer shows in one of the columns; nothing where the original does not have it."""
    if found is None:
        return Cell("")
    if key == BREAKS:
        return _WORDS[found.breaks]
    row = found.conversion if key == CONVERSION else found.whole
    value = _rmse(row)
    if row is None or value is None:
        return Cell("")
    fails = row.verdict is Verdict.FAIL
    return Cell(ratio(value) + ("!" if fails else " "), SIGNS[row.verdict].tone if fails else "")


def place(three: ThreeWay | None, name: str) -> int:
    """For sorting by what breaks: conversion first."""
    found = None if three is None else three.by_name.get(name)
    return len(_ORDER) if found is None else _ORDER.index(found.breaks)


def lines(three: ThreeWay | None, name: str, width: int) -> list[Line]:
    """For the details: the layer's three figures, and the step that breaks it first."""
    found = None if three is None else three.by_name.get(name)
    if found is None:
        return []
    sides = (
        (_("float-original"), found.conversion),
        (_("fixed-float"), found.quantization),
        (_("fixed-original"), found.whole),
    )
    known = [f"{label} {figure(_rmse(row))}" for label, row in sides if _rmse(row) is not None]
    told = paragraph("RMSE " + _(", ").join(known), width, "muted")
    words = {
        Breaks.CONVERSION: _("conversion breaks it: float is not the original"),
        Breaks.QUANTIZATION: _("quantization breaks it, not conversion") if found.conversion else "",
        Breaks.TOGETHER: _("conversion and quantization break it together"),
    }.get(found.breaks, "")
    return [*told, *paragraph(words, width, "fail")]
