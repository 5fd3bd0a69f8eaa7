"""Numbers as people read them in narrow columns: short, aligned, in nobody's locale."""

from math import isfinite, isinf, isnan

from sgs_tui.language import Message
from sgs_tui.language import plural as counted

_UNITS = ("B", "KB", "MB", "GB", "TB")


def figure(value: float | None, digits: int = 4) -> str:
    """`value` with `digits` decimals, fewer where it is large, with an exponent where plain would not be readable.

    None, a figure that does not exist, is empty. At most digits + 5 characters.
    """
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


def ratio(value: float | None, digits: int = 4) -> str:
    """`value` as it stands in a column of RMSEs, ranges or extremes: plain, none with an exponent below 1.

    What would be rounded to none says so: `<.0001`, or `>-.0001`.
    """
    if value is None or not 0 < abs(value) < 10.0**-digits:
        return figure(value, digits)
    rounded = f"{value:.{digits}f}"
    return rounded if float(rounded) else f"{'<' if value > 0 else '>-'}.{1:0{digits}}"


def small(value: float | None) -> str:
    """Figures of every size in one column (MSE): three digits and an exponent, so that sizes can be read downwards."""
    return figure(value) if value is None or not isfinite(value) or value == 0 else f"{value:.2e}"


def cosine(value: float | None) -> str:
    """COS with six decimals, as the vendor prints it."""
    return figure(value) if value is None or not isfinite(value) else f"{value:.6f}"


def decibel(value: float | None) -> str:
    """SQNR with one decimal."""
    return figure(value) if value is None or not isfinite(value) else f"{value:.1f}"


def size(count: int) -> str:
    """Bytes for people: `171.6 MB` (decimal units, as disks are sold)."""
    value, unit = float(count), 0
    while value >= 999.95 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{count} B" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"


def count(number: int, noun: str, plural: str = "") -> Message:
    """`1 layer`, `20 layers`: a message for each noun."""
    return counted(number, f"{{number:,}} {noun}", f"{{number:,}} {plural or noun + 's'}")


def clock(seconds: float | None) -> str:
    """`0:07`, `12:30`, `1:02:03`; empty for a run that has not started."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def position(flat: int, shape: tuple[int, ...] | None) -> str:
    """A flat index as `(n,h,w,c)`, or as `[flat]` where the shape is unknown; empty for -1."""
    if flat < 0:
        return ""
    if not shape:
        return f"[{flat}]"
    places: list[int] = []
    for length in reversed(shape):
        flat, place = divmod(flat, max(1, length))
        places.append(place)
    return f"({','.join(map(str, reversed(places)))})"
