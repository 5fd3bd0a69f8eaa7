"""A record of a dump: header, statistics, values."""

from collections.abc import Iterable

from textual.widget import Widget

from sgs_tui.engine.dumps.records import Record
from sgs_tui.tui.lines import Line
from sgs_tui.tui.models.records import RecordFacts, record_lines
from sgs_tui.tui.screens.dialog import Dialog
from sgs_tui.tui.widgets.text_view import TextView


class RecordDialog(Dialog[None]):
    """Shows the header at once, the rest when it was read."""

    def __init__(self, record: Record, keymap: dict[str, str]) -> None:
        super().__init__(f"{record.direction} {record.slot} of op {record.op_index}", keymap)
        self.record = record
        self.facts: RecordFacts | None = None
        self.view = TextView()

    def body(self) -> Iterable[Widget]:
        """The text."""
        return (self.view,)

    def on_mount(self) -> None:
        """What is known."""
        self.view.show(self._lines)
        self.view.focus()

    def show_facts(self, record: Record, facts: RecordFacts) -> None:
        """The values are there."""
        if record is self.record:
            self.facts = facts
            self.view.show(self._lines, keep=True)

    def _lines(self, width: int) -> list[Line]:
        return record_lines(self.record, self.facts, width)
