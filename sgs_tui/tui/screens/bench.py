"""The screen's half that compares: two dumps on the workbench, rows into the table, closeups into the panes."""

from textual import events, on
from textual.timer import Timer

from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.engine.configs.profiles import Profile
from sgs_tui.engine.session import CompareRequest
from sgs_tui.tui.lines import Span, span
from sgs_tui.tui.messages import (
    ComparisonFinished,
    ComparisonOpened,
    Flash,
    JobCrashed,
    JobFailed,
    LayerMoved,
    LayersShown,
    RowsArrived,
    Said,
)
from sgs_tui.tui.models.title import status, title
from sgs_tui.tui.numbers import count
from sgs_tui.tui.panes.details import DetailsPane
from sgs_tui.tui.panes.histogram import HistogramNeeded, HistogramPane, LayerStep
from sgs_tui.tui.panes.layers import LayersPane
from sgs_tui.tui.panes.log import LogPane
from sgs_tui.tui.screens.panes_screen import PanesScreen
from sgs_tui.tui.tasks.closeups import CloseupDone, HistogramCounted
from sgs_tui.tui.workbench import Workbench

REST = 0.12
"""Seconds that the cursor rests on a layer before histogram and details follow: a held key sends only the table."""

_SIGNS = {"fail": Span("✗ ", "fail"), "warn": Span("! ", "warn")}


class BenchScreen(PanesScreen):
    """Owns the workbench and the panes that show a comparison."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Workbench(self.post_message)
        self.layers_pane = LayersPane()
        self.histogram_pane = HistogramPane()
        self.details_pane = DetailsPane()
        self.log_pane = LogPane()
        self._rest: Timer | None = None
        self.come_back_to = ""
        self._status_of: tuple[Pair | None, LayerDiff | None] = (None, None)

    # --- the comparison

    def compare(self, request: CompareRequest) -> None:
        """Compare these dumps; the cursor comes back to the layer it is on."""
        self.come_back_to = self.layer_name or self.come_back_to
        self.bench.compare(request)
        self.show_title()

    def judge_by(self, profile: Profile) -> None:
        """The same dumps under other limits."""
        if self.bench.judge_by(profile):
            self.layers_pane.start(self.layers_pane.model.pairs, self.layer_name)
            self.show_title()

    @property
    def layer_name(self) -> str:
        """The layer under the cursor."""
        number = self.layers_pane.number
        return "" if number is None else self.layers_pane.model.pairs[number].name

    @on(ComparisonOpened)
    def take_comparison(self, event: ComparisonOpened) -> None:
        """Both dumps are open: every layer gets its row at once, figures follow."""
        if not self.bench.opened(event.comparison):
            return
        self.layers_pane.start(event.comparison.matching.pairs, self.come_back_to)
        matching = event.comparison.matching
        found = f"{count(len(matching.pairs), 'layer')} in both dumps, {len(matching.unmatched)} outputs unmatched"
        self.log_pane.add(found, "info" if matching.pairs else "fail", "" if matching.pairs else "u says why")
        if not matching.pairs:
            self.flash(Flash("the dumps share no layer that can be compared: u says why", "fail"))
        self.show_title()

    @on(RowsArrived)
    def take_rows(self, event: RowsArrived) -> None:
        """Some rows are ready."""
        if self.bench.is_current(event.comparison):
            progress = "" if event.done >= event.total else f"{100 * event.done // event.total:2} %"
            self.layers_pane.add(event.rows, progress)
            self.show_title()

    @on(ComparisonFinished)
    def take_summary(self, event: ComparisonFinished) -> None:
        """All rows are ready."""
        if self.bench.is_current(event.comparison):
            self.bench.finished(event.summary)
            summary = event.summary
            self.log_pane.add(f"compared: {summary.failed} of {count(summary.layers, 'layer')} fail")
            self.show_title()

    @on(LayersShown)
    def show_title(self) -> None:
        """The title line as things stand."""
        opening = self.bench.comparison is None
        summary = (Span("opening ...", "muted"),) if opening else self.layers_pane.summary()
        self.title_bar.say(title(self.bench.request, summary, self.size.width))

    def on_resize(self, event: events.Resize) -> None:
        """The title is made for a width (Textual calls the panes' half as well)."""
        self.call_after_refresh(self.show_title)

    # --- the layer under the cursor

    @on(LayerMoved)
    def rest_on_layer(self) -> None:
        """Wait until the cursor rests."""
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST, self.follow_layer)

    def follow_layer(self) -> None:
        """Histogram, details and status line show the layer under the cursor."""
        number, row = self.layers_pane.number, self.layers_pane.row
        pair = None if number is None else self.layers_pane.model.pairs[number]
        self.histogram_pane.show_layer(pair, row)
        if self.bench.request is not None:
            self.details_pane.show_layer(pair, row, self.bench.request.profile)
        if (pair, row) != self._status_of:
            self._show_status()
        if row is not None and self.histogram_pane.wanted is not None:
            self.bench.look(row, self.histogram_pane.wanted)

    @on(HistogramNeeded)
    def count_histogram(self, event: HistogramNeeded) -> None:
        """Another zoom or channel of the same layer."""
        row = self.layers_pane.model.rows[event.wanted.number]
        if row is not None:
            self.bench.look(row, event.wanted)

    @on(HistogramCounted)
    def take_histogram(self, event: HistogramCounted) -> None:
        """Show what was counted, if it is still wanted."""
        if self.bench.is_current(event.comparison):
            self.bench.remember(event)
            self.histogram_pane.show_counted(event.wanted, event.histogram)

    @on(CloseupDone)
    def take_closeup(self, event: CloseupDone) -> None:
        """Channels and worst elements."""
        if self.bench.is_current(event.comparison):
            self.bench.remember(event)
            if event.number == self.layers_pane.number:
                self.histogram_pane.show_channels(event.channels, event.why_no_channels)
                self.details_pane.show_worst(event.worst)

    @on(LayerStep)
    def step_layer(self, event: LayerStep) -> None:
        """The histogram's keys walk the table."""
        self.layers_pane.walk(event.step)
        self.follow_layer()

    # --- what is said

    @on(Said)
    def take_said(self, event: Said) -> None:
        """Into the log; the last word also into the status line."""
        self.log_pane.add(event.text, event.level, event.hint)
        self.flash(Flash(event.text, event.level))

    @on(JobFailed)
    def take_failure(self, event: JobFailed) -> None:
        """A job met something that the user can act on."""
        self.log_pane.add(event.text, "fail", event.hint)
        self.flash(Flash(f"{event.text}: {event.hint}" if event.hint else event.text, "fail"))
        if event.job == "compare":
            self.bench.failed()
            self.show_title()

    @on(JobCrashed)
    def take_crash(self, event: JobCrashed) -> None:
        """A defect of ours, met in the background, ends the app as one met here would."""
        raise event.error

    @on(Flash)
    def flash(self, event: Flash) -> None:
        """A short word in the status line."""
        sign = _SIGNS.get(event.level, Span("  "))
        if event.text:
            self.say((Span(" "), sign, span(event.text)))
        else:
            self._show_status()

    def _show_status(self) -> None:
        number = self.layers_pane.number
        pair = None if number is None else self.layers_pane.model.pairs[number]
        self._status_of = (pair, self.layers_pane.row)
        self.say(status(pair, self.layers_pane.row, self.size.width))
