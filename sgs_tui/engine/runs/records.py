"""Frozen dataclasses as JSON and back: requests, states and jobs of runs as they lie on disk.

Fields are paths, texts, numbers, enumerations, and dataclasses, tuples and mappings of them. Bytes of odd file names
survive (surrogateescape, written as ASCII), and messages do (`language.with_facts`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import EnumType
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from sgs_tui.engine.text import encode
from sgs_tui.language import Message, restored, with_facts

T = TypeVar("T")

_LARGEST = 1 << 50
"""Bytes, seconds and process numbers are smaller."""

DAMAGE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a document raises that is none of ours."""

FLAT = {"flat": True}
"""Metadata of a field whose own fields stand beside its owner's in the document."""
ABSENT = {"absent": True}
"""Metadata of a field that stays behind."""


def to_json(record: Any, **more: str) -> bytes:
    """The document of a dataclass, `more` in front."""
    document = with_facts({**more, **_plain_fields(record)})
    return json.dumps(document, indent=1, ensure_ascii=True).encode("ascii") + b"\n"


def from_json(kind: type[T], data: bytes | str, label: tuple[str, str]) -> T:
    """The inverse; `label` is a key and its value that the document must have. Keys of a later version are passed over,
    missing ones get their defaults. Raises one of `DAMAGE`."""
    document = _object(json.loads(data))
    if document.get(label[0]) != label[1]:
        raise ValueError(Message("no {key} {value}", key=label[0], value=label[1]))
    return from_document(kind, document)


def from_document(kind: type[T], document: Mapping[str, Any]) -> T:
    """The dataclass of a document that was read. Raises one of `DAMAGE`."""
    return _record(kind, restored(document))


def _record(kind: type[T], document: Mapping[str, Any]) -> T:
    values, hints = {}, _hints(kind)  # type: ignore[arg-type]
    _object(document)
    for item in fields(kind):  # type: ignore[arg-type]
        if item.metadata == FLAT:
            values[item.name] = _read(hints[item.name], document)
        elif item.metadata != ABSENT and item.name in document:
            values[item.name] = _read(hints[item.name], document[item.name])
        elif item.metadata != ABSENT and item.default is item.default_factory is MISSING:
            raise ValueError(Message("{key} is missing", key=item.name))
    return kind(**values)


_hints = cache(get_type_hints)


def _plain_fields(record: Any) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for item in fields(record):
        if item.metadata != ABSENT:
            plain = _plain(getattr(record, item.name))
            document |= plain if item.metadata == FLAT else {item.name: plain}
    return document


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return _plain_fields(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _read(hint: Any, value: Any) -> Any:
    """A value of the document as the type that the field wants."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return None if value is None else _read(arguments[0], value)
    if origin is Mapping:
        return {name: _read(arguments[1], item) for name, item in _object(value).items()}
    if origin in (tuple, Sequence):
        return tuple(_read(arguments[0], item) for item in _checked(list, value))
    if is_dataclass(hint):
        return _record(hint, value)  # type: ignore[arg-type]
    if hint in (float, int):
        return _number(value if isinstance(value, int) else _checked(hint, value))
    if isinstance(value, str):
        encode(value)  # no halves of characters, which nothing could print or open
    return _checked(hint, value) if hint in (str, bool) else _one_of(hint, value)


def _one_of(hint: Any, value: Any) -> Any:
    if not isinstance(hint, EnumType):
        return hint(value)
    try:
        return hint(value)
    except ValueError:
        words, found = ", ".join(map(str, hint)), json.dumps(value)[:40]
        raise ValueError(Message("expected one of {words}, found {found}", words=words, found=found)) from None


def _number(value: float) -> float:
    """Neither NaN nor anything that no clock, size or process number is."""
    if not abs(value) < _LARGEST:
        raise ValueError(Message("expected a number, found {found}", found=value))
    return value


def _checked(kind: type[T], value: Any) -> T:
    if not isinstance(value, kind):
        found = json.dumps(value)[:40]
        raise TypeError(Message("expected {kind}, found {found}", kind=_WORDS.get(kind, kind.__name__), found=found))
    return value


def _object(value: Any) -> dict[str, Any]:
    return _checked(dict, value)


_WORDS: dict[type, str] = {
    dict: Message("an object"),
    list: Message("a list"),
    str: Message("text"),
    int: Message("a whole number"),
    float: Message("a number"),
}
