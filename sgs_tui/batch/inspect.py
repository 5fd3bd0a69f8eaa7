"""`inspect --batch`: the records of a dump as a table, CSV or JSON (`sgs-tui/inspect/1`).

JSON (cfg/schemas/inspect-1.json): schema, path, stage, health, health_detail, is_float, form, totals (records,
outputs, inputs, constants, bytes), records[] of number, direction, slot, index, op, name, type, constant, scale,
zero_point, shape (null where the file does not say it), elements, bytes, declared.
"""

import csv
import io
from collections.abc import Sequence
from typing import Any

from sgs_tui.batch.csv_cells import cell
from sgs_tui.batch.formats import ListFormat
from sgs_tui.batch.json_values import dump_json, exact, finite_or_null
from sgs_tui.batch.numbers import plain
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import Direction, Record
from sgs_tui.engine.dumps.stage import guess_stage

SCHEMA = "sgs-tui/inspect/1"


def write_records(dump: Dump, wanted: ListFormat, screen: Screen) -> bytes:
    """Every record of the dump."""
    if wanted is ListFormat.JSON:
        return dump_json(document(dump))
    if wanted is ListFormat.CSV:
        return csv_of([_fields(record) for record in dump.records], list(_HEAD))
    from sgs_tui.batch.inspect_table import write_table

    return write_table(dump, totals(dump), screen)


def document(dump: Dump) -> dict[str, Any]:
    """The object of schema `sgs-tui/inspect/1`."""
    return {"schema": SCHEMA, **about(dump), "totals": totals(dump), "records": list(map(fields_of, dump.records))}


def about(dump: Dump) -> dict[str, Any]:
    """The file as a whole."""
    return {
        "path": exact(str(dump.path)),
        "stage": str(guess_stage(dump.index)),
        "health": str(dump.health.state),
        "health_detail": exact(dump.health.detail),
        "is_float": dump.is_float,
        "form": str(dump.form),
    }


def totals(dump: Dump) -> dict[str, int]:
    """How many records of which sort, and their payload bytes."""
    inputs = [record for record in dump.records if record.direction is Direction.IN]
    return {
        "records": len(dump.records),
        "outputs": len(dump.outputs()),
        "inputs": sum(not record.constant for record in inputs),
        "constants": sum(record.constant for record in dump.records),
        "bytes": sum(record.size for record in dump.records),
    }


def fields_of(record: Record) -> dict[str, Any]:
    """A record's header, and what the file really holds of it."""
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
    }


_HEAD = (
    *("number", "direction", "slot", "index", "op", "name", "type", "constant", "scale", "zero_point", "shape"),
    *("elements", "bytes", "declared"),
)


def _fields(record: Record) -> list[str]:
    shape = "" if record.shape is None else "x".join(map(str, record.shape))
    return [
        *(str(record.number), record.direction, str(record.slot), str(record.op_index)),
        *(cell(record.op_type), cell(record.name), cell(record.type_name), "yes" if record.constant else "no"),
        *(plain(record.scale), str(record.zero_point), shape, str(record.count), str(record.size)),
        "" if record.declared is None else str(record.declared),
    ]


def csv_of(rows: Sequence[Sequence[str]], head: Sequence[str]) -> bytes:
    """RFC 4180 lines."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().encode()
