"""A question with its evidence: what would change, and enter to do it."""

from collections.abc import Iterable

from textual.widget import Widget

from sgs_tui.tui.actions import bindings
from sgs_tui.tui.screens.dialog import Dialog
from sgs_tui.tui.widgets.text_view import Text, TextView


class ConfirmDialog(Dialog[bool]):
    """True when the user says yes, None otherwise."""

    BINDINGS = bindings("confirm")
    GROUPS = ("confirm", "dialog")

    def __init__(self, question: str, evidence: Text, keymap: dict[str, str] | None = None) -> None:
        super().__init__(question, keymap)
        self.view = TextView(evidence)

    def body(self) -> Iterable[Widget]:
        """The evidence."""
        return (self.view,)

    def action_yes(self) -> None:
        """Do it."""
        self.dismiss(True)
