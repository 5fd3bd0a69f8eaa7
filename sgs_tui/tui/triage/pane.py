"""Pane 6: why the numbers are bad, what proves it, what would refute it, what to do.

Apart because a pane knows its widgets and the user's keys, and nothing of jobs, windows or other features.
"""

from collections.abc import Iterable
from functools import partial

from textual import on
from textual.app import ComposeResult

from sgs_tui.engine.diagnosis.results import Diagnosis, Finding
from sgs_tui.engine.numbers import count
from sgs_tui.language import Message, _
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.jobs import Flash, LayerWanted
from sgs_tui.tui.layers.blame import sign_lines
from sgs_tui.tui.text import BLANK, Line, line, paragraph, plain, span
from sgs_tui.tui.triage.view import FINDING_COLUMNS, headline, triage_lines
from sgs_tui.tui.widgets.table import ListTable, Table
from sgs_tui.tui.widgets.text_view import TextView

WAITING = Message("no diagnosis yet: it follows when two dumps are compared")
LOOKING = Message("looking for the cause ...")
STOPPED = Message("stopped; R compares and looks again")
_MOST_ROWS = 6
"""Findings on the screen at a time; the text below them needs the room more."""


class TriagePane(Pane):
    """Findings above, the one under the cursor in full below."""

    NAME = "triage"
    GROUPS = ("triage", "walk", "inside", "move")
    BINDINGS = bindings("triage")

    def __init__(self) -> None:
        super().__init__()
        self.text = TextView(identity="finding", reads=False)
        self.main = self.table = ListTable(FINDING_COLUMNS, identity="findings", below=self.text)
        self.diagnosis: Diagnosis | None = None
        self._layer = 0
        self.why: str = WAITING

    def body(self) -> ComposeResult:
        yield self.table
        yield self.text

    def on_mount(self) -> None:
        self.forget(WAITING)

    # --- what is shown

    def forget(self, why: str, hint: str = "") -> None:
        """There is no diagnosis (any more)."""
        self.diagnosis, self.why = None, why
        self.table.fill((), 0)
        self.table.styles.height = 1
        self.text.show(lambda width: paragraph(why, width, "muted") + paragraph(hint, width, "muted"))
        self.head()

    def show_diagnosis(self, diagnosis: Diagnosis) -> None:
        self.diagnosis, self.why = diagnosis, ""
        self.table.styles.height = 1 + min(len(diagnosis.findings), _MOST_ROWS)
        self.table.fill(enumerate(diagnosis.findings, 1), 0)
        self.head(span(count(len(diagnosis.findings), "cause")))
        self._fill()

    @property
    def settled(self) -> bool:
        """Nobody is looking for the cause (any more)."""
        return self.why != LOOKING

    @property
    def finding(self) -> Finding | None:
        return self.table.item[1] if self.table.item else None

    @on(Table.Moved)
    def _fill(self) -> None:
        self._layer = 0
        if self.diagnosis is not None:
            self.text.show(partial(triage_lines, self.diagnosis, self.table.cursor))

    # --- keys

    @on(Table.Activated)
    def action_open(self) -> None:
        self._to_layer(0, leave=True)

    def action_next_layer(self) -> None:
        self._to_layer(self._layer, leave=False)
        self._layer += 1

    def _to_layer(self, place: int, leave: bool) -> None:
        layers = self.finding.layers if self.finding else ()
        if layers:
            self.post_message(LayerWanted(layers[place % len(layers)], leave))
        else:
            self.post_message(Flash(_("this finding names no layer") if self.finding else _("no finding here"), "warn"))

    def copied(self, whole: bool) -> str:
        if self.finding is None:
            return ""
        if whole:
            return plain(self.text.lines)
        return headline(self.finding)

    def help(self) -> Iterable[Line]:
        yield line(_("Signs of the diagnosis in the layer table, behind the name:"))
        yield from sign_lines()
        yield BLANK
        yield line(_("A finding is likely, not certain: `refuted` says what would prove it wrong."))
        yield line(_("J and K scroll the text."))
