"""Read-only text that scrolls by keys: details, help, file text, log."""

from collections.abc import Iterable, Sequence

from sgs_tui.tui.actions import bindings
from sgs_tui.tui.lines import Line, Span, Tone
from sgs_tui.tui.widgets.line_widget import LineWidget


class TextView(LineWidget, can_focus=True):
    """Lines with a scroll position."""

    BINDINGS = bindings("move")

    def __init__(self, lines: Sequence[Line] = (), identity: str | None = None) -> None:
        super().__init__(id=identity)
        self.lines: Sequence[Line] = lines
        self.top = 0

    def show(self, lines: Sequence[Line], keep: bool = False) -> None:
        """Show other lines, from the top unless `keep`; unchanged lines cost nothing."""
        if list(lines) == list(self.lines) and keep:
            return
        self.lines = lines
        self.top = self._inside(self.top if keep else 0)
        self.refresh()

    @property
    def hidden(self) -> int:
        """Lines below the screen."""
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
        """One line down."""
        self.scroll_lines(self.top + 1)

    def action_up(self) -> None:
        """One line up."""
        self.scroll_lines(self.top - 1)

    def action_page_down(self) -> None:
        """A page down."""
        self.scroll_lines(self.top + max(1, self.size.height - 1))

    def action_page_up(self) -> None:
        """A page up."""
        self.scroll_lines(self.top - max(1, self.size.height - 1))

    def action_top(self) -> None:
        """The first line."""
        self.scroll_lines(0)

    def action_bottom(self) -> None:
        """The last line."""
        self.scroll_lines(len(self.lines))

    def action_left(self) -> None:
        """Lines are wrapped: nothing is to the left."""

    def action_right(self) -> None:
        """Lines are wrapped: nothing is to the right."""

    def on_resize(self) -> None:
        """Stay inside the text."""
        self.top = self._inside(self.top)
        self.refresh()

    def on_mouse_scroll_down(self) -> None:
        """Three lines down."""
        self.scroll_lines(self.top + 3)

    def on_mouse_scroll_up(self) -> None:
        """Three lines up."""
        self.scroll_lines(self.top - 3)
