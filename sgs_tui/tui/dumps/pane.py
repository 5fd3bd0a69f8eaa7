"""Pane 3: the dumps of a folder, their records, and picking the two to compare."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import time

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget

from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.numbers import count
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.dumps.jobs import DumpExamined, FolderListed, RecordsRead
from sgs_tui.tui.dumps.view import (
    FILE_COLUMNS,
    RECORD_COLUMNS,
    Entry,
    Files,
    Kind,
    RecordFacts,
    Records,
    next_stage,
    record_lines,
)
from sgs_tui.tui.frame.dialogs import Dialog
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.jobs import Flash
from sgs_tui.tui.text import Line, Span, line
from sgs_tui.tui.widgets.bars import Crumb
from sgs_tui.tui.widgets.table import Table
from sgs_tui.tui.widgets.text_view import TextView

ROLES = {"sample": "S", "benchmark": "B", "ranges": "R", "shapes": "H"}


@dataclass
class FolderWanted(Message):
    """List this folder."""

    folder: Path


@dataclass
class RecordsWanted(Message):
    """Read the records of this dump."""

    path: Path


@dataclass
class ValuesWanted(Message):
    """Read the values of this record."""

    path: Path
    record: Record


@dataclass
class FilePicked(Message):
    """Take this file as `sample`, `benchmark`, `ranges` or `shapes`; None: not any more."""

    role: str
    path: Path | None


class SwapWanted(Message):
    """Swap sample and benchmark."""


class DumpsPane(Pane):
    """Files of a folder; entering a dump shows its records in their place."""

    NAME, KEY, TITLE = "dumps", "3", "Dumps"
    GROUPS = ("dumps", "move")
    BINDINGS = bindings("dumps")

    def __init__(self) -> None:
        super().__init__()
        self.crumb = Crumb()
        self.files = Table(FILE_COLUMNS, frozen=2, empty="no dumps here; enter opens folders, u goes up")
        self.records = Table(RECORD_COLUMNS, frozen=3, empty="reading ...")
        self.folder = Path()
        self.entries: tuple[Entry, ...] = ()
        self.others = 0
        self.roles: dict[Path, str] = {}
        self.opened: Path | None = None
        self._health = ""

    @property
    def main(self) -> Widget:
        return self.files if self.opened is None else self.records

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.crumb
        yield self.files
        yield self.records

    def on_mount(self) -> None:
        self.records.display = False
        self.head()

    # --- what is shown

    def browse(self, folder: Path) -> None:
        self.post_message(FolderWanted(folder))

    def show_folder(self, event: FolderListed) -> None:
        """The folder's files; the cursor stays on its file where it is still there."""
        here = self.entry.path if self.entry else None
        self.folder, self.others = event.folder, event.others
        self._show_entries(event.entries, here)

    def show_examined(self, event: DumpExamined) -> None:
        entries = [event.entry if entry.path == event.entry.path else entry for entry in self.entries]
        self._show_entries(tuple(entries), self.entry.path if self.entry else None)

    def show_roles(self, roles: dict[str, Path | None]) -> None:
        """Mark sample, benchmark, ranges and shapes."""
        self.roles = {path.absolute(): ROLES[role] for role, path in roles.items() if path is not None}
        self._show_entries(self.entries, self.entry.path if self.entry else None)

    def show_records(self, event: RecordsRead) -> None:
        if event.path == self.opened:
            self._health = str(event.health)
            self.records.restart(Records(event.records))
            self._show_crumb()

    def _show_entries(self, entries: tuple[Entry, ...], cursor_on: Path | None) -> None:
        self.entries = entries
        place = next((n for n, entry in enumerate(entries) if entry.path == cursor_on), 0)
        self.files.show(Files(entries, self.roles, time()), cursor=place)
        self._show_crumb()

    def _show_crumb(self) -> None:
        if self.opened is not None:
            facts = f"{count(len(self.records.source), 'record')}, {self._health}" if self._health else ""
            self.crumb.say(self.opened.name, facts)
            return
        dumps = sum(entry.kind is Kind.DUMP for entry in self.entries)
        others = f"; {count(self.others, 'other file')}" if self.others else ""
        self.crumb.say(shown_folder(self.folder), f"{count(dumps, 'dump')}, newest first{others}")

    @property
    def entry(self) -> Entry | None:
        return self.entries[self.files.cursor] if self.files.cursor < len(self.entries) else None

    @property
    def record(self) -> Record | None:
        source = self.records.source
        return source.records[self.records.cursor] if isinstance(source, Records) and len(source) else None

    # --- keys

    def action_open(self) -> None:
        """Into a folder, a dump, a record; or use a calibration file."""
        if self.opened is not None:
            if self.record is not None:
                self.post_message(ValuesWanted(self.opened, self.record))
        elif self.entry is not None:
            self._open(self.entry)

    @on(Table.Activated)
    def open_clicked(self) -> None:
        self.action_open()

    def _open(self, entry: Entry) -> None:
        if entry.kind is Kind.FOLDER:
            self.browse(entry.path)
        elif entry.kind is Kind.DUMP:
            self._show_opened(entry.path)
            self.post_message(RecordsWanted(entry.path))
        else:
            used = self.roles.get(entry.path.absolute()) == ROLES[entry.kind]
            self.post_message(FilePicked(str(entry.kind), None if used else entry.path))

    def _show_opened(self, path: Path | None) -> None:
        had_focus = self.main.has_focus
        self.opened, self._health = path, ""
        self.records.source = Records(())
        self.files.display, self.records.display = path is None, path is not None
        if had_focus:
            self.main.focus()
        self._show_crumb()

    def action_back(self) -> None:
        if self.opened is not None:
            self._show_opened(None)
        else:
            self.browse(self.folder.absolute().parent)

    def action_sample(self) -> None:
        self._pick("sample")

    def action_benchmark(self) -> None:
        self._pick("benchmark")

    def _pick(self, role: str) -> None:
        path = self.opened or (self.entry.path if self.entry and self.entry.kind is Kind.DUMP else None)
        if path is None:
            self.post_message(Flash("only a dump can be sample or benchmark", "warn"))
        else:
            self.post_message(FilePicked(role, path))

    def action_swap(self) -> None:
        self.post_message(SwapWanted())

    def action_stage(self) -> None:
        if self.entry is not None and self.entry.kind is Kind.DUMP:
            changed = next_stage(self.entry)
            entries = [changed if entry.path == changed.path else entry for entry in self.entries]
            self._show_entries(tuple(entries), changed.path)

    def action_rescan(self) -> None:
        self.browse(self.folder)

    def copied(self, whole: bool) -> str:
        if self.opened is not None:
            return self.record.name if self.record else ""
        return str(self.entry.path.absolute() if whole else self.entry.path) if self.entry else ""

    def help(self) -> Iterable[Line]:
        yield line(Span("S", "sample"), " sample (judged)   ", Span("B", "benchmark"), " benchmark (reference)")
        yield line(
            Span("R", "good"), " calibration ranges   ", Span("H", "good"), " shapes: enter uses them, and again not"
        )
        yield line("A dump is known by its content. The stage is a guess from its headers.")


def shown_folder(folder: Path) -> str:
    """A folder as people know it: `.` by its name, the rest as it was given."""
    return folder.absolute().name + "/" if folder == Path() else f"{folder}/"


# A record of a dump: header, statistics, values.


class RecordDialog(Dialog[None]):
    """Shows the header at once, the rest when it was read."""

    def __init__(self, record: Record, keymap: dict[str, str]) -> None:
        super().__init__(f"{record.direction} {record.slot} of op {record.op_index}", keymap)
        self.record = record
        self.facts: RecordFacts | None = None
        self.view = TextView()

    def body(self) -> Iterable[Widget]:
        return (self.view,)

    def on_mount(self) -> None:
        self.view.show(self._lines)
        self.view.focus()

    def show_facts(self, record: Record, facts: RecordFacts) -> None:
        if record is self.record:
            self.facts = facts
            self.view.show(self._lines, keep=True)

    def _lines(self, width: int) -> list[Line]:
        return record_lines(self.record, self.facts, width)
