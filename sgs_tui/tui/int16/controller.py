"""The screen's half that advises: marks for INT16, and the change of input_config.ini."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

from textual import on
from textual.message import Message

from sgs_tui.engine.advice.advise import advise
from sgs_tui.engine.advice.results import Advice
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.diagnosis.results import Diagnosis
from sgs_tui.engine.errors import InputError, SgsError
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.network.graph import conv_inputs
from sgs_tui.engine.requantize.ini_change import IniChange, ini_change, journal_change, write_change
from sgs_tui.engine.requantize.network import INI
from sgs_tui.engine.requantize.propose import Commands, Loop, Requantized, find_loop, network_folders
from sgs_tui.engine.session import Comparison
from sgs_tui.tui.frame.dialogs import Ask, ConfirmDialog
from sgs_tui.tui.int16.pane import IniAsked, Int16Dialog, MarkToggled, WriteAsked
from sgs_tui.tui.int16.view import Marks, Plan, change_lines
from sgs_tui.tui.jobs import ComparisonOpened, Flash, Said
from sgs_tui.tui.requantize.view import again_words
from sgs_tui.tui.settings import Start
from sgs_tui.tui.triage.controller import Diagnosed, TriageScreen

# INT16 advice, as messages.


@dataclass
class Advised(Message):
    """The advice, with what it makes of the file."""

    comparison: Comparison
    plan: Plan


@dataclass
class IniWritten(Message):
    """The file is written; what was there is kept as `backup`."""

    path: Path
    backup: Path | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A comparison that is finished and explained."""

    comparison: Comparison
    rows: tuple[LayerDiff, ...]
    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True)
class Case:
    """What the user works on. `folders`: where the network's files may be; `ini`: another one that was chosen.

    `asked` is None while there is nothing to advise on: then only the marks count.
    """

    sample: Path | None
    folders: tuple[Path, ...]
    ini: Path | None
    marks: Marks
    asked: Asked | None

    def advice(self) -> Advice | None:
        """What is worth 16 bits here, with the user's marks. Raises SgsError."""
        if self.asked is None:
            return None
        asked, marks = self.asked, self.marks
        return advise(asked.comparison, asked.rows, asked.diagnosis, marks.marked, marks.unmarked)

    @property
    def failing(self) -> int:
        """Layers that fail now."""
        return sum(row.verdict is Verdict.FAIL for row in self.asked.rows) if self.asked else 0

    def conv_inputs(self) -> tuple[str, ...] | None:
        """By which names are judged; None: only by how they are written."""
        if self.asked is None:
            return None
        return conv_inputs(self.asked.comparison.benchmark, self.asked.comparison.sample)


def advice(case: Case, cancel: Event) -> Iterator[Message]:
    """Advise, and change the file in memory. Raises SgsError."""
    assert case.asked is not None
    found = case.advice()
    assert found is not None
    loop, again = _loop(case)
    path = case.ini or _ini(case, loop)
    change, problem = None, ""
    try:
        change = ini_change(read_bytes(path), found.chosen, case.marks.unmarked, case.conv_inputs())
    except SgsError as error:
        problem = f"{error.message}: o names another file"
    needed = not isinstance(loop, Requantized) or case.ini is not None
    yield Advised(case.asked.comparison, Plan(found, path, change, problem, case.failing, again, needed))


def _loop(case: Case) -> tuple[Loop | None, str]:
    """(how the models can be made again, in words)."""
    try:
        loop = find_loop(case.sample, case.folders)
    except SgsError as error:
        return None, f"A can not make the models again: {error.message}"
    return loop, again_words(loop)


def _ini(case: Case, loop: Loop | None) -> Path:
    """The file of the network's sgs-tui.toml, else the first input_config.ini that is there."""
    if isinstance(loop, Commands):
        return loop.config.ini
    places = [folder / INI for folder in case.folders]
    return next((path for path in places if path.is_file()), places[-1])


def write(path: Path, change: IniChange, sample: Path | None, cancel: Event) -> Iterator[Message]:
    """Write the file and note it beside the sample; what was there is kept.

    Raises InputError where the file changed meanwhile.
    """
    yield IniWritten(path, write_change(path, change))
    if sample is not None:
        try:
            journal_change(sample, path, change)
        except InputError as error:
            yield Said(f"not in the journal: {error.message}", "warn", error.hint)


