"""The main screen: who tells whom what."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer

from sgs_tui.engine.session import CompareRequest
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.lines import Line, Span, span
from sgs_tui.tui.messages import ComparisonFinished, ComparisonOpened, Flash, JobFailed, LayerMoved, RowsArrived
from sgs_tui.tui.models.title import status, title
from sgs_tui.tui.numbers import share
from sgs_tui.tui.panes.details import DetailsPane
from sgs_tui.tui.panes.histogram import HistogramNeeded, HistogramPane, LayerStep
from sgs_tui.tui.panes.layers import LayersPane
from sgs_tui.tui.panes.pane import Pane
from sgs_tui.tui.screens.panes_screen import PanesScreen
from sgs_tui.tui.tasks.closeups import CloseupDone, HistogramCounted
from sgs_tui.tui.workbench import Workbench

REST = 0.12
"""Seconds that the cursor rests on a layer before histogram and details follow: a held key sends only the table."""


class MainScreen(PanesScreen):
    """All panes of the app around one workbench."""

    BINDINGS = bindings("app")

    def __init__(self, request: CompareRequest | None = None) -> None:
        super().__init__()
        self.bench = Workbench(self.post_message)
        self.layers_pane = LayersPane()
        self.histogram_pane = HistogramPane()
        self.details_pane = DetailsPane()
        self._first = request
        self._rest: Timer | None = None

    @property
    def panes(self) -> tuple[Pane, ...]:
        """Every pane, in the order of tabs."""
        return (self.layers_pane, self.histogram_pane, self.details_pane)

    def body(self) -> ComposeResult:
        """The panes in their containers."""
        with Horizontal(id="body"), Vertical(id="centre", classes="holder"):
            yield self.layers_pane
            with Horizontal(id="lower", classes="holder"):
                yield self.histogram_pane
                yield self.details_pane

    def on_mount(self) -> None:
        """Begin comparing once the first picture is out."""
        super().on_mount()
        if self._first is not None:
            self.call_after_refresh(self.bench.compare, self._first)
        self.show_title()

    def on_unmount(self) -> None:
        """Nobody waits for background work."""
        self.bench.close()

    # --- the comparison

    @on(ComparisonOpened)
    def take_comparison(self, event: ComparisonOpened) -> None:
        """Both dumps are open: every layer gets its row at once, figures follow."""
        self.bench.opened(event.comparison)
        self.layers_pane.start(event.comparison.matching.pairs)
        self.show_title()

    @on(RowsArrived)
    def take_rows(self, event: RowsArrived) -> None:
        """Some rows are ready."""
        if self.bench.is_current(event.comparison):
            progress = "" if event.done >= event.total else share(event.done, event.total)
            self.layers_pane.add(event.rows, progress)
            self.show_title()

    @on(ComparisonFinished)
    def take_summary(self, event: ComparisonFinished) -> None:
        """All rows are ready."""
        if self.bench.is_current(event.comparison):
            self.bench.finished(event.summary)
            self.show_title()

    @on(JobFailed)
    def tell_failure(self, event: JobFailed) -> None:
        """A job met something that the user can act on."""
        text = f"{event.text}: {event.hint}" if event.hint else event.text
        self.say((Span(" "), span(text, "fail")))

    def show_title(self) -> None:
        """The title line as things stand."""
        self.title_bar.say(title(self.bench.request, self.layers_pane.summary(), self.size.width))

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
        self.say(status(pair, row, self.size.width))
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

    # --- actions

    @on(Flash)
    def flash(self, event: Flash) -> None:
        """A short word in the status line."""
        tone: Line = (Span(" "), span(event.text, "warn" if event.level != "info" else ""))
        self.say(tone if event.text else ())

    def action_layers(self) -> None:
        """Pane 1."""
        self.go(self.layers_pane)

    def action_histogram(self) -> None:
        """Pane 2."""
        self.go(self.histogram_pane)

    def action_details(self) -> None:
        """The details."""
        self.go(self.details_pane)

    def action_next_failing(self) -> None:
        """From histogram and details too."""
        self.layers_pane.action_next_failing()
        self.follow_layer()

    def action_previous_failing(self) -> None:
        """From histogram and details too."""
        self.layers_pane.action_previous_failing()
        self.follow_layer()

    def action_quit(self) -> None:
        """Leave."""
        self.app.exit(0)
