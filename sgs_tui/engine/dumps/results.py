r"""The output tensors that a simulator (and a board program that follows it) leaves as text, and their index.

`simulator.py -c Unknown` writes `output/unknown_<model>_<image>.txt` for every stage, the offline model included:

    file    := tensor*
    tensor  := name " Tensor:\n{\n" [dims] "tensor data:\n" values "}\n\n"
    dims    := "tensor dim:" rank ",  Original shape:[" ints "]" [",  Alignment shape:[" ints "]" "\n"
               "The following tensor data shape is alignment shape."] "\n"
    values  := each `%.6f` and two blanks, 16 a line

`ints` are set apart by blanks. Fixed and offline models whose outputs are not dequantized print the alignment shape:
the hardware rounds the last axis up, and what is printed is that padded tensor. Padding is left out here: a record's
`shape` is the original one, `stored` the other. INT16 outputs are printed as numbers, 8-bit ones as codes.

More than the writer does is accepted: any white space or commas between values, other lines above `tensor data:`.
"""

import re
from collections.abc import Iterator
from math import prod

import numpy as np

from sgs_tui.engine.dumps.dtypes import AnyArray, FloatArray
from sgs_tui.engine.dumps.format import Direction, DumpIndex, Form, Health, HealthState, Record
from sgs_tui.engine.dumps.source import Source
from sgs_tui.engine.dumps.text_payload import TextReader
from sgs_tui.engine.text import decode, visible
from sgs_tui.language import Message, plural

_STEP = 1 << 20
_LONGEST_HEAD = 1 << 14
_BEGIN = re.compile(rb"\s*+([^\n]{1,4096}?) Tensor:[ \t\r]*+\n\{")
_HEAD = re.compile(
    _BEGIN.pattern + rb"[ \t\r]*+\n((?:[^\n{}]{0,1000}\n){0,8}?)[ \t]*+tensor data:[ \t\r]*+\n?", re.IGNORECASE
)
_ORIGINAL = re.compile(rb"original shape:[ \t]*\[([\d, \t]*)\]", re.IGNORECASE)
_STORED = re.compile(rb"alignment shape:[ \t]*\[([\d, \t]*)\]", re.IGNORECASE)
_NEXT = re.compile(_HEAD.pattern.replace(rb"\s*+", b"\n", 1), re.IGNORECASE)
_LONGEST_SIZE = 12
FLOAT64 = np.dtype("<f8")


def looks_like_results(first_bytes: bytes) -> bool:
    """Whether a file that begins so holds results."""
    return _BEGIN.match(first_bytes) is not None


def index_results(source: Source) -> DumpIndex:
    """One record for each tensor, in file order. Nothing but headers is kept; the values are counted in steps."""
    scan = _Scan(source)
    records = tuple(scan)
    return DumpIndex(True, Form.TEXT, records, scan.health, source.state, Message("results as text, six decimals"))


