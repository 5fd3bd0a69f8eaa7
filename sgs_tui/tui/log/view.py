"""What was said, with the time and how bad it is."""

from collections import deque
from dataclasses import dataclass
from time import localtime, strftime

from sgs_tui.tui.text import Line, Span, Tone, wrap

KEPT = 5000
ROOMY = 48
"""Cells from which on seconds are told too."""
_SIGNS: dict[str, tuple[str, Tone]] = {"fail": ("✗", "fail"), "warn": ("!", "warn"), "info": (" ", "")}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was said; `at` in seconds since the epoch."""

    at: float
    text: str
    level: str = "info"
    hint: str = ""


class Log:
    """The newest entries."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEPT)

    def lines(self, width: int) -> list[Line]:
        """Every entry, wrapped; the hint on lines of its own."""
        return [line for entry in self.entries for line in _lines(entry, width)]


def _lines(entry: Entry, width: int) -> list[Line]:
    sign, tone = _SIGNS.get(entry.level, _SIGNS["info"])
    time = strftime("%H:%M:%S" if width >= ROOMY else "%H:%M", localtime(entry.at))
    room = max(20, width - len(time) - 4)
    first, *rest = wrap(entry.text, room)
    lines: list[Line] = [(Span(f"{time} ", "muted"), Span(f"{sign} ", tone), Span(first))]
    indent = Span(" " * (len(time) + 3))
    lines += [(indent, Span(part)) for part in rest]
    return lines + [(indent, Span(part, "muted")) for part in (wrap(entry.hint, room) if entry.hint else ())]
