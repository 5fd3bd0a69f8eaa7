"""A one-line input for filters and paths: no blinking cursor, escape gives up."""

from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input

from sgs_tui.tui.actions import bindings
from sgs_tui.tui.widgets.turnstile import InTurn


class Prompt(InTurn, Input):
    """An input whose keys are the usual ones of a shell line; `escape` posts `Cancelled`."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("typing")

    class Cancelled(Message):
        """The user pressed escape."""

        def __init__(self, prompt: "Prompt") -> None:
            super().__init__()
            self.prompt = prompt

        @property
        def control(self) -> "Prompt":
            """The prompt, for selectors."""
            return self.prompt

    def __init__(self, value: str = "", placeholder: str = "", identity: str | None = None) -> None:
        super().__init__(value, placeholder, id=identity, compact=True, select_on_focus=False)
        self.cursor_blink = False

    def action_cancel(self) -> None:
        """Give up."""
        self.post_message(self.Cancelled(self))
