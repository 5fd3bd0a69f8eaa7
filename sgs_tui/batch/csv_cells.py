"""Cells of a CSV file: text that no spreadsheet runs, numbers in full."""

from sgs_tui.batch.numbers import plain
from sgs_tui.engine.text import visible

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def number(value: float | None) -> str:
    """A figure; empty where there is none."""
    return "" if value is None else plain(value)
