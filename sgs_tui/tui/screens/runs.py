"""The screen's half that runs simulators: starting, watching, comparing what they dumped."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import time

from textual import on

from sgs_tui.engine.iterate.loops import run_roots
from sgs_tui.engine.simulate.runs import RunState, default_root
from sgs_tui.tui.desk import Desk
from sgs_tui.tui.messages import ComparisonOpened, Flash, Said
from sgs_tui.tui.models.earlier import earlier
from sgs_tui.tui.models.run_form import RunForm
from sgs_tui.tui.models.runs import RunRow
from sgs_tui.tui.numbers import count
from sgs_tui.tui.panes.runs import EndAsked, FormWanted, LogWanted, PairWanted, RunsPane, RunWanted, evidence
from sgs_tui.tui.screens.baseline import BaselineScreen
from sgs_tui.tui.screens.chooser import Choice
from sgs_tui.tui.screens.confirm import ConfirmDialog
from sgs_tui.tui.screens.run_form import Filled, RunFormDialog
from sgs_tui.tui.start import Start
from sgs_tui.tui.tasks.running import RunLogged, RunsSeen, RunsStarted, delete, end, follow_log, start, watch


class RunsScreen(BaselineScreen):
    """Owns the run pane; runs outlive it."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self.runs_pane = RunsPane()
        self.run_form = RunForm()
        self.runs_root = default_root()
        self.watched: tuple[Path, ...] = ()
        self.desk = Desk(self.post_message)

    def open_start(self) -> None:
        """As before, and list the runs that are here already."""
        super().open_start()
        self.watch_runs()

    @property
    def roots(self) -> tuple[Path, ...]:
        """Where runs are looked for: the folder of the start, and what is worked on."""
        return tuple(dict.fromkeys((self.runs_root, *run_roots(self.network_folders))))

    def watch_runs(self) -> None:
        """Look at all runs at once, and from now on."""
        self.watched = self.roots
        self.desk.start("runs", partial(watch, self.watched))

    @on(ComparisonOpened)
    def watch_other_roots(self) -> None:
        """Runs beside the dumps that are compared now are listed too."""
        if self.roots != self.watched:
            self.watch_runs()

    def farewell(self) -> str:
        """What goes on when the app ends; nothing where nothing does."""
        active = self.runs_pane.active
        if not active:
            return ""
        going = f"{count(active, 'run')} {'goes' if active == 1 else 'go'} on"
        return f"{going}: `sgs-tui runs` lists them, the next start of the app here shows them"

    @property
    def earlier_runs(self) -> Sequence[Choice]:
        """Good runs other than the one that is on the screen."""
        found = earlier([row.run for row in self.runs_pane.rows], self.picks.sample, time())
        return [Choice(str(path), path.name, words) for path, words in found]

    # --- what is seen

    @on(RunsSeen)
    def take_runs(self, event: RunsSeen) -> None:
        """How all runs stand; what ended since the last look is told."""
        before = {row.path: row for row in self.runs_pane.rows}
        first = not self.runs_pane.listed
        self.runs_pane.show_rows(event.rows)
        if event.problem:
            self.log_pane.add(f"runs can not be listed: {event.problem}", "warn")
        if first and self.runs_pane.active:
            self.post_message(Said(f"{count(self.runs_pane.active, 'run')} under way here: 7 shows", "info"))
        for row in event.rows:
            if row.path in before and before[row.path].run.state.active and not row.run.state.active:
                self.tell_end(row)

    def tell_end(self, row: RunRow) -> None:
        """Say that a run is over, and how."""
        if row.run.state is RunState.OK:
            self.post_message(Said(f"{row.run.name}: ok; 7 and c compares the newest pair"))
        else:
            level = "warn" if row.run.state is RunState.CANCELLED else "fail"
            self.post_message(Said(f"{row.run.name}: {row.message or row.run.state}", level, row.hint))

    @on(LogWanted)
    def follow_run(self, event: LogWanted) -> None:
        """The log of the run under the cursor."""
        if event.path is None:
            self.desk.cancel("run log")
        else:
            self.desk.start("run log", partial(follow_log, event.path))

    @on(RunLogged)
    def take_log(self, event: RunLogged) -> None:
        """More of it."""
        self.runs_pane.show_log(event.path, event.lines)

    # --- starting

    @on(FormWanted)
    def edit_form(self) -> None:
        """Which models, which image."""
        switches = ", ".join(sorted(self.debugconfig_pane.document.effect().switches)) or "none"
        self.app.push_screen(RunFormDialog(self.run_form, switches, self.keymap), self._take_form)

    def _take_form(self, filled: Filled | None) -> None:
        if filled is not None:
            self.run_form = filled.form
            if filled.start:
                self.start_runs()

    @on(RunWanted)
    def start_runs(self) -> None:
        """Start what the form says; ask where something is missing."""
        if self.run_form.problems:
            self.edit_form()
            return
        config = self.debugconfig_pane.document.render()
        self.desk.start("start", partial(start, self.run_form, config, self.runs_root))
        self.flash(Flash("starting ..."))

    @on(RunsStarted)
    def show_started(self) -> None:
        """They are in the list at once."""
        self.watch_runs()

    # --- ending

    @on(EndAsked)
    def ask_to_end(self, event: EndAsked) -> None:
        """Cancelling and deleting can not be taken back."""
        word = "Delete" if event.delete else "Cancel"
        what = " with its dump and log" if event.delete else ""
        question = f"{word} {event.row.run.name}{what}?"
        work = partial(delete if event.delete else end, event.row.path)
        self.app.push_screen(
            ConfirmDialog(question, evidence(event.row), self.keymap),
            lambda yes: self.desk.start("end", work) if yes else None,
        )

    # --- comparing

    @on(PairWanted)
    def compare_pair(self, event: PairWanted) -> None:
        """The dumps of runs, with the ranges that were kept beside them."""
        pair = event.pair
        self._pick(replace(self.picks, sample=pair.sample, benchmark=pair.benchmark, ranges=pair.ranges, shapes=None))
        self.go(self.layers_pane)
