"""The window of the triage journal."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual.message import Message

from sgs_tui.engine.journal import journal_of
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.dialogs import TextDialog
from sgs_tui.tui.journal.jobs import JournalRead
from sgs_tui.tui.journal.view import journal_lines
from sgs_tui.tui.text import Span, line


@dataclass
class NoteAsked(Message):
    """Ask for a line about `place` as a whole."""

    place: Path


class JournalDialog(TextDialog):
    """Everything that was noted, tried and found, the newest in view."""

    BINDINGS = bindings("journal")
    GROUPS = ("journal", "dialog")

    def __init__(self, place: Path, keymap: dict[str, str]) -> None:
        super().__init__(f"Journal of {place.name}", lambda _: [line(Span("reading ...", "muted"))], keymap)
        self.place = place

    def show(self, event: JournalRead) -> None:
        self.view.show(partial(journal_lines, event.entries, journal_of(self.place), event.problem))
        self.view.action_bottom()

    def action_add(self) -> None:
        self.tell(NoteAsked(self.place))
