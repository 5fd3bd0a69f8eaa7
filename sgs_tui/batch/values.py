"""Values of JSON reports: names kept exactly, numbers that are none as null with the reason beside them."""

import json
from collections.abc import Mapping
from math import isfinite, isnan
from typing import Any

from sgs_tui.engine.text import encode

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
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode("ascii")


def exact(text: str) -> str:
    """The text itself; only bytes that are not UTF-8 become `\\xNN`, as JSON has no way to hold them."""
    return encode(text).decode("utf-8", "backslashreplace")


def finite_or_null(values: Mapping[str, float | int | None]) -> Json:
    """`values` with numbers that are not finite as null, and their names under `not_finite`."""
    lost = {key: non_finite(value) for key, value in values.items() if value is not None and not isfinite(value)}
    kept: Json = {key: None if key in lost else _stable(value) for key, value in values.items()}
    return kept | ({"not_finite": lost} if lost else {})


def _stable(value: float | int | None) -> float | int | None:
    return stable(value) if isinstance(value, float) else value
