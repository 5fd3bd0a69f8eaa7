"""The INT16 window: advised and marked tensors, what they should bring, the change of input_config.ini."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual import on
from textual.message import Message
from textual.widget import Widget

from sgs_tui.engine.requantize.ini_change import IniChange
from sgs_tui.language import _
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.dialogs import ConfirmDialog, Dialog
from sgs_tui.tui.int16.foresee import Foreseen
from sgs_tui.tui.int16.view import CANDIDATE_COLUMNS, Plan, plan_lines
from sgs_tui.tui.text import Span, line
from sgs_tui.tui.widgets.table import ListTable, Table
from sgs_tui.tui.widgets.text_view import TextView

_MOST_ROWS = 8


@dataclass
class MarkToggled(Message):
    """The user wants this tensor in INT16, or (it was `chosen`) not."""

    tensor: str
    chosen: bool


@dataclass
class WriteAsked(Message):
    """Write the file, after a question."""

    path: Path
    change: IniChange


class LoseMarksDialog(ConfirmDialog):
    """Marks that stand in no file yet."""


class Int16Dialog(Dialog[None]):
    """Shows a plan; every mark makes a new one in the background."""

    BINDINGS = bindings("int16")
    GROUPS = ("int16", "dialog")

    def __init__(self, keymap: dict[str, str]) -> None:
        super().__init__(_("INT16: tensors for [CONV_CONFIG] of input_config.ini"), keymap)
        self.text = TextView(lambda width: [line(Span(_("working it out ..."), "muted"))], reads=False)
        self.table = ListTable(
            CANDIDATE_COLUMNS,
            tone=lambda one: "muted" if one.unaffected else "",
            below=self.text,
        )
        self.plan: Plan | None = None
        self.foreseen: Foreseen | None = None
        self.waiting = False

    def body(self) -> Iterable[Widget]:
        return (self.table, self.text)

    def on_mount(self) -> None:
        """The advice follows, or (on a busy machine) is there before the window."""
        self.table.focus()
        if self.plan is None:
            self.table.styles.height = 3
        else:
            self.show_plan(self.plan)

    def show_plan(self, plan: Plan) -> None:
        """What is advised; the cursor stays on its tensor."""
        here = self.tensor
        self.plan, self.waiting = plan, True
        self.table.explain(_("no convolution reads a tensor that could get INT16"))
        found = (*plan.advice.candidates, *plan.advice.others)
        self.table.styles.height = 1 + max(2, min(len(found), _MOST_ROWS, self.size.height // 4))
        self.table.fill_on(found, lambda one: one.tensor == here)
        self._fill()

    def show_foreseen(self, foreseen: Foreseen) -> None:
        """What the twin says of the plan on the screen."""
        self.foreseen, self.waiting = foreseen, False
        self._fill()

    @property
    def tensor(self) -> str:
        """The tensor under the cursor."""
        return self.table.item.tensor if self.table.item else ""

    @on(Table.Moved)
    def _fill(self) -> None:
        if self.plan is not None:
            plain = bool(getattr(self.app, "ascii_only", False))
            shown = partial(plan_lines, self.plan, self.foreseen, self.waiting, self.table.item, plain)
            self.text.show(shown, keep=True)

    @on(Table.Activated)
    def action_choose(self) -> None:
        if self.plan is not None and self.tensor:
            self.tell(MarkToggled(self.tensor, self.tensor in self.plan.advice.chosen))

    def action_write(self) -> None:
        """Show what changes and ask; where nothing does the text says so."""
        change = self.plan.change if self.plan else None
        if self.plan is not None and change is not None and change.changes:
            self.tell(WriteAsked(self.plan.path, change))
        else:
            self.text.action_bottom()
