r"""The dump file format, and the one place that reads its header lines.

    file     := "isFloat: " ("0" | "1") "\n" record*
    record   := line0 line1 comment* [sizeline] payload trailer
    line0    := "//" ("in" | "out") " " slot " s: " scale " z: " zero " type: " type " name: " name
                " bConstant:" ("0" | "1") [" shape:[" ints "] dims:" rank] "\n"
    line1    := "op_" ("in" | "out") "[" opindex "] " optype " = {" "\n"
    sizeline := "//buffer data size: " bytes "\n"
    payload  := `bytes` raw bytes (binary form), or text: values, each followed by ", ", 16 a line
    trailer  := "" | "};\n" | "\n};\n", and then, sometimes, sizeline again

The binary form always has the size line. The simulator's text form has none, the ONNX and Caffe
dumpers' text form has one (bytes of the float32 data, not of the text). In the raw text form the vendor's
writer puts a partial last line AFTER `};`, with the next header glued to it: text payloads therefore run
to the next header, wherever on a line that starts. Names hold any character but a line feed.
Sources: observed files of the older SDK; readers and dumpers of the newer one for `shape:`/`dims:`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from sgs_tui.engine.text import decode

if TYPE_CHECKING:
    import numpy as np

# What flows out of a dump: records, health, and the index that holds them.


class Direction(StrEnum):
    """Whether a record is an operand or a result of its op."""

    IN = "in"
    OUT = "out"


class Form(StrEnum):
    """How payloads are written."""

    BINARY = "binary"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Record:
    """One tensor in a dump, as its header tells it.

    `name` keeps every byte of the file (surrogateescape, see engine/text.py). `scale` has six decimals
    in the file, so values rebuilt from it are off by up to 1.6 %. `offset` is the payload's first byte,
    `size` the bytes (binary) or characters (text form) really there, `declared` what the header's size
    line promises (None in the text form that has none). `count` is the number of elements. `shape` is None
    where the file does not say it. `number` is the record's position in the file, from 0.
    """

    number: int
    direction: Direction
    slot: int
    op_index: int
    op_type: str
    name: str
    scale: float
    zero_point: int
    type_name: str
    constant: bool
    shape: tuple[int, ...] | None
    dtype: "np.dtype[np.generic]"
    offset: int
    size: int
    declared: int | None
    count: int

    @property
    def is_short(self) -> bool:
        """The file carries fewer payload bytes than the record declares."""
        return self.declared is not None and self.size < self.declared

    @property
    def is_layer(self) -> bool:
        """An output that is no constant: what gets compared."""
        return self.direction is Direction.OUT and not self.constant

    @property
    def padded(self) -> bool:
        """More elements than the shape holds."""
        return self.shape is not None and self.count > prod(self.shape)


class HealthState(StrEnum):
    """What is wrong with a dump as a file."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"
    SHORT_RECORDS = "short records"
    EMPTY = "empty"
    STOPS_EARLY = "stops early"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Health:
    """State of a dump and one sentence that says where (byte, record) and why."""

    state: HealthState
    detail: str = ""
    byte: int | None = None
    record: int | None = None

    @property
    def ok(self) -> bool:
        """Nothing is missing."""
        return self.state is HealthState.COMPLETE

    def __str__(self) -> str:
        return f"{self.state}: {self.detail}" if self.detail else str(self.state)


class Stage(StrEnum):
    """Where in the pipeline a dump comes from."""

    ORIGINAL = "original"
    FLOAT = "float"
    CMODEL_FLOAT = "cmodel_float"
    FIXED = "fixed"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells that a file is still the one that was indexed."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class DumpIndex:
    """Everything a dump says in its headers. `is_float` is the file's first line (`isFloat: 1`)."""

    is_float: bool
    form: Form
    records: tuple[Record, ...]
    health: Health
    state: FileState


FIRST_LINE = re.compile(rb"isFloat:[ \t]*([01])[ \t\r]*(?:\n|\Z)")

HEADER_START = re.compile(rb"//(?:in|out) \d{1,9} s: ")
"""Where a record may begin; used to find the next header in text and after damage."""

TRAILER = re.compile(rb"(?:\r?\n)?(?:\}[;,]?[ \t\r]*\n)?(?://buffer data size: (\d{1,18})[ \t\r]*\n)*")
"""What may stand between a payload and the next header; always matches, maybe nothing."""