class AdviceScreen(TriageScreen):
    """Owns the marks."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self.marks = Marks()
        self.ini: Path | None = None
        self.network: Path | None = None

    @property
    def network_folders(self) -> tuple[Path, ...]:
        """Where sgs-tui.toml and input_config.ini may be: as chosen, by the sample, where the app was started."""
        found = network_folders(self.picks.sample, self.start.folder)
        return found if self.network is None else (self.network, *found)

    @property
    def case(self) -> Case:
        """What the advice and a change of the models start from."""
        comparison, diagnosis = self.bench.comparison, self.triage_pane.diagnosis
        rows = [row for row in self.layers_pane.model.rows if row is not None]
        asked = Asked(comparison, tuple(rows), diagnosis) if comparison and diagnosis else None
        return Case(self.picks.sample, self.network_folders, self.ini, self.marks, asked)

    # --- marks

    def action_mark(self) -> None:
        """The layer under the cursor wanted in 16 bit, or no more."""
        name = self.layer_name
        if not name:
            self.flash(Flash("no layer here", "warn"))
            return
        self.marks = self.marks.flipped(name)
        marked = name in self.marks.marked
        said = "marked for INT16; I shows the list and the change of input_config.ini" if marked else "no more marked"
        self.flash(Flash(f"{name}: {said}"))

    @on(MarkToggled)
    def toggle_mark(self, event: MarkToggled) -> None:
        """From the window."""
        self.marks = self.marks.toggled(event.tensor, event.chosen)
        self._advise()

    @on(ComparisonOpened)
    def keep_marks(self, event: ComparisonOpened) -> None:
        """Of tensors that these dumps hold too."""
        names = {record.name for record in event.comparison.benchmark.records}
        keep = [tuple(name for name in kind if name in names) for kind in (self.marks.marked, self.marks.unmarked)]
        self.marks = Marks(*keep)

    # --- the window

    def action_int16(self) -> None:
        """Advised and marked tensors."""
        if self.triage_pane.diagnosis is None:
            self.flash(Flash("the advice needs the diagnosis of a comparison: 6 says how far it is", "warn"))
            return
        self.app.push_screen(Int16Dialog(self.keymap))
        self._advise()

    @on(Diagnosed)
    def advise_again(self) -> None:
        """An open window follows a new diagnosis."""
        if any(isinstance(screen, Int16Dialog) for screen in self.app.screen_stack):
            self.call_after_refresh(self._advise)

    def _advise(self) -> None:
        case = self.case
        if case.asked is not None:
            self.bench.start("advice", partial(advice, case))

    @on(Advised)
    def take_advice(self, event: Advised) -> None:
        """Into the window that waits for it."""
        for screen in self.app.screen_stack:
            if isinstance(screen, Int16Dialog) and self.bench.is_current(event.comparison):
                screen.show_plan(event.plan)

    # --- the file

    @on(IniAsked)
    def ask_for_ini(self, event: IniAsked) -> None:
        """Which file."""
        note = "the file that convert and calibrate are given; a folder means the input_config.ini in it"
        self.app.push_screen(
            Ask("Change which input_config.ini?", str(event.plan.path), note, self.keymap), self._take_ini
        )

    def _take_ini(self, answer: str | None) -> None:
        if answer:
            path = Path(answer).expanduser()
            self.ini = path / INI if path.is_dir() else path
            self._advise()

    @on(WriteAsked)
    def ask_to_write(self, event: WriteAsked) -> None:
        """Show the difference first."""
        change = event.change
        question = f"Write {event.path}; the old file is kept as .bak?"
        work = partial(write, event.path, change, self.picks.sample)
        self.app.push_screen(
            ConfirmDialog(question, partial(change_lines, change), self.keymap),
            lambda yes: self.bench.start("write", work) if yes else None,
        )

    @on(IniWritten)
    def show_written(self, event: IniWritten) -> None:
        """The window shows the file as it is now."""
        kept = f", before that kept as {event.backup.name}" if event.backup else ""
        self.post_message(Said(f"saved {event.path}{kept}: A makes the models again and compares"))
        self._advise()
