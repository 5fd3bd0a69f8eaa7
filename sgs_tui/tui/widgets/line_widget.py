"""The base of every widget here: draws lines of toned spans itself, so that a change repaints one line."""

from collections.abc import Iterable
from typing import Protocol, cast

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from sgs_tui.tui.lines import Span, Tone
from sgs_tui.tui.widgets.turnstile import InTurn

PLAIN = Style.null()


class Dressed(Protocol):
    """An app that says how tones look. Component classes of the style sheet would do it too, at ten times the cost."""

    looks: dict[Tone, Style]


class LineWidget(InTurn, Widget):
    """A widget of lines. Subclasses give `line_at`; `repaint_line` sends that one line down the wire."""

    _styles: dict[tuple[Tone, Tone], Style]

    def __init__(self, identity: str | None = None) -> None:
        self._styles = {}
        super().__init__(id=identity)

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        """Line `y` of the widget and the tone of the whole line."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """Textual's hook: one line, padded to the widget's width in one style."""
        spans, tone = self.line_at(y)
        return self.strip_of(spans, tone)

    def repaint_line(self, y: int) -> None:
        """Repaint line `y` if it is on the widget."""
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def notify_style_update(self) -> None:
        """Textual's hook: another theme."""
        self._styles.clear()
        super().notify_style_update()

    def style_of(self, tone: Tone, own: Tone = "") -> Style:
        """The look of a line's tone, and on it of a span's own: worked out once, as blending costs a page its 20 ms."""
        if (tone, own) not in self._styles:
            looks = cast("Dressed", self.app).looks
            self._styles[tone, own] = self.rich_style + looks.get(tone, PLAIN) + looks.get(own, PLAIN)
        return self._styles[tone, own]

    def strip_of(self, spans: Iterable[Span], tone: Tone = "") -> Strip:
        """Spans as a strip of exactly the widget's width; neighbours of one look become one segment."""
        segments = [Segment(text, self.style_of(tone, own)) for text, own in spans if text]
        return Strip(segments).adjust_cell_length(self.size.width, self.style_of(tone)).simplify()