_LINE0 = re.compile(
    rb"//(?P<direction>in|out) (?P<slot>\d{1,9}) s: (?P<scale>\S{1,64}) z: (?P<zero>-?\d{1,19}) "
    rb"type: (?P<type>\S{1,64}) name: (?P<name>[^\n]*) bConstant:(?P<constant>[01])"
    rb"(?: shape:\[(?P<shape>[-\d, ]*)\] dims:(?P<dims>\d{1,9}))?[ \t\r]*\n"
)
_LINE0_WITHOUT_CONSTANT = re.compile(
    rb"//(?P<direction>in|out) (?P<slot>\d{1,9}) s: (?P<scale>\S{1,64}) z: (?P<zero>-?\d{1,19}) "
    rb"type: (?P<type>\S{1,64}) name: (?P<name>[^\n]*?)[ \t\r]*\n"
)
_LINE1 = re.compile(rb"op_(?:in|out)\[(?P<op>\d{1,9})\] (?P<optype>[^\n]*) = \{[ \t\r]*\n")
_COMMENTS = re.compile(rb"(?://(?!buffer data size:|in \d|out \d)[^\n]*\n)*")
_SIZE = re.compile(rb"//buffer data size:[ \t]*(\d{1,18})[ \t\r]*\n")


_USUAL = re.compile(
    rb"(?:\n?\};\n)?(?://buffer data size: \d{1,18}\n)?"
    rb"//(in|out) (\d{1,9}) s: (\S{1,64}) z: (-?\d{1,19}) type: (\S{1,64}) name: ([^\n]*) bConstant:([01])"
    rb"(?: shape:\[([-\d, ]*)\] dims:(\d{1,9}))?\n"
    rb"op_(?:in|out)\[(\d{1,9})\] ([^\n]*) = \{\n//buffer data size: (\d{1,18})\n"
)
"""Trailer and next header of a sound binary dump in one match: nine in ten records of any file."""


class Header(NamedTuple):
    """The fields of one record's header lines; `end` is the first payload byte."""

    direction: Direction
    slot: int
    op_index: int
    op_type: str
    name: str
    scale: float
    zero_point: int
    type_name: str
    constant: bool
    shape: tuple[int, ...] | None
    declared: int | None
    end: int


def parse_header(buffer: bytes, start: int, base: int = 0) -> Header | None:
    """The header that begins at `start`, or None where there is none (or it is incomplete or damaged).

    `base` is the file offset of the buffer's first byte, so that `end` is one too.
    """
    line0 = _LINE0.match(buffer, start) or _LINE0_WITHOUT_CONSTANT.match(buffer, start)
    line1 = line0 and _LINE1.match(buffer, line0.end())
    if not line0 or not line1:
        return None
    comments = _COMMENTS.match(buffer, line1.end())
    after = comments.end() if comments else line1.end()
    size = _SIZE.match(buffer, after)
    field = line0.groupdict()
    try:
        scale = float(field["scale"])
    except ValueError:
        return None
    return Header(
        direction=Direction(field["direction"].decode()),
        slot=int(field["slot"]),
        op_index=int(line1["op"]),
        op_type=decode(line1["optype"]),
        name=decode(field["name"]),
        scale=scale,
        zero_point=int(field["zero"]),
        type_name=decode(field["type"]),
        constant=field.get("constant") == b"1",
        shape=_shape(field.get("shape"), field.get("dims")),
        declared=int(size[1]) if size else None,
        end=base + (size.end() if size else after),
    )


def parse_usual(buffer: bytes, start: int, base: int) -> Header | None:
    """The next header where a usual trailer (or none) and a usual header begin at `start`, else None.

    Gives what TRAILER and `parse_header` give, several times faster.
    """
    found = _USUAL.match(buffer, start)
    if not found:
        return None
    direction, slot, scale, zero, kind, name, constant, shape, dims, op, op_type, size = found.groups()
    try:
        number = float(scale)
    except ValueError:
        return None
    return Header(
        Direction.IN if direction == b"in" else Direction.OUT,
        int(slot),
        int(op),
        _word(op_type),
        decode(name),
        number,
        int(zero),
        _word(kind),
        constant == b"1",
        None if shape is None else _shape(shape, dims),
        int(size),
        base + found.end(),
    )


_word = lru_cache(maxsize=1024)(decode)
"""`decode` for fields that thousands of records share."""


def _shape(text: bytes | None, rank: bytes | None) -> tuple[int, ...] | None:
    """`1, 16, 16, 16` with rank 4 as a tuple; None where they are absent or contradict each other."""
    if text is None or rank is None:
        return None
    try:
        sizes = tuple(int(item) for item in text.split(b",") if item.strip())
    except ValueError:
        return None
    plausible = len(sizes) == int(rank) and all(0 <= size < 1 << 40 for size in sizes)
    return sizes if plausible else None
