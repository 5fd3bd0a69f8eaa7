"""A prompt for paths: tab completes as in a shell."""

from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from sgs_tui.tui.models.paths import complete
from sgs_tui.tui.widgets.prompt import Prompt


class PathPrompt(Prompt):
    """Completes in place; where several names fit, `Several` carries them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", "Complete the path", show=False)]

    class Several(Message):
        """The text goes on in more than one way."""

        def __init__(self, names: tuple[str, ...]) -> None:
            super().__init__()
            self.names = names

    def action_complete(self) -> None:
        """As far as it is certain."""
        done = complete(self.value, Path.cwd())
        self.value = done.text
        self.cursor_position = len(done.text)
        self.post_message(self.Several(done.names))
