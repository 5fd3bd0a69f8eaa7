"""`split`: one folder a tensor, as the vendor's splitter leaves them.

It makes `<op>.<name>.xx.output<k>/output` and `<op>.<name>.xx.inputs/input<k>` from the sanitised tensor name
(splite_binary_to_binary.c). Names over 128 bytes and records of the same path, which the vendor's splitter
loses, get a suffix here, and are reported.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Event

from sgs_tui.engine.dumps.format import Direction, Form, Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.writer import DumpWriter, FreeNames, Style, draft_of
from sgs_tui.engine.errors import CancelledError, InputError, reason
from sgs_tui.engine.files import make_folder
from sgs_tui.engine.text import encode, sanitised
from sgs_tui.language import Message


@dataclass(frozen=True, slots=True)
class NameChange:
    """A folder that could not keep the vendor's name: `old`, the `new` one and `why`."""

    old: str
    new: str
    why: str


@dataclass(frozen=True, slots=True)
class SplitFile:
    """One written record; `change` says how and why its folder differs from the vendor's name.

    `path` is None where the record's payload can not be read, which `record.problem` explains.
    """

    record: Record
    path: Path | None
    change: NameChange | None


def split(dump: Dump, folder: Path, form: Form = Form.BINARY, cancel: Event | None = None) -> Iterator[SplitFile]:
    """Write every record of `dump` to a file of its own below `folder`, yielding each when it is there.

    Each file is a dump of one record: the `isFloat` line, its header and payload; binary ones without a trailer
    and text ones with it, as the vendor's two splitters write them. Records before a damage are all written; one whose
    payload can not be read is yielded without a path.
    Raises InputError, at once, when `folder` holds anything already (nothing is ever deleted or overwritten)
    or can not be written; CancelledError soon after `cancel` is set, FileChangedError when the dump changes.
    """
    make_folder(folder)
    try:
        busy = next(folder.iterdir(), None)
    except OSError as error:
        raise InputError(
            Message("{folder}: cannot write: {why}", folder=folder, why=reason(error)),
            Message("check the folder and its rights"),
        ) from error
    if busy is not None:
        taken = Message("{folder}: is not empty (it holds {name})", folder=folder, name=busy.name)
        raise InputError(taken, Message("name a new or an empty folder; nothing is overwritten here"))
    return _split(dump, folder, form, cancel)


def _split(dump: Dump, folder: Path, form: Form, cancel: Event | None) -> Iterator[SplitFile]:
    names = FreeNames(_folds(folder))
    for record in dump.records:
        if cancel is not None and cancel.is_set():
            raise CancelledError(Message("splitting stopped before record {number}", number=record.number))
        subfolder, file, change = _place(record, names)
        if record.problem:
            yield SplitFile(record, None, None)
            continue
        # The name's own bytes whatever the locale: os.fsencode turns this text into exactly those.
        path = folder / os.fsdecode(encode(subfolder)) / file
        _write(dump, record, path, form)
        yield SplitFile(record, path, change)


def _folds(folder: Path) -> bool:
    """Whether names that differ in upper and lower case alone are one file there. Raises InputError."""
    try:
        with NamedTemporaryFile(prefix="Probe", dir=folder) as probe:
            return Path(probe.name).with_name(Path(probe.name).name.swapcase()).exists()
    except OSError as error:
        raise InputError(
            Message("{folder}: cannot write: {why}", folder=folder, why=reason(error)),
            Message("check the folder and its rights"),
        ) from error


def _place(record: Record, names: FreeNames) -> tuple[str, str, NameChange | None]:
    """Folder and file of a record, and how its folder had to differ from the vendor's name."""
    out = record.direction is Direction.OUT
    tail, file = (f".xx.output{record.slot}", "output") if out else (".xx.inputs", f"input{record.slot}")
    stem = f"{record.op_index}.{sanitised(record.name)}"
    name, why = names.take(stem, tail, record.name, f"/{file}")
    return name, file, NameChange(stem + tail, name, why) if why else None


def _write(dump: Dump, record: Record, path: Path, form: Form) -> None:
    style = Style.DUMPER if form is Form.BINARY else Style.SIMULATOR
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as file:
            DumpWriter(file, dump.is_float, form, style).write(draft_of(dump, record))
    except OSError as error:
        raise InputError(
            Message("{path}: cannot write: {why}", path=path, why=reason(error)),
            Message("check free space and rights"),
        ) from error
