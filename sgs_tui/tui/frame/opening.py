"""The first picture: painted before numpy and the engine are loaded, which takes as long again."""

from textual.app import ComposeResult, ScreenStackError
from textual.screen import Screen
from textual.widget import Widget

from sgs_tui.tui.settings import Start
from sgs_tui.tui.text import Span, cut
from sgs_tui.tui.widgets.bars import LineBar
from sgs_tui.tui.widgets.key_queue import InTurn

# What every screen here has in common: it covers those below it, and keys reach it one at a time.


class Covering(InTurn):
    """A screen that nothing below it shines through."""

    @property
    def is_current(self) -> bool:
        """Only on top. Textual takes the screen below for visible too, and sends all of the top one for its changes."""
        try:
            top: Widget = self.app.screen
        except ScreenStackError:
            return False
        return top is self


class OpeningScreen(Covering, Screen[None]):
    """Says what is being opened, where it will be said for good."""

    def __init__(self, start: Start) -> None:
        super().__init__()
        self._start = start

    def compose(self) -> ComposeResult:
        names = [cut(path.name, 32) for path in (self._start.sample, self._start.benchmark) if path is not None]
        what = " against ".join(names) or f"{self._start.folder}/"
        yield LineBar((Span(" opening ", "muted"), Span(what)), "header", identity="title")
