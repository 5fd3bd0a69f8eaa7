"""Pane 7: runs of the simulators: start them, watch them, read their logs, compare what they dumped."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from sgs_tui.engine.numbers import count
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.language import _
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.comparison.jobs import FilePicked
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.jobs import Flash
from sgs_tui.tui.runs.view import BAD, RUN_COLUMNS, DumpPair, RunLog, RunRow, dumps_with, fact_lines, newest_dumps
from sgs_tui.tui.text import Line, Span, line, paragraph, span
from sgs_tui.tui.widgets.table import ListTable, Table
from sgs_tui.tui.widgets.text_view import TextView

_MOST_ROWS = 8
_MOST_FACTS = 6


@dataclass
class LogWanted(Message):
    """Follow the log of this run; None: of none."""

    path: Path | None


@dataclass
class PairWanted(Message):
    """Compare these two dumps; `run` is the one that made both, which may know what to hold them against."""

    pair: DumpPair
    run: Path | None = None


class RunsPane(Pane):
    """Runs above, the one under the cursor with its log below."""

    NAME = "runs"
    GROUPS = ("runs", "walk", "move")
    SHARES, NEIGHBORS = "layers", ("layers",)
    BINDINGS = bindings("runs")

    def __init__(self) -> None:
        super().__init__()
        self.text = TextView(identity="run-log", reads=False)
        self.facts = TextView(identity="run-facts", reads=False)
        self.main = self.table = ListTable(
            RUN_COLUMNS,
            empty=_("looking for runs ..."),
            identity="run-table",
            tone=lambda row: "muted" if row.run.state is RunState.CANCELLED else "",
            below=self.text,
        )
        self.listed = False
        self.run_log = RunLog()

    def body(self) -> ComposeResult:
        yield self.table
        yield self.facts
        yield self.text

    def on_mount(self) -> None:
        self._fill()

    @property
    def rows(self) -> tuple[RunRow, ...]:
        return self.table.items

    @property
    def row(self) -> RunRow | None:
        return self.table.item

    # --- what is shown

    def show_rows(self, rows: tuple[RunRow, ...]) -> None:
        """The runs as they stand; the cursor stays on its run, and goes to a new one that is under way."""
        fresh = [row for row in rows if row.path not in {old.path for old in self.rows} and row.run.state.active]
        here = fresh[-1].path if fresh and self.listed else self.row.path if self.row else None
        self.listed = True
        self.table.explain(_("no runs here yet: r runs both stages, e says of what"))
        self.table.fill_on(rows, lambda row: row.path == here)
        self._fill()

    def show_log(self, path: Path, lines: tuple[str, ...]) -> None:
        """More of the log of the run under the cursor."""
        if path == self.run_log.path:
            self.run_log.add(lines)
            self._fill_log()

    @property
    def active(self) -> int:
        """How many runs are queued or at work."""
        return sum(row.run.state.active for row in self.rows)

    def shown(self) -> None:
        self._fill()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    @on(Table.Moved)
    def _fill(self) -> None:
        row = self.row
        facts = fact_lines(row, max(24, self.size.width - 1)) if row else []
        self.table.styles.height = 1 + max(2, min(len(self.rows), _MOST_ROWS, self.size.height // 3))
        self.facts.styles.height = min(len(facts), _MOST_FACTS)
        self.facts.show(lambda _: facts)
        self.head(*self._summary())
        self._follow(None if row is None else row.path)

    def _summary(self) -> Line:
        bad = sum(row.run.state in BAD for row in self.rows)
        parts = [span(count(len(self.rows), "run"))]
        parts += [Span("  " + _("{active} under way", active=self.active), "key")] if self.active else []
        parts += [Span("  " + _("{bad} bad", bad=bad), "fail")] if bad else []
        return tuple(parts)

    def _follow(self, path: Path | None) -> None:
        if path != self.run_log.path:
            self.run_log = RunLog(path)
            self._fill_log()
            self.post_message(LogWanted(path))

    def _fill_log(self) -> None:
        self.text.follow(self.run_log.lines)

    # --- keys

    def action_compare(self) -> None:
        pair = newest_dumps([row.run for row in self.rows])
        self._compare(pair, _("no two good runs of one network: r makes both"))

    @on(Table.Activated)
    def action_open(self) -> None:
        """What this run dumped, with the newest that it can be compared with."""
        if self.row is not None:
            runs = [row.run for row in self.rows]
            why = (
                _("this run has no dump")
                if self.row.run.dump is None
                else _("no run to compare it with: s or b takes it")
            )
            self._compare(dumps_with(self.row.run, runs), why)

    def _compare(self, pair: DumpPair | None, otherwise: str) -> None:
        if pair is None:
            self.post_message(Flash(otherwise, "warn"))
            return
        made = (row.path for row in self.rows if {pair.sample, pair.benchmark} <= {*row.run.dumps})
        self.post_message(PairWanted(pair, next(made, None)))

    def action_sample(self) -> None:
        self._pick("sample", -1)

    def action_benchmark(self) -> None:
        self._pick("benchmark", 0)

    def _pick(self, role: str, place: int) -> None:
        """A run of both stages has the float dump first and the fixed one last."""
        dumps = self.row.run.dumps if self.row else ()
        if dumps:
            self.post_message(FilePicked(role, dumps[place]))
        else:
            self.post_message(Flash(_("this run has no dump that can be trusted"), "warn"))

    def copied(self, whole: bool) -> str:
        if self.row is None:
            return ""
        return "\n".join(self.run_log.lines_) if whole else str(self.row.path)

    def help(self) -> Iterable[Line]:
        yield line(
            Span("▸", "key"),
            " " + _("at work") + "   ",
            Span("·", "muted"),
            " " + _("waits its turn") + "   ",
            Span("✗", "fail"),
            " " + _("bad"),
        )
        text = _(
            "Runs are in sgs_runs, of the folder that the app was started in and of the network's. They go on when the "
            "app ends or the line drops; the next start shows them. J and K scroll the log. The switches are those of "
            "pane 4; A requantizes with other INT16 tensors."
        )
        yield from paragraph(text, 76)
