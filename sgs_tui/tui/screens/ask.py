"""Ask for a line of text, such as a path."""

from collections.abc import Iterable

from textual import on
from textual.widget import Widget

from sgs_tui.tui.lines import Span, span
from sgs_tui.tui.screens.dialog import Dialog
from sgs_tui.tui.widgets.bars import LineBar
from sgs_tui.tui.widgets.prompt import Prompt


class Ask(Dialog[str]):
    """The line typed, or None."""

    GROUPS = ("typing",)

    def __init__(self, question: str, value: str = "", note: str = "", keymap: dict[str, str] | None = None) -> None:
        super().__init__(question, keymap)
        self.prompt = Prompt(value)
        self._note = note
        self.add_class("-short")

    def body(self) -> Iterable[Widget]:
        """The line and a note."""
        return (self.prompt, LineBar((Span(" "), span(self._note, "muted"))))

    def on_mount(self) -> None:
        """Type at once."""
        self.prompt.focus()

    @on(Prompt.Submitted)
    def answer(self, event: Prompt.Submitted) -> None:
        """That is it."""
        self.dismiss(event.value)

    @on(Prompt.Cancelled)
    def give_up(self) -> None:
        """No answer."""
        self.dismiss(None)
