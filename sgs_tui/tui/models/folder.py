"""Files of a folder that matter here: dumps (by their content), folders, calibration files (by their names)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from sgs_tui.engine.dumps.records import Health, HealthState, Stage
from sgs_tui.tui.lines import Tone
from sgs_tui.tui.numbers import age, size
from sgs_tui.tui.widgets.table import Cell, Column


class Kind(StrEnum):
    """What an entry is for."""

    FOLDER = "folder"
    DUMP = "dump"
    RANGES = "ranges"
    SHAPES = "shapes"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder. Stage, health and records are None until the dump was examined; `problem` says why not."""

    path: Path
    kind: Kind
    size: int = 0
    modified: float = 0.0
    stage: Stage | None = None
    health: Health | None = None
    records: int | None = None
    problem: str = ""


STAGES = tuple(Stage)
FILE_COLUMNS = (
    Column("role", "", 1),
    Column("name", "file", least=18),
    Column("stage", "stage", 12),
    Column("health", "health", 13),
    Column("records", "records", 7, right=True),
    Column("size", "size", 8, right=True),
    Column("age", "age", 6, right=True),
)
_ROLES: dict[str, Tone] = {"S": "sample", "B": "benchmark", "R": "good", "H": "good"}


class Files:
    """Entries as table rows; `roles` says which path is sample, benchmark, ranges or shapes (S, B, R, H)."""

    def __init__(self, entries: Sequence[Entry], roles: dict[Path, str], now: float) -> None:
        self.entries, self.roles, self.now = entries, roles, now

    def __len__(self) -> int:
        return len(self.entries)

    def row_tone(self, row: int) -> Tone:
        """No row stands out."""
        return ""

    def cell(self, row: int, column: str) -> Cell:
        """One fact of an entry."""
        entry = self.entries[row]
        if column == "role":
            role = self.roles.get(entry.path.absolute(), "")
            return Cell(role, _ROLES.get(role, ""))
        if column == "age":
            return Cell("" if not entry.modified else age(self.now - entry.modified), "muted")
        return _CELLS[column](entry)


def _name(entry: Entry) -> Cell:
    if entry.kind is Kind.FOLDER:
        return Cell(f"{entry.path.name or entry.path}/", "key")
    return Cell(entry.path.name)


def _stage(entry: Entry) -> Cell:
    if entry.kind is Kind.DUMP:
        return Cell("..." if entry.stage is None and not entry.problem else str(entry.stage or ""))
    words = {Kind.RANGES: "calibration", Kind.SHAPES: "shapes"}
    return Cell(words.get(entry.kind, ""), "muted")


def _health(entry: Entry) -> Cell:
    if entry.problem:
        return Cell(f"✗ {entry.problem}", "fail")
    if entry.health is None:
        return Cell("")
    good = entry.health.state is HealthState.COMPLETE
    return Cell(str(entry.health.state) if good else f"! {entry.health.state}", "" if good else "warn")


def _records(entry: Entry) -> Cell:
    return Cell("" if entry.records is None else str(entry.records))


def _size(entry: Entry) -> Cell:
    return Cell("" if entry.kind is Kind.FOLDER else size(entry.size))


_CELLS: dict[str, Callable[[Entry], Cell]] = {
    "name": _name,
    "stage": _stage,
    "health": _health,
    "records": _records,
    "size": _size,
}


def next_stage(entry: Entry) -> Entry:
    """The guess corrected by the user: the next stage in the list."""
    place = STAGES.index(entry.stage) if entry.stage in STAGES else -1
    return replace(entry, stage=STAGES[(place + 1) % len(STAGES)])
