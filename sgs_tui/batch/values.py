"""Values of JSON and CSV: names kept exactly, numbers that are none as null with the reason beside them."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from math import isfinite, isnan
from pathlib import Path
from typing import Any

from sgs_tui.batch.output import Data, ListFormat
from sgs_tui.engine.text import encode, visible

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

    The encoder in C knows no indent, but any separator: it writes a field a line, with null for what has lines of its
    own, which is then put in its place.
    """
    if not (isinstance(value, dict | list | tuple) and value):
        return _on_lines(line)(value)
    deeper, keys = line + "  ", list(value)
    items: Iterable[Any] = value.values() if isinstance(value, dict) else value
    inner = [(at, item) for at, item in enumerate(items) if item.__class__ in _LONG and item]
    if not inner:
        text = _on_lines(deeper)(value)
    elif isinstance(value, dict):
        fields = _on_lines(deeper)(value | {keys[at]: None for at, _ in inner})[1:-1].split("," + deeper)
        for at, item in inner:
            fields[at] = f"{_quoted(keys[at])}: {_json(item, deeper)}"
        text = "{" + ("," + deeper).join(fields) + "}"
    else:
        text = "[" + ("," + deeper).join(_json(item, deeper) for item in value) + "]"
    return text[0] + deeper + text[1:-1] + line + text[-1]


_LONG = frozenset({dict, list, tuple})


@cache
def _on_lines(line: str) -> Callable[[Any], str]:
    encoder = json.JSONEncoder(allow_nan=False, check_circular=False, separators=("," + line, ": "))
    make = getattr(json.encoder, "c_make_encoder", None)  # None without the encoder in C
    if make is None:
        return encoder.encode
    write = make(None, encoder.default, _quoted, None, ": ", "," + line, False, False, False)
    return lambda value: "".join(write(value, 0))  # `encode` makes such a writer anew for each value


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
    """Lines of text that is harmless already, each with its end."""
    return "".join(f"{line}\n" for line in lines).encode()


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
