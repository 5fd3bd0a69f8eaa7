"""Pane 5: what the engine did and said."""

from collections import deque
from dataclasses import dataclass
from time import localtime, strftime, time

from sgs_tui.language import _
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.text import Line, Span, Tone, hanging, paragraph
from sgs_tui.tui.widgets.text_view import TextView

_KEPT = 5000
_OF_LATE = 50
"""Entries that are the newest ones."""
_ROOMY = 48
"""Cells from which on seconds are told too."""
_SIGNS: dict[str, tuple[str, Tone]] = {"fail": ("✗", "fail"), "warn": ("~", "warn"), "info": (" ", "")}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was said; `at` in seconds since the epoch."""

    at: float
    text: str
    level: str = "info"
    hint: str = ""

    def lines(self, width: int) -> list[Line]:
        """Wrapped; the hint on lines of its own."""
        sign, tone = _SIGNS.get(self.level, _SIGNS["info"])
        clock = strftime("%H:%M:%S" if width >= _ROOMY else "%H:%M", localtime(self.at))
        lines = hanging((Span(f"{clock} ", "muted"), Span(f"{sign} ", tone)), self.text, width - 1)
        indent = Span(" " * (len(clock) + 3))
        return lines + [(indent, *row) for row in paragraph(self.hint, width - len(clock) - 4, "muted")]


class LogPane(Pane):
    """The newest entries; it follows its end unless the user scrolled up."""

    NAME = "log"
    GROUPS = ("log", "move")
    SHARES, NEIGHBORS = "files", ("dumps",)
    BINDINGS = bindings("log")

    def __init__(self) -> None:
        super().__init__()
        self.main = self.view = TextView()
        self.entries: deque[Entry] = deque(maxlen=_KEPT)

    def add(self, text: str, level: str = "info", hint: str = "") -> None:
        self.entries.append(Entry(time(), text, level, hint))
        self.view.follow(self._lines)

    @property
    def newest(self) -> tuple[str, ...]:
        """What the last entries say, with their hints as the status line has them."""
        last = list(self.entries)[-_OF_LATE:]
        return tuple(text for each in last for text in (each.text, _("{text}: {hint}", text=each.text, hint=each.hint)))

    def _lines(self, width: int) -> list[Line]:
        return [line for entry in self.entries for line in entry.lines(width)]

    def copied(self, whole: bool) -> str:
        """The newest entry, or all."""
        entries = list(self.entries) if whole else list(self.entries)[-1:]
        return "\n".join(f"{entry.text} {entry.hint}".rstrip() for entry in entries)
