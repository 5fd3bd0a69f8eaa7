"""The main screen: one controller a feature, the panes in their places, and the actions that work everywhere.

Apart because the app paints its first picture before anything of this is imported.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message

from sgs_tui.engine.errors import SgsError, told
from sgs_tui.language import Message as Words
from sgs_tui.language import _
from sgs_tui.tui.actions import BY_ID, bindings, group, help_lines, shown_keys
from sgs_tui.tui.baseline.controller import BaselineController
from sgs_tui.tui.comparison.controller import ComparisonController
from sgs_tui.tui.comparison.jobs import DiagnosisChanged
from sgs_tui.tui.comparison.view import title
from sgs_tui.tui.debugconfig.controller import DebugConfigController
from sgs_tui.tui.debugconfig.view import FILE_NAME
from sgs_tui.tui.dumps.controller import DumpsController
from sgs_tui.tui.export import ExportController
from sgs_tui.tui.frame.controller import Answer, Controller, Prepared, Router, Window
from sgs_tui.tui.frame.dialogs import Choice, Chooser, Dialog, TextDialog
from sgs_tui.tui.frame.help import HelpDialog
from sgs_tui.tui.frame.pane import Pane, PaneAsked
from sgs_tui.tui.frame.panes_screen import Arrangement, PanesScreen
from sgs_tui.tui.hints import Hints
from sgs_tui.tui.histogram.controller import HistogramController
from sgs_tui.tui.int16.controller import Int16Controller
from sgs_tui.tui.jobs import Flash, Found, JobCrashed, JobFailed, Jobs, LayersShown, Said
from sgs_tui.tui.journal.controller import JournalController
from sgs_tui.tui.layers.controller import LayersController
from sgs_tui.tui.log.pane import LogPane
from sgs_tui.tui.network.controller import NetworkController
from sgs_tui.tui.original.controller import OriginalController
from sgs_tui.tui.outside import CopyController, edit_file
from sgs_tui.tui.pictures.controller import PicturesController
from sgs_tui.tui.requantize.controller import BEGINNING, RequantizeController
from sgs_tui.tui.runs.controller import RunsController
from sgs_tui.tui.runs.form import form_of
from sgs_tui.tui.settings import Settings, Start, ViewState, load_state, save_state
from sgs_tui.tui.status import Telling
from sgs_tui.tui.tensor.controller import TensorController
from sgs_tui.tui.text import BLANK, Line, Span, span, wrap
from sgs_tui.tui.triage.controller import TriageController
from sgs_tui.tui.widgets.bars import run
from sgs_tui.tui.widgets.key_queue import key_queue
from sgs_tui.tui.widgets.prompt import Prompt
from sgs_tui.tui.widgets.text_view import TextView

TWICE = 2.0
"""Seconds within which a second ctrl+c quits."""
_SIGNS = {"fail": Span("✗ ", "fail"), "warn": Span("~ ", "warn")}


class Covered(Vertical):
    """Panes below each other that leave nothing of it to be seen."""

    BLANK = True


class MainScreen(PanesScreen):
    """All panes of the app, and the `Host` of their controllers."""

    BINDINGS = bindings("app", "walk", "inside", "pair")

    def __init__(self, start: Start, settings: Settings) -> None:
        super().__init__()
        self.start, self.settings = start, settings
        self.jobs = Jobs(self.post_message)
        self.log_pane = LogPane()
        self.comparison = ComparisonController(self, start)
        self.histogram = HistogramController(self, self.comparison)
        self.layer_table = LayersController(self, self.comparison, self.histogram)
        self.dumps = DumpsController(self, self.comparison)
        self.debugconfig = DebugConfigController(self)
        self.triage = TriageController(self, self.comparison)
        self.int16 = Int16Controller(self, self.comparison)
        self.baseline = BaselineController(self, self.comparison)
        self.runs = RunsController(self, self.comparison, lambda: self.debugconfig.pane.document)
        self.pictures = PicturesController(self, self.comparison, self.runs)
        self.journal = JournalController(self, self.comparison, lambda: self.runs.selected)
        self.requantize = RequantizeController(self, self.comparison, self.int16, self.baseline, self.runs)
        self.network = NetworkController(self, self.comparison)
        self.original = OriginalController(self, self.comparison)
        self.tensor = TensorController(self, self.comparison)
        self.copying = CopyController(self)
        self._telling = Telling(self.note)
        self._hints = Hints()
        self.exporting = ExportController(self, self.comparison, self.layer_table.pane)
        self.help_beside = TextView(identity="help-beside", reads=False)
        self._router = Router([part for part in vars(self).values() if isinstance(part, Controller)])
        self._interrupted = -TWICE
        self._preparing = ""
        """The job whose answer the keys wait for, or last waited for."""

    @property
    def panes(self) -> tuple[Pane, ...]:
        return (
            self.layer_table.pane,
            self.histogram.pane,
            self.dumps.pane,
            self.debugconfig.pane,
            self.log_pane,
            self.triage.pane,
            self.runs.pane,
            self.pictures.pane,
            self.network.pane,
            self.layer_table.details,
        )

    def body(self) -> ComposeResult:
        with Horizontal(id="body"):
            with Covered(id="side", classes="holder"):
                yield self.triage.pane
                yield self.dumps.pane
                yield self.debugconfig.pane
                yield self.log_pane
            with Covered(id="center", classes="holder"):
                yield self.layer_table.pane
                yield self.runs.pane
                yield self.pictures.pane
                yield self.network.pane
                with Horizontal(id="lower", classes="holder"):
                    yield self.histogram.pane
                    yield self.layer_table.details
            yield self.help_beside

    def on_mount(self) -> None:
        """As this folder was left, then work once the first picture is out."""
        state = load_state(self.start.folder)
        self.layer_table.recall(state, self.start, self.settings.columns)
        self.histogram.pane.change(log_counts=state.log_counts)
        self.splits = {"side": state.side, "lower": state.lower}
        self._split()
        self.runs.form = form_of(state.run)
        self.show_title()
        for problem in self.settings.problems:
            self.note(problem, "warn")
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Compare what the command line names, and list its folder and the runs that are here already."""
        self.debugconfig.pane.load(self.start.folder / FILE_NAME)
        if self.debugconfig.pane.is_there:
            self.dumps.pane.neighbors = ("debugconfig", *self.dumps.pane.NEIGHBORS)
        self.show_tabs()
        self.dumps.browse(self.start.folder)
        if self.comparison.picks.request is not None:
            self.comparison.begin_with_picks()
        else:
            self.go(self.dumps.pane)
        self.runs.watch()
        key_queue(self.app).open()

    def on_unmount(self) -> None:
        kept = ViewState(
            log_counts=self.histogram.pane.view.log_counts,
            run=dict(self.runs.form.values),
            side=self.splits["side"],
            lower=self.splits["lower"],
        )
        try:
            self._hints.keep()
            save_state(self.start.folder, self.layer_table.remembered(kept))
        except (OSError, SgsError) as error:
            self.note(_("the view is not kept: {error}", error=told(error)), "warn")
        self.jobs.close()
        self.comparison.close()

    # --- what controllers are told, and what they ask for

    @on(Message)
    def tell_controllers(self, message: Message) -> None:
        """Whatever reaches the screen goes to those who hear it."""
        self._router.tell(message)

    def action_do(self, action_id: str) -> None:
        self._router.do(action_id)

    @property
    def choosing(self) -> bool:
        return self.comparison.request is None

    @property
    def keymap(self) -> dict[str, str]:
        return dict(self.settings.keys)

    @property
    def monochrome(self) -> bool:
        return bool(self.app.current_theme.ansi)

    @property
    def unattended(self) -> bool:
        return self.app.screen is self and not isinstance(self.focused, Prompt)

    def open(self, dialog: Dialog[Answer], then: Callable[[Answer | None], None] | None = None) -> None:
        self.app.push_screen(dialog, then)

    def opened(self, kind: type[Window]) -> Window | None:
        return next((screen for screen in self.app.screen_stack if isinstance(screen, kind)), None)

    def prepare(
        self, name: str, said: str, work: Callable[[Event], Prepared], then: Callable[[Prepared], object]
    ) -> None:
        """Escape stops it."""
        self._preparing = name
        self.flash(said, "doing")
        self._say_above(said)
        key_queue(self.app).pause(partial(self._stop_preparing, name))
        self.jobs.run(name, work, partial(self._prepared, then))

    def _prepared(self, then: Callable[[Prepared], object], answer: Prepared) -> None:
        key_queue(self.app).go_on()
        self._say_above("")
        then(answer)

    def _say_above(self, said: str) -> None:
        """In the window that hides the status line, where there is one."""
        if isinstance(self.app.screen, Dialog):
            self.app.screen.doing(said)

    def _stop_preparing(self, name: str) -> None:
        self.jobs.cancel(name)
        self._say_above("")
        self.flash(_("stopped"), "warn")

    def edit(self, path: Path) -> str:
        return edit_file(self.app, path)

    # --- what is said

    @on(LayersShown)
    def show_title(self) -> None:
        self.title_bar.say(title(self.comparison.request, self.layer_table.summary, self.size.width))
        if self.choosing != self.has_class("-choosing"):
            self._arrange()
        self.show_notice()

    def show_notice(self) -> None:
        """On every pane, what has to be put right before any figure counts."""
        current = self.comparison.current
        key = shown_keys(BY_ID["pair.swap"], self.keymap)[0]
        self.notice("")
        if current and current.swapped:
            sample, benchmark = current.swapped
            elsewhere = _(
                "sample and benchmark look swapped: {key} in another pane swaps them ({sample} against {benchmark})",
                key=key,
                sample=sample,
                benchmark=benchmark,
            )
            here = _(
                "sample and benchmark look swapped: {key} swaps them ({sample} against {benchmark})",
                key=key,
                sample=sample,
                benchmark=benchmark,
            )
            self.notice(elsewhere if self.current is self.runs.pane else here)
        self.show_verdict()

    @on(DiagnosisChanged)
    def show_verdict(self) -> None:
        """Under the title of every pane: the first finding, or how far the search for it is."""
        swapped = self.comparison.current is not None and self.comparison.current.swapped is not None
        if swapped:
            self.verdict_bar.say([])
        else:
            self.verdict_bar.say(*self.triage.verdict(self.app.size.width))

    def _mark(self, pane: Pane) -> None:
        """With a hint in the status line at the first meeting; what was said in another pane is gone."""
        super()._mark(pane)
        self.call_after_refresh(self.flash, self._hints.first(pane.NAME), "hint")

    def offers(self, pane: str) -> bool:
        """DebugConfig only where there is one, or it was asked for."""
        mine = self.debugconfig.pane
        return pane != mine.NAME or mine.is_there or self.current is mine

    def show_keys(self) -> None:
        super().show_keys()
        self.show_notice()
        if self.help_beside.has_class("-shown"):
            self.help_beside.show(self._help)

    def on_resize(self, event: events.Resize) -> None:
        """The title is made for a width (Textual calls the panes' half as well)."""
        self.call_after_refresh(self.show_title)

    def note(self, text: str, level: str = "info", hint: str = "") -> None:
        self.log_pane.add(text, level, hint)

    def flash(self, text: str, level: str = "info") -> None:
        """The gravest message since the last key; with none the layer under the cursor."""
        if self._telling.tell(text, level, key_queue(self.app).given + self.clicks, self.log_pane.newest):
            told = self._telling
            sign = _SIGNS.get(told.level, Span("  "))
            more = (Span("  " + _("(+{others} in the log: 5)", others=told.others), "muted"),) if told.others else ()
            line = (Span(" "), sign, span(told.text), *more)
            self.say(line if told.text else self.layer_table.status(self.size.width))

    @on(Flash)
    def take_flash(self, event: Flash) -> None:
        self.flash(event.text, event.level)

    @on(Said)
    def take_said(self, event: Said) -> None:
        self.note(event.text, event.level, event.hint)
        self.flash(event.text, event.level)

    @on(Found)
    def take_found(self, event: Found) -> None:
        if not event.cancelled.is_set():
            event.tell()

    @on(JobFailed)
    def take_failure(self, event: JobFailed) -> None:
        """Into the log, and where a window hides that line, or it was waited for, into a window."""
        if event.job == self._preparing:
            key_queue(self.app).go_on()
            self._say_above("")
        self.note(event.text, "fail", event.hint)
        self.flash(_("{text}: {hint}", text=event.text, hint=event.hint) if event.hint else event.text, "fail")
        if self.app.screen is not self or event.job == BEGINNING:
            self.open(TextDialog(_("That did not work"), partial(_failure, event), self.keymap))

    @on(JobCrashed)
    def take_crash(self, event: JobCrashed) -> None:
        """A defect of ours, met in the background, ends the app as one met here would."""
        raise event.error

    # --- actions that work everywhere

    def action_pane(self, name: str) -> None:
        self.go(next(pane for pane in self.panes if name == pane.NAME))

    @on(PaneAsked)
    def go_to_pane(self, event: PaneAsked) -> None:
        self.action_pane(event.name)

    def action_help(self) -> None:
        """In a window; where it stands beside the panes already it goes away."""
        if self.help_beside.has_class("-shown"):
            self._show_beside(False)
        else:
            self.open(HelpDialog(self._help, self.keymap), self._show_beside)

    def _help(self, width: int) -> list[Line]:
        pane = self.current
        return help_lines(pane.entry.said, tuple(pane.help()), pane.GROUPS, self.keymap, width)

    def _show_beside(self, wanted: bool | None) -> None:
        """Beside the panes, following the current one."""
        self.help_beside.set_class(bool(wanted), "-shown")
        if wanted and self.arranged is not Arrangement.ALL:
            self.flash(_("help stands beside the panes from 120x30 on"), "warn")
        self.call_after_refresh(self.help_beside.show, self._help)

    def action_palette(self) -> None:
        """Every action of every pane, by name; those of the current one first."""
        panes = (self.current, *(pane for pane in self.panes if pane is not self.current))
        every = (*self.current.actions(), *group("pair"), *group("app"), *(a for pane in panes for a in pane.actions()))
        actions = {action.id: action for action in every if action.id != "app.palette"}
        choices = [
            Choice(a.id, Words(a.description), " ".join(shown_keys(a, self.keymap)[:2])) for a in actions.values()
        ]
        self.open(Chooser(_("Do what?"), choices, self.keymap), self._run)

    def _run(self, action_id: str | None) -> None:
        """In the pane that the action belongs to."""
        if action_id is None:
            return
        action = BY_ID[action_id]
        if action not in (*self.current.actions(), *group("pair"), *group("app")):
            self.go(next(pane for pane in self.panes if action in pane.actions()))
        self.call_after_refresh(run, action, self.current.main)

    def action_interrupt(self) -> None:
        """As in a shell, but not at once: stop what runs, then ask for a second one."""
        if self.triage.stop_work():
            self.flash(_("stopped; ctrl+c again quits"), "warn")
        elif monotonic() - self._interrupted < TWICE:
            self.action_quit()
        else:
            self.flash(_("ctrl+c again quits"), "warn")
        self._interrupted = monotonic()

    def action_quit(self) -> None:
        """Leave: background work is told to stop and not waited for; what was made and not saved is asked about."""
        end = partial(self.app.exit, 0, message=self.runs.farewell or None)
        self.debugconfig.leave(partial(self.int16.leave, end))


def _failure(event: JobFailed, width: int) -> list[Line]:
    said: list[Line] = [(Span(part, "fail"),) for part in wrap(event.text, width)]
    return [*said, BLANK, *((Span(part),) for part in (wrap(event.hint, width) if event.hint else ()))]
