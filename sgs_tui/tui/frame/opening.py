"""The first picture: painted before numpy and the engine are loaded, which takes as long again."""

from textual.app import ComposeResult
from textual.screen import Screen

from sgs_tui.language import _
from sgs_tui.tui.frame.opaque import OpaqueScreen
from sgs_tui.tui.settings import Start
from sgs_tui.tui.text import Span, cut
from sgs_tui.tui.widgets.bars import LineBar


class OpeningScreen(OpaqueScreen, Screen[None]):
    """Says what is being opened, where it will be said for good."""

    def __init__(self, start: Start) -> None:
        super().__init__()
        self._start = start

    def compose(self) -> ComposeResult:
        names = [cut(path.name, 32) for path in (self._start.sample, self._start.benchmark) if path is not None]
        what = names[0] if names else f"{self._start.folder}/"
        if len(names) == 2:
            what = _("{sample} against {benchmark}", sample=names[0], benchmark=names[1])
        yield LineBar((Span(f" {_('opening')} ", "muted"), Span(what)), "header", identity="title")
