"""The screen's half that advises: marks for INT16, and the change of input_config.ini."""

from functools import partial
from pathlib import Path

from textual import on

from sgs_tui.engine.iterate.loops import network_folders
from sgs_tui.engine.iterate.places import INI
from sgs_tui.tui.messages import ComparisonOpened, Flash, Said
from sgs_tui.tui.models.int16 import Marks, change_lines
from sgs_tui.tui.screens.ask import Ask
from sgs_tui.tui.screens.confirm import ConfirmDialog
from sgs_tui.tui.screens.int16 import IniAsked, Int16Dialog, MarkToggled, WriteAsked
from sgs_tui.tui.screens.triage import TriageScreen
from sgs_tui.tui.start import Start
from sgs_tui.tui.tasks.advising import Advised, Asked, Case, IniWritten, advice, write
from sgs_tui.tui.tasks.diagnosing import Diagnosed


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
