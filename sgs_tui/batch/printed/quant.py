"""`quant show` and `quant diff`: quantization files as tables, CSV or JSON.

JSON `sgs-tui/quant/1`: schema, path, totals (tensors, and how many of each width by `bits`), tensors[] of name, bits,
min, max (of the whole tensor), range, minimum[] and maximum[] (as in the file), new_weights.
JSON `sgs-tui/quant-diff/1`: schema, first, second (paths), same (how many tensors are), tensors[] of name, changes[]
(only in first, only in second, bits, number of values, range, new weights), moved (farthest that a bound moved, in
widths of the first range), first and second (as above, or null). A number that is none is null, see `not_finite`.
"""

from collections import Counter
from collections.abc import Sequence
from math import isfinite, isnan
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.console import LONGEST_NAME, Cell, Column, Screen, name_column, page_width, render, table_of
from sgs_tui.batch.output import Data, ListFormat
from sgs_tui.batch.values import Json, cell, exact, finite_or_null, in_format, number, stable
from sgs_tui.engine.calibration.quant import Change, QuantDiff, QuantEntry
from sgs_tui.engine.numbers import count, figure
from sgs_tui.language import Message, joined

_SHORTEST_NAME = 16
SHOW_SCHEMA, DIFF_SCHEMA = "sgs-tui/quant/1", "sgs-tui/quant-diff/1"
_SHOW_HEAD = ("name", "bits", "values", "min", "max", "range", "new_weights")
_DIFF_HEAD = (
    *("name", "changes", "first_bits", "second_bits", "first_min", "first_max", "second_min", "second_max"),
    *("first_values", "second_values", "moved"),
)


def write_info(path: Path, entries: Sequence[QuantEntry], wanted: ListFormat, screen: Screen) -> Data:
    """All tensors of one file."""
    totals = {"tensors": len(entries), "bits": {str(bit): n for bit, n in sorted(_widths(entries).items())}}
    return in_format(
        wanted,
        json=lambda: {
            "schema": SHOW_SCHEMA,
            "path": exact(path),
            "totals": totals,
            "tensors": [_fields(entry) for entry in entries],
        },
        csv=lambda: (_SHOW_HEAD, [_row(entry) for entry in entries]),
        table=lambda: _show_table(path, entries, screen),
    )


def write_diff(
    paths: tuple[Path, Path], shown: Sequence[QuantDiff], same: int, wanted: ListFormat, screen: Screen
) -> Data:
    """The tensors of `shown`; `same`: how many do not differ, shown or not."""
    return in_format(
        wanted,
        json=lambda: {
            "schema": DIFF_SCHEMA,
            "first": exact(paths[0]),
            "second": exact(paths[1]),
            "same": same,
            "tensors": [_difference(diff) for diff in shown],
        },
        csv=lambda: (_DIFF_HEAD, [_diff_row(diff) for diff in shown]),
        table=lambda: _diff_table(paths, shown, same, screen),
    )


def _widths(entries: Sequence[QuantEntry]) -> Counter[int]:
    return Counter(entry.bit for entry in entries)


def _headline(entries: Sequence[QuantEntry]) -> str:
    parts = [
        Message("{number} at {bit} bit", number=number, bit=bit)
        for bit, number in sorted(_widths(entries).items(), reverse=True)
    ]
    renewed = sum(entry.has_data for entry in entries)
    if renewed:
        parts.append(Message("{renewed} with new weights", renewed=renewed))
    return (
        Message("{tensors}: {parts}", tensors=count(len(entries), "tensor"), parts=joined(parts))
        if parts
        else Message("no tensors")
    )


def _fields(entry: QuantEntry) -> Json:
    low, high = entry.least, entry.greatest
    return {
        "name": exact(entry.name),
        "bits": entry.bit,
        **finite_or_null({"min": low, "max": high, "range": high - low}),
        "minimum": _listed(entry.minimum),
        "maximum": _listed(entry.maximum),
        "new_weights": entry.has_data,
    }


def _listed(values: Sequence[float]) -> list[float | None]:
    return [stable(value) if isfinite(value) else None for value in values]


