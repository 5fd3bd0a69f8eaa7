"""Requantizing: what it comes to, a yes, the run that makes the models, and what became better and worse.

It stands on top of the other features: INT16 says what is changed, a run makes the models and dumps them, and the
comparison that follows is held against the state before.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sgs_tui.engine.compare.baseline import Baseline
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.files import at_home
from sgs_tui.engine.journal import Kind, append, entry, journal_of
from sgs_tui.engine.requantize.ini_change import journal_result
from sgs_tui.engine.requantize.network import INI, NAME, example
from sgs_tui.engine.requantize.propose import Begun, Commands, EmbeddedRun, Proposal, begin
from sgs_tui.engine.requantize.state import state_behind
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import read_run
from sgs_tui.language import Message, _
from sgs_tui.tui.baseline.controller import BaselineController, Regressed
from sgs_tui.tui.baseline.view import headline
from sgs_tui.tui.comparison.controller import ComparisonController
from sgs_tui.tui.frame.controller import Controller, Host, does, hears
from sgs_tui.tui.frame.dialogs import TextDialog
from sgs_tui.tui.int16.controller import Int16Controller
from sgs_tui.tui.int16.pane import Int16Dialog
from sgs_tui.tui.jobs import JobFailed, Said
from sgs_tui.tui.outside import editor_name
from sgs_tui.tui.requantize.jobs import Proposed, Refused, look, write_template
from sgs_tui.tui.requantize.view import TITLE, example_lines, proposal_lines, refusal_lines
from sgs_tui.tui.runs.controller import RunsController
from sgs_tui.tui.runs.pane import PairWanted
from sgs_tui.tui.runs.view import RunRow, dumps_with

BEGINNING = "requantize"
_SAME = Message("the chosen tensors are INT16 already, and no other is taken back")
_HOW = Message("I shows the list: i there takes a tensor in and out; i on a layer marks it")
_NOTE = Message("it keeps your convert and calibrate commands; enter shows an example")


@dataclass(frozen=True, slots=True)
class Awaited:
    """A run that was begun here: the dumps on the screen then, and where the old ini is kept."""

    dumps: tuple[Path | None, Path | None]
    proposal: Proposal
    backup: Path | None

    @property
    def quantized_here(self) -> bool:
        """The worker of an iteration writes the journal by itself; for these runs that is left to us."""
        return isinstance(self.proposal.recipe, EmbeddedRun)


class RequantizeController(Controller):
    """Asks before anything is written or started, and shows before and after at the end."""

    def __init__(
        self,
        host: Host,
        comparison: ComparisonController,
        int16: Int16Controller,
        baseline: BaselineController,
        runs: RunsController,
    ) -> None:
        super().__init__(host)
        self._comparison, self._int16, self._baseline, self._runs = comparison, int16, baseline, runs
        self._beginning = False
        self._announced: Path | None = None
        """The sample whose comparison shows before and after by itself."""
        self._noted: Path | None = None
        """The sample whose comparison goes into its journal."""
        self._former: Baseline | None = None
        self._foreseen: dict[str, float] = {}
        """RMSE by layer that the twin foresaw of what is being made."""

    # --- beginning

    @does("walk.iterate", "int16.iterate")
    def look(self) -> None:
        if self._beginning:
            self.host.flash(_("requantizing already"), "warn")
        elif self._comparison.comparing or self._comparison.diagnosing:
            self.host.flash(_("not before the diagnosis is there, which says what is worth INT16"), "warn")
        else:
            said = _("looking at what requantizing comes to ...")
            self.host.prepare("again", said, partial(look, self._int16.case), self.answer)

    def answer(self, found: Proposed | Refused | None) -> None:
        """Ask for a yes, or for what is missing."""
        self.host.flash("")
        match found:
            case Proposed():
                self._ask_to_begin(found)
            case Refused():
                self._tell_refusal(found)
            case None:
                self._ask_for_home()

    def _ask_to_begin(self, event: Proposed) -> None:
        """Say exactly what would be done."""
        proposal = event.proposal
        if not proposal.changes and not isinstance(proposal.recipe, Commands):
            self._explain(_("There is nothing to requantize"), _SAME, _HOW)
            return
        lines = partial(proposal_lines, proposal, event.advice, event.failing)
        self.confirm(TITLE, lines, partial(self._begin, proposal))

    def _begin(self, proposal: Proposal) -> None:
        if not self._beginning:
            self._beginning = True
            self._foreseen = self._int16.foreseen(proposal.names)
            self.host.flash(_("requantizing ..."), "doing")
            self.host.jobs.run(BEGINNING, lambda _: begin(proposal), partial(self.take_begun, proposal))

    @hears(JobFailed)
    def take_failure(self, event: JobFailed) -> None:
        """Nothing was begun; the screen says why."""
        if event.job == BEGINNING:
            self._beginning = False

    def take_begun(self, proposal: Proposal, begun: Begun) -> None:
        """It runs in the background, or (the demo) it is done. The INT16 window has done its part."""
        self._beginning = False
        self._int16.marks_are_kept()
        window = self.host.opened(Int16Dialog)
        if window is not None and window.is_current:
            window.dismiss(None)
        if begun.run is None:
            self._compare_again()
        else:
            self._follow(begun.run, proposal, begun.backup)

    def _follow(self, run: Path, proposal: Proposal, backup: Path | None) -> None:
        picks = self._comparison.picks
        if backup is not None:
            self.host.note(_("{ini} is written; what was there is in {backup}", ini=proposal.ini, backup=backup))
        self.host.post_message(Said(_("{name}: started; it goes on when the app or the line ends", name=run.name)))
        awaited = Awaited((picks.sample, picks.benchmark), proposal, backup)
        self._runs.expect(run, partial(self._take_end, awaited))
        self.host.go(self._runs.pane)

    def _compare_again(self) -> None:
        """The demo is quantized at once: the same files hold the new state, the rows on the screen the one before."""
        request = self._comparison.picks.request
        if request is None:
            self.host.post_message(Said(_("requantized: s and b in pane 3 pick the new dumps")))
            return
        if self._baseline.take_present(_("the state before")):
            self._announced = self._noted = request.sample
        self._comparison.compare(request)

    # --- the end of the run

    def _take_end(self, awaited: Awaited, row: RunRow) -> None:
        """What was begun here is opened, unless other dumps are looked at by now."""
        picks = self._comparison.picks
        if row.run.state is not RunState.OK:
            self._runs.tell_end(row)
            self._tell_failure(row, awaited)
        elif (picks.sample, picks.benchmark) == awaited.dumps:
            self._open(row, awaited)
        else:
            self.host.post_message(Said(_("{name}: ok; 7 and enter show what it did", name=row.run.name)))

    def _open(self, row: RunRow, awaited: Awaited) -> None:
        pair = dumps_with(row.run, [each.run for each in self._runs.pane.rows])
        assert pair is not None  # a good run of this kind has both dumps
        self._announced = pair.sample
        self._noted = pair.sample if awaited.quantized_here else None
        self.host.post_message(PairWanted(pair, row.path))

    def _tell_failure(self, row: RunRow, awaited: Awaited) -> None:
        if awaited.quantized_here:
            state = row.run.state.words
            said: str = Message("{state}: {message}", state=state, message=row.message) if row.message else state
            self.host.jobs.run("result", lambda _: append(journal_of(row.path), [entry(said, Kind.RESULT)]))
        if awaited.backup is not None:
            kept_in = _(
                "{ini} keeps the change; what was there before is in {backup}",
                ini=awaited.proposal.ini,
                backup=awaited.backup,
            )
            self.host.note(kept_in, "warn", _("A tries again"))

    # --- against the state before

    @hears(PairWanted)
    def read_state(self, event: PairWanted) -> None:
        """A run that was made to be held against another state is."""
        if event.run is not None:
            self._former, self._baseline.baseline = self._baseline.baseline, None
            run, profile = event.run, self._comparison.picks.profile
            self.host.jobs.run("before", lambda _: state_behind(read_run(run), profile), self._take_state)

    def _take_state(self, state: Baseline | None) -> None:
        """The baseline of what is compared now; what was the baseline stays where the run knows of none."""
        self._baseline.baseline = state or self._former
        if state is None and self._announced is not None:
            self._announced = None
            said = _("requantized; nothing is known of the state before, so nothing is held against it")
            self.host.post_message(Said(said))
        if self._comparison.summary is not None:
            self._baseline.hold()

    @hears(Regressed)
    def take_regression(self, event: Regressed) -> None:
        """What was requantized here shows before and after by itself, where the user is doing nothing else."""
        if not self._comparison.is_current(event.comparison):
            return
        sample, summary = event.comparison.request.sample, self._comparison.summary
        if sample == self._announced:
            self._announced = None
            self.host.flash(
                _("requantized: {regression}; B shows before and after", regression=headline(event.regression))
            )
            if self.host.unattended:
                self._baseline.show(event, self._foreseen)
        if sample == self._noted and summary is not None:
            self._noted = None
            was = sum(layer.verdict is Verdict.FAIL for layer in event.baseline.layers)
            result = partial(journal_result, sample, event.regression, was, summary.failed)
            self.host.jobs.run("result", lambda _: result())

    # --- the network's sgs-tui.toml: find it, write an example, have it fixed

    def _ask_for_home(self) -> None:
        """Nothing says how these models are quantized: which folder is the network's."""
        folders = self._comparison.network_folders
        guess = next((folder for folder in folders if (folder / INI).is_file()), folders[-1])
        shown = str(guess if guess.name else guess.absolute())  # a mere dot would say nothing
        self.ask_path(_("No {file} here: which folder is the network's?", file=NAME), shown, _NOTE, self._take_home)

    def _take_home(self, answer: str) -> None:
        folder = at_home(answer)
        if not folder.is_dir():
            self._explain(_("That is no folder"), _("{folder}: no such folder", folder=folder), _("A asks again"))
        elif (folder / NAME).is_file():
            self._comparison.network = folder
            self.look()
        else:
            path = folder / NAME
            self.confirm(
                _("Write this example of {file}, to fill in?", file=NAME),
                partial(example_lines, path, example()),
                partial(self.host.jobs.run, "example", partial(write_template, path), self._ask_to_fill_in),
            )

    def _ask_to_fill_in(self, path: Path) -> None:
        """It is of no use before the user's own commands are in it."""
        self._comparison.network = path.parent
        self.host.post_message(Said(_("{path} is written: fill in your commands, then A", path=path)))
        lines = partial(refusal_lines, "", "", path, example())
        self.confirm(
            _("Fill in your commands now, in {editor}?", editor=editor_name()),
            lines,
            partial(self._edit, path),
        )

    def _tell_refusal(self, event: Refused) -> None:
        """Why it can not be done; the file that can be fixed is offered for that."""
        self.host.note(event.message, "fail", event.hint)
        if event.file is None:
            self._explain(_("The models can not be requantized now"), event.message, event.hint)
            return
        self.host.flash(event.message, "fail")
        question = _("This does not work yet. Edit {file} in {editor}?", file=NAME, editor=editor_name())
        lines = partial(refusal_lines, event.message, event.hint, event.file, event.text)
        self.confirm(question, lines, partial(self._edit, event.file))

    def _edit(self, path: Path) -> None:
        """In the user's editor; then it is tried again."""
        if problem := self.host.edit(path):
            self._explain(_("The editor did not end well"), problem, _("edit {path} by hand, then A", path=path))
        else:
            self.look()

    def _explain(self, title: str, message: str, hint: str) -> None:
        """Say why not in a window: a line at the edge of the screen is too short for it."""
        self.host.flash(message, "warn")
        lines = partial(refusal_lines, message, hint, None, "")
        self.host.open(TextDialog(title, lines, self.host.keymap))
