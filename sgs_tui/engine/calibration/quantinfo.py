"""Quantisation info: what `--quant_file` takes and sim_optimizer.py, save_quant_param.py leave.

A list of `{name, min: [..], max: [..], bit}` in JSON or pickle; `data` (an array) may be there too. The checks
are those of the vendor's `check_quant_param` (interop notes 5.4), whose tool stops at a scalar min or max and at
a missing or other bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.calibration.listfile import EXPECTED, name_of, numbers_of, read_objects
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.text import visible

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


def load_quant_info(path: Path) -> tuple[QuantEntry, ...]:
    """All entries in the file's order. Raises InputError naming file and entry (counted from 1)."""
    return tuple(_entry(item, f"{path}, entry {number}") for number, item in enumerate(read_objects(path), 1))


def _entry(item: object, where: str) -> QuantEntry:
    name = name_of(item, where)
    minimum, maximum = numbers_of(item, "min", where), numbers_of(item, "max", where)
    fields = item if isinstance(item, Mapping) else {}
    return QuantEntry(name, minimum, maximum, _bit(fields.get("bit"), name, where), "data" in fields)


def _bit(value: object, name: str, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value in BITS:
        return value
    said = "is missing" if value is None else "is none of 4, 8, 16"
    raise InputError(f"{where} ({visible(name)}): `bit` {said}", EXPECTED)
