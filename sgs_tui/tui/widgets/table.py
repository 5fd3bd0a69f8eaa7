"""A table over anything: rows are asked for when they are painted, so ten thousand cost what ten do.

The cursor is a whole row; the current column is marked in the head. When the cursor leaves the view the view jumps
by half a page: over a slow line one big repaint now and then is kinder than one at every key.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from textual import events
from textual.message import Message

from sgs_tui.tui.actions import bindings
from sgs_tui.tui.text import Span, Tone, clip, fit
from sgs_tui.tui.widgets.text_view import LineWidget, TextView

# What tables show: cells, columns, and where rows come from.


class Cell(NamedTuple):
    """What stands in a cell and what it means."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `width` 0: takes what the others leave (at least `least`)."""

    id: str
    title: str
    width: int = 0
    right: bool = False
    least: int = 12
    prose: bool = False
    """Cut at the end, not in the middle."""


class Source(Protocol):
    """Where a table's rows come from."""

    def __len__(self) -> int: ...

    def cell(self, row: int, column: str) -> Cell:
        """What stands at `row` in the column of that id."""
        ...

    def row_tone(self, row: int) -> Tone:
        """The tone of a whole row."""
        ...


class Empty:
    """No rows."""

    def __len__(self) -> int:
        return 0

    def cell(self, row: int, column: str) -> Cell:
        """Never asked for."""
        raise IndexError(row)

    def row_tone(self, row: int) -> Tone:
        """Never asked for."""
        raise IndexError(row)


# A table's lines: which columns fit, the head, a row.

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


__all__ = ("Cell", "Column", "Source", "Table")


