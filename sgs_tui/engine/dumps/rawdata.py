"""The bare bytes of a network's outputs, as a board program writes them from its output tensors.

Such a file says nothing of itself. Names, shapes and types are those of a dump of the same network; what is tried, in
this order, and taken where the sizes add up to the file's:

    tensors      those asked for, or the one that the file is named after, or any of the network's outputs in order
    elements     the type that the dump's header names, or float32 (the board dequantized them)
    last axis    as it is, or rounded up to 8 elements, 16 bytes or 16 elements (the hardware's memory lines)
    each tensor  ends where its data end, or is filled up to 16, 64 or 4096 bytes (the board's buffers)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from sgs_tui.engine.dumps.dtypes import FLOAT32, type_named
from sgs_tui.engine.dumps.format import Direction, DumpIndex, Form, Health, HealthState, Record
from sgs_tui.engine.dumps.source import Source
from sgs_tui.engine.numbers import count
from sgs_tui.engine.text import and_more, sanitised, visible
from sgs_tui.language import Message, joined

_BUFFERS = (1, 16, 64, 4096)
_MOST_TRIED = 8
"""Outputs up to which every choice of them is tried."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the file: a record for each tensor, and the way in words."""

    records: tuple[Record, ...]
    text: str

    @property
    def names(self) -> tuple[str, ...]:
        """The tensors, in the file's order."""
        return tuple(record.name for record in self.records)

    def index(self, source: Source) -> DumpIndex:
        """The file read so."""
        is_float = all(record.dtype == FLOAT32 for record in self.records)
        health = Health(HealthState.COMPLETE)
        return DumpIndex(
            is_float, Form.BINARY, self.records, health, source.state, Message("raw outputs: {text}", text=self.text)
        )


@dataclass(frozen=True, slots=True)
class Output:
    """An output of the network: its record in a dump, and the size of its last axis where that is known."""

    record: Record
    channels: int | None
    elements: int


def readings(path: Path, size: int, outputs: Sequence[Output], asked: bool) -> tuple[Reading, ...]:
    """Every way to read a file of `size` bytes, the likeliest first. `asked`: exactly these outputs, in this order."""
    found: dict[object, Reading] = {}
    for chosen in _choices(path, outputs, asked):
        for reading in _readings_of(chosen, size):
            found.setdefault(tuple((r.name, r.offset, r.dtype, r.count) for r in reading.records), reading)
    return tuple(found.values())


def _choices(path: Path, outputs: Sequence[Output], asked: bool) -> Iterator[Sequence[Output]]:
    """Which outputs the file may hold: all of them first, then ever fewer."""
    if asked:
        yield outputs
        return
    named = [each for each in outputs if sanitised(each.record.name) in path.stem]
    if named:
        yield [max(named, key=lambda each: len(each.record.name))]
    sizes = range(len(outputs), 0, -1) if len(outputs) <= _MOST_TRIED else (len(outputs), 1)
    for number in sizes:
        yield from combinations(outputs, number)


def _readings_of(outputs: Sequence[Output], size: int) -> Iterator[Reading]:
    for as_float in (False, True):
        for row in ("", Message("8 elements"), Message("16 bytes"), Message("16 elements")):
            for buffer in _BUFFERS:
                records = list(_laid_out(outputs, as_float, row, buffer))
                if records and _end(records[-1], buffer) == size:
                    yield Reading(tuple(records), _words(records, row, buffer))


def _laid_out(outputs: Sequence[Output], as_float: bool, row: str, buffer: int) -> Iterator[Record]:
    """The records one behind the other; none where a type or a last axis is not known."""
    offset = 0
    for number, each in enumerate(outputs):
        dtype = FLOAT32 if as_float else type_named(each.record.type_name)
        stored = None if dtype is None else _stored(each, row, dtype.itemsize)
        if dtype is None or stored is None:
            return
        shape = each.record.shape or ((each.elements // each.channels, each.channels) if each.channels else None)
        named = each.record.type_name if dtype != FLOAT32 else "float"
        record = replace(
            each.record, number=number, direction=Direction.OUT, slot=0, type_name=named, dtype=dtype, shape=shape,
            offset=offset, size=stored * dtype.itemsize, declared=stored * dtype.itemsize, count=stored, remarks="",
            problem="",
        )  # fmt: skip
        offset = _end(record, buffer)
        yield record


def _end(record: Record, buffer: int) -> int:
    return -(-(record.offset + record.size) // buffer) * buffer


def _stored(output: Output, row: str, itemsize: int) -> int | None:
    """Elements in the file; None where the last axis is not known but would have to be."""
    unit = {"": 1, "8 elements": 8, "16 bytes": max(1, 16 // itemsize), "16 elements": 16}[row]
    if unit == 1:
        return output.elements
    if not output.channels or output.elements % output.channels:
        return None
    return output.elements // output.channels * (-(-output.channels // unit) * unit)


def _words(records: Sequence[Record], row: str, buffer: int) -> str:
    kinds = ", ".join(f"{visible(record.name)} {record.dtype.name}" for record in records)
    lines = Message("{kinds}, last axis rounded up to {row}", kinds=kinds, row=row) if row else kinds
    return Message("{lines}, buffers of {buffer} bytes", lines=lines, buffer=buffer) if buffer > 1 else lines


def wanted_sizes(outputs: Sequence[Output]) -> str:
    """What the outputs take, in words, for a file that none of it is."""
    said = [
        Message(
            "{name} {elements} of {type_name}",
            name=visible(each.record.name),
            elements=count(each.elements, "element"),
            type_name=visible(each.record.type_name),
        )
        for each in outputs
    ]
    return and_more(joined(said[:4]), len(said) - 4)
