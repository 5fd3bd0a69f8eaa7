"""Pane 8: a sweep's pictures, worst first; below, the reason of the one under the cursor, and every layer over the set.

Apart because a pane knows its widgets and the user's keys, and nothing of jobs, windows or other features.
"""

from collections.abc import Iterable
from functools import partial

from textual import on
from textual.app import ComposeResult

from sgs_tui.engine.sweep.background import SweepJob
from sgs_tui.engine.sweep.results import SweepResult
from sgs_tui.language import Message, _
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.pictures.view import COLUMNS, Shown, picture_lines, ranked, summary
from sgs_tui.tui.text import BLANK, Line, Span, line, paragraph, plain
from sgs_tui.tui.widgets.table import ListTable, Table
from sgs_tui.tui.widgets.text_view import TextView

EMPTY = Message("no sweep here yet: r runs pictures in the background, by the twin of the benchmark and other ways")
_LEAST_ROWS = 4


class PicturesPane(Pane):
    """Pictures above, layers over the set below."""

    NAME = "pictures"
    GROUPS = ("pictures", "walk", "move")
    SHARES, NEIGHBORS = "layers", ("layers",)
    BINDINGS = bindings("pictures")

    def __init__(self) -> None:
        super().__init__()
        self.text = TextView(identity="picture-layers", reads=False)
        self.main = self.table = ListTable(COLUMNS, empty=EMPTY, identity="picture-table", below=self.text)
        self.job: SweepJob | None = None
        self.result: SweepResult | None = None
        self.state = ""

    def body(self) -> ComposeResult:
        yield self.table
        yield self.text

    def on_mount(self) -> None:
        self.text.show(lambda width: [])

    @property
    def shown_picture(self) -> Shown | None:
        """The picture under the cursor."""
        return self.table.item

    def show_sweep(self, job: SweepJob, result: SweepResult, state: str) -> None:
        """A sweep as it stands; the cursor stays on its picture, or on the worst."""
        stays = self.table.item is not None and self.table.cursor > 0 and self.job == job
        here = self.table.item.place if self.table.item is not None and stays else -1
        self.job, self.result, self.state = job, result, state
        self.table.fill_on(ranked(result), lambda shown: shown.place == here)
        self._fill()

    def shown(self) -> None:
        self._fill()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    @on(Table.Moved)
    def _fill(self) -> None:
        if self.result is None:
            return
        rows = min(len(self.table.items), max(_LEAST_ROWS, (self.size.height - 2) // 2))
        self.table.styles.height = 1 + rows
        state = (Span(f"  {self.state}", "key"),) if self.state else ()
        told = (*summary(self.result), *state)
        self.head(*told)
        above = () if self.heading.display else (told, BLANK)
        self.text.show(partial(picture_lines, self.job, self.result, self.table.item, above))

    def copied(self, whole: bool) -> str:
        if self.table.item is None:
            return ""
        return plain(self.text.lines) if whole else self.table.item.row.name

    def help(self) -> Iterable[Line]:
        yield line(
            Span("✗", "fail"),
            " " + _("fails") + "   ",
            Span("~", "warn"),
            " " + _("to look at") + "   ",
            Span("!", "fail"),
            " " + _("not measured"),
        )
        text = _(
            "A sweep runs the pictures of a folder by the twin of the benchmark, through an ONNX model or by the "
            "SDK, or takes dumps that are there, in the background: it goes on when the app ends or the line drops, "
            "is listed in pane 7, and c goes on where it stopped. enter compares one picture. clips: layers beyond "
            "their calibrated limits by more than 5 % of their width. While a sweep is of the dumps on show the layer "
            "table has the columns worst, median and fails: sort by them, filter with worst>0.5 or fails>2, choose "
            "them like any other."
        )
        yield from paragraph(text, 76)
