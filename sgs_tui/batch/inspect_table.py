"""The records of a dump as a table for people."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.columns import LONGEST_NAME, NARROWEST, PIPED, Cell, Column, table_of, taken
from sgs_tui.batch.drawing import cut, render
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import Record
from sgs_tui.engine.dumps.stage import guess_stage
from sgs_tui.engine.numbers import count, figure, size

_LONGEST_OP = 14
_SHORTEST_NAME = 16


def write_table(dump: Dump, totals: dict[str, int], screen: Screen) -> bytes:
    """Facts of the file, then one line a record; wider screens also show scale and zero point."""
    longest = max([cell_len(screen.text(record.name)) for record in dump.records], default=0)
    name = max(len("name"), min(LONGEST_NAME, longest))
    columns = _columns(dump, screen)
    width = max(NARROWEST, screen.columns or max(PIPED, taken(columns) + name))
    for column in _quantisation(dump):
        if width - taken([*columns, column]) >= name:
            columns.append(column)
    room = max(_SHORTEST_NAME, min(name, width - taken(columns)))
    names = Column("name", [Cell(cut(record.name, room, screen)) for record in dump.records], room=room)
    return render([*_about(dump, totals, screen), Text(), table_of([*columns[:2], names, *columns[2:]])], screen, width)


def _about(dump: Dump, totals: dict[str, int], screen: Screen) -> Iterator[RenderableType]:
    kind = "float" if dump.is_float else "integers"
    yield Text(f"dump     {screen.text(str(dump.path))}")
    yield Text(f"stage    {guess_stage(dump.index)} (guessed), {kind}, {dump.form}")
    yield Text(f"health   {screen.text(str(dump.health))}", style="" if dump.health.ok else "bold red")
    parts = [count(totals[f"{noun}s"], noun) for noun in ("record", "output", "input", "constant")]
    yield Text(f"holds    {', '.join(parts)}; {size(totals['bytes'])}")


def _columns(dump: Dump, screen: Screen) -> list[Column]:
    records = dump.records
    op_room = LONGEST_NAME if screen.columns is None else _LONGEST_OP
    return [
        Column("op", [Cell(str(record.op_index)) for record in records], right=True),
        Column("slot", [Cell(f"{record.direction} {record.slot}") for record in records]),
        Column("op type", [Cell(cut(record.op_type, op_room, screen)) for record in records]),
        Column("type", [Cell(screen.text(record.type_name)) for record in records]),
        Column("shape", [Cell(_shape(record)) for record in records]),
        Column("bytes", [_bytes(record) for record in records], right=True),
    ]


def _quantisation(dump: Dump) -> list[Column]:
    return [
        Column("scale", [Cell(figure(r.scale, 6) if r.scale else "") for r in dump.records], right=True),
        Column("zero", [Cell(str(r.zero_point) if r.scale else "") for r in dump.records], right=True),
    ]


def _shape(record: Record) -> str:
    """The shape, or the bare number of elements; constants are no layers and say so."""
    extent = "x".join(map(str, record.shape)) if record.shape else f"[{record.count}]"
    return f"{extent} const" if record.constant else extent


def _bytes(record: Record) -> Cell:
    if record.is_short:
        return Cell(f"{size(record.size)} of {size(record.declared or 0)}!", "bold red")
    return Cell(size(record.size))
