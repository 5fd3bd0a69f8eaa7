"""Looking through folders and dumps in the background."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import numpy as np
from textual.message import Message

from sgs_tui.engine.compare.histogram import ValueCounter
from sgs_tui.engine.dumps.format import Health, Record
from sgs_tui.engine.dumps.index import HEAD, guess_stage, looks_like_dump
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import CancelledError, FileChangedError, InputError, SgsError
from sgs_tui.engine.session import Comparison
from sgs_tui.language import _
from sgs_tui.tui.dumps.view import Entry, Kind, RecordFacts
from sgs_tui.tui.jobs import Said

WATCHED_EVERY = 2.0
_FIRST_VALUES = 8192
"""Of a record, shown one by one."""
_BY_NAME = {"tensor_min_max.txt": Kind.RANGES, "tensor_statistics.txt": Kind.SHAPES}


@dataclass
class FolderListed(Message):
    """What a folder holds, newest first; `others` files are none of ours. Dumps are still to be examined."""

    folder: Path
    entries: tuple[Entry, ...]
    others: int


@dataclass
class DumpExamined(Message):
    """A dump's stage, health and size."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class RecordsRead:
    """The index of a dump."""

    path: Path
    records: tuple[Record, ...]
    health: Health


def list_folder(folder: Path, cancel: Event) -> Iterator[Message]:
    """The folder, then each of its dumps in turn. Raises InputError when it can not be read."""
    try:
        paths = list(os.scandir(folder))
    except OSError as error:
        raise InputError(
            _("{folder}: cannot be read: {strerror}", folder=folder, strerror=error.strerror),
            _("check the path and its rights"),
        ) from error
    found = [entry for item in paths if not item.name.startswith(".") and (entry := _entry(item)) is not None]
    folders = sorted((e for e in found if e.kind is Kind.FOLDER), key=lambda entry: entry.path.name)
    files = sorted((e for e in found if e.kind is not Kind.FOLDER), key=lambda entry: (-entry.modified, entry.path))
    yield FolderListed(folder, (*files, *folders), len(paths) - len(found))
    for entry in files:
        if cancel.is_set():
            return
        if entry.kind is Kind.DUMP:
            yield DumpExamined(_examined(entry))


def _entry(item: "os.DirEntry[str]") -> Entry | None:
    path = Path(item.path)
    try:
        state = item.stat()
        if item.is_dir():
            return Entry(path, Kind.FOLDER, modified=state.st_mtime)
        kind = _BY_NAME.get(item.name) or (Kind.DUMP if item.is_file() and _is_dump(path) else None)
    except OSError:
        return None
    return None if kind is None else Entry(path, kind, state.st_size, state.st_mtime)


def _is_dump(path: Path) -> bool:
    with path.open("rb") as file:
        return looks_like_dump(file.read(HEAD))


def _examined(entry: Entry) -> Entry:
    try:
        with open_dump(entry.path) as dump:
            stage = guess_stage(dump.index)
            return replace(entry, stage=stage, health=dump.health, records=len(dump.records))
    except SgsError as error:
        return replace(entry, problem=error.message)


def read_records(path: Path, cancel: Event) -> RecordsRead:
    """The records of a dump. Raises DumpError."""
    with open_dump(path) as dump:
        return RecordsRead(path, dump.records, dump.health)


def read_values(path: Path, record: Record, cancel: Event) -> RecordFacts:
    """Statistics over the whole record and its first values. Raises DumpError, CancelledError."""
    with open_dump(path) as dump:
        counter, first = ValueCounter(), np.empty(0)
        for piece in dump.chunks(record):
            if cancel.is_set():
                raise CancelledError("stopped")
            values = piece.astype(np.float64)
            dump.dequantize(record, values)
            first = first if first.size else values[:_FIRST_VALUES].copy()
            counter.finite(values)
    return RecordFacts(counter.stats(), first)


def watch(comparison: Comparison, cancel: Event) -> Iterator[Message]:
    """Wait until one of the compared dumps changes on disk; tell it once."""
    while not cancel.wait(WATCHED_EVERY):
        for dump in (comparison.sample, comparison.benchmark):
            try:
                dump.check_unchanged()
            except FileChangedError as error:
                yield Said(_("{name} changed on disk: R reads it again", name=dump.path.name), "warn", error.message)
                return
