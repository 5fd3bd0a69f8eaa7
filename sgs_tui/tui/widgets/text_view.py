"""Read-only text: lines that scroll by keys (details, help, file text, log), and a canvas of ready lines."""

from collections.abc import Callable, Iterable, Sequence

from sgs_tui.language import _
from sgs_tui.tui.text import Line, Span, Tone
from sgs_tui.tui.widgets.line_widget import LineWidget, ListWidget

Text = Callable[[int], Sequence[Line]]
"""A text as lines for a width in cells."""
_LEAST = 24


class TextView(ListWidget):
    """Lines with a scroll position, broken for the present width; `reads` is off where a table has the keys.

    A place asked for before the text is laid out holds for the text that comes, and the end stays the end of one that
    grows until another place is asked for: who types ahead sees what they would have seen a moment later.
    """

    def __init__(self, text: Text | None = None, identity: str | None = None, reads: bool = True) -> None:
        super().__init__(identity)
        self.can_focus = reads
        self._text = text
        self.lines: Sequence[Line] = ()
        self.top = 0
        self._at_end = False

    def show(self, text: Text, keep: bool = False) -> None:
        """Show another text, from the top unless `keep`; lines that stay the same cost nothing."""
        self._text = text
        if not keep:
            self.top, self._at_end = 0, False
        self._flow()

    def follow(self, text: Text) -> None:
        """Show a text that grew: its end, unless the user scrolled up."""
        following = not self.hidden
        self.show(text, keep=True)
        if following:
            self.action_bottom()

    def _flow(self) -> None:
        if self._text is None or not self.size.width:
            return
        lines = self._text(max(_LEAST, self.size.width - 1))
        self.lines, self.top = lines, self._inside(self.END if self._at_end else self.top, lines)
        self.repaint_changed()

    @property
    def hidden(self) -> int:
        """Lines below the screen."""
        return max(0, len(self.lines) - self.top - self.size.height)

    @property
    def place(self) -> int:
        return self.top

    def go(self, row: int) -> None:
        self._at_end = row >= self.END
        top = self._inside(row, self.lines) if self.size.width else max(0, row)
        if top != self.top:
            self.top = top
            self.repaint_changed()

    def _inside(self, row: int, lines: Sequence[Line]) -> int:
        return max(0, min(row, len(lines) - max(1, self.size.height)))

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        """The line at this height; the last one says how many more follow."""
        if y == self.size.height - 1 and self.hidden:
            # at least two: this line covers one of them
            return (Span(_("{hidden} more lines below", hidden=self.hidden + 1), "muted"),), ""
        number = self.top + y
        return (self.lines[number] if number < len(self.lines) else ()), ""

    def action_left(self) -> None:
        """Lines are wrapped: nothing is to the left."""

    def action_right(self) -> None:
        """Lines are wrapped: nothing is to the right."""

    def on_resize(self) -> None:
        self._flow()


class Canvas(LineWidget, can_focus=True):
    """Shows lines that were made for its size."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Other lines; the same ones again cost nothing."""
        self.lines = lines
        self.repaint_changed()

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        return (self.lines[y] if y < len(self.lines) else ()), ""
