"""The triage journal: notes on layers, what was tried, what it did. One JSON object a line, only ever appended to.

It lies beside the dump it is about, in a run folder or in any other, as `triage.jsonl`:

    {"time": "2026-03-01T02:14:09Z", "kind": "note", "text": "dark at night", "layer": "gate", "sample": "fixed.bin"}

`kind` is note (somebody's words), tried (a change that was made) or result (what came of it). `layer` and `sample`
are null where the entry is about no layer, or about whatever lies in the folder. Beside a text of ours stand its facts
(`messages`), so that it can be shown in another language.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from sgs_tui.engine.errors import InputError, reason
from sgs_tui.engine.files import read_bytes
from sgs_tui.language import Message, restored, with_facts

NAME = "triage.jsonl"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Kind(StrEnum):
    """What an entry says."""

    NOTE = "note"
    TRIED = "tried"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `time` is UTC; `sample` the file name of the dump that it is about."""

    time: datetime
    kind: Kind
    text: str
    layer: str | None = None
    sample: str | None = None


def entry(text: str, kind: Kind = Kind.NOTE, layer: str | None = None, sample: str | None = None) -> Entry:
    """An entry of this moment."""
    return Entry(datetime.now(UTC).replace(microsecond=0), kind, text, layer, sample)


def moment(each: Entry) -> str:
    """When: `2026-03-01 02:14 UTC`, the same on every machine."""
    return f"{each.time:%Y-%m-%d %H:%M} UTC"


def words(each: Entry) -> str:
    """What: the layer in front, and for what was not just noted its kind. Raw text."""
    text = Message("{layer}: {text}", layer=each.layer, text=each.text) if each.layer else each.text
    if each.kind is Kind.TRIED:
        return Message("tried: {text}", text=text)
    return Message("result: {text}", text=text) if each.kind is Kind.RESULT else text


def notes_by_layer(entries: Iterable[Entry]) -> dict[str, tuple[Entry, ...]]:
    """Somebody's notes on each layer, oldest first."""
    found: dict[str, tuple[Entry, ...]] = {}
    for each in entries:
        if each.layer is not None and each.kind is Kind.NOTE:
            found[each.layer] = (*found.get(each.layer, ()), each)
    return found


def notes_on_layers(entries: Iterable[Entry]) -> dict[str, str]:
    """Somebody's notes on each layer, joined by semicolons."""
    return {layer: "; ".join(note.text for note in notes) for layer, notes in notes_by_layer(entries).items()}


def journal_of(place: Path) -> Path:
    """Where the journal of a dump, or of a folder, is kept; it need not exist."""
    return (place if place.is_dir() else place.parent) / NAME


def append(path: Path, entries: Iterable[Entry]) -> None:
    """Add lines; all of them or none are there for a reader. Raises InputError where the file can not be written."""
    documents = (
        asdict(each) | {"time": each.time.astimezone(UTC).strftime(_TIME), "kind": str(each.kind)} for each in entries
    )
    lines = b"".join(
        json.dumps(with_facts(document), ensure_ascii=True).encode("ascii") + b"\n" for document in documents
    )
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            _append(descriptor, lines)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError(
            Message("{path}: cannot write: {why}", path=path, why=reason(error)),
            Message("check the folder, its rights and space"),
        ) from error


def read_journal(path: Path, sample: str | None = None) -> tuple[Entry, ...]:
    """The entries, oldest first; with `sample` only those about that dump or about the whole folder.

    No file is an empty journal. Lines that are none of ours, as a crash may leave one, are passed over.
    Raises InputError where the file can not be read.
    """
    if not path.exists() and not path.is_symlink():
        return ()
    found = _entries(read_bytes(path))
    return tuple(each for each in found if sample is None or each.sample in (None, sample))


def _append(descriptor: int, lines: bytes) -> None:
    """One write under a lock; a line that an earlier crash cut short is ended first."""
    with suppress(OSError):  # a file system without locks: one write to the end is as good as it gets
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    size = os.fstat(descriptor).st_size
    torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    data = b"\n" * torn + lines
    written = os.write(descriptor, data)
    if written < len(data):
        os.ftruncate(descriptor, size)
        raise OSError(28, Message("the disk is full"))
    os.fsync(descriptor)


def _entries(data: bytes) -> Iterator[Entry]:
    for line in data.splitlines():
        with suppress(ValueError, TypeError, KeyError):
            document = restored(json.loads(line))
            moment = datetime.strptime(document["time"], _TIME).replace(tzinfo=UTC)
            names = (document.get("layer"), document.get("sample"))
            if isinstance(document["text"], str) and all(name is None or isinstance(name, str) for name in names):
                yield Entry(moment, Kind(document["kind"]), document["text"], *names)
