"""Numbers in reports: the same bytes on every machine, whatever its locale.

Twelve significant digits are kept: more than float32 dumps can justify, and fewer than the last bits of a float64
sum, which depend on the processor's vector width.
"""

from math import isfinite, isnan


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
