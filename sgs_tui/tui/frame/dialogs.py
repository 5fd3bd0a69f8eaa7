"""Windows over the main screen: a heading, a body, the keys that work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget

from sgs_tui.tui.actions import Action, bindings, group
from sgs_tui.tui.frame.opening import Covering
from sgs_tui.tui.text import Span, Tone, clip, span
from sgs_tui.tui.widgets.bars import KeyBar, LineBar
from sgs_tui.tui.widgets.prompt import Prompt
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
        with Vertical(id="dialog"):
            yield LineBar((Span(f" {clip(self._title, 70)}", "strong"),), "header")
            yield from self.body()
            yield KeyBar(identity="dialog-keys")

    def body(self) -> Iterable[Widget]:
        """What is between heading and keys."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.query_one(KeyBar).show(self.actions(), self._keymap)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < ROOMY[0] or event.size.height < ROOMY[1], "-narrow")

    def actions(self) -> Sequence[Action]:
        return [action for name in self.GROUPS for action in group(name)]

    def action_close(self) -> None:
        self.dismiss(None)


class TextDialog(Dialog[None]):
    """Lines to read, made for the width there is."""

    def __init__(self, title: str, text: Text, keymap: dict[str, str]) -> None:
        super().__init__(title, keymap)
        self.view = TextView(text)

    def body(self) -> Iterable[Widget]:
        return (self.view,)

    def on_mount(self) -> None:
        self.view.focus()


class TableDialog(Dialog[None]):
    """Rows to read."""

    def __init__(self, title: str, columns: Sequence[Column], source: Source, frozen: int = 1) -> None:
        super().__init__(title)
        self.table = Table(columns, frozen, empty="nothing")
        self.table.source = source

    def body(self) -> Iterable[Widget]:
        return (self.table,)


class Cells:
    """Rows of ready cells, for tables that are small."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> None:
        self._places = {name: place for place, name in enumerate(columns)}
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def cell(self, row: int, column: str) -> Cell:
        found = self._rows[row][self._places[column]]
        return found if isinstance(found, Cell) else Cell(found)

    def row_tone(self, row: int) -> Tone:
        return ""


# Ask for a line of text, such as a path.


class Ask(Dialog[str]):
    """The line typed, or None."""

    GROUPS = ("typing",)

    def __init__(self, question: str, value: str = "", note: str = "", keymap: dict[str, str] | None = None) -> None:
        super().__init__(question, keymap)
        self.prompt = Prompt(value)
        self._note = note
        self.add_class("-short")

    def body(self) -> Iterable[Widget]:
        return (self.prompt, LineBar((Span(" "), span(self._note, "muted"))))

    def on_mount(self) -> None:
        self.prompt.focus()

    @on(Prompt.Submitted)
    def answer(self, event: Prompt.Submitted) -> None:
        self.dismiss(event.value)

    @on(Prompt.Cancelled)
    def give_up(self) -> None:
        self.dismiss(None)


# Pick one of many by typing parts of its name: the palette, presets, paths.

SHORT = 14


@dataclass(frozen=True, slots=True)
class Choice:
    """One of many: `key` is the answer."""

    key: str
    text: str
    note: str = ""


class _Fitting:
    """The choices that hold every word typed."""

    def __init__(self, choices: Sequence[Choice], words: str) -> None:
        wanted = words.lower().split()
        self.choices = [c for c in choices if all(word in f"{c.text} {c.key} {c.note}".lower() for word in wanted)]

    def __len__(self) -> int:
        return len(self.choices)

    def cell(self, row: int, column: str) -> Cell:
        choice = self.choices[row]
        if column == "key":
            return Cell(choice.key, "muted")
        return (
            Cell(choice.text)
            if column == "text"
            else Cell(choice.note, "key" if len(choice.note) <= SHORT else "muted")
        )

    def row_tone(self, row: int) -> Tone:
        return ""


def _columns(choices: Sequence[Choice]) -> list[Column]:
    """Short notes (keys) stand in front of the text, long ones (explanations) behind it."""
    note = max((len(choice.note) for choice in choices), default=0)
    text = max((len(choice.text) for choice in choices), default=0)
    if note <= SHORT:
        keys = max((len(choice.key) for choice in choices), default=0)
        return [Column("note", "", max(1, note)), Column("text", "", least=30, prose=True), Column("key", "", keys)]
    return [Column("text", "", min(text, 30)), Column("note", "", prose=True)]


class Chooser(Dialog[str]):
    """Typing narrows, arrows move, enter chooses."""

    BINDINGS = bindings("chooser")
    GROUPS = ("chooser", "dialog")

    def __init__(self, title: str, choices: Sequence[Choice], keymap: dict[str, str] | None = None) -> None:
        super().__init__(title, keymap)
        self._choices = choices
        self.prompt = Prompt(placeholder="type to find")
        self.table = Table(_columns(choices), frozen=0, empty="nothing of that name")
        self.table.can_focus = False

    def body(self) -> Iterable[Widget]:
        return (self.prompt, self.table)

    def on_mount(self) -> None:
        self.table.show(_Fitting(self._choices, ""))
        self.prompt.focus()

    @on(Prompt.Changed)
    def narrow(self, event: Prompt.Changed) -> None:
        self.table.show(_Fitting(self._choices, event.value), cursor=0)

    @on(Prompt.Submitted)
    def action_choose(self) -> None:
        source = self.table.source
        if isinstance(source, _Fitting) and len(source):
            self.dismiss(source.choices[self.table.cursor].key)

    @on(Prompt.Cancelled)
    def give_up(self) -> None:
        self.dismiss(None)

    def key_down(self) -> None:
        """The prompt leaves the arrows to us."""
        self.table.action_down()

    def key_up(self) -> None:
        """The prompt leaves the arrows to us."""
        self.table.action_up()

    def key_pagedown(self) -> None:
        self.table.action_page_down()

    def key_pageup(self) -> None:
        self.table.action_page_up()


# A question with its evidence: what would change, and enter to do it.


class ConfirmDialog(Dialog[bool]):
    """True when the user says yes, None otherwise."""

    BINDINGS = bindings("confirm")
    GROUPS = ("confirm", "dialog")

    def __init__(self, question: str, evidence: Text, keymap: dict[str, str] | None = None) -> None:
        super().__init__(question, keymap)
        self.view = TextView(evidence)

    def body(self) -> Iterable[Widget]:
        return (self.view,)

    def action_yes(self) -> None:
        self.dismiss(True)
