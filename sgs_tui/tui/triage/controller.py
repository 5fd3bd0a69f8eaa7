"""The screen's half that explains: a diagnosis in the background of every finished comparison."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Event

from textual import on
from textual.message import Message

from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.diagnosis.results import Diagnosis
from sgs_tui.engine.errors import CancelledError, SgsError
from sgs_tui.engine.numbers import count
from sgs_tui.engine.runs.hand_over import debug_config_of
from sgs_tui.engine.session import Comparison
from sgs_tui.tui.dumps.controller import FilesScreen
from sgs_tui.tui.frame.dialogs import TableDialog
from sgs_tui.tui.jobs import ComparisonFinished, ComparisonOpened, Flash, JobFailed
from sgs_tui.tui.layers.view import NOTHING, Parts, parts_of
from sgs_tui.tui.settings import Start
from sgs_tui.tui.triage.pane import LOOKING, STOPPED, WAITING, LayerWanted, RecoveredWanted, TriagePane
from sgs_tui.tui.triage.view import RECOVERED_COLUMNS, RecoveredRows, headline

# Finding out why layers are bad, as messages.


@dataclass
class Diagnosed(Message):
    """The diagnosis of a comparison, or why there is none."""

    comparison: Comparison
    diagnosis: Diagnosis | None
    problem: str = ""
    hint: str = ""


def explain(comparison: Comparison, rows: Sequence[LayerDiff], cancel: Event) -> Iterator[Message]:
    """Diagnose a finished comparison, with the DebugConfig.txt of the sample's run where it lies beside it."""
    try:
        found = diagnose(comparison, rows, debug_config_of(comparison.sample.path), cancel)
    except CancelledError:
        raise
    except SgsError as error:
        yield Diagnosed(comparison, None, error.message, error.hint)
        return
    yield Diagnosed(comparison, found)


class TriageScreen(FilesScreen):
    """Owns the triage pane."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self.triage_pane = TriagePane()

    def judge_by(self, profile: Profile) -> None:
        """Other limits: the same comparison is explained again when its rows are there."""
        super().judge_by(profile)
        if self.bench.request is not None:
            self._forget_diagnosis(LOOKING)

    @on(ComparisonOpened)
    def await_diagnosis(self) -> None:
        """What was found in other dumps no longer counts."""
        self._forget_diagnosis(LOOKING)

    @on(JobFailed)
    def give_up_diagnosis(self, event: JobFailed) -> None:
        """Without a comparison there is nothing to explain."""
        if event.job == "compare":
            self._forget_diagnosis(WAITING)

    @on(ComparisonFinished)
    def start_diagnosis(self, event: ComparisonFinished) -> None:
        """Every row is there: look for the cause."""
        if self.bench.is_current(event.comparison):
            rows = [row for row in self.layers_pane.model.rows if row is not None]
            self.bench.start("diagnosis", partial(explain, event.comparison, rows))

    @on(Diagnosed)
    def take_diagnosis(self, event: Diagnosed) -> None:
        """Causes into the pane, each layer's part into table and details."""
        if not self.bench.is_current(event.comparison):
            return
        if event.diagnosis is None:
            self._forget_diagnosis(f"no diagnosis: {event.problem}", event.hint)
            self.log_pane.add(f"no diagnosis: {event.problem}", "warn", event.hint)
            return
        self.triage_pane.show_diagnosis(event.diagnosis)
        self._show_parts(parts_of(event.diagnosis))
        self.log_pane.add(f"diagnosis: {headline(event.diagnosis.first)}", hint="6 says what proves it and what to do")

    def action_stop(self) -> None:
        """Stop comparing, or looking for the cause; what is there stays."""
        self.flash(Flash(STOPPED if self.stop_work() else "nothing is running"))

    def stop_work(self) -> bool:
        """Whether anything was running."""
        stopped = self.bench.stop()
        if stopped and not self.triage_pane.settled:
            self._forget_diagnosis(STOPPED)
        return stopped

    @on(LayerWanted)
    def go_to_layer(self, event: LayerWanted) -> None:
        """The cursor of the layer table on that layer."""
        if not self.layers_pane.go_to(event.name):
            self.flash(Flash(f"{event.name} is not among the compared layers: u in pane 1 says why", "warn"))
            return
        self.follow_layer()
        if event.leave:
            self.go(self.layers_pane)

    @on(RecoveredWanted)
    def show_recovered(self, event: RecoveredWanted) -> None:
        """Their figures; verdicts stay about the file as it is."""
        title = f"Recovered: {count(len(event.recovered), 'layer')} with the stored order undone"
        self.app.push_screen(TableDialog(title, RECOVERED_COLUMNS, RecoveredRows(event.recovered), frozen=2))

    def _forget_diagnosis(self, why: str, hint: str = "") -> None:
        self.triage_pane.forget(why, hint)
        self._show_parts(NOTHING)

    def _show_parts(self, parts: Parts) -> None:
        self.layers_pane.show_parts(parts)
        self.details_pane.show_parts(parts)
