"""The help window: keys and meanings, searched by words, and kept open beside the panes where there is room.

Apart because it reads nothing but lines that it is given.
"""

from collections.abc import Iterable

from textual import on
from textual.widget import Widget

from sgs_tui.language import _
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.dialogs import Dialog
from sgs_tui.tui.text import Line, Span, line, plain
from sgs_tui.tui.widgets.prompt import Prompt
from sgs_tui.tui.widgets.text_view import Text, TextView


class HelpDialog(Dialog[bool]):
    """True when it is to stay beside the panes."""

    BINDINGS = bindings("help")
    GROUPS = ("help", "dialog")

    def __init__(self, text: Text, keymap: dict[str, str]) -> None:
        super().__init__(_("Help"), keymap)
        self._text = text
        self.prompt = Prompt(placeholder=_("words that the line has"))
        self.view = TextView(self._found)

    def body(self) -> Iterable[Widget]:
        return (self.prompt, self.view)

    def on_mount(self) -> None:
        self.prompt.display = False
        self.view.focus()

    def _found(self, width: int) -> list[Line]:
        """The lines that have every word; all while nothing is searched."""
        lines, words = list(self._text(width)), self.prompt.value.lower().split()
        if not words:
            return lines
        found = [each for each in lines if all(word in plain([each]).lower() for word in words)]
        return found or [line(Span(_("no line has these words"), "muted"))]

    # --- keys

    def action_search(self) -> None:
        self.prompt.display = True
        self.prompt.focus()

    def action_beside(self) -> None:
        self.dismiss(True)

    @on(Prompt.Changed)
    def narrow(self) -> None:
        self.view.show(self._found)

    @on(Prompt.Submitted)
    def keep(self) -> None:
        """Read what was found."""
        self.view.focus()

    @on(Prompt.Cancelled)
    def drop(self) -> None:
        self.prompt.value = ""
        self.prompt.display = False
        self.view.focus()
