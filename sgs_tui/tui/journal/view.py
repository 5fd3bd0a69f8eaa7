"""The triage journal: notes of one layer as lines, and the window of the whole of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from pathlib import Path

from textual.message import Message

from sgs_tui.engine.journal import Entry, Kind, journal_of
from sgs_tui.language import Message as Words
from sgs_tui.language import _
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.dialogs import TextDialog
from sgs_tui.tui.journal.jobs import JournalRead
from sgs_tui.tui.text import BLANK, Line, Span, Tone, hanging, line, paragraph, wrap

MARK = "*"
"""Behind the name of a layer that has a note."""
Notes = Mapping[str, tuple[Entry, ...]]
"""Notes by the names of their layers, oldest first."""

_TONES: dict[Kind, Tone] = {Kind.NOTE: "key", Kind.TRIED: "warn", Kind.RESULT: "good"}
_NOTHING = (
    Words("nothing is written down yet"),
    Words(
        "C on a layer notes something about it, a here about the dump as a whole; A writes down what it tries and "
        "what came of it. Reports carry the journal along."
    ),
)


ZONE: tzinfo | None = None
"""Of the moments on the screen; None: this machine's. Reports, which others read, tell them in UTC."""


def _moment(each: Entry) -> str:
    return f"{each.time.astimezone(ZONE):%Y-%m-%d %H:%M}"


def note_lines(notes: Sequence[Entry], width: int) -> list[Line]:
    """The notes on a layer, each with its moment."""
    lines: list[Line] = []
    for note in notes:
        lines += hanging((Span(f"{MARK} ", "key"),), note.text, width, "key")
        lines.append((Span("  " + _("noted {note}", note=_moment(note)), "muted"),))
    return lines


def journal_lines(entries: Sequence[Entry], path: Path, problem: str, width: int) -> list[Line]:
    """Every entry, oldest first: when, of which kind, about which layer, what."""
    lines = paragraph(str(path), width, "muted")
    if problem:
        return [*lines, BLANK, *paragraph(problem, width, "fail")]
    if not entries:
        return [*lines, BLANK, *(row for text in _NOTHING for row in paragraph(text, width, "muted"))]
    for each in entries:
        lines += [BLANK, *_entry(each, width)]
    return lines


def _entry(each: Entry, width: int) -> list[Line]:
    about = each.layer or each.sample or ""
    head, *more = wrap(about, max(12, width - 22))
    lines: list[Line] = [
        (Span(f"{_moment(each)}  ", "muted"), Span(f"{_(str(each.kind))} ", _TONES[each.kind]), Span(head))
    ]
    lines += [(Span(" " * 18 + part),) for part in more]
    return [*lines, *hanging((Span("  "),), each.text, width, "strong")]


@dataclass
class NoteAsked(Message):
    """Ask for a line about `place` as a whole."""

    place: Path


class JournalDialog(TextDialog):
    """Everything that was noted, tried and found, the newest in view."""

    BINDINGS = bindings("journal")
    GROUPS = ("journal", "dialog")

    def __init__(self, place: Path, keymap: dict[str, str]) -> None:
        super().__init__(
            _("Journal of {name}", name=place.name), lambda width: [line(Span(_("reading ..."), "muted"))], keymap
        )
        self.place = place

    def show(self, event: JournalRead) -> None:
        self.view.show(partial(journal_lines, event.entries, journal_of(self.place), event.problem))
        self.view.action_bottom()

    def action_add(self) -> None:
        self.tell(NoteAsked(self.place))
