"""The window of the triage journal."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual.message import Message
from textual.widget import Widget

from sgs_tui.engine.journal import journal_of
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.dialogs import Dialog
from sgs_tui.tui.journal.jobs import JournalRead
from sgs_tui.tui.layers.view import journal_lines
from sgs_tui.tui.text import Line, Span
from sgs_tui.tui.widgets.text_view import TextView


@dataclass
class NoteAsked(Message):
    """Ask for a line about `place` as a whole."""

    place: Path


class JournalDialog(Dialog[None]):
    """Everything that was noted, tried and found, the newest in view."""

    BINDINGS = bindings("journal")
    GROUPS = ("journal", "dialog")

    def __init__(self, place: Path, keymap: dict[str, str]) -> None:
        super().__init__(f"Journal of {place.name}", keymap)
        self.place = place
        self.view = TextView(_waiting)

    def body(self) -> Iterable[Widget]:
        return (self.view,)

    def on_mount(self) -> None:
        self.view.focus()

    def show(self, event: JournalRead) -> None:
        self.view.show(partial(journal_lines, event.entries, journal_of(self.place), event.problem))
        self.view.action_bottom()

    def action_add(self) -> None:
        self.app.screen_stack[-2].post_message(NoteAsked(self.place))


def _waiting(width: int) -> list[Line]:
    return [(Span("reading ...", "muted"),)]
