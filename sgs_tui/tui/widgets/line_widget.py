"""The base of every widget here: it draws lines of toned spans itself, so that a change repaints one line."""

from collections.abc import Iterable
from functools import reduce
from typing import Protocol, Self, cast

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from sgs_tui.tui.actions import bindings
from sgs_tui.tui.text import ELLIPSIS, Line, Span, Tone
from sgs_tui.tui.widgets.key_queue import TakesQueuedKeys

_PLAIN = Style.null()
_Painted = tuple[Line, Tone]


class _HasLooks(Protocol):
    """An app that says how tones look. Component classes of the style sheet would do it too, at ten times the cost."""

    looks: dict[Tone, Style]


class LineWidget(TakesQueuedKeys, Widget):
    """A widget of lines. Subclasses give `line_at`; `repaint_line` repaints one, `repaint_changed` all that differ."""

    _styles: dict[tuple[Tone, Tone], Style]
    _painted: dict[int, tuple[_Painted, Strip]]
    """What each line shows, as it was last made."""
    _clean: dict[int, Strip]
    """Lines that nobody has asked to repaint since, ready for the screen."""

    def __init__(self, identity: str | None = None) -> None:
        self._styles, self._painted, self._clean, self._width = {}, {}, {}, 0
        super().__init__(id=identity)

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        """Line `y` of the widget and the tone of the whole line."""
        raise NotImplementedError

    def render_lines(self, crop: Region) -> list[Strip]:
        """Textual's hook, without what it does for borders, padding, tint and opacity, which these widgets have not:
        that is the larger part of what a page costs."""
        if self._width != self.size.width:
            self._clean.clear()
            self._width = self.size.width
        if missing := [y for y in crop.line_range if y not in self._clean]:
            background, filters = self.background_colors[1], self.get_line_filters()
            for y in missing:
                self._clean[y] = reduce(
                    lambda strip, each: strip.apply_filter(each, background), filters, self.render_line(y)
                )
        strips = [self._clean[y] for y in crop.line_range]
        left, right = crop.column_span
        return strips if (left, right) == (0, self._width) else [strip.crop(left, right) for strip in strips]

    def _set_dirty(self, *regions: Region) -> None:
        """Textual's hook: these parts, or all of it, are to be made anew when they are next asked for."""
        for y in (y for region in regions for y in region.line_range):
            self._clean.pop(y, None)
        if not regions:
            self._clean.clear()
        super()._set_dirty(*regions)

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Textual's, told to the screen at once and not when the widget is next idle: what one key changes in several
        widgets comes in one picture."""
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        if self.is_mounted:
            self._check_refresh()
        return self

    def render_line(self, y: int) -> Strip:
        """Textual's hook: spans as a strip of exactly the widget's width, with a sign where the line is longer."""
        asked, before, width = self._asked(y), self._painted.get(y), self.size.width
        if before and before[0] == asked and before[1].cell_length == width:
            return before[1]
        strip = self._strip(*asked, width)
        self._painted[y] = asked, strip
        return strip

    def _strip(self, spans: Line, tone: Tone, width: int) -> Strip:
        strip = Strip([Segment(text, self._style_of(tone, own)) for text, own in spans if text])
        if strip.cell_length > width > 0 and strip.crop(width).text.strip():
            strip = Strip([*strip.crop(0, width - 1), Segment(ELLIPSIS, self._style_of(tone, "muted"))])
        return strip.adjust_cell_length(width, self._style_of(tone)).simplify()

    def repaint_line(self, y: int) -> None:
        """Repaint line `y` if it is on the widget."""
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def repaint_changed(self) -> None:
        """Repaint the lines that changed; the same lines again cost nothing."""
        if changed := self.outdated():
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def outdated(self) -> list[int]:
        """Lines that were painted otherwise than they are to be, or not yet."""
        return [y for y in range(self.size.height) if y not in self._painted or self._painted[y][0] != self._asked(y)]

    def _asked(self, y: int) -> _Painted:
        spans, tone = self.line_at(y)
        return tuple(spans), tone

    def notify_style_update(self) -> None:
        """Textual's hook: another theme."""
        self._styles.clear()
        self._painted.clear()
        self._clean.clear()
        super().notify_style_update()

    def _style_of(self, tone: Tone, own: Tone = "") -> Style:
        """The look of a line's tone, and on it of a span's own: worked out once, as blending costs a page its 20 ms."""
        if (tone, own) not in self._styles:
            looks = cast("_HasLooks", self.app).looks
            self._styles[tone, own] = self.rich_style + looks.get(tone, _PLAIN) + looks.get(own, _PLAIN)
        return self._styles[tone, own]


class ListWidget(LineWidget, can_focus=True):
    """Rows with a place among them, which the keys of lists and the wheel move. Subclasses give `place` and `go`."""

    BINDINGS = bindings("move")
    END = 1 << 60

    @property
    def place(self) -> int:
        raise NotImplementedError

    def go(self, row: int) -> None:
        """Put the place on `row`, or as near as there are rows."""
        raise NotImplementedError

    @property
    def page(self) -> int:
        """Rows that a page key moves by."""
        return max(1, self.size.height - 1)

    def action_down(self) -> None:
        self.go(self.place + 1)

    def action_up(self) -> None:
        self.go(self.place - 1)

    def action_page_down(self) -> None:
        self.go(self.place + self.page)

    def action_page_up(self) -> None:
        self.go(self.place - self.page)

    def action_top(self) -> None:
        self.go(0)

    def action_bottom(self) -> None:
        self.go(self.END)

    def on_mouse_scroll_down(self) -> None:
        self.go(self.place + 3)

    def on_mouse_scroll_up(self) -> None:
        self.go(self.place - 3)
