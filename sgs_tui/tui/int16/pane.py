"""The INT16 window: advised and marked tensors, what they should bring, the change of input_config.ini."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual import on
from textual.message import Message
from textual.widget import Widget

from sgs_tui.engine.requantize.ini_change import IniChange
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.dialogs import Dialog
from sgs_tui.tui.int16.view import CANDIDATE_COLUMNS, CandidateRows, Plan, plan_lines
from sgs_tui.tui.text import Line, Span
from sgs_tui.tui.widgets.table import Table, TableAbove
from sgs_tui.tui.widgets.text_view import TextView

MOST_ROWS = 8


@dataclass
class MarkToggled(Message):
    """The user wants this tensor in 16 bit, or (it was `chosen`) not."""

    tensor: str
    chosen: bool


@dataclass
class WriteAsked(Message):
    """Write the file, after a question."""

    path: Path
    change: IniChange


class MakeAsked(Message):
    """Make the models again with what is chosen."""


@dataclass
class IniAsked(Message):
    """Ask for another input_config.ini."""

    plan: Plan


class Int16Dialog(Dialog[None]):
    """Shows a plan; every mark makes a new one in the background."""

    BINDINGS = bindings("int16")
    GROUPS = ("int16", "dialog")

    def __init__(self, keymap: dict[str, str]) -> None:
        super().__init__("INT16: tensors for [CONV_CONFIG] of input_config.ini", keymap)
        self.text = TextView()
        self.text.can_focus = False
        self.table = TableAbove(self.text, CANDIDATE_COLUMNS, empty="no tensor is advised, and none is marked")
        self.plan: Plan | None = None

    def body(self) -> Iterable[Widget]:
        return (self.table, self.text)

    def on_mount(self) -> None:
        """The advice follows, or (on a busy machine) is there before the window."""
        self.table.focus()
        if self.plan is None:
            self.table.styles.height = 3
            self.text.show(_waiting)
        else:
            self.show_plan(self.plan)

    def show_plan(self, plan: Plan) -> None:
        """What is advised; the cursor stays on its tensor."""
        here = self.tensor
        self.plan = plan
        found = plan.advice.candidates
        self.table.styles.height = 1 + max(2, min(len(found), MOST_ROWS, self.size.height // 3))
        place = next((n for n, one in enumerate(found) if one.tensor == here), 0)
        self.table.show(CandidateRows(found), cursor=place)
        self._fill()

    @property
    def tensor(self) -> str:
        found = self.plan.advice.candidates if self.plan else ()
        return found[self.table.cursor].tensor if self.table.cursor < len(found) else ""

    @on(Table.Moved)
    def _fill(self) -> None:
        if self.plan is not None:
            self.text.show(partial(plan_lines, self.plan, self.table.cursor), keep=True)

    def action_choose(self) -> None:
        if self.plan is not None and self.tensor:
            self._tell(MarkToggled(self.tensor, self.tensor in self.plan.advice.chosen))

    @on(Table.Activated)
    def toggle_clicked(self) -> None:
        self.action_choose()

    def action_write(self) -> None:
        """Show what changes and ask; where nothing does the text says so."""
        change = self.plan.change if self.plan else None
        if self.plan is not None and change is not None and change.changes:
            self._tell(WriteAsked(self.plan.path, change))
        else:
            self.text.action_bottom()

    def action_iterate(self) -> None:
        if self.plan is not None:
            self._tell(MakeAsked())

    def action_file(self) -> None:
        if self.plan is not None:
            self._tell(IniAsked(self.plan))

    def _tell(self, message: Message) -> None:
        self.app.screen_stack[-2].post_message(message)


def _waiting(width: int) -> list[Line]:
    return [(Span("working it out ...", "muted"),)]
