"""The column picker of the layer table."""

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from sgs_tui.tui.actions import bindings
from sgs_tui.tui.lines import Tone
from sgs_tui.tui.models.columns import FROZEN, title
from sgs_tui.tui.models.view import ColumnChoice, default_choices, moved, toggled, widened
from sgs_tui.tui.screens.dialog import Dialog
from sgs_tui.tui.widgets.table import Cell, Column, Table

_COLUMNS = (Column("shown", "", 3), Column("title", "column"), Column("extra", "wider by", 10))


class _Choices:
    """The choices as rows."""

    def __init__(self, choices: Sequence[ColumnChoice]) -> None:
        self.choices = choices

    def __len__(self) -> int:
        return len(self.choices)

    def cell(self, row: int, column: str) -> Cell:
        """Shown or not, title, extra cells."""
        choice = self.choices[row]
        if column == "shown":
            return Cell("[x]" if choice.shown else "[ ]", "key" if choice.shown else "muted")
        if column == "extra":
            return Cell(f"+{choice.extra}" if choice.extra else "")
        return Cell(title(choice.id) + (" (always)" if choice.id in FROZEN else ""))

    def row_tone(self, row: int) -> Tone:
        """Hidden columns stay in the background."""
        return "" if self.choices[row].shown else "muted"


class ColumnsDialog(Dialog[tuple[ColumnChoice, ...]]):
    """Closing it answers with the columns as they then are."""

    BINDINGS = bindings("columns")
    GROUPS = ("columns", "dialog")

    def __init__(self, choices: Sequence[ColumnChoice], keymap: dict[str, str] | None = None) -> None:
        super().__init__("Columns of the layer table, from the left", keymap)
        self.choices: tuple[ColumnChoice, ...] = tuple(choices)
        self.table = Table(_COLUMNS, frozen=2)

    def body(self) -> Iterable[Widget]:
        """The columns, one a row."""
        return (self.table,)

    def on_mount(self) -> None:
        """Show them as they are."""
        self._show(self.choices, 0)
        self.table.focus()

    def _show(self, choices: tuple[ColumnChoice, ...], place: int) -> None:
        self.choices = choices
        self.table.show(_Choices(choices), cursor=place)

    def action_show(self) -> None:
        """Show or hide."""
        self._show(toggled(self.choices, self.table.cursor), self.table.cursor)

    def action_wider(self) -> None:
        """Two cells more."""
        self._show(widened(self.choices, self.table.cursor, 2), self.table.cursor)

    def action_narrower(self) -> None:
        """Two cells less."""
        self._show(widened(self.choices, self.table.cursor, -2), self.table.cursor)

    def action_earlier(self) -> None:
        """One place to the left."""
        self._show(*moved(self.choices, self.table.cursor, -1))

    def action_later(self) -> None:
        """One place to the right."""
        self._show(*moved(self.choices, self.table.cursor, 1))

    def action_reset(self) -> None:
        """As at a first start."""
        self._show(default_choices(), 0)

    def action_close(self) -> None:
        """Take them."""
        self.dismiss(self.choices)
