"""The folder that the vendor's auto_dump_debug.sh leaves beside its report (interop notes 3.4).

    benchmark_layer_list.txt    benchmark_layer_list="..", every output of the benchmark
    gen_layer_list.txt          out_list="..", the compared ones; both in the order of `ls -v`
    genCompareLayer/<folder>/   sample.bin and benchmark.bin, each a dump of one record
    sample_out/, benchmark_out/ sample_run.log and benchmark_run.log; outputs without a partner, one folder each

Folders are named as the vendor's splitter names them; a name that is too long or not the only one gets a suffix.
The lists are read by bash as a script, so what it would act on in a name is escaped here.
"""

import os
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.dumps.drafts import draft_of
from sgs_tui.engine.dumps.file_names import FreeNames
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import Form, Record
from sgs_tui.engine.dumps.writer import DumpStream, Style
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.files import free_name
from sgs_tui.engine.text import encode, sanitised

COMPARED = "genCompareLayer"
_ACTIVE = re.compile(r'([$`"\\])')
"""What bash acts on between double quotes."""


def make_out_folder(folder: Path) -> Path | None:
    """Make `folder`; where an older one was moved to, None where there was none. Raises InputError."""
    try:
        moved = _move_away(folder) if folder.exists() or folder.is_symlink() else None
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot write: {error.strerror}", "check the folder and its rights") from error
    return moved


def _move_away(folder: Path) -> Path:
    """To the name that the vendor's script gives it."""
    backup = free_name(folder.with_name(f"{folder.name}_backup_at_{time.strftime('%Y-%m-%d_%H-%M-%S')}"))
    folder.rename(backup)
    return backup


@dataclass(frozen=True, slots=True)
class Placed:
    """A record and the folder that it got."""

    record: Record
    folder: str


def place(records: Iterable[Record], names: FreeNames) -> list[Placed]:
    """`<op>.<name>.xx.output<k>` for each."""
    placed = []
    for record in records:
        stem, tail = f"{record.op_index}.{sanitised(record.name)}", f".xx.output{record.slot}"
        placed.append(Placed(record, names.take(stem, tail, record.name)[0]))
    return placed


def write_record(dump: Dump, record: Record, folder: Path, file: str) -> None:
    """One record as a dump of its own, as the vendor's splitter writes it. Raises InputError, FileChangedError."""
    path = folder / file
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            DumpStream(stream, dump.is_float, Form.BINARY, Style.DUMPER).write(draft_of(dump, record))
    except OSError as error:
        raise InputError(f"{path}: cannot write: {error.strerror}", "check free space and rights") from error


def on_disk(folder: Path, name: str) -> Path:
    """The folder of that name: the tensor name's own bytes, whatever the locale."""
    return folder / os.fsdecode(encode(name))


def layer_list(variable: str, folders: Sequence[str]) -> bytes:
    """A list as the script writes it: an assignment over several lines."""
    lines = [_ACTIVE.sub(r"\\\1", folder) for folder in folders]
    return encode("\n".join([f'{variable}="', *lines, '"', ""]))
