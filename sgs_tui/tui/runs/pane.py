"""Pane 7: runs of the simulators: start them, watch them, read their logs, compare what they dumped."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget

from sgs_tui.engine.numbers import count
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.dumps.pane import FilePicked
from sgs_tui.tui.frame.dialogs import Dialog
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.jobs import Flash
from sgs_tui.tui.runs.view import (
    FORM_COLUMNS,
    RUN_COLUMNS,
    DumpPair,
    Field,
    FormRows,
    RunForm,
    RunLog,
    RunRow,
    RunRows,
    dumps_with,
    fact_lines,
    newest_dumps,
)
from sgs_tui.tui.text import BLANK, Line, Span, line, wrap
from sgs_tui.tui.widgets.prompt import PathPrompt, Prompt
from sgs_tui.tui.widgets.table import Table, TableAbove
from sgs_tui.tui.widgets.text_view import TextView

EMPTY = "no runs here yet: r runs both stages, e says of what"
MOST_ROWS = 8
MOST_FACTS = 6


class RunWanted(Message):
    """Start what the form says."""


class FormWanted(Message):
    """Let the user say what to run."""


@dataclass
class LogWanted(Message):
    """Follow the log of this run; None: of none."""

    path: Path | None


@dataclass
class PairWanted(Message):
    """Compare these two dumps; `run` is the one that made both, which may know what to hold them against."""

    pair: DumpPair
    run: Path | None = None


@dataclass
class EndAsked(Message):
    """Ask whether to cancel (or, `delete`, to delete) the run."""

    row: RunRow
    delete: bool = False


class RunsPane(Pane):
    """Runs above, the one under the cursor with its log below."""

    NAME, KEY, TITLE = "runs", "7", "Runs"
    GROUPS = ("runs", "walk", "move")
    SHARES, NEIGHBOUR = "layers", "1 Layers"
    BINDINGS = bindings("runs")

    def __init__(self) -> None:
        super().__init__()
        self.text = TextView(identity="run-log")
        self.facts = TextView(identity="run-facts")
        self.text.can_focus = self.facts.can_focus = False
        self.table = TableAbove(self.text, RUN_COLUMNS, empty=EMPTY, identity="run-table")
        self.rows: tuple[RunRow, ...] = ()
        self.listed = False
        self.run_log = RunLog()

    @property
    def main(self) -> Widget:
        return self.table

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.table
        yield self.facts
        yield self.text

    def on_mount(self) -> None:
        self._fill()

    # --- what is shown

    def show_rows(self, rows: tuple[RunRow, ...]) -> None:
        """The runs as they stand; the cursor stays on its run, and goes to a new one that is under way."""
        fresh = [row for row in rows if row.path not in {old.path for old in self.rows} and row.run.state.active]
        here = fresh[-1].path if fresh and self.listed else self.row.path if self.row else None
        self.rows, self.listed = rows, True
        place = next((n for n, row in enumerate(rows) if row.path == here), 0)
        self.table.show(RunRows(rows), cursor=place)
        self._fill()

    def show_log(self, path: Path, lines: tuple[str, ...]) -> None:
        """More of the log of the run under the cursor."""
        if path == self.run_log.path:
            self.run_log.add(lines)
            self._fill_log()

    @property
    def row(self) -> RunRow | None:
        return self.rows[self.table.cursor] if self.table.cursor < len(self.rows) else None

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
        width, row = max(24, self.size.width - 1), self.row
        facts = [] if row is None else fact_lines(row, width)
        self.table.styles.height = 1 + max(2, min(len(self.rows), MOST_ROWS, self.size.height // 3))
        self.facts.styles.height = min(len(facts), MOST_FACTS)
        self.facts.show(lambda _: facts)
        self.head(*self._summary())
        self._follow(None if row is None else row.path)

    def _summary(self) -> Line:
        bad = sum(row.run.state in (RunState.FAILED, RunState.TIMED_OUT, RunState.LOST) for row in self.rows)
        parts = [Span(count(len(self.rows), "run"))]
        parts += [Span(f"  {self.active} under way", "key")] if self.active else []
        parts += [Span(f"  {bad} bad", "fail")] if bad else []
        return tuple(parts)

    def _follow(self, path: Path | None) -> None:
        if path != self.run_log.path:
            self.run_log = RunLog(path)
            self._fill_log()
            self.post_message(LogWanted(path))

    def _fill_log(self) -> None:
        following = not self.text.hidden
        self.text.show(self.run_log.lines, keep=True)
        if following:
            self.text.action_bottom()

    # --- keys

    def action_run(self) -> None:
        self.post_message(RunWanted())

    def action_edit(self) -> None:
        self.post_message(FormWanted())

    def action_compare(self) -> None:
        pair = newest_dumps([row.run for row in self.rows])
        self._compare(pair, "no two good runs of one network: r makes both")

    def action_open(self) -> None:
        """What this run dumped, with the newest that it can be compared with."""
        if self.row is not None:
            runs = [row.run for row in self.rows]
            why = "this run has no dump" if self.row.run.dump is None else "no run to compare it with: s or b takes it"
            self._compare(dumps_with(self.row.run, runs), why)

    @on(Table.Activated)
    def open_clicked(self) -> None:
        self.action_open()

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
            self.post_message(Flash("this run has no dump that can be trusted", "warn"))

    def action_cancel(self) -> None:
        if self.row is not None:
            self.post_message(EndAsked(self.row))

    def action_delete(self) -> None:
        if self.row is not None:
            self.post_message(EndAsked(self.row, delete=True))

    def copied(self, whole: bool) -> str:
        if self.row is None:
            return ""
        return "\n".join(self.run_log.lines_) if whole else str(self.row.path)

    def help(self) -> Iterable[Line]:
        yield line(Span("▸", "key"), " at work   ", Span("·", "muted"), " waits its turn   ", Span("✗", "fail"), " bad")
        text = (
            "Runs are in sgs_runs, of the folder that the app was started in and of the network's. They go on when the "
            "app ends or the line drops; the next start shows them. J and K scroll the log. The switches are those of "
            "pane 4; A makes the models again with other INT16 tensors."
        )
        yield from ((Span(part),) for part in wrap(text, 76))


def evidence(row: RunRow) -> partial[list[Line]]:
    """What a question about a run shows."""
    return partial(fact_lines, row)


# The form of pane 7: which models, which image, which preprocess.


@dataclass(frozen=True, slots=True)
class Filled:
    """The form as it was left, and whether to start it."""

    form: RunForm
    start: bool


class RunFormDialog(Dialog[Filled]):
    """Closing keeps what was typed."""

    BINDINGS = bindings("runform")
    GROUPS = ("runform", "dialog")

    def __init__(self, form: RunForm, switches: str, keymap: dict[str, str] | None = None) -> None:
        super().__init__("What to run", keymap)
        self.form, self._switches = form, switches
        self.table = Table(FORM_COLUMNS, frozen=1)
        self.entry = PathPrompt()
        self.info = TextView()
        self.info.can_focus = False

    def body(self) -> Iterable[Widget]:
        return (self.table, self.entry, self.info)

    def on_mount(self) -> None:
        self.entry.display = False
        fields = self.form.fields
        self._show(next((n for n, each in enumerate(fields) if self.form.problem(each.key)), 0))
        self.table.focus()

    @property
    def prompt(self) -> PathPrompt | None:
        """The line while it is open: keys typed ahead are for it."""
        return self.entry if self.entry.display else None

    @property
    def field(self) -> Field:
        return self.form.fields[self.table.cursor]

    def _show(self, place: int) -> None:
        rows = FormRows(self.form)
        self.table.styles.height = len(rows) + 1
        self.table.show(rows, cursor=place)
        self._explain()

    @on(Table.Moved)
    def _explain(self) -> None:
        self.info.show(partial(self._info, ()))

    def _info(self, names: tuple[str, ...], width: int) -> list[Line]:
        lines: list[Line] = [(Span(part, "muted"),) for part in wrap(f"{self.field.label}: {self.field.note}", width)]
        if names:
            return [*lines, *((Span(part, "key"),) for part in wrap("  ".join(names), width))]
        lines += [BLANK, *((Span(part, "muted"),) for part in wrap(f"switches (pane 4): {self._switches}", width))]
        problems = self.form.problems
        said = f"before it can start: {'; '.join(problems)}" if problems else "r starts it in the background"
        return [*lines, *((Span(part, "warn" if problems else "good"),) for part in wrap(said, width))]

    # --- keys

    def action_change(self) -> None:
        if self.field.choices:
            self.form = self.form.turned(self.field.key)
            self._show(self.table.cursor)
            return
        self.entry.value = self.form.value(self.field.key)
        self.entry.cursor_position = len(self.entry.value)
        self.entry.display = True
        self.set_focus(self.entry)

    @on(Table.Activated)
    def change_clicked(self) -> None:
        self.action_change()

    def action_clear(self) -> None:
        self.form = self.form.with_value(self.field.key, "")
        self._show(self.table.cursor)

    @on(PathPrompt.Several)
    def show_names(self, event: PathPrompt.Several) -> None:
        self.info.show(partial(self._info, event.names))

    @on(Prompt.Submitted)
    def keep(self, event: Prompt.Submitted) -> None:
        """That is the value; on to the next field."""
        self.form = self.form.with_value(self.field.key, event.value)
        self._end_edit(1)

    @on(Prompt.Cancelled)
    def drop(self) -> None:
        self._end_edit(0)

    def _end_edit(self, step: int) -> None:
        self.entry.display = False
        self.table.focus()
        self._show(self.table.cursor + step)

    def action_run(self) -> None:
        if not self.form.problems:
            self.dismiss(Filled(self.form, start=True))

    def action_close(self) -> None:
        self.dismiss(Filled(self.form, start=False))
