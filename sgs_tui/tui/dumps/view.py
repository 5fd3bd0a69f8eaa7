"""The dump browser's rows and lines: files of a folder, records of a dump, one record's values."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from sgs_tui.engine.compare.results import SideStats
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.dumps.format import Health, HealthState, Record, Stage
from sgs_tui.engine.numbers import count, figure, ratio, size
from sgs_tui.language import _, joined, shown
from sgs_tui.tui.text import BLANK, Line, Span, age, paragraph, share
from sgs_tui.tui.widgets.table import Cell, Column


class Kind(StrEnum):
    """What a file matters for: dumps are known by their content, calibration files by their names."""

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


_STAGES = tuple(Stage)


def _name(entry: Entry) -> Cell:
    folder = entry.kind is Kind.FOLDER
    return Cell(f"{entry.path.name or entry.path}/", "key") if folder else Cell(entry.path.name)


def _stage(entry: Entry) -> Cell:
    if entry.kind is Kind.DUMP:
        return Cell("..." if entry.stage is None and not entry.problem else _(str(entry.stage or "")))
    words = {Kind.RANGES: _("calibration"), Kind.SHAPES: _("shapes")}
    return Cell(words.get(entry.kind, ""), "muted")


def _health(entry: Entry) -> Cell:
    if entry.problem:
        return Cell(f"✗ {shown(entry.problem)}", "fail")
    if entry.health is None:
        return Cell("")
    good = entry.health.state is HealthState.COMPLETE
    return Cell(_(str(entry.health.state)) if good else f"~ {_(str(entry.health.state))}", "" if good else "warn")


_ROLES = {
    "sample": Cell("S", "sample"),
    "benchmark": Cell("B", "benchmark"),
    "original": Cell("O", "key"),
    "ranges": Cell("R", "good"),
    "shapes": Cell("H", "good"),
}


def file_columns(role: Callable[[Path], str], now: Callable[[], float]) -> tuple[Column[Entry], ...]:
    """Of files; `role` says what a path is used as (sample, benchmark, ranges, shapes), or nothing."""

    def ago(entry: Entry) -> Cell:
        return Cell(age(now() - entry.modified) if entry.modified else "", "muted")

    return (
        Column("role", "", 1, cell=lambda one: _ROLES.get(role(one.path), "")),
        Column("name", "file", least=18, names=True, cell=_name),
        Column("stage", "stage", 12, cell=_stage),
        Column("health", "health", 13, cell=_health),
        Column("records", "records", 7, right=True, cell=lambda one: "" if one.records is None else str(one.records)),
        Column("size", "size", 8, right=True, cell=lambda one: "" if one.kind is Kind.FOLDER else size(one.size)),
        Column("age", "age", 6, right=True, cell=ago),
    )


def next_stage(entry: Entry) -> Entry:
    """The guess corrected by the user: the next stage in the list."""
    place = _STAGES.index(entry.stage) if entry.stage in _STAGES else -1
    return replace(entry, stage=_STAGES[(place + 1) % len(_STAGES)])


def _direction(record: Record) -> Cell:
    return Cell(f"{record.direction} {record.slot}", "muted" if record.direction == "in" else "")


def _shape(record: Record) -> Cell | str:
    if record.is_short:
        return Cell(f"~ {size(record.size)}", "warn")
    return "x".join(map(str, record.shape)) if record.shape else f"[{record.count}]"


RECORD_COLUMNS: tuple[Column[Record], ...] = (
    Column("index", "op", 4, right=True, cell=lambda one: str(one.op_index)),
    Column("direction", "", 5, cell=_direction),
    Column("name", "name", least=18, names=True, cell=lambda one: one.name),
    Column("shape", "shape", 14, cell=_shape),
    Column("op", "op type", 13, cell=lambda one: one.op_type),
    Column("type", "type", 7, cell=lambda one: one.type_name),
    Column("scale", "s", 9, right=True, cell=lambda one: ratio(one.scale, 6) if one.scale else ""),
    Column("zero", "z", 5, right=True, cell=lambda one: str(one.zero_point) if one.scale else ""),
    Column("constant", "", 5, cell=lambda one: _("const") if one.constant else ""),
)


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """Statistics over all of a record (dequantized; the mean is of the finite values), and its first values."""

    stats: SideStats
    values: FloatArray


def record_lines(record: Record, facts: RecordFacts | None, width: int, why: str = "") -> list[Line]:
    """Header, statistics, values in rows; `why` there are none."""
    lines = paragraph(record.name, width, "strong")
    lines += paragraph(_header(record), width, "muted")
    if facts is None:
        return [*lines, BLANK, *paragraph(why, width, "muted")]
    lines += [BLANK, *paragraph(_statistics(facts.stats), width), BLANK]
    return lines + _rows(facts, record, width)


def _header(record: Record) -> str:
    shape = _("shape {shape}", shape=list(record.shape)) if record.shape else _("shape unknown")
    parts = [
        _(
            "{direction} {slot} of op {op_index} {op_type}",
            direction=record.direction,
            slot=record.slot,
            op_index=record.op_index,
            op_type=record.op_type,
        ),
        _(
            "type {type_name} s {scale:g} z {zero_point}",
            type_name=record.type_name,
            scale=record.scale,
            zero_point=record.zero_point,
        ),
        _(
            "{shape}, {elements}, {size:,} bytes at byte {offset:,}",
            shape=shape,
            elements=count(record.count, "element"),
            size=record.size,
            offset=record.offset,
        ),
        _("constant") if record.constant else "",
    ]
    return str(shown(joined(filter(None, parts), "; ")))


def _statistics(stats: SideStats) -> str:
    return _(
        "min {minimum}  max {maximum}  mean {mean}  zeros {zeros}  NaN {nan:,}  Inf {inf:,}",
        minimum=figure(stats.minimum),
        maximum=figure(stats.maximum),
        mean=figure(stats.mean),
        zeros=share(stats.zeros, stats.count),
        nan=stats.nan,
        inf=stats.inf,
    )


def _rows(facts: RecordFacts, record: Record, width: int) -> list[Line]:
    """As many values a line as fit, a whole number of channels where there are few."""
    label = len(str(facts.stats.count)) + 2
    most = max(1, (width - label) // 11)
    channels = record.shape[-1] if record.shape else 0
    step = channels if 1 < channels <= most else 1 << (most.bit_length() - 1)
    lines: list[Line] = []
    for start in range(0, len(facts.values), step):
        row = "".join(f"{figure(float(value), 6):>11}" for value in np.asarray(facts.values[start : start + step]))
        lines.append((Span(f"{start:>{label - 1}} ", "muted"), Span(row)))
    if len(facts.values) < facts.stats.count:
        lines.append(
            (
                Span(
                    _("the first {values:,} of {count:,} values", values=len(facts.values), count=facts.stats.count),
                    "warn",
                ),
            )
        )
    return lines
