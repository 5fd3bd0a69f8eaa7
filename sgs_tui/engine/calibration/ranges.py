"""Calibrated ranges of tensors: tensor_min_max.txt, or a list in JSON or pickle (interop notes 5.1, 5.4).

The text form is one tensor a line: `Name:<tensor>, min: <%f>, max: <%f>;`. Names may hold commas and spaces,
so a line is split at its last `, max: ` and the last `, min: ` before it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from pathlib import Path

from sgs_tui.engine.calibration.listfile import Kind, kind_of, name_of, numbers_of, read_objects
from sgs_tui.engine.configs.reading import reading
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.text import decode, sanitised, visible

Bounds = tuple[float, float]
EXPECTED = "expected `Name:<tensor>, min: <number>, max: <number>;` in every line"
_LONGEST = 1 << 20
"""No line of a range file is longer; a file given by mistake is not read whole to find that out."""


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
    """Read a range file of any kind, recognised by its content.

    A name that comes twice gets the range that covers both, as the vendor merges processes. Raises InputError
    with file and line (or entry) where it is malformed.
    """
    kind = _kind(path)
    found = _from_text(path) if kind is Kind.TEXT else _from_list(path)
    ranges = Ranges(path, kind, _merged(found))
    if not ranges.by_name:
        raise InputError(f"{path}: holds no ranges", "calibrate again: this file is empty")
    return ranges


def _kind(path: Path) -> Kind:
    with reading(path) as file:
        return kind_of(file.read(64))


def _merged(found: Iterable[tuple[str, Bounds]]) -> dict[str, Bounds]:
    merged: dict[str, Bounds] = {}
    for name, (low, high) in found:
        old_low, old_high = merged.get(name, (low, high))
        merged[name] = (_least((old_low, low)), _greatest((old_high, high)))
    return merged


def _least(values: Sequence[float]) -> float:
    return nan if any(map(isnan, values)) else min(values)


def _greatest(values: Sequence[float]) -> float:
    return nan if any(map(isnan, values)) else max(values)


def _from_list(path: Path) -> Iterator[tuple[str, Bounds]]:
    """Entries of a list; min and max may be per channel. Empty lists say nothing about a tensor."""
    for number, item in enumerate(read_objects(path), 1):
        where = f"{path}, entry {number}"
        name, low, high = name_of(item, where), numbers_of(item, "min", where), numbers_of(item, "max", where)
        if low and high:
            yield name, (_least(low), _greatest(high))


def _from_text(path: Path) -> Iterator[tuple[str, Bounds]]:
    with reading(path) as file:
        for number, raw in enumerate(iter(lambda: file.readline(_LONGEST), b""), 1):
            line = decode(raw).strip("\r\n\t ")
            if line:
                yield _line(line, f"{path}, line {number}")


def _line(line: str, where: str) -> tuple[str, Bounds]:
    head, _, high = line.rpartition(", max: ")
    name, _, low = head.rpartition(", min: ")
    try:
        if not name.startswith("Name:"):
            raise ValueError(line)
        return name.removeprefix("Name:"), (float(low), float(high.rstrip("; ")))
    except ValueError as error:
        shown = visible(line[:60]) + ("..." if len(line) > 60 else "")
        raise InputError(f"{where}: not a range: {shown}", _hint(line)) from error


def _hint(line: str) -> str:
    """What the file probably is instead."""
    if line.startswith(("isFloat:", "//")):
        return f"this is a dump, not a range file; {EXPECTED}"
    if line.startswith("Name:") and "; min: " in line:
        return f"this is tensor_statistics.txt, which gives shapes; {EXPECTED}"
    return EXPECTED
