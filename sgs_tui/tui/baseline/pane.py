"""The window of a comparison against an earlier one."""

from collections.abc import Iterable
from functools import partial

from textual import on
from textual.widget import Widget

from sgs_tui.engine.compare.baseline import Baseline, Change, Regression
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.baseline.view import STEP_COLUMNS, headline, in_order, step_lines
from sgs_tui.tui.frame.dialogs import Dialog
from sgs_tui.tui.jobs import LayerWanted
from sgs_tui.tui.text import Span, cut, span, width
from sgs_tui.tui.widgets.bars import LineBar
from sgs_tui.tui.widgets.table import ListTable, Table
from sgs_tui.tui.widgets.text_view import TextView


class BaselineDialog(Dialog[None]):
    """Every layer before and after."""

    BINDINGS = bindings("baseline")
    GROUPS = ("baseline", "dialog")

    def __init__(self, keymap: dict[str, str]) -> None:
        super().__init__("Against an earlier comparison", keymap)
        self.summary = LineBar((Span(" comparing ...", "muted"),))
        self.table = ListTable(STEP_COLUMNS, tone=lambda step: "muted" if step.change is Change.SAME else "")
        self.text = TextView(reads=False)

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
        self.table.fill(in_order(regression), 0)
        self._explain()

    @on(Table.Moved)
    def _explain(self) -> None:
        if self.table.item is not None:
            self.text.show(partial(step_lines, self.table.item))

    @on(Table.Activated)
    def action_open(self) -> None:
        step = self.table.item
        if step is not None and step.after is not None:
            self.tell(LayerWanted(step.after.name, leave=True))
            self.dismiss(None)
