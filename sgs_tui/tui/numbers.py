"""Numbers as a narrow column wants them: the engine's, and some that only the screen needs."""

from math import isfinite

from sgs_tui.engine.numbers import clock, cosine, count, decibel, figure, position, size

__all__ = ("age", "clock", "cosine", "count", "decibel", "figure", "position", "ratio", "share", "size", "small")


def ratio(value: float | None) -> str:
    """RMSE and its like: four decimals; very small ones in one digit and an exponent."""
    return f"{value:.0e}" if value is not None and 0 < abs(value) < 1e-4 else figure(value)


def small(value: float | None) -> str:
    """Figures whose small values matter (MSE): three digits whatever the size."""
    if value is None or not isfinite(value) or value == 0 or abs(value) >= 0.1:
        return figure(value, 3)
    return f"{value:.2e}"


def share(part: int, total: int) -> str:
    """`part` of `total` in percent; a few are never rounded to none, nearly all never to all."""
    if not total:
        return "0 %"
    percent = 100 * part / total
    if 0 < percent < 0.01:
        return "<0.01 %"
    if 99.99 < percent < 100:
        return ">99.99 %"
    return f"{percent:.3g} %"


def age(seconds: float) -> str:
    """How long ago, in the largest unit that fits: `5 s`, `12 min`, `3 h`, `9 d`."""
    for limit, divisor, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if seconds < limit:
            return f"{max(0, int(seconds // divisor))} {unit}"
    return f"{int(seconds // 86400)} d"
