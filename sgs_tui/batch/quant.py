"""`quant show` and `quant diff`: quantisation files as tables, CSV or JSON.

JSON `sgs-tui/quant/1`: schema, path, totals (tensors, and how many of each width by `bits`), tensors[] of name, bits,
min, max (of the whole tensor), range, minimum[] and maximum[] (as in the file), new_weights.
JSON `sgs-tui/quant-diff/1`: schema, first, second (paths), same (how many tensors are), tensors[] of name, changes[]
(only in first, only in second, bits, number of values, range, new weights), moved (farthest that a bound moved, in
widths of the first range), first and second (as above, or null). A number that is none is null, see `not_finite`.
"""

from collections import Counter
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any

from sgs_tui.batch.csv_cells import cell, number
from sgs_tui.batch.formats import ListFormat
from sgs_tui.batch.inspect import csv_of
from sgs_tui.batch.json_values import dump_json, exact, finite_or_null
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.calibration.quant_diff import QuantDiff, greatest, least
from sgs_tui.engine.calibration.quantinfo import QuantEntry
from sgs_tui.engine.numbers import count

SHOW_SCHEMA, DIFF_SCHEMA = "sgs-tui/quant/1", "sgs-tui/quant-diff/1"
_SHOW_HEAD = ("name", "bits", "values", "min", "max", "range", "new_weights")
_DIFF_HEAD = (
    *("name", "changes", "first_bits", "second_bits", "first_min", "first_max", "second_min", "second_max"),
    *("first_values", "second_values", "moved"),
)


def write_info(path: Path, entries: Sequence[QuantEntry], wanted: ListFormat, screen: Screen) -> bytes:
    """All tensors of one file."""
    if wanted is ListFormat.JSON:
        totals = {"tensors": len(entries), "bits": {str(bit): n for bit, n in sorted(widths(entries).items())}}
        tensors = [_fields(entry) for entry in entries]
        return dump_json({"schema": SHOW_SCHEMA, "path": exact(str(path)), "totals": totals, "tensors": tensors})
    if wanted is ListFormat.CSV:
        return csv_of([_row(entry) for entry in entries], _SHOW_HEAD)
    from sgs_tui.batch.quant_table import show_table

    return show_table(path, entries, screen)


def write_diff(
    paths: tuple[Path, Path], shown: Sequence[QuantDiff], same: int, wanted: ListFormat, screen: Screen
) -> bytes:
    """The tensors of `shown`; `same`: how many do not differ, shown or not."""
    if wanted is ListFormat.JSON:
        first, second = (exact(str(path)) for path in paths)
        tensors = [_difference(diff) for diff in shown]
        return dump_json({"schema": DIFF_SCHEMA, "first": first, "second": second, "same": same, "tensors": tensors})
    if wanted is ListFormat.CSV:
        return csv_of([_diff_row(diff) for diff in shown], _DIFF_HEAD)
    from sgs_tui.batch.quant_table import diff_table

    return diff_table(paths, shown, same, screen)


def widths(entries: Sequence[QuantEntry]) -> Counter[int]:
    """How many tensors there are of each width in bits."""
    return Counter(entry.bit for entry in entries)


def headline(entries: Sequence[QuantEntry]) -> str:
    """One file in one line."""
    parts = [f"{number} at {bit} bit" for bit, number in sorted(widths(entries).items(), reverse=True)]
    renewed = sum(entry.has_data for entry in entries)
    if renewed:
        parts.append(f"{renewed} with new weights")
    return f"{count(len(entries), 'tensor')}: {', '.join(parts)}" if parts else "no tensors"


def _fields(entry: QuantEntry) -> dict[str, Any]:
    low, high = least(entry), greatest(entry)
    ends = {"min": low, "max": high, "range": high - low}
    return {
        "name": exact(entry.name),
        "bits": entry.bit,
        **finite_or_null(ends),
        "minimum": _listed(entry.minimum),
        "maximum": _listed(entry.maximum),
        "new_weights": entry.has_data,
    }


def _listed(values: Sequence[float]) -> list[float | int | None]:
    found = finite_or_null({str(place): value for place, value in enumerate(values)})
    return [found[str(place)] for place in range(len(values))]


def _row(entry: QuantEntry) -> list[str]:
    low, high = least(entry), greatest(entry)
    values, ends = str(len(entry.minimum)), map(number, (low, high, high - low))
    return [cell(entry.name), str(entry.bit), values, *ends, "yes" if entry.has_data else "no"]


def _difference(diff: QuantDiff) -> dict[str, Any]:
    first, second = diff.first, diff.second
    return {
        "name": exact(diff.name),
        "changes": [str(change) for change in diff.changes],
        "moved": None if isnan(diff.moved) else finite_or_null({"moved": diff.moved})["moved"],
        "first": _fields(first) if first else None,
        "second": _fields(second) if second else None,
    }


def _diff_row(diff: QuantDiff) -> list[str]:
    sides = (diff.first, diff.second)
    bits = [str(side.bit) if side else "" for side in sides]
    ends = [number(end) for side in sides for end in ((least(side), greatest(side)) if side else (None, None))]
    values = [str(len(side.minimum)) if side else "" for side in sides]
    return [cell(diff.name), "; ".join(diff.changes), *bits, *ends, *values, number(diff.moved)]
