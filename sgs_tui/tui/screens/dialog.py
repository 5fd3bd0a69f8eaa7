"""Windows over the main screen: a heading, a body, the keys that work."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget

from sgs_tui.tui.actions import Action, bindings, group
from sgs_tui.tui.lines import Span, Tone, clip
from sgs_tui.tui.screens.covering import Covering
from sgs_tui.tui.widgets.bars import KeyBar, LineBar
from sgs_tui.tui.widgets.table import Cell, Column, Source, Table
from sgs_tui.tui.widgets.text_view import Text, TextView

Answer = TypeVar("Answer")
ROOMY = (100, 30)
"""From this size on a window leaves some of the main screen to be seen."""


class Dialog(Covering, ModalScreen[Answer | None]):
    """A window that `escape` closes without an answer."""

    BINDINGS = bindings("dialog")
    GROUPS: tuple[str, ...] = ("dialog",)

    def __init__(self, title: str, keymap: dict[str, str] | None = None) -> None:
        super().__init__()
        self._title = title
        self._keymap = keymap or {}

    def compose(self) -> ComposeResult:
        """Heading, body, keys."""
        with Vertical(id="dialog"):
            yield LineBar((Span(f" {clip(self._title, 70)}", "strong"),), "header")
            yield from self.body()
            yield KeyBar(identity="dialog-keys")

    def body(self) -> Iterable[Widget]:
        """What is between heading and keys."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show the keys."""
        self.query_one(KeyBar).show(self.actions(), self._keymap)

    def on_resize(self, event: events.Resize) -> None:
        """A small terminal is filled to its edges."""
        self.set_class(event.size.width < ROOMY[0] or event.size.height < ROOMY[1], "-narrow")

    def actions(self) -> Sequence[Action]:
        """What can be done here."""
        return [action for name in self.GROUPS for action in group(name)]

    def action_close(self) -> None:
        """No answer."""
        self.dismiss(None)


class TextDialog(Dialog[None]):
    """Lines to read, made for the width there is."""

    def __init__(self, title: str, text: Text, keymap: dict[str, str]) -> None:
        super().__init__(title, keymap)
        self.view = TextView(text)

    def body(self) -> Iterable[Widget]:
        """The lines."""
        return (self.view,)

    def on_mount(self) -> None:
        """Read at once."""
        self.view.focus()


class TableDialog(Dialog[None]):
    """Rows to read."""

    def __init__(self, title: str, columns: Sequence[Column], source: Source, frozen: int = 1) -> None:
        super().__init__(title)
        self.table = Table(columns, frozen, empty="nothing")
        self.table.source = source

    def body(self) -> Iterable[Widget]:
        """The rows."""
        return (self.table,)


class Cells:
    """Rows of ready cells, for tables that are small."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> None:
        self._places = {name: place for place, name in enumerate(columns)}
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def cell(self, row: int, column: str) -> Cell:
        """A ready cell."""
        found = self._rows[row][self._places[column]]
        return found if isinstance(found, Cell) else Cell(found)

    def row_tone(self, row: int) -> Tone:
        """No row stands out."""
        return ""