def _row(entry: QuantEntry) -> list[str]:
    low, high = entry.least, entry.greatest
    values, ends = str(len(entry.minimum)), map(number, (low, high, high - low))
    return [cell(entry.name), str(entry.bit), values, *ends, "yes" if entry.has_data else "no"]


def _difference(diff: QuantDiff) -> Json:
    return {
        "name": exact(diff.name),
        "changes": [str(change) for change in diff.changes],
        "moved": stable(diff.moved) if isfinite(diff.moved) else None,
        "first": _fields(diff.first) if diff.first else None,
        "second": _fields(diff.second) if diff.second else None,
    }


def _diff_row(diff: QuantDiff) -> list[str]:
    sides = (diff.first, diff.second)
    bits = [str(side.bit) if side else "" for side in sides]
    ends = [number(end) for side in sides for end in ((side.least, side.greatest) if side else (None, None))]
    values = [str(len(side.minimum)) if side else "" for side in sides]
    return [cell(diff.name), "; ".join(diff.changes), *bits, *ends, *values, number(diff.moved)]


def _show_table(path: Path, entries: Sequence[QuantEntry], screen: Screen) -> bytes:
    columns = [
        Column(
            Message("bits"),
            [Cell(str(entry.bit), "" if entry.bit == 8 else "bold cyan") for entry in entries],
            right=True,
        ),
        Column(Message("values"), [Cell(str(len(entry.minimum))) for entry in entries], right=True),
        Column(Message("min"), [Cell(figure(entry.least)) for entry in entries], right=True),
        Column(Message("max"), [Cell(figure(entry.greatest)) for entry in entries], right=True),
        Column(Message("range"), [Cell(figure(entry.greatest - entry.least)) for entry in entries], right=True),
        Column("", [Cell(Message("new weights") if entry.has_data else "") for entry in entries]),
    ]
    lines = [
        Message("file    {text}", text=path),
        Message("holds   {headline}", headline=_headline(entries)),
    ]
    return _page(lines, [entry.name for entry in entries], columns, screen)


def _diff_table(paths: tuple[Path, Path], shown: Sequence[QuantDiff], same: int, screen: Screen) -> bytes:
    columns = [
        Column(
            Message("change"),
            [
                Cell(joined(Message(str(each)) for each in diff.changes) or Message("same"), _style(diff))
                for diff in shown
            ],
        ),
        Column(Message("bits"), [Cell(_bits(diff, screen)) for diff in shown]),
        Column(Message("first"), [Cell(_ends(diff.first)) for diff in shown]),
        Column(Message("second"), [Cell(_ends(diff.second)) for diff in shown]),
        Column(Message("moved"), [Cell(_moved(diff)) for diff in shown], right=True),
    ]
    different = sum(not diff.same for diff in shown)
    first, second = paths
    lines = [
        Message("first   {path}", path=first),
        Message("second  {path}", path=second),
        Message(
            "differ  {count}, {same} the same; moved: in widths of the first range",
            count=count(different, "tensor"),
            same=same,
        ),
    ]
    return _page(lines, [diff.name for diff in shown], columns, screen)


def _page(lines: Sequence[str], names: Sequence[str], columns: list[Column], screen: Screen) -> bytes:
    table = [name_column(Message("name"), names, columns, screen, _SHORTEST_NAME, LONGEST_NAME), *columns]
    parts: list[RenderableType] = [Text(screen.text(line)) for line in lines]
    return render([*parts, Text(), table_of(table)] if names else parts, screen, page_width(table, screen))


def _style(diff: QuantDiff) -> str:
    if diff.same:
        return ""
    return "bold yellow" if Change.BITS in diff.changes else "yellow"


def _bits(diff: QuantDiff, screen: Screen) -> str:
    bits = [str(side.bit) for side in (diff.first, diff.second) if side]
    return f" {'->' if screen.ascii else '→'} ".join(dict.fromkeys(bits))


def _ends(entry: QuantEntry | None) -> str:
    return Message("{low} to {high}", low=figure(entry.least), high=figure(entry.greatest)) if entry else ""


def _moved(diff: QuantDiff) -> str:
    return "" if diff.moved == 0 or isnan(diff.moved) else figure(diff.moved)
