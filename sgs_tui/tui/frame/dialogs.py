"""Windows over the main screen: a heading, a body, the keys that work; and the kinds that many features open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget

from sgs_tui.language import _, shown
from sgs_tui.tui.actions import Action, bindings, group
from sgs_tui.tui.frame.opaque import OpaqueScreen
from sgs_tui.tui.text import Span, Tone, clip, paragraph
from sgs_tui.tui.widgets.bars import KeyBar, LineBar
from sgs_tui.tui.widgets.prompt import PathPrompt, Prompt
from sgs_tui.tui.widgets.table import Cell, Column, ListTable
from sgs_tui.tui.widgets.text_view import Text, TextView

Answer = TypeVar("Answer")
Item = TypeVar("Item")
_ROOMY = (100, 30)
"""From this size on a window leaves some of the main screen to be seen."""
_SHORT_NOTE = 14


class Dialog(OpaqueScreen, ModalScreen[Answer | None]):
    """A window that `escape` closes without an answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("dialog"),
        Binding("ctrl+l", "app.repaint", "Paint the screen again", show=False),
    ]
    GROUPS: tuple[str, ...] = ("dialog",)

    def __init__(self, title: str, keymap: dict[str, str] | None = None) -> None:
        super().__init__()
        self._title = title
        self._keymap = keymap or {}

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield LineBar((Span(f" {clip(self._title, 70)}", "strong"),), "header", identity="dialog-title")
            yield from self.body()
            yield KeyBar(identity="dialog-keys")

    def body(self) -> Iterable[Widget]:
        """What is between heading and keys."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.query_one(KeyBar).show(self.actions(), self._keymap)

    def on_resize(self, event: events.Resize) -> None:
        """A small terminal is filled to its edges."""
        self.set_class(event.size.width < _ROOMY[0] or event.size.height < _ROOMY[1], "-narrow")

    def actions(self) -> Sequence[Action]:
        return [action for name in self.GROUPS for action in group(name)]

    def doing(self, text: str) -> None:
        """Say in place of the title what is being done, as it hides the status line; with nothing the title is back."""
        said = Span(f" {clip(text or self._title, 70)}", "warn" if text else "strong")
        self.query_one("#dialog-title", LineBar).say((said,))

    def tell(self, message: Message) -> None:
        """Tell the screen below, which knows what to do."""
        self.app.screen_stack[-2].post_message(message)

    async def action_do(self, action_id: str) -> None:
        """What a controller does is asked of the screen below."""
        await self.app.screen_stack[-2].run_action(f"do({action_id!r})")

    def action_close(self) -> None:
        self.dismiss(None)


class TextDialog(Dialog[None]):
    """Lines to read, made for the width there is."""

    def __init__(self, title: str, text: Text | None, keymap: dict[str, str]) -> None:
        super().__init__(title, keymap)
        self.view = TextView(text)

    def body(self) -> Iterable[Widget]:
        return (self.view,)

    def on_mount(self) -> None:
        self.view.focus()


class TableDialog(Dialog[None], Generic[Item]):
    """Items to look at."""

    def __init__(self, title: str, columns: Sequence[Column[Item]], items: Iterable[Item], frozen: int = 1) -> None:
        super().__init__(title)
        self.table = ListTable(columns, frozen, empty=_("nothing"))
        self.table.fill(items)

    def body(self) -> Iterable[Widget]:
        return (self.table,)


class ConfirmDialog(Dialog[bool]):
    """A question with its evidence: True when the user says yes, None otherwise."""

    BINDINGS = bindings("confirm")
    GROUPS = ("confirm", "dialog")

    def __init__(self, question: str, evidence: Text, keymap: dict[str, str] | None = None) -> None:
        super().__init__(question, keymap)
        self.view = TextView(evidence)

    def body(self) -> Iterable[Widget]:
        return (self.view,)

    def action_yes(self) -> None:
        self.dismiss(True)


class Ask(Dialog[str]):
    """A line of text: what was typed, or None. What it starts with is selected; nothing typed is no answer."""

    GROUPS: tuple[str, ...] = ("typing",)

    def __init__(self, question: str, value: str = "", note: str = "", keymap: dict[str, str] | None = None) -> None:
        super().__init__(question, keymap)
        self.prompt = self.line()
        self._value, self._note = value, note
        self._below = TextView(reads=False)
        self.add_class("-short")

    def line(self) -> Prompt:
        return Prompt()

    def body(self) -> Iterable[Widget]:
        return (self.prompt, self._below)

    def on_mount(self) -> None:
        self.say(self._note)
        self.prompt.prefill(self._value)
        self.prompt.focus()

    def say(self, text: str, tone: Tone = "muted") -> None:
        """Below the line."""
        self._below.show(lambda width: paragraph(text, width, tone))

    @on(Prompt.Submitted)
    def answer(self, event: Prompt.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value)
        else:
            self.say(_("nothing is typed; esc leaves it as it was"), "warn")

    @on(Prompt.Cancelled)
    def cancel(self) -> None:
        self.dismiss(None)


class AskPath(Ask):
    """A path, which tab completes; where it can go on in several ways they stand below it."""

    GROUPS = ("typing", "path")

    def line(self) -> Prompt:
        return PathPrompt()

    @on(PathPrompt.Several)
    def show_names(self, event: PathPrompt.Several) -> None:
        if len(event.names) == 1:
            self.say(self._note)
        elif event.names:
            self.say("  ".join(event.names), "key")
        else:
            self.say(_("no file's name begins so"), "warn")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of many: `key` is the answer. Where `text` and `note` are messages they are found by their English too."""

    key: str
    text: str
    note: str = ""

    def has(self, words: Sequence[str]) -> bool:
        told = f"{self.text} {self.key} {self.note} {shown(self.text)} {shown(self.note)}".lower()
        return all(word in told for word in words)


