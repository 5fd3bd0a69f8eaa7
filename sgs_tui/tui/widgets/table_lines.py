"""A table's lines: which columns fit, the head, a row."""

from collections.abc import Mapping, Sequence

from sgs_tui.tui.lines import Span, clip, fit
from sgs_tui.tui.widgets.rows import Column, Source

Placed = Sequence[tuple[int, int]]
"""(column, cells) from the left."""
GAP = Span(" ")


def placed_columns(columns: Sequence[Column], frozen: int, first: int, width: int) -> list[tuple[int, int]]:
    """The frozen columns, then from `first` on what fits into `width`; flexible ones take the rest."""
    placed: list[tuple[int, int]] = []
    left = width
    for n in (*range(min(frozen, len(columns))), *range(first, len(columns))):
        cells = columns[n].width or columns[n].least
        if cells > left and placed:
            break
        placed.append((n, min(cells, left)))
        left -= cells + 1
    flexible = sum(not columns[n].width for n, _ in placed)
    extra = max(0, left + 1) // flexible if flexible else 0
    return [(n, cells if columns[n].width else cells + extra) for n, cells in placed]


def head_spans(columns: Sequence[Column], placed: Placed, marks: Mapping[str, str], current: int) -> list[Span]:
    """Titles with their sort marks; the current column's stands out."""
    spans = []
    for n, cells in placed:
        title = _title(columns[n], marks.get(columns[n].id, ""))
        shown = clip(title, cells) if columns[n].prose else title
        spans += [Span(fit(shown, cells, columns[n].right), "key" if n == current else ""), GAP]
    return spans


def _title(column: Column, mark: str) -> str:
    """The title; a sort mark takes the place of a blank behind it."""
    return column.title.removesuffix(" ") + mark if mark else column.title


def row_spans(columns: Sequence[Column], placed: Placed, source: Source, row: int) -> list[Span]:
    """The cells of one row."""
    spans = []
    for n, cells in placed:
        cell = source.cell(row, columns[n].id)
        shown = clip(cell.text, cells) if columns[n].prose else cell.text
        spans += [Span(fit(shown, cells, columns[n].right), cell.tone), GAP]
    return spans
