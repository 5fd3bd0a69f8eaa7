"""The screen's half that makes models again: says what it comes to, waits for a yes, begins."""

from functools import partial

from textual import on

from sgs_tui.engine.iterate.loops import Commands
from sgs_tui.engine.iterate.proposal import Proposal
from sgs_tui.tui.messages import Flash, JobFailed
from sgs_tui.tui.models.iterating import TITLE, proposal_lines, refusal_lines
from sgs_tui.tui.screens.confirm import ConfirmDialog
from sgs_tui.tui.screens.dialog import TextDialog
from sgs_tui.tui.screens.int16 import Int16Dialog, MakeAsked
from sgs_tui.tui.screens.journal import MAKING
from sgs_tui.tui.screens.outcome import OutcomeScreen
from sgs_tui.tui.start import Start
from sgs_tui.tui.tasks import iterating
from sgs_tui.tui.tasks.iterating import MakingBegun, Proposed

_SAME = "the tensors that are chosen have 16 bits already, and no other is taken back"
_HOW = "I shows the list: i there takes a tensor in and out; i on a layer marks it"


class IterateScreen(OutcomeScreen):
    """Asks before anything is written or started."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self._making = False

    # --- beginning

    @on(MakeAsked)
    def action_iterate(self) -> None:
        """Find out what it comes to; the question follows."""
        if self._making:
            self.flash(Flash("they are being made again already", "warn"))
            return
        if self.bench.comparing or not self.triage_pane.settled:
            self.flash(Flash("not before the diagnosis is there, which says what is worth 16 bits", "warn"))
            return
        self.flash(Flash("looking at what making the models again comes to ..."))
        self.desk.start("again", partial(iterating.look, self.case))

    @on(Proposed)
    def ask_to_make(self, event: Proposed) -> None:
        """Say exactly what would be done, and wait for a yes."""
        proposal = event.proposal
        self.flash(Flash(""))
        if not proposal.changes and not isinstance(proposal.loop, Commands):
            self.explain("There is nothing to make again", _SAME, _HOW)
            return
        self.app.push_screen(
            ConfirmDialog(TITLE, partial(proposal_lines, proposal, event.advice, event.failing), self.keymap),
            lambda yes: self._make(proposal) if yes else None,
        )

    def _make(self, proposal: Proposal) -> None:
        if not self._making:
            self._making = True
            self.flash(Flash("making the models again ..."))
            self.desk.start(MAKING, partial(iterating.make, proposal))

    @on(JobFailed)
    def tell_not_made(self, event: JobFailed) -> None:
        """Nothing was begun; the window that says why is the screen's own."""
        if event.job == MAKING:
            self._making = False

    @on(MakingBegun)
    def follow_making(self, event: MakingBegun) -> None:
        """The INT16 window has done its part."""
        self._making = False
        if isinstance(self.app.screen, Int16Dialog):
            self.app.screen.dismiss(None)
        self.follow(event.proposal, event.begun)

    # --- saying why not

    def explain(self, title: str, message: str, hint: str) -> None:
        """In a window: a line at the edge of the screen is too short for it."""
        self.flash(Flash(message, "warn"))
        lines = partial(refusal_lines, message, hint, None, "")
        self.app.push_screen(TextDialog(title, lines, self.keymap))
