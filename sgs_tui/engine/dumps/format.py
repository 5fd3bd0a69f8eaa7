r"""The dump file format, and the one place that reads its header lines.

    file     := "isFloat: " ("0" | "1") "\n" record*
    record   := line0 comment* line1 comment* [sizeline [bits]] payload trailer
    line0    := "//" ("in" | "out") " " slot " s: " scale " z: " zero field* " type: " type field* " name: " name
                " bConstant:" ("0" | "1") [" shape:[" ints "]" [" dims:" rank]] field* "\n"
    line1    := "op_" ("in" | "out") "[" opindex "] " optype " = {" "\n"
    sizeline := "//buffer data size: " bytes "\n"
    payload  := `bytes` raw bytes (binary form), or text: values, each followed by ", ", 16 a line
    trailer  := "" | "};\n" | "\n};\n", and then, sometimes, sizeline again, or comments
    comment  := "//" any text that is no line0 and no sizeline "\n"
    bits     := "//data size" any text "\n"
    field    := " " a word that this page does not know

Binary form. The size line is always there. The simulator ends a record with "\n};\n" and repeats the size line after
every input but the op's last one, every output but the op's last one. The ONNX and Caffe dumpers write no trailer.

Text form (`dumpasstring`). The simulator's has no size line; the dumpers' has one (bytes of the float32 data, not of
the text) and ends with "}". Floats are `%.6f, ` behind a blank line. A raw fixed dump has no blank line and prints
every BYTE unsigned as `%6d, `, low byte first, whatever the type. There the writer puts a partial last line AFTER
"};", with the next header glued to it, or loses it: text payloads therefore run to the next header, wherever on a
line that starts.

Values. `isFloat: 1`: every payload is float32 whatever `type:` says. `isFloat: 0`: little-endian integers by `type:`,
and value = (code - z) * s. `s` has six decimals: values rebuilt from it are off by 0.1 % (S16) to 1.6 % (a softmax
with s 0.000031).

Records. The simulator writes each op's inputs, constants included, then its outputs: the whole graph, op indices
never decreasing, a tensor's bytes as output and as a later input identical. A fused op has two types (`op_in[1]
DEPTHWISE_CONV_2D`, `op_out[1] LEAKY_RELU`). Dumpers write outputs only, all `//out 0`, 4-D data as NHWC, the node's
name for the op type. Names hold any character but a line feed. Older simulators print no `shape:`.

Newer headers. Newer simulators are known to print a line with the size in bits, and nobody has published what they
print for 16-bit floats, 4 bits or several batches. Comments and fields that are not known are kept as they stand, a
payload whose type is not known is skipped by its size line, 16-bit floats are read as such where the size fits. A
payload that is a whole multiple of its shape, and no padding makes it one, holds several batches.

Sizes. Float payloads are never padded. Raw fixed ones are, without eliminateGarbage: the innermost dimension to 16
bytes, the graph input's channels to 4. The graph input of a dequantized fixed dump is that padded layout cut short
and filled up; constants of a fixed dump are codes in a hardware order: neither can be compared. A convolution's bias
is [2, Cout].

Damage that occurs: `isFloat: 1` and nothing else (a fixed model in the float simulator), well-formed but too few
records (a float model in the fixed one), an end inside a header (the simulator crashed) or a payload (the run was
killed), records that declare a size and carry nothing (offline models).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import prod
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from sgs_tui.engine.text import decode
from sgs_tui.language import Message

if TYPE_CHECKING:
    import numpy as np


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
    where the file does not say it. `number` is the record's position in the file, from 0. `remarks` are comments and
    fields of the header that this reader does not know, as they stand. `problem` says why the payload was skipped,
    which then counts no element; empty where it can be read. `stored`: the padded shape that a reader cuts to `shape`
    by itself; None where nothing of that kind is to be done.
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
    remarks: str = ""
    problem: str = ""
    stored: tuple[int, ...] | None = None

    @property
    def is_short(self) -> bool:
        """The file carries fewer payload bytes than the record declares."""
        return self.declared is not None and self.size < self.declared

    @property
    def is_layer(self) -> bool:
        """An output that is no constant: what gets compared."""
        return self.direction is Direction.OUT and not self.constant

    @property
    def batches(self) -> int:
        """How many times the payload holds the shape where alignment of the last axis can not be why; else 1."""
        return batches_of(self.count, self.shape)

    @property
    def padded(self) -> bool:
        """More elements than the shape holds, and not several batches of it."""
        return self.shape is not None and self.count > prod(self.shape) and self.batches == 1


def batches_of(count: int, shape: tuple[int, ...] | None) -> int:
    """How many tensors of `shape` `count` elements are; 1 where they are none, or one with its last axis aligned."""
    elements = prod(shape or ())
    if not shape or not elements or count % elements:
        return 1
    row, last = count * shape[-1] // elements, shape[-1]
    units = (4, 8, 16) if elements > last else (4, 8, 16, 32, 64)
    return 1 if any(row == -(-last // unit) * unit for unit in units) else count // elements


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
        return str(self.text)

    @property
    def text(self) -> Message:
        """State and detail as people read them."""
        state = Message(str(self.state))
        return Message("{state}: {detail}", state=state, detail=self.detail) if self.detail else state


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
    """Everything a dump says in its headers. `is_float` is the file's first line (`isFloat: 1`).

    `results`: what else the file is, in words, where it is no dump but what a board or a simulator gave: the network's
    outputs and nothing between; empty for dumps.
    """

    is_float: bool
    form: Form
    records: tuple[Record, ...]
    health: Health
    state: FileState
    results: str = ""


FIRST_LINE = re.compile(rb"isFloat:[ \t]*([01])[ \t\r]*(?:\n|\Z)")

HEADER_START = re.compile(rb"//(?:in|out) \d{1,9} s: ")
"""Where a record may begin; used to find the next header in text and after damage."""

_COMMENT = rb"//(?!buffer data size:|in \d|out \d)[^\n]{0,400}\n"
_COMMENTS = rb"(?:" + _COMMENT + rb"){0,8}"
TRAILER = re.compile(
    rb"(?:\r?\n)?(?:\}[;,]?[ \t\r]*\n)?(?://buffer data size: (\d{1,18})[ \t\r]*\n|" + _COMMENT + rb")*"
)
"""What may stand between a payload and the next header; always matches, maybe nothing."""

_LINE0 = (
    rb"//(in|out) (\d{1,9}) s: (-?(?:\d{1,310}(?:\.\d{0,40})?(?:[eE][-+]?\d{1,3})?|nan|inf)) z: (-?\d{1,19}) "
    rb"((?:(?!type: )\S{1,64} ){0,8})type: (\S{1,64}) ((?:(?!name: )\S{1,64} ){0,8})name: "
)
_HEADER = (
    _LINE0 + rb"(?:([^\n]*) bConstant:([01])(?: shape:\[([-\d, ]*)\](?: dims:(\d{1,9}))?)?"
    rb"((?: [^\s]{1,64}){0,8})[ \t\r]*|([^\n]*))\n"
    rb"(" + _COMMENTS + rb")op_(?:in|out)\[(\d{1,9})\] ([^\n]*) = \{[ \t\r]*\n"
    rb"(" + _COMMENTS + rb")"
    rb"(?://buffer data size:[ \t]*(\d{1,18})[ \t\r]*\n((?://data size[^\n]{0,200}\n)?))?"
)
BITS_LINE = 256
"""Bytes behind a size line that may still be of the header."""
_AT_LINE0 = re.compile(_LINE0)
_AT_COMMENTS, _CUT_COMMENT = re.compile(_COMMENTS), re.compile(rb"//[^\n]{0,400}\Z")
_AT_HEADER = re.compile(_HEADER)
_AT_TRAILER = re.compile(TRAILER.pattern.replace(b"(\\d{1,18})", b"\\d{1,18}") + _HEADER)


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
    remarks: str = ""


def parse_header(buffer: bytes, start: int, base: int = 0) -> Header | None:
    """The header that begins at `start`, or None where there is none (or it is incomplete or damaged).

    `base` is the file offset of the buffer's first byte, so that `end` is one too.
    """
    return _header(_AT_HEADER.match(buffer, start), base)


def parse_next(buffer: bytes, start: int, base: int) -> Header | None:
    """The header behind the trailer (or none) that begins at `start`, in one match.

    None where it has no size line, or so near to the buffer's end that a line about the size in bits may be cut.
    """
    found = _header(_AT_TRAILER.match(buffer, start), base)
    return found if found and found.declared is not None and found.end + BITS_LINE <= base + len(buffer) else None


def has_name(buffer: bytes, start: int) -> bool:
    """Whether the line at `start` is a header's first one up to the name, so that only what follows can be wrong.

    What follows a line is the same for every place on it: where this holds and there is no header all the same, none
    begins later on the line either.
    """
    return _AT_LINE0.match(buffer, start) is not None


def goes_on(buffer: bytes, start: int) -> bool:
    """Whether nothing but the end of the buffer keeps what begins at `start` from being a header."""
    if not has_name(buffer, start):
        return False
    second = buffer.find(b"\n", start) + 1
    if second and (comments := _AT_COMMENTS.match(buffer, second)):
        second = comments.end()
    if not second or len(buffer) < second + len(b"op_") or _CUT_COMMENT.match(buffer, second):
        return True
    return buffer.startswith(b"op_", second) and buffer.find(b"\n", second) < 0


def _header(found: re.Match[bytes] | None, base: int) -> Header | None:
    if not found:
        return None
    direction, slot, scale, zero, before, kind, behind, name, constant, shape, dims, last, *rest = found.groups()
    bare, under, op, op_type, over, size, bits = rest
    unknown = before or behind or last or under or over or bits
    return Header(
        Direction.IN if direction == b"in" else Direction.OUT,
        int(slot),
        int(op),
        _word(op_type),
        intern(decode(bare.rstrip(b" \t\r") if name is None else name)),
        _number(scale),
        int(zero),
        _word(kind),
        constant == b"1",
        None if shape is None else _shape(shape, dims),
        None if size is None else _size(size),
        base + found.end(),
        _remarks(before, behind, last, under, over, bits) if unknown else "",
    )


_word = lru_cache(maxsize=1024)(decode)  # for fields that thousands of records share
_number, _size = lru_cache(maxsize=1024)(float), lru_cache(maxsize=1024)(int)


_LONGEST_REMARK = 200


def _remarks(*fields: bytes | None) -> str:
    return " ".join(decode(b" ".join(filter(None, fields))).split())[:_LONGEST_REMARK]


@lru_cache(maxsize=1024)
def _shape(text: bytes, rank: bytes | None) -> tuple[int, ...] | None:
    """`1, 16, 16, 16` with rank 4 (None: not said) as a tuple; None where they contradict each other."""
    try:
        sizes = tuple(int(item) for item in text.split(b",") if item.strip())
    except ValueError:
        return None
    plausible = (rank is None or len(sizes) == int(rank)) and all(0 <= size < 1 << 40 for size in sizes)
    return sizes if plausible else None
