"""`inspect --layer`: one tensor's statistics and values, as text, CSV or JSON (`sgs-tui/tensor/1`).

JSON (cfg/schemas/tensor-1.json): schema, path, record (as in `sgs-tui/inspect/1`), dequantised, statistics (count,
min, max, mean, nan, inf, zeros), values_from, values[]; a value that is not finite is its name as a string.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from sgs_tui.batch.formats import ListFormat
from sgs_tui.batch.inspect import csv_of, fields_of
from sgs_tui.batch.json_layer import statistics
from sgs_tui.batch.json_values import dump_json, exact
from sgs_tui.batch.numbers import non_finite, plain
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.compare.results import SideStats
from sgs_tui.engine.compare.statistics import tensor_statistics
from sgs_tui.engine.configs.nearest import nearest
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import FloatArray, Record
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.numbers import figure, position, size
from sgs_tui.engine.text import sanitised, visible

SCHEMA = "sgs-tui/tensor/1"
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
    record = find(dump, name)
    return Tensor(dump, record, tensor_statistics(dump, record), dump.values(record, 0, count))


def find(dump: Dump, name: str) -> Record:
    """The record of that name, outputs first: exact, else as shown, else as the vendor writes it.

    Raises UsageError naming the nearest ones.
    """
    ordered = sorted(dump.records, key=lambda record: record.direction == "in")
    for same in (lambda other: other, visible, sanitised):
        for record in ordered:
            if same(record.name) == name:
                return record
    close = nearest(name, [visible(record.name) for record in ordered if not record.constant])
    hint = f"did you mean {close}?" if close else "`sgs-tui inspect DUMP --batch` lists the names"
    raise UsageError(f"{dump.path}: no tensor is called {name}", hint)


def write_tensor(found: Tensor, wanted: ListFormat, screen: Screen) -> bytes:
    """The tensor in one of the list formats."""
    if wanted is ListFormat.JSON:
        return dump_json(document(found))
    if wanted is ListFormat.CSV:
        rows = [[str(index), plain(value)] for index, value in enumerate(found.values.tolist())]
        return csv_of(rows, ("index", "value"))
    text = "\n".join(screen.text(line) for line in _lines(found)) + "\n"
    return text.encode()


def document(found: Tensor) -> dict[str, Any]:
    """The object of schema `sgs-tui/tensor/1`."""
    values = [value if isfinite(value) else non_finite(value) for value in found.values.tolist()]
    return {
        "schema": SCHEMA,
        "path": exact(str(found.dump.path)),
        "record": fields_of(found.record),
        "dequantised": found.dump.dequantises(found.record),
        "statistics": statistics(found.stats),
        "values_from": 0,
        "values": values,
    }


def _lines(found: Tensor) -> Iterator[str]:
    record, stats = found.record, found.stats
    shape = "x".join(map(str, record.shape)) if record.shape else "shape unknown"
    yield f"tensor   {record.name}"
    yield f"record   {record.number}: {record.direction} {record.slot} of op {record.op_index} {record.op_type}"
    yield f"type     {record.type_name}, {shape}, {size(record.size)}{', constant' if record.constant else ''}"
    if found.dump.dequantises(record):
        yield f"codes    dequantised with s {record.scale:.6f} (six decimals in the file), z {record.zero_point}"
    yield f"values   {stats.count:,}, {stats.zeros:,} zero, {stats.nan:,} NaN, {stats.inf:,} Inf"
    yield f"range    {figure(stats.minimum, 6)} to {figure(stats.maximum, 6)}, mean {figure(stats.mean, 6)}"
    yield ""
    yield from _rows(found)
    if len(found.values) < stats.count:
        yield f"{len(found.values):,} of {stats.count:,} values shown"


def _rows(found: Tensor) -> Iterator[str]:
    """Four values a line after the position of the first, so that 80 columns hold them."""
    shape = found.record.shape if not found.record.padded else None
    places = [position(start, shape) for start in range(0, len(found.values), 4)]
    width = max(map(len, places), default=0)
    for number, place in enumerate(places):
        values = found.values[number * 4 : number * 4 + 4].tolist()
        yield f"{place:>{width}}  " + "".join(f"{figure(value, 6):>14}" for value in values)
