"""Files of the calibrator, one tensor a line or entry: ranges, shapes, and the lists that quantization info is too.

    tensor_min_max.txt     Name:input, min: -0.992188, max: 1.000000;                       weights and biases as well
    a list                 [{name, min: [..], max: [..], bit}, ..] in JSON or pickle
    tensor_statistics.txt  Name:data; min: ..; max: ..; bins: 8160; ..; Shape:[1,32,32,3]; KLHistogram: 3243, 34, ..;

Names may hold commas and spaces, so a line is split at its last `, max: ` and the last `, min: ` before it.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from math import inf, isnan, nan
from pathlib import Path

from sgs_tui.engine.calibration.unpickle import unpickle
from sgs_tui.engine.errors import InputError, told
from sgs_tui.engine.files import read_bytes, reading
from sgs_tui.engine.text import decode, encode, sanitised, visible
from sgs_tui.language import Message

_BOM = b"\xef\xbb\xbf"
LIST_EXPECTED = Message("expected a list of {name, min: [..], max: [..], bit: 8 or 16} in JSON or pickle")


class Kind(StrEnum):
    """How a calibration file is written."""

    TEXT = "text"
    JSON = "json"
    PICKLE = "pickle"


def kind_of(head: bytes) -> Kind:
    """The kind of file that starts with `head` (a few bytes suffice).

    A pickle starts with its protocol (2 and later), else with the list's own opcode; the older text form
    always with `Name:`.
    """
    if head[:1] in (b"\x80", b"]", b"("):
        return Kind.PICKLE
    return Kind.JSON if head.removeprefix(_BOM).lstrip()[:1] in (b"[", b"{") else Kind.TEXT


def read_objects(path: Path) -> list[object]:
    """The list in a JSON or pickle file. Raises InputError when there is none."""
    data = read_bytes(path)
    content = unpickle(data, path) if kind_of(data[:64]) is Kind.PICKLE else _from_json(data, path)
    if not isinstance(content, list):
        raise InputError(
            Message("{path}: holds a {kind}, not a list", path=path, kind=type(content).__name__), LIST_EXPECTED
        )
    return content


def _from_json(data: bytes, path: Path) -> object:
    try:
        content: object = json.loads(decode(data.removeprefix(_BOM)))
    except json.JSONDecodeError as error:
        raise InputError(
            Message("{path}, line {lineno}: not JSON: {msg}", path=path, lineno=error.lineno, msg=Message(error.msg)),
            LIST_EXPECTED,
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            Message("{path}: not JSON that can be read: {error}", path=path, error=told(error)), LIST_EXPECTED
        ) from error
    return content


def name_of(entry: object, where: str) -> str:
    """The tensor's name in one entry; `where` names file and entry in the error."""
    if not isinstance(entry, Mapping):
        raise InputError(
            Message("{where}: a {kind}, not an object", where=where, kind=type(entry).__name__), LIST_EXPECTED
        )
    name = entry.get("name")
    if isinstance(name, str):
        with suppress(UnicodeEncodeError):  # JSON can spell lone surrogates, which no file can hold
            encode(name)
            return name
    raise InputError(Message("{where}: `name` is missing or no text", where=where), LIST_EXPECTED)


def numbers_of(entry: object, key: str, where: str) -> tuple[float, ...]:
    """The list of numbers under `key` of an entry that has passed `name_of`."""
    values = entry.get(key) if isinstance(entry, Mapping) else None
    if not isinstance(values, list):
        said = (
            Message("is missing") if values is None else Message("is a {kind}, not a list", kind=type(values).__name__)
        )
        tensor = visible(name_of(entry, where))
        values_of = {"where": where, "name": tensor, "key": key, "said": said}
        raise InputError(Message("{where} ({name}): `{key}` {said}", **values_of), LIST_EXPECTED)
    if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        raise InputError(
            Message(
                "{where} ({name}): `{key}` holds no numbers", where=where, name=visible(name_of(entry, where)), key=key
            ),
            LIST_EXPECTED,
        )
    return tuple(map(_number, values))


def _number(value: float) -> float:
    """As float; an integer beyond the floats is infinite."""
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


