"""One-line widgets: title, tabs, status, keys."""

from collections.abc import Iterable, Sequence

from textual import events
from textual.message import Message

from sgs_tui.tui.actions import Action, shown_keys
from sgs_tui.tui.lines import Line, Span, Tone, width
from sgs_tui.tui.widgets.line_widget import LineWidget

ALWAYS = 90
"""From this `footer` on an action is always shown."""


class LineBar(LineWidget):
    """One line of text; showing the same again repaints nothing."""

    def __init__(self, text: Line = (), tone: Tone = "", identity: str | None = None) -> None:
        super().__init__(id=identity)
        self._text, self._tone = text, tone

    @property
    def text(self) -> str:
        """What it says, without tones."""
        return "".join(part.text for part in self._text)

    def say(self, text: Line, tone: Tone | None = None) -> None:
        """Show another line."""
        tone = self._tone if tone is None else tone
        if (text, tone) != (self._text, self._tone):
            self._text, self._tone = text, tone
            self.refresh()

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        """The line."""
        return self._text, self._tone


class TabBar(LineBar):
    """The panes by number; the current one stands out by brackets and by its look."""

    class Picked(Message):
        """Somebody clicked on a tab."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, identity: str | None = None) -> None:
        super().__init__(tone="header", identity=identity)
        self._tabs: Sequence[tuple[str, str]] = ()

    def show(self, tabs: Sequence[tuple[str, str]], current: str) -> None:
        """Show (pane, title) tabs."""
        self._tabs = tabs
        self.say(
            tuple(Span(f"[{title}]", "key") if pane == current else Span(f" {title} ", "muted") for pane, title in tabs)
        )

    def on_click(self, event: events.Click) -> None:
        """Go to the pane of that tab."""
        left = 0
        for pane, title in self._tabs:
            if left <= event.x < left + len(title) + 2:
                self.post_message(self.Picked(pane))
            left += len(title) + 2


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
        kept = [self._item(action) for action in self._actions if action.footer >= ALWAYS]
        room = self.size.width - sum(map(width, kept))
        shown: list[Line] = []
        for action in self._actions:
            item = self._item(action)
            if action.footer < ALWAYS and width(item) <= room:
                shown.append(item)
                room -= width(item)
        return [part for item in (*shown, *kept) for part in item], "header"

    def _item(self, action: Action) -> Line:
        return Span(" " + shown_keys(action, self._keymap)[0], "key"), Span(f" {action.label} ")
