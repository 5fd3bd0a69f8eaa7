"""INT16: the user's marks, the advice that goes with them, and the change of input_config.ini."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

from sgs_tui.engine.advice.advise import advise
from sgs_tui.engine.advice.results import Advice
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.diagnosis.results import Diagnosis
from sgs_tui.engine.errors import InputError, SgsError
from sgs_tui.engine.files import at_home, read_bytes
from sgs_tui.engine.requantize.ini_change import IniChange, ini_change, journal_change, write_change
from sgs_tui.engine.requantize.network import INI
from sgs_tui.engine.requantize.propose import Commands, EmbeddedRun, Recipe, find_recipe
from sgs_tui.engine.session import Comparison
from sgs_tui.language import _, joined
from sgs_tui.tui.comparison.controller import ComparisonController
from sgs_tui.tui.comparison.jobs import ComparisonOpened, DiagnosisChanged
from sgs_tui.tui.frame.controller import Controller, Host, confirmed, does, hears
from sgs_tui.tui.int16.foresee import Foreseen, Foresight, Question
from sgs_tui.tui.int16.marks import Marks
from sgs_tui.tui.int16.pane import Int16Dialog, LoseMarksDialog, MarkToggled, WriteAsked
from sgs_tui.tui.int16.view import Plan, again_words, change_lines
from sgs_tui.tui.jobs import MarksChanged, Said
from sgs_tui.tui.text import BLANK, line


@dataclass(frozen=True, slots=True)
class Case:
    """What the user works on. `folders`: where the network's files may be; `ini`: another one that was chosen.

    Without a comparison and its diagnosis there is nothing to advise on: then only the marks count.
    """

    sample: Path | None
    folders: tuple[Path, ...]
    ini: Path | None
    marks: Marks
    comparison: Comparison | None
    rows: tuple[LayerDiff, ...]
    diagnosis: Diagnosis | None

    def advice(self) -> Advice | None:
        """What is worth INT16 here, with the user's marks. Raises SgsError."""
        if self.comparison is None or self.diagnosis is None:
            return None
        return advise(self.comparison, self.rows, self.diagnosis, self.marks.marked, self.marks.unmarked)

    @property
    def failing(self) -> int:
        return sum(row.verdict is Verdict.FAIL for row in self.rows) if self.diagnosis else 0


def plan(case: Case, cancel: Event) -> Plan | None:
    """Advise, and change the file in memory; None where there is nothing to advise on. Raises SgsError."""
    found = case.advice()
    if found is None:
        return None
    recipe, again = _recipe(case)
    path = case.ini or _ini(case, recipe)
    change, problem = None, ""
    try:
        change = ini_change(read_bytes(path), found.chosen, case.marks.unmarked, found.able)
    except SgsError as error:
        problem = _("{problem}: o names another file", problem=error.message)
    needed = not isinstance(recipe, EmbeddedRun) or case.ini is not None
    return Plan(found, path, change, problem, case.failing, again, needed)


def _recipe(case: Case) -> tuple[Recipe | None, str]:
    """How the models can be requantized, also in words."""
    try:
        recipe = find_recipe(case.sample, case.folders)
    except SgsError as error:
        return None, _("A can not requantize the models: {problem}", problem=error.message)
    return recipe, again_words(recipe)


def _ini(case: Case, recipe: Recipe | None) -> Path:
    """The file of the network's sgs-tui.toml, else the first input_config.ini that is there."""
    if isinstance(recipe, Commands):
        return recipe.config.ini
    places = [folder / INI for folder in case.folders]
    return next((path for path in places if path.is_file()), places[-1])


def write(path: Path, change: IniChange, sample: Path | None, cancel: Event) -> tuple[str, InputError | None]:
    """Write the file and note it beside the sample: what to say of it, and why the journal does not know.

    What was there is kept. Raises InputError where the file changed meanwhile.
    """
    backup = write_change(path, change)
    said = _("saved {path}", path=path)
    if backup:
        said = _("saved {path}, before that kept as {backup}", path=path, backup=backup.name)
    try:
        if sample is not None:
            journal_change(sample, path, change)
    except InputError as error:
        return said, error
    return said, None


