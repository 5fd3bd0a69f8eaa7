"""What the scans of both forms share: the next header, and the record made of one."""

from dataclasses import dataclass

from sgs_tui.engine.dumps.grammar import HEADER_START, Header, parse_header
from sgs_tui.engine.dumps.records import FLOAT32, INTEGER_TYPES, Health, HealthState, Record
from sgs_tui.engine.dumps.source import Source, Window

SCAN_STEP = 1 << 20
_OVERLAP = 64
"""Longer than anything HEADER_START matches, so that a header across two steps is found."""


def make_record(
    header: Header, number: int, is_float: bool, offset: int, size: int, printed: int | None = None
) -> Record:
    """A Record from its header; `size` is what the file really carries.

    `printed` is the number of values in a text payload: elements of a float dump, single bytes of a raw one.
    """
    dtype = FLOAT32 if is_float else INTEGER_TYPES.get(header.type_name, FLOAT32)
    elements = size if printed is None else printed * (dtype.itemsize if is_float else 1)
    direction, slot, op_index, op_type, name, scale, zero_point, type_name, constant, shape, declared, _ = header
    return Record(
        number,
        direction,
        slot,
        op_index,
        op_type,
        name,
        scale,
        zero_point,
        type_name,
        constant,
        shape,
        dtype,
        offset,
        size,
        declared if printed is None else None,
        elements // dtype.itemsize,
    )


def find_header(source: Source, start: int) -> int | None:
    """The next byte at or after `start` where a header may begin; None where there is none."""
    position = start
    while position < source.size:
        chunk = source.read_at(position, SCAN_STEP + _OVERLAP)
        found = HEADER_START.search(chunk)
        if found and found.start() < SCAN_STEP:
            return position + found.start()
        position += SCAN_STEP
    return None


def header_at(window: Window, offset: int, size: int) -> Header | None:
    """The header at `offset` with `end` as a file offset; reads more only where the header is longer."""
    count = Window.FIRST
    while True:
        buffer, start = window.at(offset, count)
        if not HEADER_START.match(buffer, start):
            return None
        header = parse_header(buffer, start, offset - start)
        complete = offset + count >= size
        if header and (complete or header.declared is not None or header.end + 64 < offset - start + len(buffer)):
            return header
        if complete or count >= Window.LARGEST or (not header and buffer.count(b"\n", start) >= 3):
            return None
        count *= 4


@dataclass(slots=True)
class Scan:
    """One pass over a dump's records from byte `start`. `health` and `promised` are valid when it is done."""

    source: Source
    is_float: bool
    start: int
    health: Health = Health(HealthState.COMPLETE)  # noqa: RUF009 (frozen)
    number: int = 0
    promised: bool = False
    """Whether the last trailer announces another record of its op."""
