"""Pane 5: what the engine did and said."""

from time import time

from textual.app import ComposeResult
from textual.widget import Widget

from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.log.view import Entry, Log
from sgs_tui.tui.widgets.text_view import TextView


class LogPane(Pane):
    """The log; it follows its end unless the user scrolled up."""

    NAME, KEY, TITLE = "log", "5", "Log"
    GROUPS = ("log", "move")
    BINDINGS = bindings("log")

    def __init__(self) -> None:
        super().__init__()
        self.view = TextView()
        self.log_ = Log()

    @property
    def main(self) -> Widget:
        return self.view

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.view

    def on_mount(self) -> None:
        self.head()

    def add(self, text: str, level: str = "info", hint: str = "") -> None:
        self.log_.entries.append(Entry(time(), text, level, hint))
        self._fill()

    def _fill(self) -> None:
        following = not self.view.hidden
        self.view.show(self.log_.lines, keep=True)
        if following:
            self.view.action_bottom()

    def copied(self, whole: bool) -> str:
        entries = list(self.log_.entries) if whole else list(self.log_.entries)[-1:]
        return "\n".join(f"{entry.text} {entry.hint}".rstrip() for entry in entries)
