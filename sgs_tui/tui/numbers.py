"""Numbers as a narrow column wants them: short, aligned, never in a width of their own."""

from math import isinf, isnan

UNITS = ("B", "KB", "MB", "GB", "TB")


def figure(value: float | None, digits: int = 4) -> str:
    """`value` in at most 9 cells: plain while that is readable, with an exponent where it is not."""
    if value is None:
        return ""
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "inf" if value > 0 else "-inf"
    size = abs(value)
    if value == 0:
        return "0"
    if size < 10.0**-digits or size >= 1e6:
        return f"{value:.2e}"
    return f"{value:.{max(0, digits - max(0, len(str(int(size))) - 1))}f}"


def ratio(value: float | None) -> str:
    """RMSE and its like: four decimals; very small ones in one digit and an exponent."""
    return f"{value:.0e}" if value is not None and 0 < abs(value) < 1e-4 else figure(value)


def small(value: float | None) -> str:
    """Figures whose small values matter (MSE): three digits whatever the size."""
    if value is None or isnan(value) or isinf(value) or value == 0 or abs(value) >= 0.1:
        return figure(value, 3)
    return f"{value:.2e}"


def cosine(value: float | None) -> str:
    """COS with six decimals, as the vendor prints it."""
    return figure(value) if value is None or isnan(value) else f"{value:.6f}"


def decibel(value: float | None) -> str:
    """SQNR with one decimal."""
    return figure(value) if value is None or isnan(value) or isinf(value) else f"{value:.1f}"


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


def size(count: int) -> str:
    """Bytes for people: `171.6 MB` (decimal units, as disks are sold)."""
    value, unit = float(count), 0
    while value >= 999.95 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{count} B" if unit == 0 else f"{value:.1f} {UNITS[unit]}"


def age(seconds: float) -> str:
    """How long ago, in the largest unit that fits: `5 s`, `12 min`, `3 h`, `9 d`."""
    for limit, divisor, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if seconds < limit:
            return f"{max(0, int(seconds // divisor))} {unit}"
    return f"{int(seconds // 86400)} d"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 layer`, `20 layers`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def position(flat: int, shape: tuple[int, ...] | None) -> str:
    """A flat index as `(n,h,w,c)`, or as `[flat]` where the shape is unknown."""
    if flat < 0:
        return ""
    if not shape:
        return f"[{flat}]"
    places: list[int] = []
    for length in reversed(shape):
        flat, place = divmod(flat, max(1, length))
        places.append(place)
    return "(" + ",".join(map(str, reversed(places))) + ")"
