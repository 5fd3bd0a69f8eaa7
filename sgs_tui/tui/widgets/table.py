"""A table over anything: rows are asked for when they are painted, so ten thousand cost what ten do.

The cursor is a whole row; the current column is marked in the head. When the cursor leaves the view the view jumps
by half a page: over a slow line one big repaint now and then is kinder than one at every key.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from rich.cells import cell_len
from textual import events
from textual.message import Message

from sgs_tui.language import _
from sgs_tui.tui.short_names import ShortNames
from sgs_tui.tui.text import Span, Tone, clip, cut, fit, wrap
from sgs_tui.tui.widgets.line_widget import ListWidget
from sgs_tui.tui.widgets.text_view import TextView

Item = TypeVar("Item")
_GAP = Span(" ")


class Cell(NamedTuple):
    """What stands in a cell and what it means."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Column(Generic[Item]):
    """A column of a table: how wide, and what it shows of an item.

    `width` 0 takes what the others leave (at least `least`); `prose` is cut at its end, other text in the middle,
    `names` so that different ones stay different (`short` says how).
    """

    id: str
    title: str
    width: int = 0
    right: bool = False
    least: int = 12
    prose: bool = False
    names: bool = False
    short: Callable[[str, int], str] = cut
    cell: Callable[[Item], Cell | str] = str

    def fitted(self, text: str, cells: int) -> str:
        """`text` in exactly so many cells."""
        if type(text) is str and len(text) <= cells and text.isascii() and text.isprintable():  # nearly always
            return text.rjust(cells) if self.right else text.ljust(cells)
        return fit(clip(text, cells) if self.prose else self.short(text, cells), cells, self.right)


class Source(Protocol):
    """Where a table's rows come from."""

    def __len__(self) -> int: ...

    def cell(self, row: int, column: str) -> Cell:
        """What stands at `row` in the column of that id."""
        ...

    def row_tone(self, row: int) -> Tone:
        """The tone of a whole row."""
        ...


class Rows(Generic[Item]):
    """Items as rows: each column says what it shows of one, `tone` how the whole row looks."""

    def __init__(
        self,
        columns: Sequence[Column[Item]] = (),
        items: Iterable[Item] = (),
        tone: Callable[[Item], Tone] | None = None,
    ) -> None:
        self.items = tuple(items)
        self._cells = {column.id: column.cell for column in columns}
        self._tone = tone

    def __len__(self) -> int:
        return len(self.items)

    def cell(self, row: int, column: str) -> Cell:
        found = self._cells[column](self.items[row])
        return found if isinstance(found, Cell) else Cell(found)

    def row_tone(self, row: int) -> Tone:
        return self._tone(self.items[row]) if self._tone else ""


