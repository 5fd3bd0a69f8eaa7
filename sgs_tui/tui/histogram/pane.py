"""Pane 2: how the values of the layer under the cursor are spread, and which channel is bad.

Apart because a pane knows its widgets and the user's keys, and nothing of jobs, windows or other features.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from textual.message import Message
from textual.timer import Timer

from sgs_tui.engine.compare.channels import ChannelTable
from sgs_tui.engine.compare.histogram import LayerHistogram
from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.language import _
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.pane import Pane
from sgs_tui.tui.histogram.jobs import Wanted
from sgs_tui.tui.histogram.view import LayerView, view_lines
from sgs_tui.tui.jobs import Flash
from sgs_tui.tui.text import Line, Span, line
from sgs_tui.tui.widgets.text_view import Canvas

_PERCENTS = (100.0, 99.9, 99.0, 95.0)
COUNTING = 0.15
"""Seconds for which the layer before stays while another is counted: most are there sooner, and are drawn once."""


@dataclass
class HistogramNeeded(Message):
    """The pane has to show a histogram that nobody counted yet."""

    wanted: Wanted


class HistogramPane(Pane):
    """Histogram, error or one channel of a layer."""

    NAME = "histogram"
    GROUPS = ("walk", "inside", "histogram")
    BINDINGS = bindings("histogram")

    def __init__(self) -> None:
        super().__init__()
        self.main = self.canvas = Canvas()
        self.view = LayerView()
        self._late: Timer | None = None

    # --- what is shown

    @property
    def wanted(self) -> Wanted | None:
        """What the pane wants to show."""
        row = self.view.row
        return None if row is None else Wanted(row.pair.number, self.view.percent, self.view.channel)

    def show_layer(self, pair: Pair | None, row: LayerDiff | None) -> None:
        """Another layer: nothing is counted for it yet."""
        if (pair, row) != (self.view.pair, self.view.row):
            self.view = replace(self.view, pair=pair, row=row, counted=None, channels=None, place=None, no_channels="")
            self._drop_late()
            self._late = self.set_timer(COUNTING, self._draw)
            self._draw_counted()

    def show_counted(self, wanted: Wanted, histogram: LayerHistogram) -> None:
        """Counts arrived; they are passed over when the user has moved on."""
        if wanted == self.wanted:
            self.view = replace(self.view, counted=histogram)
            self._draw_counted()

    def show_channels(self, table: ChannelTable | None, why: str) -> None:
        self.view = replace(self.view, channels=table, no_channels=why)
        self._draw_counted()

    def change(self, **changed: Any) -> None:
        self.view = replace(self.view, **changed)
        self._draw()

    def _draw_counted(self) -> None:
        """Draw unless there is more to come within the time."""
        view = self.view
        complete = view.counted is not None and (view.channels is not None or view.no_channels)
        comparable = view.row is not None and view.row.metrics is not None
        if self._late is None or complete or not comparable:
            self._draw()

    def _drop_late(self) -> None:
        if self._late is not None:
            self._late.stop()
            self._late = None

    def _draw(self) -> None:
        """Make the lines for the present size; hidden in another tab, that waits until the pane is shown."""
        self._drop_late()
        width, height = self.canvas.size
        if width and height and self.display:
            self.canvas.show(view_lines(self.view, width, height, getattr(self.app, "ascii_only", False)))

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def shown(self) -> None:
        self._draw()

    # --- keys

    def _show_other(self, **changed: Any) -> None:
        """Show what is wanted now, or ask for it."""
        self.change(**changed)
        if self.wanted is not None:
            self.post_message(HistogramNeeded(self.wanted))

    def action_log(self) -> None:
        self.change(log_counts=not self.view.log_counts)

    def action_error(self) -> None:
        self.change(error=not self.view.error)

    def action_overlay(self) -> None:
        self.change(overlay=not self.view.overlay)

    def action_zoom(self) -> None:
        self._show_other(percent=_PERCENTS[(_PERCENTS.index(self.view.percent) + 1) % len(_PERCENTS)])

    def action_better_channel(self) -> None:
        """From all channels to the worst, then to the next better."""
        self._to_place(0 if self.view.place is None else self.view.place + 1)

    def action_worse_channel(self) -> None:
        """The next worse one, from the worst back to all."""
        if self.view.place is not None:
            self._to_place(self.view.place - 1 if self.view.place else None)

    def action_all_channels(self) -> None:
        self._to_place(None)

    def _to_place(self, place: int | None) -> None:
        channels = self.view.channels
        if channels is None:
            self.post_message(Flash(self.view.no_channels or _("channels are not counted yet"), "warn"))
        elif place != self.view.place and (place is None or place < len(channels.rmse)):
            self._show_other(place=place)

    def help(self) -> Iterable[Line]:
        yield line(_("Benchmark above, sample below, both on one range; each has counts of its own on the left."))
        yield line(
            _("A bar that is five times the next is cut off, its count beside it: L shows all of it, in logarithms.")
        )
        yield line(
            _("The red lines") + " ",
            Span("│", "fail"),
            " " + _("are min and max of the layer: from calibration (tensor_min_max)"),
        )
        yield line(_("when they are called `cal`, else from the benchmark's data; bars end on them, none passes one."))
        yield line(_("Below: channels by their share of the layer's error, the largest first."))
