"""Read-only text that scrolls by keys: details, help, file text, log."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, cast

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from sgs_tui.tui.actions import bindings
from sgs_tui.tui.text import Line, Span, Tone
from sgs_tui.tui.widgets.key_queue import InTurn

# The base of every widget here: draws lines of toned spans itself, so that a change repaints one line.

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


Text = Callable[[int], Sequence[Line]]
"""A text as lines for a width in cells."""
LEAST = 24


class TextView(LineWidget, can_focus=True):
    """Lines with a scroll position."""

    BINDINGS = bindings("move")

    def __init__(self, text: Text | None = None, identity: str | None = None) -> None:
        super().__init__(identity)
        self._text = text
        self.lines: Sequence[Line] = ()
        self.top = 0

    def show(self, text: Text, keep: bool = False) -> None:
        """Show another text, from the top unless `keep`; lines that stay the same cost nothing."""
        self._text = text
        if not keep:
            self.top = 0
        self._flow()

    def _flow(self) -> None:
        """Break the text for the present width."""
        if self._text is None or not self.size.width:
            return
        lines = self._text(max(LEAST, self.size.width - 1))
        top = max(0, min(self.top, len(lines) - max(1, self.size.height)))
        if (list(lines), top) != (list(self.lines), self._shown_from):
            self.lines, self.top = lines, top
            self.refresh()
        self._shown_from = top

    _shown_from = 0

    @property
    def hidden(self) -> int:
        return max(0, len(self.lines) - self.top - self.size.height)

    def _inside(self, top: int) -> int:
        return max(0, min(top, len(self.lines) - max(1, self.size.height)))

    def scroll_lines(self, top: int) -> None:
        """Put line `top` first, as far as there are lines."""
        top = self._inside(top)
        if top != self.top:
            self.top = top
            self.refresh()

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        """The line at this height; the last one says how many more follow."""
        if y == self.size.height - 1 and self.hidden:
            return (Span(f"{self.hidden + 1} more lines below", "muted"),), ""
        number = self.top + y
        return (self.lines[number] if number < len(self.lines) else ()), ""

    def action_down(self) -> None:
        self.scroll_lines(self.top + 1)

    def action_up(self) -> None:
        self.scroll_lines(self.top - 1)

    def action_page_down(self) -> None:
        self.scroll_lines(self.top + max(1, self.size.height - 1))

    def action_page_up(self) -> None:
        self.scroll_lines(self.top - max(1, self.size.height - 1))

    def action_top(self) -> None:
        self.scroll_lines(0)

    def action_bottom(self) -> None:
        self.scroll_lines(len(self.lines))

    def action_left(self) -> None:
        """Lines are wrapped: nothing is to the left."""

    def action_right(self) -> None:
        """Lines are wrapped: nothing is to the right."""

    def on_resize(self) -> None:
        self._flow()

    def on_mouse_scroll_down(self) -> None:
        self.scroll_lines(self.top + 3)

    def on_mouse_scroll_up(self) -> None:
        self.scroll_lines(self.top - 3)


# Ready lines on the screen.


class Canvas(LineWidget, can_focus=True):
    """Shows lines that were made for its size."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Other lines; the same ones again cost nothing."""
        if list(lines) != list(self.lines):
            self.lines = lines
            self.refresh()

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        return (self.lines[y] if y < len(self.lines) else ()), ""
