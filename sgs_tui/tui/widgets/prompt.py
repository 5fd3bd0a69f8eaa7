"""A one-line input for filters and paths: no blinking cursor, escape gives up."""

from typing import ClassVar

from textual import events
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
        self.last_key: events.Key | None = None

    def on_key(self, event: events.Key) -> None:
        """Remember what arrived here; `Input` has its own handler for what it means."""
        self.last_key = event

    def missed(self, event: events.Key) -> bool:
        """Whether a key that was meant for this prompt went elsewhere; it is then taken.

        A slow line delivers several keys at once: those behind the one that opened the prompt were already on their
        way to another widget.
        """
        if event is self.last_key:
            return False
        self.post_message(events.Key(event.key, event.character))
        return True

    def action_cancel(self) -> None:
        """Give up."""
        self.post_message(self.Cancelled(self))
