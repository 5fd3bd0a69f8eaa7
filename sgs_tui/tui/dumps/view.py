"""Records of a dump as table rows, and one record's values as lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.dumps.format import Health, HealthState, Record, Stage
from sgs_tui.engine.numbers import figure, size
from sgs_tui.tui.text import BLANK, Line, Span, Tone, age, share, wrap
from sgs_tui.tui.widgets.table import Cell, Column

FIRST_VALUES = 8192
RECORD_COLUMNS = (
    Column("index", "op", 4, right=True),
    Column("direction", "", 5),
    Column("name", "name", least=18),
    Column("shape", "shape", 14),
    Column("op", "op type", 13),
    Column("type", "type", 7),
    Column("scale", "s", 9, right=True),
    Column("zero", "z", 5, right=True),
    Column("constant", "", 5),
)


class Records:
    """A dump's records; names of constants stay in the background."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records

    def __len__(self) -> int:
        return len(self.records)

    def row_tone(self, row: int) -> Tone:
        return "muted" if self.records[row].constant else ""

    def cell(self, row: int, column: str) -> Cell:
        return _CELLS[column](self.records[row])


def _direction(record: Record) -> Cell:
    return Cell(f"{record.direction} {record.slot}", "muted" if record.direction == "in" else "")


def _shape(record: Record) -> Cell:
    if record.is_short:
        return Cell(f"! {size(record.size)}", "warn")
    return Cell("x".join(map(str, record.shape)) if record.shape else f"[{record.count}]")


_CELLS: dict[str, Callable[[Record], Cell]] = {
    "index": lambda record: Cell(str(record.op_index)),
    "direction": _direction,
    "name": lambda record: Cell(record.name),
    "shape": _shape,
    "op": lambda record: Cell(record.op_type),
    "type": lambda record: Cell(record.type_name),
    "scale": lambda record: Cell(figure(record.scale, 6) if record.scale else ""),
    "zero": lambda record: Cell(str(record.zero_point) if record.scale else ""),
    "constant": lambda record: Cell("const" if record.constant else ""),
}


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """Statistics over all of a record's elements (dequantized), and its first values."""

    count: int
    minimum: float
    maximum: float
    mean: float
    nan: int
    inf: int
    zeros: int
    values: FloatArray


class Tally:
    """Adds up a record's statistics piece by piece, and keeps its first values."""

    def __init__(self) -> None:
        self._first: FloatArray = np.empty(0)
        self._low, self._high, self._total = np.inf, -np.inf, 0.0
        self._seen = self._nan = self._inf = self._zeros = 0

    def add(self, values: FloatArray) -> None:
        if not self._seen:
            self._first = values[:FIRST_VALUES].copy()
        finite = values[np.isfinite(values)]
        self._seen += values.size
        self._nan += int(np.count_nonzero(np.isnan(values)))
        self._inf += int(np.count_nonzero(np.isinf(values)))
        self._zeros += int(values.size - np.count_nonzero(values))
        self._low = min(self._low, float(finite.min(initial=np.inf)))
        self._high = max(self._high, float(finite.max(initial=-np.inf)))
        self._total += float(finite.sum())

    def facts(self) -> RecordFacts:
        """What was added up; NaN where there was no finite value."""
        finite = self._seen - self._nan - self._inf
        low, high, mean = (self._low, self._high, self._total / finite) if finite else (np.nan, np.nan, np.nan)
        return RecordFacts(self._seen, low, high, mean, self._nan, self._inf, self._zeros, self._first)


def record_lines(record: Record, facts: RecordFacts | None, width: int) -> list[Line]:
    """Header, statistics, values in rows."""
    lines: list[Line] = [(Span(part, "strong"),) for part in wrap(record.name, width)]
    lines += [(Span(part, "muted"),) for part in wrap(_header(record), width)]
    if facts is None:
        return [*lines, BLANK, (Span("reading ...", "muted"),)]
    lines += [BLANK, *((Span(part),) for part in wrap(_statistics(facts), width)), BLANK]
    return lines + _rows(facts, record, width)


def _header(record: Record) -> str:
    shape = f"shape {list(record.shape)}" if record.shape else "shape unknown"
    parts = [
        f"{record.direction} {record.slot} of op {record.op_index} {record.op_type}",
        f"type {record.type_name} s {record.scale:g} z {record.zero_point}",
        f"{shape}, {record.count:,} elements, {record.size:,} bytes at byte {record.offset:,}",
        "constant" if record.constant else "",
    ]
    return "; ".join(part for part in parts if part)


def _statistics(facts: RecordFacts) -> str:
    return (
        f"min {figure(facts.minimum)}  max {figure(facts.maximum)}  mean {figure(facts.mean)}  "
        f"zeros {share(facts.zeros, facts.count)}  NaN {facts.nan:,}  Inf {facts.inf:,}"
    )


def _rows(facts: RecordFacts, record: Record, width: int) -> list[Line]:
    """As many values a line as fit, a whole number of channels where there are few."""
    label = len(str(facts.count)) + 2
    most = max(1, (width - label) // 11)
    channels = record.shape[-1] if record.shape else 0
    step = channels if 1 < channels <= most else 1 << (most.bit_length() - 1)
    lines: list[Line] = []
    for start in range(0, len(facts.values), step):
        row = "".join(f"{figure(float(value), 6):>11}" for value in np.asarray(facts.values[start : start + step]))
        lines.append((Span(f"{start:>{label - 1}} ", "muted"), Span(row)))
    if len(facts.values) < facts.count:
        lines.append((Span(f"the first {len(facts.values):,} of {facts.count:,} values", "warn"),))
    return lines


# Files of a folder that matter here: dumps (by their content), folders, calibration files (by their names).


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
        return ""

    def cell(self, row: int, column: str) -> Cell:
        entry = self.entries[row]
        if column == "role":
            role = self.roles.get(entry.path.absolute(), "")
            return Cell(role, _ROLES.get(role, ""))
        if column == "age":
            return Cell("" if not entry.modified else age(self.now - entry.modified), "muted")
        return _FOLDER_CELLS[column](entry)


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


_FOLDER_CELLS: dict[str, Callable[[Entry], Cell]] = {
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
