"""JSON and pickle files that hold a list of objects, told apart by content, not by suffix."""

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from sgs_tui.engine.calibration.unpickle import unpickle
from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.text import decode, encode, visible

_BOM = b"\xef\xbb\xbf"
EXPECTED = "expected a list of {name, min: [..], max: [..], bit: 8 or 16} in JSON or pickle"


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
        raise InputError(f"{path}: holds a {type(content).__name__}, not a list", EXPECTED)
    return content


def _from_json(data: bytes, path: Path) -> object:
    try:
        content: object = json.loads(decode(data.removeprefix(_BOM)))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: not JSON: {error.msg}", EXPECTED) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON that can be read: {error}", EXPECTED) from error
    return content


def name_of(entry: object, where: str) -> str:
    """The tensor's name in one entry; `where` names file and entry in the error."""
    if not isinstance(entry, Mapping):
        raise InputError(f"{where}: a {type(entry).__name__}, not an object", EXPECTED)
    name = entry.get("name")
    if not isinstance(name, str) or not _encodable(name):
        raise InputError(f"{where}: `name` is missing or no text", EXPECTED)
    return name


def _encodable(name: str) -> bool:
    """Whether the name is one that a file can hold (JSON can spell lone surrogates)."""
    try:
        encode(name)
    except UnicodeEncodeError:
        return False
    return True


def numbers_of(entry: object, key: str, where: str) -> tuple[float, ...]:
    """The list of numbers under `key` of an entry that has passed `name_of`."""
    values = entry.get(key) if isinstance(entry, Mapping) else None
    if not isinstance(values, list):
        said = "is missing" if values is None else f"is a {type(values).__name__}, not a list"
        raise InputError(f"{where} ({visible(name_of(entry, where))}): `{key}` {said}", EXPECTED)
    if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        raise InputError(f"{where} ({visible(name_of(entry, where))}): `{key}` holds no numbers", EXPECTED)
    return tuple(_number(value) for value in values)


def _number(value: float) -> float:
    """As float; an integer beyond the floats is infinite."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
