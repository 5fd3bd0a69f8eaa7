"""The screen's half that makes models again: says what it comes to, waits for a yes, begins."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event

from textual import on
from textual.message import Message

from sgs_tui.engine.advice.results import Advice
from sgs_tui.engine.compare.baseline import Baseline, Regression
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.errors import InputError, SgsError
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.journal import Kind, append, entry, journal_of
from sgs_tui.engine.requantize.ini_change import journal_result
from sgs_tui.engine.requantize.network import INI, NAME, TEMPLATE
from sgs_tui.engine.requantize.propose import (
    Begun,
    BusyError,
    Commands,
    Proposal,
    Requantized,
    Wanted,
    begin,
    find_loop,
    propose,
)
from sgs_tui.engine.requantize.state import state_behind
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import read_run
from sgs_tui.tui.baseline.controller import Regressed, kept
from sgs_tui.tui.baseline.view import headline
from sgs_tui.tui.frame.dialogs import Ask, ConfirmDialog, TextDialog
from sgs_tui.tui.int16.controller import Case
from sgs_tui.tui.int16.pane import Int16Dialog, MakeAsked
from sgs_tui.tui.jobs import Flash, JobFailed, Said
from sgs_tui.tui.journal.controller import MAKING, JournalScreen
from sgs_tui.tui.outside import edit_file, editor_name
from sgs_tui.tui.requantize.view import TITLE, example_lines, proposal_lines, refusal_lines
from sgs_tui.tui.runs.controller import RunsSeen
from sgs_tui.tui.runs.pane import PairWanted
from sgs_tui.tui.runs.view import RunRow, dumps_with
from sgs_tui.tui.settings import Start
from sgs_tui.tui.widgets.prompt import Prompt

# Making the models again, as messages: look what it comes to, begin it, read what it is compared with.


@dataclass
class Proposed(Message):
    """What would be done; `advice` is what it should bring, where a comparison says so and `failing` layers fail."""

    proposal: Proposal
    advice: Advice | None
    failing: int


@dataclass
class HomeUnknown(Message):
    """Nothing says how these models are made."""


@dataclass
class Refused(Message):
    """It can not be done; `file` is the sgs-tui.toml to mend, where that would help, and `text` what it says."""

    message: str
    hint: str
    file: Path | None = None
    text: str = ""


@dataclass
class MakingBegun(Message):
    """It runs in the background, or (the demo) it is done."""

    proposal: Proposal
    begun: Begun


@dataclass
class TemplateWritten(Message):
    """There is an sgs-tui.toml to fill in now."""

    path: Path


@dataclass
class StateRead(Message):
    """The state that a run's comparison is held against; None where none is known."""

    path: Path
    baseline: Baseline | None


def look(case: Case, cancel: Event) -> Iterator[Message]:
    """What making the models again comes to. Nothing is written or started."""
    try:
        loop = find_loop(case.sample, case.folders)
        if loop is None:
            yield HomeUnknown()
            return
        advice = case.advice()
        raised = case.marks.marked if advice is None else advice.chosen
        yield Proposed(propose(loop, Wanted(raised, case.marks.unmarked, case.conv_inputs())), advice, case.failing)
    except BusyError as error:
        yield Refused(error.message, "7 shows it, x there ends it")
    except SgsError as error:
        file = next((folder / NAME for folder in case.folders if (folder / NAME).is_file()), None)
        text = "" if file is None else file.read_text("utf-8", "replace")
        yield Refused(error.message, error.hint, file, text)


def make(proposal: Proposal, cancel: Event) -> Iterator[Message]:
    """Begin. Raises SgsError."""
    yield MakingBegun(proposal, begin(proposal))


def write_template(path: Path, cancel: Event) -> Iterator[Message]:
    """The example to fill in. Raises InputError where a file is there already."""
    if path.exists():
        raise InputError(f"{path}: is there already", "A reads it")
    write_atomically(path, TEMPLATE.encode())
    yield TemplateWritten(path)


def before(path: Path, profile: Profile, cancel: Event) -> Iterator[Message]:
    """The state that the run in `path` was made to be held against. Raises InputError where it is gone."""
    yield StateRead(path, state_behind(read_run(path), profile))


def note_failure(run: Path, said: str, cancel: Event) -> Iterator[Message]:
    """Into the journal of a run that came to nothing. Raises InputError."""
    append(journal_of(run), [entry(said, Kind.RESULT)])
    yield from ()


def note_result(sample: Path, regression: Regression, was: int, now: int, cancel: Event) -> Iterator[Message]:
    """Into the journal of the new dump: what it did. Raises InputError."""
    journal_result(sample, regression, was, now)
    yield from ()


