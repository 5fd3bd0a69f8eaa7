"""Who reads whom, told by the dumps' headers once somebody asks, and what the comparison says of it."""

from functools import partial
from threading import Event

from textual.timer import Timer

from sgs_tui.engine.diagnosis.flow import Wiring, flow_of, wiring_of
from sgs_tui.engine.session import Comparison
from sgs_tui.language import _
from sgs_tui.tui.comparison.controller import COMPARING, ComparisonController
from sgs_tui.tui.comparison.jobs import (
    ComparisonAsked,
    ComparisonFinished,
    ComparisonOpened,
    ComparisonRejudged,
    DiagnosisChanged,
    RowsArrived,
)
from sgs_tui.tui.frame.controller import Controller, Host, hears
from sgs_tui.tui.jobs import JobFailed, LayerMoved
from sgs_tui.tui.network.pane import WAITING, NetworkPane

REST = 0.12
"""Seconds that the cursor of the table rests on a layer before the picture follows."""


class NetworkController(Controller):
    """Owns the network pane."""

    def __init__(self, host: Host, comparison: ComparisonController) -> None:
        super().__init__(host)
        self.pane = NetworkPane()
        self._comparison = comparison
        self._wiring: Wiring | None = None
        self._rest: Timer | None = None

    @hears(ComparisonAsked)
    def forget(self) -> None:
        self._wiring = None
        self.pane.forget(_("opening ..."))

    @hears(JobFailed)
    def expect_nothing(self, event: JobFailed) -> None:
        if event.job == COMPARING and self._comparison.current is None:
            self.pane.forget(WAITING)

    @hears(ComparisonOpened)
    def read_wiring(self, event: ComparisonOpened) -> None:
        if self._comparison.is_current(event.comparison):
            self._comparison.find("network", partial(_read, event.comparison), self._take)

    def _take(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self.show_flow()

    @hears(ComparisonRejudged, RowsArrived, ComparisonFinished, DiagnosisChanged)
    def show_flow(self) -> None:
        """Figures, verdicts and blame as far as they are known."""
        if self._wiring is not None:
            flow = flow_of(self._wiring, self._comparison.rows, self._comparison.diagnosis)
            self.pane.show_flow(flow, self._comparison.layer)

    @hears(LayerMoved)
    def rest_on_layer(self) -> None:
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.host.set_timer(REST, self._catch_up)
        self.pane.catch_up = self._catch_up

    def _catch_up(self) -> None:
        """The layer under the table's cursor, now: it rests there, or the pane is about to get keys of its own."""
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
            self.pane.go_to(self._comparison.layer)


def _read(comparison: Comparison, cancel: Event) -> Wiring:
    return wiring_of(comparison)
