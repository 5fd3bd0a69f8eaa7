"""Pane 3: the dumps of a folder, their records, and picking the two to compare.

Apart because it is what is shown: the controller beside it opens, reads and compares.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.numbers import count
from sgs_tui.language import _, clauses, shown
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.comparison.jobs import FilePicked
from sgs_tui.tui.dumps.jobs import DumpExamined, FolderListed, RecordsRead
from sgs_tui.tui.dumps.view import RECORD_COLUMNS, Entry, Kind, RecordFacts, file_columns, next_stage, record_lines
from sgs_tui.tui.frame.dialogs import TextDialog
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.jobs import Flash
from sgs_tui.tui.text import Line, Span, line
from sgs_tui.tui.widgets.bars import Crumb
from sgs_tui.tui.widgets.table import ListTable, Table


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


class DumpsPane(Pane):
    """Files of a folder; entering a dump shows its records in their place."""

    NAME = "dumps"
    GROUPS = ("dumps", "pair", "move")
    SHARES, NEIGHBORS = "files", ("log",)
    BINDINGS = bindings("dumps")

    def __init__(self) -> None:
        super().__init__()
        self.crumb = Crumb()
        self.main = self.files = ListTable(
            file_columns(lambda path: self.roles.get(path.absolute(), ""), lambda: self._now),
            empty=_("reading the folder ..."),
        )
        self.records = ListTable(
            RECORD_COLUMNS, frozen=3, empty=_("reading ..."), tone=lambda one: "muted" if one.constant else ""
        )
        self.folder = Path()
        self.others = 0
        self.roles: dict[Path, str] = {}
        self.opened: Path | None = None
        self._health = ""
        self._now = 0.0

    def body(self) -> ComposeResult:
        yield self.crumb
        yield self.files
        yield self.records

    def on_mount(self) -> None:
        self.records.display = False

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.files.items

    # --- what is shown

    def explain(self, job: str, why: str) -> None:
        """What was to be listed can not be."""
        (self.files if job == "folder" else self.records).explain(why)

    def browse(self, folder: Path) -> None:
        self.files.explain(_("reading the folder ..."))
        self.post_message(FolderWanted(folder))

    def show_folder(self, event: FolderListed) -> None:
        """The folder's files; the cursor stays on its file where it is still there."""
        self.folder, self.others = event.folder, event.others
        self.files.explain(_("no dumps here and no folders: u goes up"))
        self._show_entries(event.entries)

    def show_examined(self, event: DumpExamined) -> None:
        self._replace(event.entry)

    def _replace(self, changed: Entry) -> None:
        self._show_entries([changed if entry.path == changed.path else entry for entry in self.entries])

    def show_roles(self, roles: dict[str, Path | None]) -> None:
        """Mark sample, benchmark, ranges and shapes."""
        self.roles = {path.absolute(): role for role, path in roles.items() if path is not None}
        self._show_entries(self.entries)

    def show_records(self, event: RecordsRead) -> None:
        if event.path == self.opened:
            self._health = str(event.health)
            self.records.explain(_("no records"))
            self.records.fill(event.records, 0)
            self._show_crumb()

    def _show_entries(self, entries: Sequence[Entry]) -> None:
        here, self._now = self.files.item, time()
        self.files.fill_on(entries, lambda entry: here is not None and entry.path == here.path)
        self._show_crumb()

    def _show_crumb(self) -> None:
        if self.opened is not None:
            facts = (
                str(shown(clauses([count(len(self.records.items), "record"), _(self._health)]))) if self._health else ""
            )
            self.crumb.say(self.opened.name, facts)
            return
        dumps = sum(entry.kind is Kind.DUMP for entry in self.entries)
        name = f"{self.folder.absolute().name}/" if self.folder == Path() else f"{self.folder}/"
        told = _("{dumps}, newest first", dumps=count(dumps, "dump"))
        if self.others:
            told = _(
                "{dumps}, newest first; {others}", dumps=count(dumps, "dump"), others=count(self.others, "other file")
            )
        self.crumb.say(name, told)

    # --- keys

    @on(Table.Activated)
    def action_open(self) -> None:
        """Into a folder, a dump, a record; or use a calibration file, and again not."""
        entry, record = self.files.item, self.records.item
        if self.opened is not None:
            if record is not None:
                self.post_message(ValuesWanted(self.opened, record))
        elif entry is None:
            return
        elif entry.kind is Kind.FOLDER:
            self.browse(entry.path)
        elif entry.kind is Kind.DUMP:
            self._show_opened(entry.path)
            self.post_message(RecordsWanted(entry.path))
        else:
            used = self.roles.get(entry.path.absolute()) == entry.kind
            self.post_message(FilePicked(str(entry.kind), None if used else entry.path))

    def _show_opened(self, path: Path | None) -> None:
        had_focus = self.main.has_focus
        self.opened, self._health = path, ""
        self.records.explain(_("reading ..."))
        self.records.fill(())
        self.files.display, self.records.display = path is None, path is not None
        self.main = self.files if path is None else self.records
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

    def action_original(self) -> None:
        self._pick("original")

    def _pick(self, role: str) -> None:
        """The same one as the original again: no more."""
        entry = self.files.item
        path = self.opened or (entry.path if entry and entry.kind is Kind.DUMP else None)
        if path is None:
            self.post_message(Flash(_("only a dump can be sample, benchmark or original"), "warn"))
        elif role == "original" and self.roles.get(path.absolute()) == role:
            self.post_message(FilePicked(role, None))
        else:
            self.post_message(FilePicked(role, path))

    def action_stage(self) -> None:
        if self.files.item is not None and self.files.item.kind is Kind.DUMP:
            self._replace(next_stage(self.files.item))

    def action_rescan(self) -> None:
        self.browse(self.folder)

    def copied(self, whole: bool) -> str:
        """A path, or a record's name."""
        if self.opened is not None:
            return self.records.item.name if self.records.item else ""
        entry = self.files.item
        return "" if entry is None else str(entry.path.absolute() if whole else entry.path)

    def help(self) -> Iterable[Line]:
        yield line(
            Span("S", "sample"),
            " " + _("sample (judged)") + "   ",
            Span("B", "benchmark"),
            " " + _("benchmark (reference)"),
        )
        yield line(
            Span("O", "key"), " " + _("the original: is conversion or quantization to blame? (o again: no more)")
        )
        yield line(
            Span("R", "good"),
            " " + _("calibration ranges") + "   ",
            Span("H", "good"),
            " " + _("shapes: enter uses them, and again not"),
        )
        yield line(_("A dump is known by its content. The stage is a guess from its headers."))


class RecordDialog(TextDialog):
    """A record of a dump: its header at once, statistics and values when they were read."""

    def __init__(self, record: Record, keymap: dict[str, str]) -> None:
        super().__init__(
            _(
                "{direction} {slot} of op {op_index}",
                direction=record.direction,
                slot=record.slot,
                op_index=record.op_index,
            ),
            self._lines,
            keymap,
        )
        self.record = record
        self.facts: RecordFacts | None = None
        self.why = _("reading ...")

    def show_facts(self, record: Record, facts: RecordFacts) -> None:
        if record is self.record:
            self.facts = facts
            self.view.show(self._lines, keep=True)

    def show_failure(self, why: str) -> None:
        self.why = why
        self.view.show(self._lines, keep=True)

    def _lines(self, width: int) -> list[Line]:
        return record_lines(self.record, self.facts, width, self.why)