# The screen's half that waits for models that are made again, and shows before and after.


@dataclass(frozen=True, slots=True)
class Awaited:
    """A run that was begun here: the dumps on the screen then, and where the old ini is kept."""

    dumps: tuple[Path | None, Path | None]
    proposal: Proposal
    backup: Path | None

    @property
    def quantized_here(self) -> bool:
        """The worker of an iteration writes the journal by itself; for these runs that is left to us."""
        return isinstance(self.proposal.loop, Requantized)


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
        self._noted = pair.sample if awaited.quantized_here else None
        self.post_message(PairWanted(pair, row.path))

    def _tell_failure(self, row: RunRow, awaited: Awaited) -> None:
        if awaited.quantized_here:
            said = f"{row.run.state}: {row.message}" if row.message else str(row.run.state)
            self.desk.start("result", partial(note_failure, row.path, said))
        if awaited.backup is not None:
            kept_in = f"{awaited.proposal.ini} keeps the change; what was there before is in {awaited.backup}"
            self.log_pane.add(kept_in, "warn", "A tries again")

    # --- against the state before

    @on(PairWanted)
    def read_state(self, event: PairWanted) -> None:
        """A run that was made to be held against another state is."""
        if event.run is not None:
            self._former, self.baseline = self.baseline, None
            self.desk.start("before", partial(before, event.run, self.picks.profile))

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
            work = partial(note_result, sample, event.regression, was, self.bench.summary.failed)
            self.desk.start("result", work)


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
        self.desk.start("again", partial(look, self.case))

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
            self.desk.start(MAKING, partial(make, proposal))

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


# The screen's half that knows where a network's sgs-tui.toml is: find it, write an example, have it mended.

_NOTE = "it keeps your convert and calibrate commands; enter shows an example"


class NetworkScreen(IterateScreen):
    """Asks for what making models again needs to know."""

    @on(HomeUnknown)
    def ask_for_home(self) -> None:
        """Which folder is the network's."""
        self.flash(Flash(""))
        places = [folder for folder in self.network_folders if (folder / INI).is_file()]
        guess = (places or [self.start.folder])[0]
        shown = str(guess if guess.name else guess.absolute())  # a mere dot would say nothing
        self.app.push_screen(
            Ask(f"No {NAME} here: which folder is the network's?", shown, _NOTE, self.keymap), self._take_home
        )

    def _take_home(self, answer: str | None) -> None:
        if not answer:
            return
        folder = Path(answer).expanduser()
        if not folder.is_dir():
            self.explain("That is no folder", f"{folder}: no such folder", "A asks again")
        elif (folder / NAME).is_file():
            self.network = folder
            self.action_iterate()
        else:
            self._offer_example(folder / NAME)

    def _offer_example(self, path: Path) -> None:
        self.app.push_screen(
            ConfirmDialog(
                f"Write this example of {NAME}, to fill in?", partial(example_lines, path, TEMPLATE), self.keymap
            ),
            lambda yes: self.desk.start("example", partial(write_template, path)) if yes else None,
        )

    @on(TemplateWritten)
    def ask_to_fill_in(self, event: TemplateWritten) -> None:
        """It is of no use before the user's own commands are in it."""
        self.network = event.path.parent
        self.post_message(Said(f"{event.path} is written: fill in your commands, then A"))
        self._ask_to_edit(event.path, f"Fill in your commands now, in {editor_name()}?", "", "", TEMPLATE)

    @on(Refused)
    def tell_refusal(self, event: Refused) -> None:
        """Why it can not be done; the file that can be mended is offered for that."""
        self.log_pane.add(event.message, "fail", event.hint)
        if event.file is None:
            self.explain("The models can not be made again now", event.message, event.hint)
            return
        self.flash(Flash(event.message, "fail"))
        question = f"This does not work yet. Edit {NAME} in {editor_name()}?"
        self._ask_to_edit(event.file, question, event.message, event.hint, event.text)

    def _ask_to_edit(self, path: Path, question: str, message: str, hint: str, text: str) -> None:
        lines = partial(refusal_lines, message, hint, path, text)
        self.app.push_screen(ConfirmDialog(question, lines, self.keymap), lambda yes: self._edit(path) if yes else None)

    def _edit(self, path: Path) -> None:
        """In the user's editor; then it is tried again."""
        if problem := edit_file(self.app, path):
            self.explain("The editor did not end well", problem, f"edit {path} by hand, then A")
        else:
            self.action_iterate()
