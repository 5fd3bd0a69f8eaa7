"""The screen's half that waits for models that are made again, and shows before and after."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from textual import on

from sgs_tui.engine.compare.baseline import Baseline
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.iterate.loops import Requantised
from sgs_tui.engine.iterate.proposal import Begun, Proposal
from sgs_tui.engine.simulate.runs import RunState
from sgs_tui.tui.messages import Flash, Said
from sgs_tui.tui.models.baseline import headline
from sgs_tui.tui.models.runs import RunRow, dumps_with
from sgs_tui.tui.panes.runs import PairWanted
from sgs_tui.tui.screens.journal import JournalScreen
from sgs_tui.tui.start import Start
from sgs_tui.tui.tasks import iterating
from sgs_tui.tui.tasks.iterating import StateRead
from sgs_tui.tui.tasks.regressing import Regressed, kept
from sgs_tui.tui.tasks.running import RunsSeen
from sgs_tui.tui.widgets.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Awaited:
    """A run that was begun here: the dumps on the screen then, and where the old ini is kept."""

    dumps: tuple[Path | None, Path | None]
    proposal: Proposal
    backup: Path | None

    @property
    def quantised_here(self) -> bool:
        """The worker of an iteration writes the journal by itself; for these runs that is left to us."""
        return isinstance(self.proposal.loop, Requantised)


class OutcomeScreen(JournalScreen):
    """Knows which runs were begun here, and opens what they made."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self._awaited: dict[Path, Awaited] = {}
        self._own_roots: tuple[Path, ...] = ()
        self._announced: Path | None = None
        self._noted: Path | None = None
        self._former: Baseline | None = None

    @property
    def roots(self) -> tuple[Path, ...]:
        """Those of the folders, and where runs were begun from here."""
        return tuple(dict.fromkeys((*super().roots, *self._own_roots)))

    def follow(self, proposal: Proposal, begun: Begun) -> None:
        """To the run that was begun, or (the demo is made at once) to the comparison."""
        if begun.run is None:
            self._compare_again()
            return
        self._awaited[begun.run] = Awaited((self.picks.sample, self.picks.benchmark), proposal, begun.backup)
        self._own_roots = tuple(dict.fromkeys((*self._own_roots, begun.run.parent)))
        if begun.backup is not None:
            self.log_pane.add(f"{proposal.ini} is written; what was there is in {begun.backup}")
        self.post_message(Said(f"{begun.run.name}: started; it goes on when the app or the line ends"))
        self.watch_runs()
        self.go(self.runs_pane)

    def _compare_again(self) -> None:
        """The same files hold the new state; the rows on the screen are the one before."""
        request, comparison = self.picks.request, self.bench.comparison
        if request is None:
            self.post_message(Said("made again: s and b in pane 3 pick the new dumps"))
            return
        if comparison is not None and self.bench.summary is not None:
            self.baseline = replace(kept(comparison, self.rows()), source="the state before")
            self._announced = self._noted = request.sample
        self.compare(request)

    # --- the end of a run

    @on(RunsSeen)
    def tell_missed_ends(self, event: RunsSeen) -> None:
        """A short run may be over before it was ever seen at work."""
        known = {row.path for row in self.runs_pane.rows}
        for row in event.rows:
            if row.path in self._awaited and row.path not in known and not row.run.state.active:
                self.call_after_refresh(self.tell_end, row)

    def tell_end(self, row: RunRow) -> None:
        """What was begun here is opened, unless other dumps are looked at by now."""
        awaited = self._awaited.pop(row.path, None)
        if awaited is None:
            super().tell_end(row)
        elif row.run.state is not RunState.OK:
            super().tell_end(row)
            self._tell_failure(row, awaited)
        elif (self.picks.sample, self.picks.benchmark) == awaited.dumps:
            self._open(row, awaited)
        else:
            self.post_message(Said(f"{row.run.name}: ok; 7 and enter show what it did"))

    def _open(self, row: RunRow, awaited: Awaited) -> None:
        pair = dumps_with(row.run, [each.run for each in self.runs_pane.rows])
        assert pair is not None  # a good run of this kind has both dumps
        self._announced = pair.sample
        self._noted = pair.sample if awaited.quantised_here else None
        self.post_message(PairWanted(pair, row.path))

    def _tell_failure(self, row: RunRow, awaited: Awaited) -> None:
        if awaited.quantised_here:
            said = f"{row.run.state}: {row.message}" if row.message else str(row.run.state)
            self.desk.start("result", partial(iterating.note_failure, row.path, said))
        if awaited.backup is not None:
            kept_in = f"{awaited.proposal.ini} keeps the change; what was there before is in {awaited.backup}"
            self.log_pane.add(kept_in, "warn", "A tries again")

    # --- against the state before

    @on(PairWanted)
    def read_state(self, event: PairWanted) -> None:
        """A run that was made to be held against another state is."""
        if event.run is not None:
            self._former, self.baseline = self.baseline, None
            self.desk.start("before", partial(iterating.before, event.run, self.picks.profile))

    @on(StateRead)
    def take_state(self, event: StateRead) -> None:
        """The baseline of what is compared now; what was the baseline stays where the run knows of none."""
        self.baseline = event.baseline or self._former
        if event.baseline is None and self._announced is not None:
            self._announced = None
            self.post_message(Said("made; nothing is known of the state before, so nothing is held against it"))
        if self.baseline is not None and self.bench.summary is not None:
            self.hold(self.baseline)

    @on(Regressed)
    def announce(self, event: Regressed) -> None:
        """What was made here shows before and after by itself, where the user is doing nothing else."""
        if not self.bench.is_current(event.comparison):
            return
        sample = event.comparison.request.sample
        if sample == self._announced:
            self._announced = None
            self.flash(Flash(f"made again: {headline(event.regression)}; B shows before and after"))
            if self.app.screen is self and not isinstance(self.app.focused, Prompt):
                self.open_window()
        if sample == self._noted and self.bench.summary is not None:
            self._noted = None
            was = sum(layer.verdict is Verdict.FAIL for layer in event.baseline.layers)
            work = partial(iterating.note_result, sample, event.regression, was, self.bench.summary.failed)
            self.desk.start("result", work)
