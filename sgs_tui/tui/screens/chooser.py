"""Pick one of many by typing parts of its name: the palette, presets, paths."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual import on
from textual.widget import Widget

from sgs_tui.tui.actions import bindings
from sgs_tui.tui.lines import Tone
from sgs_tui.tui.screens.dialog import Dialog
from sgs_tui.tui.widgets.prompt import Prompt
from sgs_tui.tui.widgets.table import Cell, Column, Table

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
        """The text, and beside it the note."""
        choice = self.choices[row]
        if column == "key":
            return Cell(choice.key, "muted")
        return (
            Cell(choice.text)
            if column == "text"
            else Cell(choice.note, "key" if len(choice.note) <= SHORT else "muted")
        )

    def row_tone(self, row: int) -> Tone:
        """No row stands out."""
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
        """The words typed, and what fits them."""
        return (self.prompt, self.table)

    def on_mount(self) -> None:
        """Everything fits at first."""
        self.table.show(_Fitting(self._choices, ""))
        self.prompt.focus()

    @on(Prompt.Changed)
    def narrow(self, event: Prompt.Changed) -> None:
        """Fewer fit."""
        self.table.show(_Fitting(self._choices, event.value), cursor=0)

    @on(Prompt.Submitted)
    def action_choose(self) -> None:
        """The one under the cursor."""
        source = self.table.source
        if isinstance(source, _Fitting) and len(source):
            self.dismiss(source.choices[self.table.cursor].key)

    @on(Prompt.Cancelled)
    def give_up(self) -> None:
        """None of them."""
        self.dismiss(None)

    def key_down(self) -> None:
        """The prompt leaves the arrows to us."""
        self.table.action_down()

    def key_up(self) -> None:
        """The prompt leaves the arrows to us."""
        self.table.action_up()

    def key_pagedown(self) -> None:
        """A page down."""
        self.table.action_page_down()

    def key_pageup(self) -> None:
        """A page up."""
        self.table.action_page_up()
