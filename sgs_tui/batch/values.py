"""Values of JSON and CSV: names kept exactly, numbers that are none as null with the reason beside them."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from math import isfinite, isnan
from pathlib import Path
from typing import Any

from sgs_tui.batch.output import Data, ListFormat
from sgs_tui.engine.text import encode, visible
from sgs_tui.language import shown

# Numbers in reports: the same bytes on every machine, whatever its locale.
#
# Twelve significant digits are kept: more than float32 dumps can justify, and fewer than the last bits of a float64
# sum, which depend on the processor's vector width.


def stable(value: float) -> float:
    """`value` with twelve significant digits, and no minus on zero."""
    return float(f"{value:.12g}") + 0.0


def plain(value: float) -> str:
    """The shortest text that reads back as `stable(value)`; `nan`, `inf`, `-inf` by name."""
    text = f"{value:.12g}"
    if "." in text and "e" not in text:  # repr says the same of twelve digits, and takes longer
        return text
    return repr(stable(value)) if isfinite(value) else non_finite(value)


def non_finite(value: float) -> str:
    """The name of a number that is none."""
    if isnan(value):
        return "nan"
    return "inf" if value > 0 else "-inf"


Json = dict[str, Any]


def dump_json(value: Json) -> bytes:
    """Deterministic ASCII JSON."""
    return b"".join(json_pieces(value))


def json_pieces(value: Json) -> Iterator[bytes]:
    """The same in pieces: what is an iterator in `value` becomes a list that is never in memory as a whole."""
    before = "{"
    for key, item in value.items():
        start, before = f"{before}\n  {_quoted(key)}: ", ","
        if not isinstance(item, Iterator):
            yield (start + _json(item, "\n  ")).encode("ascii")
            continue
        yield start.encode("ascii")
        comma = "["
        for each in item:
            yield (comma + "\n    " + _json(each, "\n    ")).encode("ascii")
            comma = ","
        yield b"[]" if comma == "[" else b"\n  ]"
    yield b"\n}\n" if value else b"{}\n"


_quoted = json.encoder.encode_basestring_ascii


def _json(value: Any, line: str) -> str:
    """As json.dumps with indent=2, which is slow; `line`: a line feed and the blanks that the value stands behind.

    Thousands of layers have the same fields: their frame is made once, and filled in with the values' texts.
    """
    if not (value.__class__ in _LONG and value):
        return _encoded(value)
    texts: list[str] = []
    shape = _taken_apart(value, texts)
    return _frame(shape, line) % tuple(texts)


_LONG = frozenset({dict, list, tuple})
_encoded = json.JSONEncoder(allow_nan=False, check_circular=False).encode

_Shape = tuple[Any, ...]
"""Keys of an object or the length of a list, then (place, shape) of what has lines of its own."""


def _taken_apart(value: Any, texts: list[str]) -> _Shape:
    """The shape of an object or list that is not empty; the texts of all that is on one line are added to `texts`."""
    inner = []
    is_object = value.__class__ is dict
    for place, item in enumerate(value.values() if is_object else value):
        kind = item.__class__
        if kind is float and isfinite(item):
            texts.append(repr(item))
        elif kind is str:
            texts.append(_quoted(item))
        elif kind is int:
            texts.append(str(item))
        elif kind in _LONG and item:
            inner.append((place, _taken_apart(item, texts)))
        else:
            texts.append(_encoded(item))
    return (tuple(value) if is_object else len(value), *inner)


@lru_cache(maxsize=256)
def _frame(shape: _Shape, line: str) -> str:
    """The text of everything of that shape, `%s` for each value."""
    keys, *inner = shape
    deeper = line + "  "
    parts = ["%s"] * (keys if isinstance(keys, int) else len(keys))
    for place, each in inner:
        parts[place] = _frame(each, deeper)
    if isinstance(keys, int):
        return f"[{deeper}{f',{deeper}'.join(parts)}{line}]"
    names = (_quoted(key).replace("%", "%%") for key in keys)
    fields = (f"{name}: {part}" for name, part in zip(names, parts, strict=True))
    return f"{{{deeper}{f',{deeper}'.join(fields)}{line}}}"


def exact(text: str | Path) -> str:
    """The text itself; only bytes that are not UTF-8 become `\\xNN`, as JSON has no way to hold them."""
    return encode(str(text)).decode("utf-8", "backslashreplace")


def exact_or_null(text: str | Path | None) -> str | None:
    """The same of what may be missing."""
    return None if text is None else exact(text)


def exact_all(texts: Iterable[str]) -> list[str]:
    """The same of each."""
    return [exact(text) for text in texts]


def finite_or_null(values: Mapping[str, float | int | None]) -> Json:
    """`values` with numbers that are not finite as null, and their names under `not_finite`."""
    kept: Json = {}
    lost = {}
    for key, value in values.items():
        if not isinstance(value, float):
            kept[key] = value
        elif isfinite(value):
            kept[key] = float(f"{value:.12g}") + 0.0  # `stable`, without a call for each number
        else:
            kept[key], lost[key] = None, non_finite(value)
    return kept | {"not_finite": lost} if lost else kept


def text_of(lines: Iterable[str]) -> bytes:
    """Lines of text that is harmless already, each with its end, in the reader's language."""
    return "".join(f"{shown(line)}\n" for line in lines).encode()


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str) -> str:
    """Text for CSV that no spreadsheet takes for a formula; control characters are shown."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def number(value: float | None) -> str:
    """A figure for CSV in full; empty where there is none."""
    return "" if value is None else plain(value)


def numbers(values: Iterable[float | None]) -> list[str]:
    """The same of each; integers are written as they are."""
    return [
        "" if each is None else str(each) if each.__class__ is int else plain(each)  # not `number`: a call for each
        for each in values
    ]


Rows = tuple[Sequence[str], Iterable[Sequence[str]]]
"""A head line and the lines below it."""


_LINES = 64
"""Lines of CSV that are written at once."""


def csv_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """RFC 4180 lines, some at a time."""
    left = chain([head], rows)
    while lines := list(islice(left, _LINES)):
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(lines)
        yield text.getvalue().encode()


def in_format(wanted: ListFormat, json: Callable[[], Json], csv: Callable[[], Rows], table: Callable[[], Data]) -> Data:
    """What a command lists, in the format asked for; only that one is made."""
    match wanted:
        case ListFormat.JSON:
            return json_pieces(json())
        case ListFormat.CSV:
            return csv_of(*csv())
        case ListFormat.TABLE:
            return table()
