"""The diagnosis: worked out in the background of every finished comparison, dropped when it no longer counts."""

from collections.abc import Sequence
from functools import partial
from threading import Event

from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.diagnosis.results import Diagnosis
from sgs_tui.engine.errors import CancelledError, SgsError
from sgs_tui.engine.numbers import count
from sgs_tui.engine.runs.hand_over import debug_config_of
from sgs_tui.engine.session import Comparison
from sgs_tui.language import Message, _, shown
from sgs_tui.tui.comparison.controller import COMPARING, ComparisonController
from sgs_tui.tui.comparison.jobs import ComparisonFinished, ComparisonOpened, ComparisonRejudged
from sgs_tui.tui.frame.controller import Controller, Host, does, hears
from sgs_tui.tui.frame.dialogs import TableDialog
from sgs_tui.tui.jobs import JobFailed
from sgs_tui.tui.short_names import ShortNames
from sgs_tui.tui.text import Line, Span, span
from sgs_tui.tui.triage.pane import LOOKING, STOPPED, WAITING, TriagePane
from sgs_tui.tui.triage.verdict import Keys, verdict_keys, verdict_lines
from sgs_tui.tui.triage.view import RECOVERED_COLUMNS, headline

EXPLAINING = "diagnosis"
NO_DIAGNOSIS = Message("no diagnosis")


def explain(comparison: Comparison, rows: Sequence[LayerDiff], cancel: Event) -> Diagnosis | SgsError:
    """Diagnose a finished comparison, with the DebugConfig.txt of the sample's run where it lies beside it.

    Why there is no diagnosis is an answer too: rows stay as they are.
    """
    try:
        return diagnose(comparison, rows, debug_config_of(comparison.sample.path), cancel)
    except CancelledError:
        raise
    except SgsError as error:
        return error


class TriageController(Controller):
    """Owns the triage pane."""

    def __init__(self, host: Host, comparison: ComparisonController) -> None:
        super().__init__(host)
        self.pane = TriagePane()
        self._comparison = comparison
        self._short = ShortNames()

    @hears(ComparisonOpened, ComparisonRejudged)
    def expect(self, event: ComparisonOpened | ComparisonRejudged) -> None:
        """What was found in other dumps no longer counts; what was found in these does under any limits."""
        self._short = ShortNames([pair.name for pair in event.comparison.matching.pairs])
        if self._comparison.diagnosis is None:
            self._forget(LOOKING)

    @hears(JobFailed)
    def expect_nothing(self, event: JobFailed) -> None:
        """Without a comparison there is nothing to explain."""
        if event.job == COMPARING:
            self._forget(WAITING)

    @hears(ComparisonFinished)
    def begin(self, event: ComparisonFinished) -> None:
        """Every row is there: look for the cause."""
        if self._comparison.is_current(event.comparison) and self._comparison.diagnosis is None:
            work = partial(explain, event.comparison, self._comparison.rows)
            self._comparison.find(EXPLAINING, work, self._take)

    def _take(self, found: Diagnosis | SgsError) -> None:
        if isinstance(found, SgsError):
            self._forget(_("no diagnosis: {why}", why=found.message), found.hint)
            self.host.note(_("no diagnosis: {why}", why=found.message), "warn", found.hint)
            return
        self.pane.show_diagnosis(found)
        self._comparison.explain(found)
        self.host.note(
            _("diagnosis: {finding}", finding=headline(found.first)), hint=_("6 says what proves it and what to do")
        )

    @does("app.stop")
    def stop(self) -> None:
        """Stop comparing, or looking for the cause; what is there stays."""
        self.host.flash(shown(STOPPED) if self.stop_work() else _("nothing is running"))

    def stop_work(self) -> bool:
        """Whether anything was running."""
        explaining = self.host.jobs.cancel(EXPLAINING)
        stopped = self._comparison.stop() or explaining
        if stopped and not self.pane.settled:
            self._forget(STOPPED)
        return stopped

    @does("triage.recovered")
    def show_recovered(self) -> None:
        """Figures of layers put back in order; verdicts stay about the file as it is."""
        recovered = self._comparison.diagnosis.recovered if self._comparison.diagnosis else ()
        if not recovered:
            self.host.flash(_("nothing was recovered: no dump here keeps its padding"), "warn")
            return
        title = _("Recovered: {layers} with the stored order undone", layers=count(len(recovered), "layer"))
        self.host.open(TableDialog(title, RECOVERED_COLUMNS, recovered, frozen=2))

    def verdict(self, cells: int) -> tuple[list[Line], Keys]:
        """The first finding, or why there is none (yet), for so many cells; nothing while no dumps are compared. And
        the keys that its first line ends with."""
        found = self._comparison.diagnosis
        if found is not None:
            lines = verdict_lines(found, self.host.keymap, cells, self._short)
            return lines, verdict_keys(found.first, self.host.keymap)
        if self._comparison.request is None:
            return [], ()
        why = self.pane.why or LOOKING
        return [(Span("   "), span(why, "warn" if why.startswith(shown(NO_DIAGNOSIS)) else "muted"))], ()

    def _forget(self, why: str, hint: str = "") -> None:
        self.pane.forget(why, hint)
        self._comparison.explain(None, diagnosing=not self.pane.settled)
