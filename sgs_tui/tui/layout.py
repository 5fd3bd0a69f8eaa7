"""Which arrangement of panes fits a terminal."""

from enum import StrEnum

LEAST = (60, 15)
ALL_PANES = (120, 30)


class Arrangement(StrEnum):
    """How panes share the screen; also the style class of the screen."""

    TOO_SMALL = "-too-small"
    TABS = "-tabs"
    ALL = "-all"


def arrangement(width: int, height: int) -> Arrangement:
    """Tabs below 120 columns (or on a very flat terminal), everything together from there on."""
    if width < LEAST[0] or height < LEAST[1]:
        return Arrangement.TOO_SMALL
    return Arrangement.ALL if width >= ALL_PANES[0] and height >= ALL_PANES[1] else Arrangement.TABS


def too_small(width: int, height: int) -> str:
    """The one line that a terminal too small for anything else shows."""
    return f"needs {LEAST[0]}x{LEAST[1]}, this is {width}x{height}"
