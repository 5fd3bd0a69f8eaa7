"""The base of every widget here: draws lines of toned spans itself, so that a change repaints one line."""

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from sgs_tui.tui.lines import TONES, Span, Tone


class LineWidget(Widget):
    """A widget of lines. Subclasses give `line_at`; `repaint_line` sends that one line down the wire."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{tone}" for tone in TONES}

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

    def tone_style(self, tone: Tone) -> Style:
        """The look of a tone, without a background of its own unless the style sheet gives one."""
        return self.get_component_rich_style(f"tone--{tone}", partial=True) if tone else Style.null()

    def strip_of(self, spans: Iterable[Span], tone: Tone = "") -> Strip:
        """Spans as a strip of exactly the widget's width; neighbours of one look become one segment."""
        base = self.rich_style + self.tone_style(tone)
        segments = [Segment(text, base + self.tone_style(own)) for text, own in spans if text]
        return Strip(segments).adjust_cell_length(self.size.width, base).simplify()
