"""`inspect --batch`: the records of a dump, or one of its tensors, as a table, CSV or JSON.

JSON `sgs-tui/inspect/1` (cfg/schemas/inspect-1.json): schema, path, stage, health, health_detail, is_float, form,
totals (records, outputs, inputs, constants, bytes), records[] of number, direction, slot, index, op, name, type,
constant, scale, zero_point, shape (null where the file does not say it), elements, bytes, declared, batches, remarks
(what the header says that is not known) and problem (why the payload was skipped), both null where there is nothing.
JSON `sgs-tui/tensor/1` (cfg/schemas/tensor-1.json): schema, path, record (as above), dequantised, statistics (count,
min, max, mean, nan, inf, zeros), values_from, values[]; a value that is not finite is its name as a string.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch import console
from sgs_tui.batch.formats.json import statistics
from sgs_tui.batch.output import Data, ListFormat
from sgs_tui.batch.values import Json, cell, exact, finite_or_null, in_format, non_finite, plain
from sgs_tui.engine.compare.histogram import tensor_statistics
from sgs_tui.engine.compare.results import SideStats
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.dumps.format import Direction, Form, Record
from sgs_tui.engine.dumps.index import guess_stage, oddities
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.numbers import count, figure, position, ratio, size
from sgs_tui.engine.text import nearest, sanitised, visible
from sgs_tui.language import Message, _, joined

SCHEMA = "sgs-tui/inspect/1"


def write_records(dump: Dump, wanted: ListFormat, screen: console.Screen) -> Data:
    """Every record of the dump."""
    return in_format(
        wanted,
        json=lambda: {
            "schema": SCHEMA,
            "path": exact(dump.path),
            "stage": str(guess_stage(dump.index)),
            "health": str(dump.health.state),
            "health_detail": exact(dump.health.detail),
            "is_float": dump.is_float,
            "form": str(dump.form),
            "totals": _totals(dump),
            "records": map(_fields, dump.records),
        },
        csv=lambda: (_HEAD, map(_cells, dump.records)),
        table=lambda: _table(dump, screen),
    )


def _totals(dump: Dump) -> dict[str, int]:
    inputs = [record for record in dump.records if record.direction is Direction.IN]
    return {
        "records": len(dump.records),
        "outputs": len(dump.outputs()),
        "inputs": sum(not record.constant for record in inputs),
        "constants": sum(record.constant for record in dump.records),
        "bytes": sum(record.size for record in dump.records),
    }


def _fields(record: Record) -> Json:
    return {
        "number": record.number,
        "direction": str(record.direction),
        "slot": record.slot,
        "index": record.op_index,
        "op": exact(record.op_type),
        "name": exact(record.name),
        "type": exact(record.type_name),
        "constant": record.constant,
        **finite_or_null({"scale": record.scale}),
        "zero_point": record.zero_point,
        "shape": None if record.shape is None else list(record.shape),
        "elements": record.count,
        "bytes": record.size,
        "declared": record.declared,
        "batches": record.batches,
        "remarks": exact(record.remarks) if record.remarks else None,
        "problem": exact(record.problem) if record.problem else None,
    }


_HEAD = (
    *("number", "direction", "slot", "index", "op", "name", "type", "constant", "scale", "zero_point", "shape"),
    *("elements", "bytes", "declared"),
)


def _cells(record: Record) -> list[str]:
    shape = "" if record.shape is None else "x".join(map(str, record.shape))
    return [
        *(str(record.number), record.direction, str(record.slot), str(record.op_index)),
        *(cell(record.op_type), cell(record.name), cell(record.type_name), "yes" if record.constant else "no"),
        *(plain(record.scale), str(record.zero_point), shape, str(record.count), str(record.size)),
        "" if record.declared is None else str(record.declared),
    ]


_LONGEST_OP = 14
_SHORTEST_NAME = 16


def _table(dump: Dump, screen: console.Screen) -> Iterator[bytes]:
    """Facts of the file, then one line a record; wider screens also show scale and zero point."""
    page = max(console.NARROWEST, screen.columns or console.WHOLE)
    yield from console.rendered([*_about(dump, screen), Text()], screen, page)
    names = [record.name for record in dump.records]
    columns = _columns(dump, screen)
    whole = console.name_column(Message("name"), names, (), console.Screen(ascii=screen.ascii), 0, console.LONGEST_NAME)
    width = console.page_width([*columns, whole], screen)
    for column in [
        console.Column(
            Message("scale"), [console.Cell(ratio(r.scale, 6) if r.scale else "") for r in dump.records], right=True
        ),
        console.Column(
            Message("zero"), [console.Cell(str(r.zero_point) if r.scale else "") for r in dump.records], right=True
        ),
    ]:
        if console.taken([*columns, column]) + whole.width <= width:
            columns.append(column)
    columns.insert(
        2, console.name_column(Message("name"), names, columns, screen, _SHORTEST_NAME, console.LONGEST_NAME)
    )
    yield from console.rendered(console.slices_of(columns), screen, width)


def _about(dump: Dump, screen: console.Screen) -> Iterator[RenderableType]:
    plain = Message("float") if dump.is_float else Message("integers")
    kind, totals = dump.index.results or plain, _totals(dump)
    yield Text(_("dump     {text}", text=screen.text(str(dump.path))))
    yield Text(
        _(
            "stage    {stage} (guessed), {kind}, {form}",
            stage=Message(str(guess_stage(dump.index))),
            kind=kind,
            form=Message("text") if dump.form is Form.TEXT else Message("binary"),
        )
    )
    yield Text(_("health   {text}", text=screen.text(dump.health.text)), style="" if dump.health.ok else "bold red")
    parts = [
        count(totals["records"], "record"),
        count(totals["outputs"], "output"),
        count(totals["inputs"], "input"),
        count(totals["constants"], "constant"),
    ]
    yield Text(_("holds    {parts}; {size}", parts=joined(parts), size=size(totals["bytes"])))
    for text in oddities(dump.records):
        yield Text(_("note     {text}", text=screen.text(text)))


def _columns(dump: Dump, screen: console.Screen) -> list[console.Column]:
    records = dump.records
    op_room = console.LONGEST_NAME if screen.columns is None else _LONGEST_OP
    return [
        console.Column(Message("op"), [console.Cell(str(record.op_index)) for record in records], right=True),
        console.Column(Message("slot"), [console.Cell(f"{record.direction} {record.slot}") for record in records]),
        console.Column(
            Message("op type"), [console.Cell(console.cut(record.op_type, op_room, screen)) for record in records]
        ),
        console.Column(Message("type"), [console.Cell(screen.text(record.type_name)) for record in records]),
        console.Column(Message("shape"), [console.Cell(_shape(record)) for record in records]),
        console.Column(Message("bytes"), [_bytes(record) for record in records], right=True),
    ]


def _shape(record: Record) -> str:
    """The shape, or the bare number of elements; constants are no layers and say so."""
    extent = "x".join(map(str, record.shape)) if record.shape else f"[{record.count}]"
    return Message("{extent} const", extent=extent) if record.constant else extent


def _bytes(record: Record) -> console.Cell:
    if record.problem:
        return console.Cell("skipped", "bold red")
    if record.is_short:
        return console.Cell(
            Message("{size} of {declared}!", size=size(record.size), declared=size(record.declared or 0)), "bold red"
        )
    return console.Cell(size(record.size))


_TENSOR_SCHEMA = "sgs-tui/tensor/1"
SHOWN = 64
"""Values that the text form shows unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A record with its statistics and the values that are shown, float64, from the front."""

    dump: Dump
    record: Record
    stats: SideStats
    values: FloatArray


def tensor(dump: Dump, name: str, count: int | None) -> Tensor:
    """Read the tensor of that name, its first `count` values (None: all). Raises UsageError, DumpError."""
    record = _find(dump, name)
    return Tensor(dump, record, tensor_statistics(dump, record), dump.values(record, 0, count))


def _find(dump: Dump, name: str) -> Record:
    """The record of that name, outputs first: exact, else as shown, else as the vendor writes it.

    Raises UsageError naming the nearest ones.
    """
    ordered = sorted(dump.records, key=lambda record: record.direction == "in")
    for same in (lambda other: other, visible, sanitised):
        for record in ordered:
            if same(record.name) == name:
                return record
    close = nearest(name, [visible(record.name) for record in ordered if not record.constant])
    hint = (
        Message("did you mean {close}?", close=close)
        if close
        else Message("`sgs-tui inspect DUMP --batch` lists the names")
    )
    raise UsageError(Message("{path}: no tensor is called {name}", path=dump.path, name=name), hint)


def write_tensor(found: Tensor, wanted: ListFormat, screen: console.Screen) -> Data:
    """The tensor in one of the list formats."""
    return in_format(
        wanted,
        json=lambda: {
            "schema": _TENSOR_SCHEMA,
            "path": exact(found.dump.path),
            "record": _fields(found.record),
            "dequantised": found.dump.dequantizes(found.record),
            "statistics": statistics(found.stats),
            "values_from": 0,
            "values": [value if isfinite(value) else non_finite(value) for value in found.values.tolist()],
        },
        csv=lambda: (("index", "value"), [(str(n), plain(value)) for n, value in enumerate(found.values.tolist())]),
        table=lambda: "".join(f"{screen.text(line)}\n" for line in _lines(found)).encode(),
    )


def _lines(found: Tensor) -> Iterator[str]:
    record, stats = found.record, found.stats
    shape = "x".join(map(str, record.shape)) if record.shape else Message("shape unknown")
    yield Message("tensor   {name}", name=record.name)
    yield Message(
        "record   {number}: {direction} {slot} of op {op_index} {op_type}",
        number=record.number,
        direction=record.direction,
        slot=record.slot,
        op_index=record.op_index,
        op_type=record.op_type,
    )
    yield Message(
        "type     {type_name}, {shape}, {size}{value}",
        type_name=record.type_name,
        shape=shape,
        size=size(record.size),
        value=", constant" if record.constant else "",
    )
    if record.problem:
        yield Message("not read {problem}", problem=record.problem)
    if found.dump.dequantizes(record):
        yield Message(
            "codes    dequantized with s {scale:.6f} (six decimals in the file), z {zero_point}",
            scale=record.scale,
            zero_point=record.zero_point,
        )
    yield Message(
        "values   {count:,}, {zeros:,} zero, {nan:,} NaN, {inf:,} Inf",
        count=stats.count,
        zeros=stats.zeros,
        nan=stats.nan,
        inf=stats.inf,
    )
    yield Message(
        "range    {low} to {high}, mean {mean}",
        low=figure(stats.minimum, 6),
        high=figure(stats.maximum, 6),
        mean=figure(stats.mean, 6),
    )
    yield ""
    yield from _rows(found)
    if len(found.values) < stats.count:
        yield Message("{values:,} of {count:,} values shown", values=len(found.values), count=stats.count)


def _rows(found: Tensor) -> Iterator[str]:
    """Four values a line after the position of the first, so that 80 columns hold them."""
    shape = found.record.shape if not found.record.padded else None
    places = [position(start, shape) for start in range(0, len(found.values), 4)]
    width = max(map(len, places), default=0)
    for number, place in enumerate(places):
        values = found.values[number * 4 : number * 4 + 4].tolist()
        yield f"{place:>{width}}  " + "".join(f"{figure(value, 6):>14}" for value in values)
