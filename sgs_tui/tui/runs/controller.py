"""Runs of the simulators: starting and watching them, ending them, comparing what they dumped. Runs outlive the app."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from sgs_tui.engine.configs.debugconfig import DebugConfig
from sgs_tui.engine.numbers import count
from sgs_tui.engine.requantize.propose import run_roots
from sgs_tui.engine.runs.run_folder import RunState, default_root
from sgs_tui.engine.runs.runs import cancel_run, delete_run
from sgs_tui.language import _, _n, joined
from sgs_tui.tui.comparison.controller import ComparisonController
from sgs_tui.tui.comparison.jobs import ComparisonOpened
from sgs_tui.tui.frame.controller import Controller, Host, does, hears
from sgs_tui.tui.frame.pane import PaneAsked
from sgs_tui.tui.jobs import Said
from sgs_tui.tui.runs.form import Refusal, RunForm, RunFormDialog
from sgs_tui.tui.runs.jobs import RunLogged, RunsSeen, examine, follow_log, start, watch
from sgs_tui.tui.runs.pane import LogWanted, PairWanted, RunsPane
from sgs_tui.tui.runs.view import RunRow, fact_lines


class RunsController(Controller):
    """Owns the run pane. `debug_config`: the DebugConfig.txt whose switches count, as it is edited now."""

    def __init__(self, host: Host, comparison: ComparisonController, debug_config: Callable[[], DebugConfig]) -> None:
        super().__init__(host)
        self.pane = RunsPane()
        self.form = RunForm()
        self._comparison, self._debug_config = comparison, debug_config
        self._root = default_root()
        self._expected: dict[Path, Callable[[RunRow], object]] = {}
        self._begun_in: tuple[Path, ...] = ()
        self._watched: tuple[Path, ...] = ()

    @property
    def switches(self) -> bytes:
        """The DebugConfig.txt whose switches count now."""
        return self._debug_config().render()

    # --- watching

    @property
    def _roots(self) -> tuple[Path, ...]:
        """The folder of the start, those of what is worked on, and where others began runs."""
        return tuple(dict.fromkeys((self._root, *run_roots(self._comparison.network_folders), *self._begun_in)))

    def watch(self) -> None:
        """Look at all runs at once, and from now on."""
        self._watched = self._roots
        self.host.jobs.start("runs", partial(watch, self._watched))

    @hears(ComparisonOpened)
    def watch_other_roots(self) -> None:
        """Runs beside the dumps that are compared now are listed too."""
        if self._roots != self._watched:
            self.watch()

    def expect(self, run: Path, then: Callable[[RunRow], object]) -> None:
        """Watch a run that was begun elsewhere; `then` is called at its end, in place of a word about it."""
        self._expected[run] = then
        self._begun_in = (*self._begun_in, run.parent)
        self.watch()

    @hears(RunsSeen)
    def take_runs(self, event: RunsSeen) -> None:
        """How all runs stand; what ended since the last look is told."""
        before = {row.path: row.run.state.active for row in self.pane.rows}
        first = not self.pane.listed
        self.pane.show_rows(event.rows)
        if event.problem:
            self.pane.table.explain(_("runs can not be listed: {problem}", problem=event.problem))
            self.host.note(_("runs can not be listed: {problem}", problem=event.problem), "warn")
        if first and self.pane.active:
            self.host.post_message(
                Said(_("{runs} under way here: 7 shows", runs=count(self.pane.active, "run")), "info")
            )
        for row in event.rows:
            # a short run may be over before it was ever seen at work
            if not row.run.state.active and before.get(row.path, row.path in self._expected):
                self._expected.pop(row.path, self.tell_end)(row)

    def tell_end(self, row: RunRow) -> None:
        if row.run.state is RunState.OK:
            swept = row.run.request.stage == "sweep"
            here = _("{name}: ok; 8 shows its pictures", name=row.run.name)
            there = _("{name}: ok; 7 and c compares the newest pair", name=row.run.name)
            self.host.post_message(Said(here if swept else there))
        else:
            level = "warn" if row.run.state is RunState.CANCELLED else "fail"
            self.host.post_message(
                Said(
                    _("{name}: {text}", name=row.run.name, text=row.message or row.run.state.words),
                    level,
                    row.hint,
                )
            )

    @hears(LogWanted)
    def follow_run(self, event: LogWanted) -> None:
        if event.path is None:
            self.host.jobs.cancel("run log")
        else:
            self.host.jobs.start("run log", partial(follow_log, event.path))

    @hears(RunLogged)
    def take_log(self, event: RunLogged) -> None:
        self.pane.show_log(event.path, event.lines)

    @property
    def selected(self) -> Path | None:
        """The run under the cursor while the run pane is the current one."""
        return self.pane.row.path if self.pane.row is not None and self.host.current is self.pane else None

    @property
    def farewell(self) -> str:
        """What goes on when the app ends; nothing where nothing does."""
        active = self.pane.active
        if not active:
            return ""
        return _n(
            active,
            "{number} run goes on: `sgs-tui runs` lists them, the next start of the app here shows them",
            "{number} runs go on: `sgs-tui runs` lists them, the next start of the app here shows them",
        )

    # --- starting and ending

    @does("runs.edit")
    def edit(self) -> None:
        self._open_form(None)

    def _open_form(self, refusal: Refusal | None) -> None:
        switches = joined(sorted(self._debug_config().effect().switches)) or _("none")
        dialog = RunFormDialog(self.form, switches, self.host.keymap, self._examine, self._start, refusal)
        self.host.open(dialog, self._take_form)

    def _examine(self, form: RunForm, then: Callable[[tuple[str, ...]], None]) -> None:
        self.host.jobs.run("examine", partial(examine, form, self._debug_config().render(), self._root), then)

    def _take_form(self, form: RunForm | None) -> None:
        self.form = form or self.form

    @does("runs.run")
    def run(self) -> None:
        """Start what the form says; ask where something is missing."""
        if self.form.problems:
            self._open_form(None)
        else:
            self._start(self.form)
            self.host.flash(_("starting ..."), "doing")

    def _start(self, form: RunForm) -> None:
        work = partial(start, form, self._debug_config().render(), self._root)
        self.host.jobs.run("start", work, self._take_started)

    def _take_started(self, outcome: list[Said] | Refusal) -> None:
        """Runs are in the list at once; where there are none the form stays, or opens, with the reason at its field."""
        dialog = self.host.opened(RunFormDialog)
        if isinstance(outcome, Refusal):
            self.host.note(_("not started: {why}", why=outcome.text), "fail", outcome.hint)
            if dialog is None:
                self._open_form(outcome)
            else:
                dialog.refuse(outcome)
            return
        if dialog is not None:
            dialog.started()
        for word in outcome:
            self.host.post_message(word)
        self.watch()

    @does("runs.cancel")
    def ask_to_cancel(self) -> None:
        if (row := self.pane.row) is not None:
            self._ask_to_end(
                row, _("Cancel {name}?", name=row.path.name), partial(cancel_run, row.path), _("being cancelled")
            )

    @does("runs.delete")
    def ask_to_delete(self) -> None:
        if (row := self.pane.row) is not None:
            question = _("Delete {name} with its dump and log?", name=row.path.name)
            self._ask_to_end(row, question, partial(delete_run, row.path, row.path.parent), _("deleted"))

    def _ask_to_end(self, row: RunRow, question: str, end: Callable[[], object], said: str) -> None:
        """It can not be taken back."""
        told = partial(self.host.post_message, Said(_("{name}: {text}", name=row.path.name, text=said)))
        work = partial(self.host.jobs.run, "end", lambda _: end(), lambda _: told())
        self.confirm(question, partial(fact_lines, row), work)

    # --- comparing

    @hears(PairWanted)
    def compare_pair(self, event: PairWanted) -> None:
        """The dumps of runs, with the ranges that were kept beside them."""
        pair, picks = event.pair, self._comparison.picks
        self._comparison.pick(
            replace(picks, sample=pair.sample, benchmark=pair.benchmark, ranges=pair.ranges, shapes=None)
        )
        self.host.post_message(PaneAsked("layers"))