class _Scan:
    """One pass over the tensors; `health` is valid when it is done."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.health = Health(HealthState.COMPLETE)

    def __iter__(self) -> Iterator[Record]:
        position, number = 0, 0
        while head := self._source.read_at(position, _LONGEST_HEAD):
            if not head.strip():
                position += len(head)
                continue
            found = _HEAD.match(head)
            if found is None:
                position = self._skip(position, number)
                continue
            start = position + found.end()
            end, values, closed = self._values(start)
            record = _record(number, found, start, end - start, values)
            self._judge(record, values, end, closed)
            yield record
            position, number = end + closed, number + 1

    def _values(self, start: int) -> tuple[int, int, bool]:
        """(end, values, whether a brace closes them) of the numbers that begin at `start`."""
        position, values, between, step = start, 0, True, _LONGEST_HEAD
        while chunk := self._source.read_at(position, step):
            step = min(4 * step, _STEP)
            stop = chunk.find(b"}")
            part = np.frombuffer(chunk if stop < 0 else chunk[:stop], np.uint8)
            blank = (part <= 32) | (part == ord(","))
            starts = ~blank
            starts[1:] &= blank[:-1]
            if len(part):
                starts[0] &= between
                between = bool(blank[-1])
            values += int(np.count_nonzero(starts))
            position += len(part)
            if stop >= 0:
                return position, values, True
        return position, values, False

    def _judge(self, record: Record, values: int, end: int, closed: bool) -> None:
        where = Message("record {number} ({name})", number=record.number, name=visible(record.name))
        if not closed:
            self._note(
                Health(
                    HealthState.TRUNCATED,
                    Message("ends at byte {end} inside {where}: no closing brace", end=end, where=where),
                    end,
                )
            )
        elif record.problem:
            self._note(
                Health(
                    HealthState.SHORT_RECORDS,
                    Message("{where} {problem}", where=where, problem=record.problem),
                    record.offset,
                    record.number,
                )
            )

    def _skip(self, position: int, number: int) -> int:
        """Note what is no tensor at `position`; where the next one begins, or the end of the file."""
        where = Message(
            "no tensor at byte {position}, record {number}: expected `NAME Tensor:`, a brace and `tensor data:`",
            position=position,
            number=number,
        )
        self._note(Health(HealthState.DAMAGED, where, position, number))
        start = position + 1
        while chunk := self._source.read_at(start, _STEP):
            if found := _NEXT.search(chunk):
                return start + found.start() + 1
            start += len(chunk) - _LONGEST_HEAD if len(chunk) == _STEP else len(chunk)
        return self._source.size

    def _note(self, health: Health) -> None:
        """Keep the first damage: what follows is its consequence."""
        self.health = health if self.health.ok else self.health


def _record(number: int, head: re.Match[bytes], offset: int, size: int, values: int) -> Record:
    shape, stored = _shape(_ORIGINAL.search(head[2])), _shape(_STORED.search(head[2]))
    count, problem = values, ""
    if shape is not None and values == prod(shape):
        stored = None
    elif shape is not None and stored is not None and values == prod(stored) and _fits(shape, stored):
        count = prod(shape)
    elif shape is not None:
        count, problem = (
            0,
            plural(
                values,
                "holds {number} value, expected {expected}",
                "holds {number} values, expected {expected}",
                expected=_expected(shape, stored),
            ),
        )
    return Record(
        number, Direction.OUT, 0, number, "output", decode(head[1].strip()), 0.0, 0, "float", False, shape, FLOAT64,
        offset, size, None, count, problem=problem, stored=stored if count else None,
    )  # fmt: skip


def _shape(found: re.Match[bytes] | None) -> tuple[int, ...] | None:
    words = [] if found is None else found[1].replace(b",", b" ").split()
    return tuple(map(int, words)) if words and max(map(len, words)) < _LONGEST_SIZE else None


def _fits(shape: tuple[int, ...], stored: tuple[int, ...]) -> bool:
    return len(shape) == len(stored) and all(small <= large for small, large in zip(shape, stored, strict=True))


def _expected(shape: tuple[int, ...], stored: tuple[int, ...] | None) -> str:
    text = Message("{values} for {shape}", values=prod(shape), shape=list(shape))
    return (
        text
        if stored is None
        else Message(
            "{expected} or {values} for the alignment shape {shape}",
            expected=text,
            values=prod(stored),
            shape=list(stored),
        )
    )


class ResultsReader(TextReader):
    """Reads one tensor of results from front to back, without its padding."""

    _passed = 0
    """Values read, padding included."""

    def _whole(self, text: bytes, at_end: bool) -> tuple[bytes, bytes]:
        """Values as dumps print them, a comma behind each; the last one may go on in the next stretch of text."""
        if not at_end:
            cut = max(text.rfind(blank) for blank in (b" ", b"\n", b",")) + 1
            text, rest = text[:cut], text[cut:]
        else:
            rest = b""
        words = text.replace(b",", b" ").split()
        return b",".join([*words, b""]) if words else b"", rest

    def _elements(self, text: bytes) -> AnyArray:
        values = self._parsed(text)
        stored, shape = self._record.stored, self._record.shape
        first, self._passed = self._passed, self._passed + len(values)
        if stored is None or shape is None:
            return values.astype(self._record.dtype)
        places = np.unravel_index(np.arange(first, min(self._passed, prod(stored))), stored)
        inside = np.all([place < size for place, size in zip(places, shape, strict=True)], axis=0)
        kept: FloatArray = values[: len(inside)][inside]
        return kept.astype(self._record.dtype)