class Table(ListWidget):
    """A table with a cursor row and a current column; the first `frozen` columns never scroll away."""

    class Moved(Message):
        """The cursor stands on another row."""

    class HeadClicked(Message):
        """The heading of the current column was clicked."""

    class Activated(Moved):
        """The row under the cursor was clicked again."""

    def __init__(
        self, columns: Sequence[Column[Any]] = (), frozen: int = 1, empty: str = "", identity: str | None = None
    ) -> None:
        super().__init__(identity)
        self.columns: tuple[Column[Any], ...] = tuple(map(_headed, columns))
        self.source: Source = Rows[Any]()
        self.frozen, self.empty = frozen, empty
        self.cursor, self.top = 0, 0
        self.column, self.first = 0, frozen
        self.marks: dict[str, str] = {}
        self._places: tuple[object, list[tuple[int, int]]] = (None, [])

    @property
    def place(self) -> int:
        return self.cursor

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

    def show(self, source: Source, columns: Sequence[Column[Any]] | None = None, cursor: int | None = None) -> None:
        """Show other rows (and columns); the cursor row keeps its line on the screen when `cursor` moves it."""
        held = self.cursor - self.top
        self.source = source
        if columns is not None:
            current = self.column_id
            self.columns = tuple(map(_headed, columns))
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
        self.post_message(self.Moved())

    def at_column(self, key: str) -> None:
        """Make the column of that id the current one, if it is there."""
        for place, column in enumerate(self.columns):
            if column.id == key:
                self._move_column(place - self.column)

    def explain(self, empty: str) -> None:
        """Why there are no rows, while there are none."""
        if empty != self.empty:
            self.empty = empty
            self.refresh()

    def repaint_row(self, row: int) -> None:
        self.repaint_line(row - self.top + 1)

    def _inside(self, row: int) -> int:
        return max(0, min(row, len(self.source) - 1))

    def _settle(self) -> bool:
        """Bring `top` and the first column where the cursor can be seen; whether anything moved."""
        before = (self.top, self.first)
        if not self.top <= self.cursor < self.top + self.page:
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
        """(column, cells), worked out once for all rows."""
        now = (self.columns, self.first, self.size.width)
        if self._places[0] != now:
            self._places = now, self._placing()
        return self._places[1]

    def _placing(self) -> list[tuple[int, int]]:
        """The frozen ones, then from `first` on what fits; flexible ones take the rest.

        The frozen ones always leave room for a column behind them, so that none is out of reach.
        """
        placed: list[tuple[int, int]] = []
        left, columns = self.size.width, self.columns
        behind = [(column.width or column.least) + 1 for column in columns[self.first :]][:1]
        kept = min(*behind, self.size.width // 2) if behind else 0
        for n in range(min(self.frozen, len(columns))):
            placed.append((n, max(1, min(columns[n].width or columns[n].least, left - kept))))
            left -= placed[-1][1] + 1
        for n in range(self.first, len(columns)):
            cells = columns[n].width or columns[n].least
            if left < 1 or (cells > left and n > self.first):
                break
            placed.append((n, min(cells, left)))
            left -= cells + 1
        flexible = sum(not columns[n].width for n, _ in placed)
        extra = max(0, left + 1) // flexible if flexible else 0
        return [(n, cells if columns[n].width else cells + extra) for n, cells in placed]

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        if y == 0:
            return self._head(), "header"
        row = self.top + y - 1
        if row >= len(self.source):
            why = [] if len(self.source) else wrap(self.empty, max(12, self.size.width - 2))
            return ((Span(" " + why[y - 2], "muted"),) if 0 <= y - 2 < len(why) else ()), ""
        if row != self.cursor:
            return self._row(row), self.source.row_tone(row)
        return self._row(row), "cursor" if self.has_focus else "idle"

    def _head(self) -> list[Span]:
        """Titles with their sort marks, which take the place of a blank behind; the current column's stands out."""
        spans = []
        for n, cells in self._placed():
            column = self.columns[n]
            title = _marked(column.title, self.marks.get(column.id, ""), cells)
            spans += [Span(column.fitted(title, cells), "key" if n == self.column and self.has_focus else ""), _GAP]
        return spans

    def _row(self, row: int) -> list[Span]:
        spans = []
        for n, cells in self._placed():
            cell = self.source.cell(row, self.columns[n].id)
            spans += [Span(self.columns[n].fitted(cell.text, cells), cell.tone), _GAP]
        return spans

    def _move_column(self, step: int) -> None:
        self.column = max(0, min(self.column + step, len(self.columns) - 1))
        before = self.first
        self._settle_columns()
        if self.first == before:
            self.repaint_line(0)
        else:
            self.refresh()

    def action_left(self) -> None:
        self._move_column(-1)

    def action_right(self) -> None:
        self._move_column(1)

    def on_resize(self) -> None:
        """Keep the cursor in view, and no column hidden for which there is room now."""
        self.first = self.frozen
        self._settle()
        self.refresh()

    def on_focus(self) -> None:
        self.repaint_line(0)
        self.repaint_row(self.cursor)

    on_blur = on_focus

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor (and in the head the current column)."""
        row = self.top + event.y - 1
        if event.y == 0:
            self._click_head(event.x)
        elif row == self.cursor:
            self.post_message(self.Activated())
        elif row < len(self.source):
            self.go(row)

    def _click_head(self, x: int) -> None:
        left = 0
        for n, cells in self._placed():
            if left <= x <= left + cells:
                self._move_column(n - self.column)
                self.post_message(self.HeadClicked())
            left += cells + 1


def _headed(column: Column[Item]) -> Column[Item]:
    """Wide enough for its title in the user's language."""
    cells = cell_len(_(column.title)) if column.title else 0
    return replace(column, width=cells) if 0 < column.width < cells else column


def _marked(title: str, mark: str, cells: int) -> str:
    """In the user's language, with its sort mark; what of that does not fit is left out, its end first."""
    bare = _(title.removesuffix(" ")) + (" " if title.endswith(" ") and not mark else "")
    room = max(1, cells - cell_len(bare))
    return bare + mark[:room]


class ListTable(Table, Generic[Item]):
    """A table of a few items. The page keys move the text `below` it, where there is one: the rows fit, it does not."""

    def __init__(
        self,
        columns: Sequence[Column[Item]],
        frozen: int = 2,
        empty: str = "",
        identity: str | None = None,
        tone: Callable[[Item], Tone] | None = None,
        below: TextView | None = None,
    ) -> None:
        super().__init__(columns, frozen, empty, identity)
        self._tone, self._below = tone, below
        self.items: tuple[Item, ...] = ()

    @property
    def item(self) -> Item | None:
        """The one under the cursor."""
        return self.items[self.cursor] if self.cursor < len(self.items) else None

    def fill(self, items: Iterable[Item], cursor: int | None = None) -> None:
        """Show other items; the cursor stays in its place unless `cursor` says another."""
        rows = Rows(self.columns, items, self._tone)
        self.items = rows.items
        self.columns = tuple(
            replace(column, short=ShortNames([rows.cell(row, column.id).text for row in range(len(rows))]))
            if column.names
            else column
            for column in self.columns
        )
        self.show(rows, cursor=cursor)

    def fill_on(self, items: Sequence[Item], wanted: Callable[[Item], bool]) -> None:
        """Show other items, the cursor on the first that is `wanted`, else at the top."""
        self.fill(items, next((place for place, item in enumerate(items) if wanted(item)), 0))

    def action_page_down(self) -> None:
        if self._below is None:
            super().action_page_down()
        else:
            self._below.action_page_down()

    def action_page_up(self) -> None:
        if self._below is None:
            super().action_page_up()
        else:
            self._below.action_page_up()
