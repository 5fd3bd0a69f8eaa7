"""Numbers and names as findings say them."""

from collections.abc import Sequence
from math import isfinite


def percent(share: float) -> str:
    """An error relative to the signal: "17.4%", from ten times the signal on "12 times"."""
    if not isfinite(share):
        return "more than any part"
    return f"{share:.1%}" if share < 10 else f"{share:.3g} times"


def some(names: Sequence[object], most: int = 4) -> str:
    """The first few and how many more there are."""
    shown = ", ".join(map(str, names[:most]))
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