Bounds = tuple[float, float]
_EXPECTED = Message("expected `Name:<tensor>, min: <number>, max: <number>;` in every line")
_HEAD = 1 << 16
"""All of a range fits here, and all fields before a histogram, which is most of its line and skipped unread."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """(min, max) of tensors by raw name, as calibration wrote them; NaN and infinities are kept."""

    path: Path
    kind: Kind
    by_name: Mapping[str, Bounds]
    _by_sanitised: Mapping[str, Sequence[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        short: dict[str, list[str]] = defaultdict(list)
        for name in self.by_name:
            short[sanitised(name)].append(name)
        object.__setattr__(self, "_by_sanitised", dict(short))

    def find(self, name: str) -> Bounds | None:
        """The range of `name`; else of the only name with the same sanitised form; else None."""
        exact = self.by_name.get(name)
        if exact is not None:
            return exact
        alike = self._by_sanitised.get(sanitised(name), ())
        return self.by_name[alike[0]] if len(alike) == 1 else None


def load_ranges(path: Path) -> Ranges:
    """Read a range file of any kind, recognized by its content.

    A name that comes twice gets the range that covers both, as the vendor merges processes. Raises InputError
    with file and line (or entry) where it is malformed.
    """
    with reading(path) as file:
        kind = kind_of(file.read(64))
    merged: dict[str, Bounds] = {}
    for name, (low, high) in _from_text(path) if kind is Kind.TEXT else _from_list(path):
        before = merged.get(name, (low, high))
        merged[name] = (least((before[0], low)), greatest((before[1], high)))
    if not merged:
        raise InputError(Message("{path}: holds no ranges", path=path), Message("calibrate again: this file is empty"))
    return Ranges(path, kind, merged)


def least(values: Sequence[float]) -> float:
    """NaN where there is none or one is NaN."""
    return nan if any(map(isnan, values)) else min(values, default=nan)


def greatest(values: Sequence[float]) -> float:
    """NaN where there is none or one is NaN."""
    return nan if any(map(isnan, values)) else max(values, default=nan)


def _from_list(path: Path) -> Iterator[tuple[str, Bounds]]:
    """Entries of a list; min and max may be per channel. Empty lists say nothing about a tensor."""
    for number, item in enumerate(read_objects(path), 1):
        where = Message("{path}, entry {number}", path=path, number=number)
        name, low, high = name_of(item, where), numbers_of(item, "min", where), numbers_of(item, "max", where)
        if low and high:
            yield name, (least(low), greatest(high))


def _from_text(path: Path) -> Iterator[tuple[str, Bounds]]:
    return (_line(line, where) for line, where in _lines(path))


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Each line that is not blank, as far as `_HEAD`, and where it stands in words."""
    with reading(path) as file:
        for number in count(1):
            head = rest = file.readline(_HEAD)
            if not head:
                return
            if line := decode(head).strip("\r\n\t "):
                yield line, Message("{path}, line {number}", path=path, number=number)
            while rest and not rest.endswith(b"\n"):
                rest = file.readline(_HEAD)


def _line(line: str, where: str) -> tuple[str, Bounds]:
    head, _, high = line.rpartition(", max: ")
    name, _, low = head.rpartition(", min: ")
    try:
        if not name.startswith("Name:"):
            raise ValueError(line)
        return name.removeprefix("Name:"), (float(low), float(high.rstrip("; ")))
    except ValueError as error:
        shown = visible(line[:60]) + ("..." if len(line) > 60 else "")
        raise InputError(Message("{where}: not a range: {line}", where=where, line=shown), _hint(line)) from error


def _hint(line: str) -> str:
    """What the file probably is instead."""
    if line.startswith(("isFloat:", "//")):
        return Message("this is a dump, not a range file; {expected}", expected=_EXPECTED)
    if line.startswith("Name:") and "; min: " in line:
        return Message("this is tensor_statistics.txt, which gives shapes; {expected}", expected=_EXPECTED)
    return _EXPECTED


_STATISTICS = Message("expected `Name:<tensor>; min: ..; max: ..; ..; Shape:[1,32,32,3]; KLHistogram: ..;`")


def load_shapes(path: Path) -> Mapping[str, tuple[int, ...]]:
    """Tensor shapes (NHWC, as the simulator holds them) by raw name.

    Reads line by line; lines are tens of kilobytes of histogram. Raises InputError with file and line.
    """
    shapes = dict(_shape(line, where) for line, where in _lines(path))
    if not shapes:
        raise InputError(Message("{path}: holds no shapes", path=path), _STATISTICS)
    return shapes


def _shape(line: str, where: str) -> tuple[str, tuple[int, ...]]:
    fields = line.partition("; KLHistogram:")[0]
    front, _, tail = fields.rpartition("; Shape:[")
    name, _, _ = front.rpartition("; min: ")
    numbers, _, _ = tail.partition("]")
    try:
        if not name.startswith("Name:"):
            raise ValueError(line)
        shape = tuple(int(number) for number in numbers.split(",") if number.strip())
        return name.removeprefix("Name:"), shape
    except ValueError as error:
        raise InputError(
            Message("{where}: no shape here: {line}", where=where, line=visible(line[:60])), _STATISTICS
        ) from error