class Chooser(Dialog[str]):
    """One of many (the palette, presets, runs): typing parts of its name narrows, arrows move, enter chooses."""

    BINDINGS = bindings("chooser")
    GROUPS = ("chooser", "dialog")

    def __init__(self, title: str, choices: Sequence[Choice], keymap: dict[str, str] | None = None) -> None:
        super().__init__(title, keymap)
        self._choices = choices
        self.prompt = Prompt(placeholder=_("type to find"))
        self.table = ListTable(_columns(choices), frozen=0, empty=_("nothing of that name"))
        self.table.can_focus = False

    def body(self) -> Iterable[Widget]:
        return (self.prompt, self.table)

    def on_mount(self) -> None:
        self.table.fill(self._choices)
        self.prompt.focus()

    @on(Prompt.Changed)
    def narrow(self, event: Prompt.Changed) -> None:
        words = event.value.lower().split()
        self.table.fill([choice for choice in self._choices if choice.has(words)], cursor=0)

    @on(Prompt.Submitted)
    def action_choose(self) -> None:
        if self.table.item is not None:
            self.dismiss(self.table.item.key)

    @on(Prompt.Cancelled)
    def cancel(self) -> None:
        self.dismiss(None)

    # the prompt, which has the focus, leaves these keys to the window

    def key_down(self) -> None:
        self.table.action_down()

    def key_up(self) -> None:
        self.table.action_up()

    def key_pagedown(self) -> None:
        self.table.action_page_down()

    def key_pageup(self) -> None:
        self.table.action_page_up()


def _columns(choices: Sequence[Choice]) -> list[Column[Choice]]:
    """Short notes (keys) stand in front of the text, long ones (explanations) behind it."""
    note, text, key = (
        max((cell_len(shown(getattr(choice, name))) for choice in choices), default=0)
        for name in ("note", "text", "key")
    )
    if note <= _SHORT_NOTE:
        return [
            Column("note", "", max(1, note), cell=_note),
            Column("text", "", least=30, prose=True, cell=lambda choice: choice.text),
            Column("key", "", key, cell=lambda choice: Cell(choice.key, "muted")),
        ]
    return [
        Column("text", "", min(text, 30), cell=lambda choice: choice.text),
        Column("note", "", prose=True, cell=_note),
    ]


def _note(choice: Choice) -> Cell:
    return Cell(choice.note, "key" if cell_len(shown(choice.note)) <= _SHORT_NOTE else "muted")