class Int16Controller(Controller):
    """Owns the marks; `ini` is the input_config.ini that was chosen in place of the one that is found."""

    def __init__(self, host: Host, comparison: ComparisonController) -> None:
        super().__init__(host)
        self._comparison = comparison
        self.marks = Marks()
        self._kept = Marks()
        self.ini: Path | None = None
        self._foresight: Foresight | None = None
        self._foreseen: Foreseen | None = None

    @property
    def case(self) -> Case:
        now = self._comparison
        return Case(
            sample=now.picks.sample,
            folders=now.network_folders,
            ini=self.ini,
            marks=self.marks,
            comparison=now.current,
            rows=tuple(now.rows),
            diagnosis=now.diagnosis,
        )

    # --- marks

    @does("walk.mark")
    def mark(self) -> None:
        """The layer under the cursor wanted in INT16, or no more."""
        name = self._comparison.layer
        if not name:
            self.host.flash(_("no layer here"), "warn")
            return
        self._mark(self.marks.flipped(name))
        marked = name in self.marks.marked
        said = (
            _("marked for INT16; I shows the list and the change of input_config.ini")
            if marked
            else _("no more marked")
        )
        self.host.flash(_("{name}: {text}", name=name, text=said))

    def _mark(self, marks: Marks) -> None:
        self.marks = marks
        self.host.post_message(MarksChanged(marks.marked, marks.unmarked))

    @hears(MarkToggled)
    def toggle_mark(self, event: MarkToggled) -> None:
        self._mark(self.marks.toggled(event.tensor, event.chosen))
        self._advise()

    @hears(ComparisonOpened)
    def keep_marks(self, event: ComparisonOpened) -> None:
        """Of tensors that these dumps hold too; the others are named."""
        names = {record.name for record in event.comparison.benchmark.records}
        if lost := self.marks.outside(names):
            said = _("no more marked for INT16, since these dumps do not hold them: {tensors}", tensors=joined(lost))
            self.host.note(said, "warn")
            self.host.flash(said, "warn")
        self._kept = self._kept.among(names)
        self._mark(self.marks.among(names))
        self._drop()

    def marks_are_kept(self) -> None:
        """They stand in a file now, or went into a run."""
        self._kept = self.marks

    def leave(self, then: Callable[[], object]) -> None:
        """Do what would lose marks that stand in no file, after a question where there are any."""
        if self.marks in (Marks(), self._kept):
            then()
        elif self.host.opened(LoseMarksDialog) is None:
            evidence = [
                *self.marks.lines(),
                BLANK,
                line(_("I shows the list: w there writes them into input_config.ini")),
            ]
            dialog = LoseMarksDialog(_("Quit, and lose the INT16 marks?"), lambda _: evidence, self.host.keymap)
            self.host.open(dialog, partial(confirmed, then))

    # --- the window

    @does("walk.int16")
    def open_window(self) -> None:
        """While the diagnosis is made the window waits for it."""
        now = self._comparison
        if now.diagnosis is None and not (now.comparing or now.diagnosing):
            self.host.flash(_("the advice needs the diagnosis of a comparison: 6 says why there is none"), "warn")
            return
        self.host.open(Int16Dialog(self.host.keymap))
        self._advise()

    @hears(DiagnosisChanged)
    def advise_again(self) -> None:
        """An open window follows a new diagnosis."""
        if self.host.opened(Int16Dialog):
            self._advise()

    def _advise(self) -> None:
        if self._comparison.diagnosis is not None:
            self._comparison.find("advice", partial(plan, self.case), self._show_plan)

    def _show_plan(self, found: Plan | None) -> None:
        window = self.host.opened(Int16Dialog)
        if window is not None and found is not None:
            window.show_plan(found)
            self._foresee(found)

    def _foresee(self, made: Plan) -> None:
        """Ask the twin for the set that is on the screen."""
        current = self._comparison.current
        if current is None:
            return
        if self._foresight is None or self._foresight.comparison is not current:
            self._drop()
            known = self._comparison.diagnosis.trying if self._comparison.diagnosis is not None else None
            self._foresight = Foresight(current, known.subject if known is not None else None)
        rows, profile = tuple(self._comparison.rows), current.request.profile
        question = Question(made.advice.chosen, self.marks.unmarked, profile, rows)
        self._comparison.find("foresee", partial(self._foresight.ask, question), self._show_foreseen)

    def _show_foreseen(self, found: Foreseen) -> None:
        self._foreseen = found
        window = self.host.opened(Int16Dialog)
        if window is not None:
            window.show_foreseen(found)

    def foreseen(self, names: tuple[str, ...]) -> dict[str, float]:
        """RMSE of each layer with these tensors in INT16, where the window has shown it for the dumps at hand."""
        return {} if self._foreseen is None else self._foreseen.rmse(names)

    def _drop(self) -> None:
        if self._foresight is not None:
            self._foresight.drop()
            self._foresight = self._foreseen = None
        if (window := self.host.opened(Int16Dialog)) is not None:
            window.foreseen = None

    # --- the file

    @does("int16.file")
    def ask_for_ini(self) -> None:
        window = self.host.opened(Int16Dialog)
        if window is None or window.plan is None:
            return
        note = _("the file that convert and calibrate are given; a folder means the input_config.ini in it")
        self.ask_path(_("Change which input_config.ini?"), str(window.plan.path), note, self._take_ini)

    def _take_ini(self, answer: str) -> None:
        path = at_home(answer)
        self.ini = path / INI if path.is_dir() else path
        self._advise()

    @hears(WriteAsked)
    def ask_to_write(self, event: WriteAsked) -> None:
        work = partial(write, event.path, event.change, self._comparison.picks.sample)
        self.confirm(
            _("Write {path}; the old file is kept as .bak?", path=event.path),
            partial(change_lines, event.change),
            partial(self.host.jobs.run, "write", work, self._show_written),
        )

    def _show_written(self, written: tuple[str, InputError | None]) -> None:
        """The window shows the file as it is now."""
        said, problem = written
        self.marks_are_kept()
        self.host.post_message(Said(_("{said}: A requantizes the models and compares", said=said)))
        if problem is not None:
            self.host.post_message(
                Said(_("not in the journal: {problem}", problem=problem.message), "warn", problem.hint)
            )
        self._advise()
