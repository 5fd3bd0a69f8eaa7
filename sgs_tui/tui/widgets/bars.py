"""One-line widgets: title, tabs, status, keys."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.message import Message
from textual.widget import Widget

from sgs_tui.tui.actions import Action, shown_keys
from sgs_tui.tui.text import Line, Span, Tone, clip, cut, width
from sgs_tui.tui.widgets.line_widget import LineWidget

ALWAYS = 90
"""From this `footer` on an action is always shown."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A pane in the tab line: its name, the key that goes there, what it is called."""

    pane: str
    key: str
    title: str

    @property
    def text(self) -> str:
        return f"{self.key} {self.title}"

    def short(self, letters: int) -> str:
        """Key and the first cells of the title."""
        return f"{self.key} {set_cell_size(self.title, min(letters, cell_len(self.title))).rstrip()}"


async def run(action: Action, start: Widget) -> None:
    """Do what an action does where `start` has the keys: the nearest widget around it that knows how."""
    name = "action_" + action.method.partition("(")[0].rpartition(".")[2]
    nodes = (*start.ancestors_with_self, start.screen)
    owner = next((node for node in nodes if hasattr(node, name)), start.screen)
    await start.app.run_action(action.method, owner)


class LineBar(LineWidget):
    """One line of text; showing the same again repaints nothing."""

    def __init__(self, text: Line = (), tone: Tone = "", identity: str | None = None) -> None:
        super().__init__(identity)
        self._text, self._tone = text, tone

    @property
    def text(self) -> str:
        return "".join(part.text for part in self._text)

    def say(self, text: Line, tone: Tone | None = None) -> None:
        before, self._text = (self._text, self._tone), text
        self._tone = self._tone if tone is None else tone
        if before != (text, self._tone):
            self.refresh()

    def dress(self, tone: Tone) -> None:
        self.say(self._text, tone)

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        return self._text, self._tone


class LinesBar(LineWidget):
    """A few lines, as many as there are; gone while there is none. Showing the same again repaints nothing."""

    def __init__(self, identity: str | None = None) -> None:
        super().__init__(identity)
        self.lines: Sequence[Line] = ()

    def say(self, lines: Sequence[Line]) -> None:
        if list(lines) != list(self.lines):
            self.lines = lines
            self.styles.height = max(1, len(lines))
            self.set_class(bool(lines), "-shown")
            self.refresh()

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        return (self.lines[y] if y < len(self.lines) else ()), ""


class KeyedLinesBar(LinesBar):
    """Lines whose first one ends with keys, which react to a click."""

    def __init__(self, identity: str | None = None) -> None:
        super().__init__(identity)
        self._keys: Sequence[tuple[Action, Line]] = ()

    def say(self, lines: Sequence[Line], keys: Sequence[tuple[Action, Line]] = ()) -> None:
        """`keys`: what the first line ends with, and what each of it does."""
        self._keys = keys
        super().say(lines)

    async def on_click(self, event: events.Click) -> None:
        """A key that is clicked does what it does when it is pressed."""
        left = width(self.lines[0]) - sum(width(item) for _, item in self._keys) if self.lines else 0
        for action, item in self._keys:
            right = left + width(item)
            if event.y == 0 and left <= event.x < right:
                await run(action, self.screen.focused or self.screen)
            left = right


