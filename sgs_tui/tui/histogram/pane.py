"""Pane 2: how the values of the layer under the cursor are spread, and which channel is bad."""

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget

from sgs_tui.engine.compare.channels import ChannelTable
from sgs_tui.engine.compare.histogram import LayerHistogram
from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.histogram.jobs import Wanted
from sgs_tui.tui.histogram.view import LayerView, Room, view_lines
from sgs_tui.tui.jobs import Flash
from sgs_tui.tui.terminal import AsciiAware
from sgs_tui.tui.text import Line, Span, line
from sgs_tui.tui.widgets.text_view import Canvas

PERCENTS = (100.0, 99.9, 99.0, 95.0)


class HistogramNeeded(Message):
    """The pane has to show a histogram that nobody counted yet."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__()
        self.wanted = wanted


class LayerStep(Message):
    """The histogram's keys move the layer table's cursor."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step


class HistogramPane(Pane):
    """Histogram, error or one channel of a layer."""

    NAME, KEY, TITLE = "histogram", "2", "Histogram"
    GROUPS = ("walk", "histogram")
    BINDINGS = bindings("histogram")

    def __init__(self) -> None:
        super().__init__()
        self.canvas = Canvas()
        self.pair: Pair | None = None
        self.row: LayerDiff | None = None
        self.counted: LayerHistogram | None = None
        self.channels: ChannelTable | None = None
        self.no_channels = ""
        self.log_counts = self.error = False
        self.percent = 100.0
        self.place: int | None = None

    @property
    def main(self) -> Widget:
        return self.canvas

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.canvas

    def on_mount(self) -> None:
        self.head()

    # --- what is shown

    @property
    def wanted(self) -> Wanted | None:
        return None if self.row is None else Wanted(self.row.pair.number, self.percent, self.channel)

    @property
    def channel(self) -> int | None:
        """The chosen channel's number, None for all."""
        return self._view().channel

    def show_layer(self, pair: Pair | None, row: LayerDiff | None) -> None:
        """Another layer: nothing is counted for it yet."""
        if (pair, row) == (self.pair, self.row):
            return
        self.pair, self.row = pair, row
        self.counted = self.channels = self.place = None
        self.no_channels = ""
        self.draw()

    def show_counted(self, wanted: Wanted, histogram: LayerHistogram) -> None:
        """Counts arrived; they are passed over when the user has moved on."""
        if wanted == self.wanted:
            self.counted = histogram
            self.draw()

    def show_channels(self, table: ChannelTable | None, why: str) -> None:
        self.channels, self.no_channels = table, why
        self.draw()

    def draw(self) -> None:
        """Make the lines for the present size."""
        width, height = self.canvas.size
        if width and height and self.is_on_screen:
            plain = isinstance(self.app, AsciiAware) and self.app.ascii_only
            self.canvas.show(view_lines(self._view(), Room(width, height, plain)))

    def _view(self) -> LayerView:
        return LayerView(
            pair=self.pair,
            row=self.row,
            counted=self.counted,
            channels=self.channels,
            no_channels=self.no_channels,
            log_counts=self.log_counts,
            error=self.error,
            percent=self.percent,
            place=self.place,
        )

    @property
    def is_on_screen(self) -> bool:
        """Hidden in another tab: drawing waits until it is shown."""
        return self.display

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    def shown(self) -> None:
        self.draw()

    # --- keys

    def _changed(self) -> None:
        """Show what is wanted now, or ask for it."""
        wanted = self.wanted
        self.draw()
        if wanted is not None:
            self.post_message(HistogramNeeded(wanted))

    def action_log(self) -> None:
        self.log_counts = not self.log_counts
        self.draw()

    def action_error(self) -> None:
        self.error = not self.error
        self.draw()

    def action_zoom(self) -> None:
        self.percent = PERCENTS[(PERCENTS.index(self.percent) + 1) % len(PERCENTS)]
        self._changed()

    def action_better_channel(self) -> None:
        """From all channels to the worst, then to the next better."""
        self._to_place(0 if self.place is None else self.place + 1)

    def action_worse_channel(self) -> None:
        """The next worse one, from the worst back to all."""
        if self.place is not None:
            self._to_place(self.place - 1 if self.place else None)

    def action_all_channels(self) -> None:
        self._to_place(None)

    def _to_place(self, place: int | None) -> None:
        if self.channels is None:
            self.post_message(Flash(self.no_channels or "channels are not counted yet", "warn"))
        elif place != self.place and (place is None or place < len(self.channels.rmse)):
            self.place = place
            self._changed()

    def action_next_layer(self) -> None:
        self.post_message(LayerStep(1))

    def action_previous_layer(self) -> None:
        self.post_message(LayerStep(-1))

    def help(self) -> Iterable[Line]:
        yield line("Benchmark above, sample below, both on one range; each is scaled to its own peak.")
        yield line(
            "The red lines ", Span("│", "fail"), " are min and max of the layer: from calibration (tensor_min_max)"
        )
        yield line("when they are called `cal`, else from the benchmark's data. Below: channels, worst first.")
