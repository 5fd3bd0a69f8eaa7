"""Pane 2: how the values of the layer under the cursor are spread, and which channel is bad."""

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget

from sgs_tui.engine.compare.channels import ChannelTable
from sgs_tui.engine.compare.histogram import LayerHistogram
from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.compat import AsciiAware
from sgs_tui.tui.lines import Line, Span, Tone, clip, cut, line
from sgs_tui.tui.messages import Flash
from sgs_tui.tui.models.channels import strip
from sgs_tui.tui.models.columns import SIGNS
from sgs_tui.tui.models.picture import Look, picture
from sgs_tui.tui.panes.pane import Pane
from sgs_tui.tui.tasks.closeups import Wanted
from sgs_tui.tui.widgets.line_widget import LineWidget

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


class Canvas(LineWidget, can_focus=True):
    """Shows the lines that the pane made."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []

    def show(self, lines: list[Line]) -> None:
        """Other lines; the same ones again cost nothing."""
        if lines != self.lines:
            self.lines = lines
            self.refresh()

    def line_at(self, y: int) -> tuple[Iterable[Span], Tone]:
        """A made line."""
        return (self.lines[y] if y < len(self.lines) else ()), ""


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
        self._drawn_for: tuple[object, ...] = ()

    @property
    def main(self) -> Widget:
        """The canvas."""
        return self.canvas

    def compose(self) -> ComposeResult:
        """Heading and canvas."""
        yield self.heading
        yield self.canvas

    # --- what is shown

    @property
    def wanted(self) -> Wanted | None:
        """What the pane wants to show."""
        return None if self.row is None else Wanted(self.row.pair.number, self.percent, self.channel)

    @property
    def channel(self) -> int | None:
        """The chosen channel's number, None for all."""
        return None if self.place is None or self.channels is None else self.channels.worst_first()[self.place]

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
        """The channels of the layer on show."""
        self.channels, self.no_channels = table, why
        self.draw()

    def draw(self) -> None:
        """Make the lines for the present size."""
        width, height = self.canvas.size
        if not (width and height and self.is_on_screen):
            return
        below = self._below(width)
        head = self._head(width)
        body = self._body(width, height - len(head) - len(below))
        self.canvas.show([*head, *body, *below])

    @property
    def is_on_screen(self) -> bool:
        """Hidden in another tab: drawing waits until it is shown."""
        return self.display

    def on_resize(self) -> None:
        """Draw for the new size once the canvas has it."""
        self.call_after_refresh(self.draw)

    def shown(self) -> None:
        """Drawing waited for this."""
        self.draw()

    @property
    def _plain(self) -> bool:
        return isinstance(self.app, AsciiAware) and self.app.ascii_only

    def _head(self, width: int) -> list[Line]:
        self.head(*self._states())
        if self.pair is None:
            return []
        sign = SIGNS[self.row.verdict] if self.row else None
        name = cut(self.pair.name, width - 14)
        shown = Span(f" {sign.text} ", sign.tone) if sign else Span("   ")
        return [(shown, Span(name, "strong"), Span(f"  {clip(self.pair.op_type, 10)}", "muted"))]

    def _states(self) -> Line:
        parts = [
            "error" if self.error else "",
            "log counts" if self.log_counts else "",
            f"middle {self.percent:g} %" if self.percent < 100 else "",
            f"channel {self.channel} only" if self.channel is not None else "",
        ]
        return (Span("  ".join(filter(None, parts)), "key"),)

    def _body(self, width: int, height: int) -> list[Line]:
        if self.pair is None:
            return [line(Span(" no layer chosen", "muted"))]
        if self.row is None:
            return [line(Span(" not compared yet", "muted"))]
        if self.row.metrics is None:
            return [line(Span(clip(" not comparable: " + "; ".join(self.row.reasons), width), "muted"))]
        if self.counted is None:
            return [line(Span(" counting ...", "muted"))]
        look = Look(width, height, self.log_counts, self.error, self._plain)
        limits = None if self.channel is not None else self.row.range
        return picture(self.counted, limits, look)

    def _below(self, width: int) -> list[Line]:
        if self.channels is not None:
            return strip(self.channels, self.place, width, self._plain)
        return [line(Span(clip(self.no_channels, width), "muted"))] if self.no_channels else []

    # --- keys

    def _changed(self) -> None:
        """Show what is wanted now, or ask for it."""
        wanted = self.wanted
        self.draw()
        if wanted is not None:
            self.post_message(HistogramNeeded(wanted))

    def action_log(self) -> None:
        """Logarithmic counts."""
        self.log_counts = not self.log_counts
        self.draw()

    def action_error(self) -> None:
        """The error's distribution."""
        self.error = not self.error
        self.draw()

    def action_zoom(self) -> None:
        """Fewer of the outer values."""
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
        """All channels."""
        self._to_place(None)

    def _to_place(self, place: int | None) -> None:
        if self.channels is None:
            self.post_message(Flash(self.no_channels or "channels are not counted yet", "warn"))
        elif place != self.place and (place is None or place < len(self.channels.rmse)):
            self.place = place
            self._changed()

    def action_next_layer(self) -> None:
        """The layer below in the table."""
        self.post_message(LayerStep(1))

    def action_previous_layer(self) -> None:
        """The layer above in the table."""
        self.post_message(LayerStep(-1))

    def help(self) -> Iterable[Line]:
        """How to read the picture."""
        yield line("Benchmark above, sample below, both on one range; each is scaled to its own peak.")
        yield line(
            "The red lines ", Span("│", "fail"), " are min and max of the layer: from calibration (tensor_min_max)"
        )
        yield line("when they are called `cal`, else from the benchmark's data. Below: channels, worst first.")
