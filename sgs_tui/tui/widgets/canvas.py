"""Ready lines on the screen."""

from collections.abc import Iterable, Sequence

from sgs_tui.tui.lines import Line, Span, Tone
from sgs_tui.tui.widgets.line_widget import LineWidget


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
        """A made line."""
        return (self.lines[y] if y < len(self.lines) else ()), ""
