"""What every pane is: a numbered part of the screen with a heading, one widget for the focus, and its own keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from sgs_tui.tui.actions import PANES, Action, PaneEntry, group
from sgs_tui.tui.text import Line, Span
from sgs_tui.tui.widgets.bars import LineBar


@dataclass
class PaneAsked(Message):
    """Go to another pane."""

    name: str


class Pane(Vertical):
    """A part of the screen. `NAME` is that of its entry in `PANES`."""

    NAME: ClassVar[str] = ""
    GROUPS: ClassVar[tuple[str, ...]] = ()
    """Action groups for the footer and for help, the pane's own first."""
    SHARES: ClassVar[str] = ""
    """Panes that share this place on a large screen: the one last gone to is on show."""
    NEIGHBORS: ClassVar[tuple[str, ...]] = ()
    """The other panes in the same place that the heading names."""

    COVERS: ClassVar[str] = ""
    """The part of a large screen that it takes while it, or what is outside of that part, is gone to."""

    BLANK = True
    """Textual's word for: nothing of it is seen. Its widgets cover it."""

    main: Widget
    """The widget that takes the focus."""

    def __init__(self) -> None:
        super().__init__(id=self.NAME)
        self.entry = _entry(self.NAME)
        self.heading = LineBar(tone="header")
        self.heading.add_class("heading", update=False)
        self.neighbors = self.NEIGHBORS
        self._told: Line = ()
        self._sign = " "

    def compose(self) -> ComposeResult:
        self.head()
        yield self.heading
        yield from self.body()

    def body(self) -> ComposeResult:
        """What stands below the heading."""
        yield self.main

    def actions(self) -> tuple[Action, ...]:
        """Every action that works here, apart from those that work everywhere."""
        return tuple(action for name in self.GROUPS for action in group(name))

    def help(self) -> Iterable[Line]:
        """What `?` says about this pane beside its keys."""
        return ()

    def shown(self) -> None:
        """The pane became the current one; it has its size by now."""

    def copied(self, whole: bool) -> str:
        """What `y` (or `Y`: `whole`) copies."""
        return ""

    def head(self, *parts: Span) -> None:
        """Show the heading: number, title, then `parts`."""
        self._told = parts
        others = [Span(f"  {entry.key} {entry.said}", "muted") for entry in map(_entry, self.neighbors)]
        number = Span(f"{self._sign}{self.entry.key} ", "key")
        self.heading.say((number, Span(f"{self.entry.said}  ", "strong"), *parts, *others))

    def point_out(self, current: bool) -> None:
        """The heading says whether this is the pane that has the keys, by its look and by a sign."""
        self._sign = "▸" if current else " "
        self.heading.dress("focus" if current else "header")
        self.head(*self._told)


def _entry(name: str) -> PaneEntry:
    return next(entry for entry in PANES if entry.name == name)