class Table(LineWidget, can_focus=True):
    """A table with a cursor row and a current column; the first `frozen` columns never scroll away."""

    BINDINGS = bindings("move")

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, table: "Table") -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> "Table":
            return self.table

    class Activated(Moved):
        """The row under the cursor was clicked again."""

    def __init__(
        self, columns: Sequence[Column] = (), frozen: int = 1, empty: str = "", identity: str | None = None
    ) -> None:
        super().__init__(identity)
        self.columns: tuple[Column, ...] = tuple(columns)
        self.source: Source = Empty()
        self.frozen, self.empty = frozen, empty
        self.cursor, self.top = 0, 0
        self.column, self.first = 0, frozen
        self.marks: dict[str, str] = {}

    @property
    def page(self) -> int:
        return max(1, self.size.height - 1)

    @property
    def column_id(self) -> str:
        return self.columns[self.column].id if self.columns else ""

    def restart(self, source: Source, cursor: int = 0) -> None:
        """Show rows that have nothing to do with those before, from the top."""
        self.cursor = self.top = 0
        self.source = source
        self.cursor = self._inside(cursor)
        self._settle()
        self.refresh()

    def show(self, source: Source, columns: Sequence[Column] | None = None, cursor: int | None = None) -> None:
        """Show other rows (and columns); the cursor row keeps its line on the screen when `cursor` moves it."""
        held = self.cursor - self.top
        self.source = source
        if columns is not None:
            current = self.column_id
            self.columns = tuple(columns)
            ids = [column.id for column in columns]
            self.column = ids.index(current) if current in ids else 0
        self.cursor = self._inside(self.cursor if cursor is None else cursor)
        self.top = self.cursor - held
        self._settle()
        self.refresh()

    def go(self, row: int) -> None:
        """Put the cursor on `row`, repainting only what changes."""
        row = self._inside(row)
        if row == self.cursor:
            return
        old, self.cursor = self.cursor, row
        if self._settle():
            self.refresh()
        else:
            self.repaint_row(old)
            self.repaint_row(row)
        self.post_message(self.Moved(self))

    def at_column(self, key: str) -> None:
        """Make the column of that id the current one, if it is there."""
        for place, column in enumerate(self.columns):
            if column.id == key:
                self._move_column(place - self.column)

    def repaint_row(self, row: int) -> None:
        self.repaint_line(row - self.top + 1)

    def in_view(self, row: int) -> bool:
        return self.top <= row < self.top + self.page

    def _inside(self, row: int) -> int:
        return max(0, min(row, len(self.source) - 1))

    def _settle(self) -> bool:
        """Bring `top` and the first column where the cursor can be seen; whether anything moved."""
        before = (self.top, self.first)
        if not self.in_view(self.cursor):
            self.top = self.cursor - self.page // 2
        self.top = max(0, min(self.top, len(self.source) - self.page))
        self._settle_columns()
        return before != (self.top, self.first)

    def _settle_columns(self) -> None:
        self.first = max(self.frozen, min(self.first, len(self.columns)))
        if self.column < self.frozen:
            self.first = self.frozen
        elif self.column < self.first:
            self.first = self.column
        while self.size.width and self.first < self.column and self.column not in dict(self._placed()):
            self.first += 1

    def _placed(self) -> list[tuple[int, int]]:
        return placed_columns(self.columns, self.frozen, self.first, self.size.width)

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        if y == 0:
            return self._head(), "header"
        row = self.top + y - 1
        if row >= len(self.source):
            return ((Span(" " + self.empty, "muted"),) if y == 2 and not len(self.source) else ()), ""
        if row != self.cursor:
            return self._row(row), self.source.row_tone(row)
        return self._row(row), "cursor" if self.has_focus else "idle"

    def _head(self) -> list[Span]:
        current = self.column if self.has_focus else -1
        return head_spans(self.columns, self._placed(), self.marks, current)

    def _row(self, row: int) -> list[Span]:
        return row_spans(self.columns, self._placed(), self.source, row)

    def _move_column(self, step: int) -> None:
        self.column = max(0, min(self.column + step, len(self.columns) - 1))
        before = self.first
        self._settle_columns()
        if self.first == before:
            self.repaint_line(0)
        else:
            self.refresh()

    def action_down(self) -> None:
        self.go(self.cursor + 1)

    def action_up(self) -> None:
        self.go(self.cursor - 1)

    def action_left(self) -> None:
        self._move_column(-1)

    def action_right(self) -> None:
        self._move_column(1)

    def action_page_down(self) -> None:
        self.go(self.cursor + self.page)

    def action_page_up(self) -> None:
        self.go(self.cursor - self.page)

    def action_top(self) -> None:
        self.go(0)

    def action_bottom(self) -> None:
        self.go(len(self.source) - 1)

    def on_resize(self) -> None:
        """Keep the cursor in view, and no column hidden for which there is room now."""
        self.first = self.frozen
        self._settle()
        self.refresh()

    def on_focus(self) -> None:
        self._repaint_focus()

    def on_blur(self) -> None:
        self._repaint_focus()

    def _repaint_focus(self) -> None:
        self.repaint_line(0)
        self.repaint_row(self.cursor)

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor (and in the head the current column)."""
        row = self.top + event.y - 1
        if event.y == 0:
            self._click_head(event.x)
        elif row == self.cursor:
            self.post_message(self.Activated(self))
        elif row < len(self.source):
            self.go(row)

    def _click_head(self, x: int) -> None:
        left = 0
        for n, cells in self._placed():
            if left <= x <= left + cells:
                self._move_column(n - self.column)
            left += cells + 1

    def on_mouse_scroll_down(self) -> None:
        self.go(self.cursor + 3)

    def on_mouse_scroll_up(self) -> None:
        self.go(self.cursor - 3)


# A short table with a long text below it.


class TableAbove(Table):
    """Its rows fit, the text does not: page keys move the text."""

    def __init__(
        self, text: TextView, columns: Sequence[Column], frozen: int = 2, empty: str = "", identity: str | None = None
    ) -> None:
        super().__init__(columns, frozen, empty, identity)
        self._text = text

    def action_page_down(self) -> None:
        self._text.action_page_down()

    def action_page_up(self) -> None:
        self._text.action_page_up()
