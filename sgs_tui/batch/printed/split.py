"""`split`: drive the engine's splitter, list what it writes."""

from collections.abc import Iterator
from pathlib import Path

from sgs_tui.batch.output import emit
from sgs_tui.batch.progress import Meter
from sgs_tui.batch.values import text_of
from sgs_tui.engine.dumps.format import Form, Health
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.split import SplitFile, split
from sgs_tui.engine.text import visible
from sgs_tui.language import Message


def split_dump(path: Path, folder: Path, text: bool) -> tuple[Health, list[str]]:
    """Write the tensors and list them on stdout; the dump's health and a sentence for each changed or missing file.

    Raises SgsError.
    """
    with open_dump(path) as dump:
        files = list(_written(dump, folder, Form.TEXT if text else Form.BINARY))
        emit(text_of(f"{file.record.number}\t{visible(str(file.path))}" for file in files if file.path), None)
        changes = [
            Message("{old} is written as {new}: {why}", old=c.old, new=c.new, why=c.why)
            for file in files
            if (c := file.change) is not None
        ]
        skipped = (file.record for file in files if file.path is None)
        return dump.health, [
            *changes,
            *(
                Message("not written: {name}: {problem}", name=record.name, problem=record.problem)
                for record in skipped
            ),
        ]


def _written(dump: Dump, folder: Path, form: Form) -> Iterator[SplitFile]:
    total, done = sum(record.size for record in dump.records), 0
    with Meter(Message("splitting")) as meter:
        for file in split(dump, folder, form):
            done += file.record.size
            meter.report(done, total)
            yield file