class Crumb(LineWidget):
    """Where we are and what is known of it, cut for the width at the moment of painting."""

    LEAST = 16
    """Cells that the place keeps, whatever is known of it."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[str, str, Tone] = ("", "", "muted")

    def say(self, place: str, facts: str, tone: Tone = "muted") -> None:
        """Show another place; the same again repaints nothing."""
        if (place, facts, tone) != self._parts:
            self._parts = (place, facts, tone)
            self.refresh()

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        """Place and facts, the facts first to give way."""
        place, facts, tone = self._parts
        behind = f"  {facts}" if facts else ""
        name = cut(place, max(self.LEAST, self.size.width - 1 - cell_len(behind)))
        room = max(0, self.size.width - 1 - cell_len(name))
        return (Span(" "), Span(name, "strong"), Span(clip(behind, room), tone)), ""


class TabBar(LineWidget):
    """The panes by number; the current one stands out by brackets and by its look.

    Where not all titles fit, those of the other panes are cut to as many letters as always fit, so that no tab is lost
    and none changes its title from one tab to the next.
    """

    LEAST, MOST = 3, 12
    """Letters that are left of a title."""

    @dataclass
    class Picked(Message):
        """Somebody clicked on a tab."""

        pane: str

    def __init__(self, identity: str | None = None) -> None:
        super().__init__(identity)
        self._tabs: Sequence[Tab] = ()
        self._current = ""

    def show(self, tabs: Sequence[Tab], current: str) -> None:
        if (tabs, current) != (self._tabs, self._current):
            self._tabs, self._current = tabs, current
            self.refresh()

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        return [Span(text, "key" if pane == self._current else "muted") for pane, text in self._shown()], "header"

    def _shown(self) -> list[tuple[str, str]]:
        if sum(cell_len(tab.text) + 2 for tab in self._tabs) <= self.size.width:
            return [(tab.pane, f"[{tab.text}]" if tab.pane == self._current else f" {tab.text} ") for tab in self._tabs]
        letters = next((n for n in range(self.MOST, self.LEAST, -1) if self._fits(n)), self.LEAST)
        return [
            (tab.pane, f" [{tab.text}]" if tab.pane == self._current else f" {tab.short(letters)}")
            for tab in self._tabs
        ]

    def _fits(self, letters: int) -> bool:
        """Whether the tabs fit at so many letters, whichever is the current one."""
        short = [cell_len(tab.short(letters)) for tab in self._tabs]
        longest = max(cell_len(tab.text) - cells for tab, cells in zip(self._tabs, short, strict=True))
        return sum(short) + len(short) + longest + 2 <= self.size.width

    def on_click(self, event: events.Click) -> None:
        left = 0
        for pane, text in self._shown():
            if left <= event.x < left + cell_len(text):
                self.post_message(self.Picked(pane))
            left += cell_len(text)


class KeyBar(LineBar):
    """The most useful keys of the moment, as many as fit."""

    def __init__(self, identity: str | None = None) -> None:
        super().__init__(identity=identity)
        self._actions: tuple[Action, ...] = ()
        self._keymap: dict[str, str] = {}

    def show(self, actions: Iterable[Action], keymap: dict[str, str]) -> None:
        """Show these actions by their `footer` order."""
        chosen = tuple(sorted((a for a in actions if a.footer), key=lambda action: action.footer))
        if (chosen, keymap) != (self._actions, self._keymap):
            self._actions, self._keymap = chosen, keymap
            self.refresh()

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        """As many keys as fit; help and quit always stay."""
        return [part for action in self._fitting() for part in self._item(action)], "header"

    def _fitting(self) -> list[Action]:
        kept = [self._item(action) for action in self._actions if action.footer >= ALWAYS]
        room = self.size.width - sum(map(width, kept))
        shown: list[Action] = []
        for action in self._actions:
            cells = width(self._item(action))
            if action.footer < ALWAYS and cells <= room:
                shown.append(action)
                room -= cells
        return [*shown, *(action for action in self._actions if action.footer >= ALWAYS)]

    async def on_click(self, event: events.Click) -> None:
        """A key that is clicked does what it does when it is pressed."""
        left = 0
        for action in self._fitting():
            right = left + width(self._item(action))
            if left <= event.x < right:
                await run(action, self.screen.focused or self.screen)
            left = right

    def _item(self, action: Action) -> Line:
        return Span(" " + shown_keys(action, self._keymap)[0], "key"), Span(f" {action.said} ")
