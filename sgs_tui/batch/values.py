"""Values of JSON and CSV: names kept exactly, numbers that are none as null with the reason beside them."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
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
    """As json.dumps with indent=2, which is slow; `line`: a line feed and the blanks that the value stands behind."""
    deeper = line + "  "
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict) and value:
        return (
            "{" + ",".join(f"{deeper}{_quoted(key)}: {_json(item, deeper)}" for key, item in value.items()) + line + "}"
        )
    if isinstance(value, list | tuple) and value:
        return "[" + ",".join(deeper + _json(item, deeper) for item in value) + line + "]"
    return float.__repr__(value) if isinstance(value, float) and isfinite(value) else json.dumps(value, allow_nan=False)


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
    lost = {key: non_finite(value) for key, value in values.items() if value is not None and not isfinite(value)}
    kept: Json = {key: None if key in lost else _stable(value) for key, value in values.items()}
    return kept | ({"not_finite": lost} if lost else {})


def _stable(value: float | int | None) -> float | int | None:
    return stable(value) if isinstance(value, float) else value


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


Rows = tuple[Sequence[str], Iterable[Sequence[str]]]
"""A head line and the lines below it."""


def csv_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """RFC 4180 lines, one at a time."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    for row in chain([head], rows):
        writer.writerow(row)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def in_format(wanted: ListFormat, json: Callable[[], Json], csv: Callable[[], Rows], table: Callable[[], Data]) -> Data:
    """What a command lists, in the format asked for; only that one is made."""
    match wanted:
        case ListFormat.JSON:
            return json_pieces(json())
        case ListFormat.CSV:
            return csv_of(*csv())
        case ListFormat.TABLE:
            return table()
