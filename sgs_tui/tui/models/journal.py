"""The triage journal as lines: notes of one layer, and the whole of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sgs_tui.engine.journal import Entry, Kind, moment
from sgs_tui.tui.lines import BLANK, Line, Span, Tone, wrap

MARK = "*"
"""Behind the name of a layer that has a note."""
Notes = Mapping[str, tuple[Entry, ...]]
"""Notes by the names of their layers, oldest first."""

_TONES: dict[Kind, Tone] = {Kind.NOTE: "key", Kind.TRIED: "warn", Kind.RESULT: "good"}
_INDENT = 2
_NOTHING = (
    "nothing is written down yet",
    "C on a layer notes something about it, a here about the dump as a whole; A writes down what it tries and what "
    "came of it. Reports carry the journal along.",
)


def note_lines(notes: Sequence[Entry], width: int) -> list[Line]:
    """The notes on a layer, each with its moment."""
    lines: list[Line] = []
    for note in notes:
        first, *rest = wrap(note.text, width - _INDENT)
        lines.append((Span(f"{MARK} ", "key"), Span(first, "key")))
        lines += [(Span("  " + part, "key"),) for part in rest]
        lines.append((Span(f"  noted {moment(note)}", "muted"),))
    return lines


def journal_lines(entries: Sequence[Entry], path: Path, problem: str, width: int) -> list[Line]:
    """Every entry, oldest first: when, of which kind, about which layer, what."""
    lines: list[Line] = [(Span(part, "muted"),) for part in wrap(str(path), width)]
    if problem:
        return [*lines, BLANK, *((Span(part, "fail"),) for part in wrap(problem, width))]
    if not entries:
        return [*lines, BLANK, *((Span(part, "muted"),) for text in _NOTHING for part in wrap(text, width))]
    for each in entries:
        lines += [BLANK, *_entry(each, width)]
    return lines


def _entry(each: Entry, width: int) -> list[Line]:
    about = each.layer or each.sample or ""
    head, *more = wrap(about, max(12, width - 26))
    lines: list[Line] = [(Span(f"{moment(each)}  ", "muted"), Span(f"{each.kind} ", _TONES[each.kind]), Span(head))]
    lines += [(Span(" " * 22 + part),) for part in more]
    return [*lines, *((Span(" " * _INDENT + part, "strong"),) for part in wrap(each.text, width - _INDENT))]
