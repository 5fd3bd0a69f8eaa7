"""Reading and continuing the triage journal, as messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from textual.message import Message

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.journal import Entry, append, entry, journal_of, read_journal


@dataclass
class JournalRead(Message):
    """What the journal of `place` (a dump or a run folder) holds; `problem` says why it can not be read."""

    place: Path
    entries: tuple[Entry, ...]
    problem: str = ""


def read(place: Path, cancel: Event) -> Iterator[Message]:
    """The journal; one that can not be read keeps nobody from comparing."""
    try:
        yield JournalRead(place, read_journal(journal_of(place), _sample(place)))
    except InputError as error:
        yield JournalRead(place, (), error.text)


def note(place: Path, text: str, layer: str | None, cancel: Event) -> Iterator[Message]:
    """Write a note down, then read again. Raises InputError where the journal can not be written."""
    append(journal_of(place), [entry(text, layer=layer, sample=_sample(place))])
    yield from read(place, cancel)


def _sample(place: Path) -> str | None:
    """The dump that entries are about; a folder is about itself."""
    return None if place.is_dir() else place.name
