"""The window of a comparison against an earlier one."""

from collections.abc import Iterable
from functools import partial

from textual import on
from textual.message import Message
from textual.widget import Widget

from sgs_tui.engine.compare.baseline import Baseline, Regression, Step
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.baseline.view import STEP_COLUMNS, StepRows, headline, in_order, step_lines
from sgs_tui.tui.frame.dialogs import Dialog
from sgs_tui.tui.jobs import LayerWanted
from sgs_tui.tui.text import Span, cut, span, width
from sgs_tui.tui.widgets.bars import LineBar
from sgs_tui.tui.widgets.table import Table
from sgs_tui.tui.widgets.text_view import TextView


class FileAsked(Message):
    """Ask for another baseline."""


class RunAsked(Message):
    """Ask for an earlier run as the baseline."""


class KeepAsked(Message):
    """Take the present comparison as the baseline."""


class BaselineDialog(Dialog[None]):
    """Every layer before and after."""

    BINDINGS = bindings("baseline")
    GROUPS = ("baseline", "dialog")

    def __init__(self, keymap: dict[str, str]) -> None:
        super().__init__("Against an earlier comparison", keymap)
        self.summary = LineBar((Span(" comparing ...", "muted"),))
        self.table = Table(STEP_COLUMNS, frozen=2, empty="")
        self.text = TextView()
        self.text.can_focus = False

    def body(self) -> Iterable[Widget]:
        return (self.summary, self.table, self.text)

    def on_mount(self) -> None:
        self.text.styles.height = 4
        self.table.focus()

    def show(self, baseline: Baseline, regression: Regression, profile: str) -> None:
        """What became of the layers, which `profile` judges now."""
        told = Span(f" {headline(regression)}", "strong")
        other = "" if baseline.profile == profile else f"  judged by {baseline.profile} then, {profile} now"
        room = max(12, self.size.width - width((told,)) - len(other) - 12)
        source = Span(f"  since {cut(baseline.source, room)}", "muted")
        self.summary.say((told, span(other, "warn"), source))
        self.table.restart(StepRows(in_order(regression)))
        self._explain()

    @property
    def step(self) -> Step | None:
        source = self.table.source
        return source.steps[self.table.cursor] if isinstance(source, StepRows) and len(source) else None

    @on(Table.Moved)
    def _explain(self) -> None:
        if self.step is not None:
            self.text.show(partial(step_lines, self.step))

    def action_open(self) -> None:
        if self.step is not None and self.step.after is not None:
            self._tell(LayerWanted(self.step.after.name, leave=True))
            self.dismiss(None)

    @on(Table.Activated)
    def open_clicked(self) -> None:
        self.action_open()

    def action_run(self) -> None:
        self._tell(RunAsked())

    def action_file(self) -> None:
        self._tell(FileAsked())

    def action_keep(self) -> None:
        self._tell(KeepAsked())

    def _tell(self, message: Message) -> None:
        self.app.screen_stack[-2].post_message(message)
