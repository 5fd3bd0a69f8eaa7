"""Quantization info, what `--quant_file` takes and sim_optimizer.py leaves, and what differs between two such files.

A list of `{name, min: [..], max: [..], bit}` in JSON or pickle; `data` (an array) may be there too. The checks are
those of the vendor's `check_quant_param`, which stops at a scalar min or max and at a missing or other bit. Names that
no tensor has are ignored there, with exit code 0.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isnan, nan
from pathlib import Path

from sgs_tui.engine.calibration.ranges import LIST_EXPECTED, greatest, least, name_of, numbers_of, read_objects
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.text import visible
from sgs_tui.language import Message

BITS = (4, 8, 16)
"""Widths that occur: 4 only in newer SDKs."""


@dataclass(frozen=True, slots=True)
class QuantEntry:
    """One tensor: a value per kernel or channel (one alone for most activations), and its width in bits.

    `has_data`: the entry carries new weights, with which the calibrator changes the float model in place.
    """

    name: str
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    bit: int
    has_data: bool = False

    @property
    def least(self) -> float:
        """The smallest min of the tensor; NaN where it has none or one is NaN."""
        return least(self.minimum)

    @property
    def greatest(self) -> float:
        return greatest(self.maximum)


def load_quant_info(path: Path) -> tuple[QuantEntry, ...]:
    """All entries in the file's order. Raises InputError naming file and entry (counted from 1)."""
    return tuple(
        _entry(item, Message("{path}, entry {number}", path=path, number=number))
        for number, item in enumerate(read_objects(path), 1)
    )


def _entry(item: object, where: str) -> QuantEntry:
    name = name_of(item, where)
    minimum, maximum = numbers_of(item, "min", where), numbers_of(item, "max", where)
    fields = item if isinstance(item, Mapping) else {}
    bit = fields.get("bit")
    if not isinstance(bit, int) or isinstance(bit, bool) or bit not in BITS:
        said = Message("is missing") if bit is None else Message("is none of 4, 8, 16")
        values = {"where": where, "name": visible(name), "key": "bit", "said": said}
        raise InputError(Message("{where} ({name}): `{key}` {said}", **values), LIST_EXPECTED)
    return QuantEntry(name, minimum, maximum, bit, "data" in fields)


class Change(StrEnum):
    """How a tensor differs; several may be true of one."""

    ONLY_FIRST = "only in first"
    ONLY_SECOND = "only in second"
    BITS = "bits"
    VALUES = "number of values"
    RANGE = "range"
    DATA = "new weights"


@dataclass(frozen=True, slots=True)
class QuantDiff:
    """One tensor in both files, or in one of them.

    `moved`: the farthest that a bound moved, in widths of the first file's range (the whole tensor's); NaN where
    the two can not be compared value by value.
    """

    name: str
    first: QuantEntry | None
    second: QuantEntry | None
    changes: tuple[Change, ...]
    moved: float = 0.0

    @property
    def same(self) -> bool:
        return not self.changes


def diff_quant_info(first: Sequence[QuantEntry], second: Sequence[QuantEntry]) -> tuple[QuantDiff, ...]:
    """Every tensor of both, in the first file's order, then those that only the second has.

    A name that comes several times is paired with its like in the order of the files.
    """
    left, right = _keyed(first), _keyed(second)
    both = [_compared(entry, right.get(key)) for key, entry in left.items()]
    return (*both, *(_compared(None, entry) for key, entry in right.items() if key not in left))


def _keyed(entries: Sequence[QuantEntry]) -> dict[tuple[str, int], QuantEntry]:
    seen: Counter[str] = Counter()
    keyed = {}
    for entry in entries:
        keyed[entry.name, seen[entry.name]] = entry
        seen[entry.name] += 1
    return keyed


def _compared(first: QuantEntry | None, second: QuantEntry | None) -> QuantDiff:
    if first is None or second is None:
        only, change = (first, Change.ONLY_FIRST) if second is None else (second, Change.ONLY_SECOND)
        assert only is not None
        return QuantDiff(only.name, first, second, (change,), nan)
    moved = _moved(first, second)
    found = (
        (Change.BITS, first.bit != second.bit),
        (Change.VALUES, any(len(a) != len(b) for a, b in _bounds(first, second))),
        (Change.RANGE, moved != 0),
        (Change.DATA, first.has_data != second.has_data),
    )
    return QuantDiff(first.name, first, second, tuple(change for change, there in found if there), moved)


def _bounds(first: QuantEntry, second: QuantEntry) -> tuple[tuple[Sequence[float], Sequence[float]], ...]:
    return (first.minimum, second.minimum), (first.maximum, second.maximum)


def _moved(first: QuantEntry, second: QuantEntry) -> float:
    """0 where every bound is the same; NaN where NaN stands in one only, or the numbers of values differ."""
    pairs: Sequence[tuple[float, float]] = ((first.least, second.least), (first.greatest, second.greatest))
    if all(len(left) == len(right) for left, right in _bounds(first, second)):
        pairs = [pair for bounds in _bounds(first, second) for pair in zip(*bounds, strict=True)]
    distances = [0.0 if a == b or (isnan(a) and isnan(b)) else abs(a - b) for a, b in pairs]
    if not any(distances):
        return 0.0
    width = first.greatest - first.least
    farthest = nan if any(map(isnan, distances)) else max(distances)
    return farthest / width if width > 0 else nan


def quant_info(entries: Sequence[QuantEntry]) -> bytes:
    """A file for --quant_file, in JSON; the calibrator leaves tensors that are not in it as they are."""
    listed = [
        {"name": each.name, "min": list(each.minimum), "max": list(each.maximum), "bit": each.bit} for each in entries
    ]
    return (json.dumps(listed, indent=2, allow_nan=False) + "\n").encode("ascii")
