"""What the histogram pane shows of a layer: its name, the picture, the channels.

Apart because it needs no screen: lines are made, and tested, without one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from rich.cells import cell_len

from sgs_tui.engine.compare.channels import ChannelTable
from sgs_tui.engine.compare.histogram import LayerHistogram
from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.engine.numbers import figure
from sgs_tui.language import _, _n, joined, key_word
from sgs_tui.tui.comparison.view import SIGNS
from sgs_tui.tui.histogram.picture import Look, picture
from sgs_tui.tui.text import Line, Span, clip, cut, line
from sgs_tui.tui.text import width as cells_of

_ROOMY = 50
_BLOCKS = " ▁▂▃▄▅▆▇█"
_DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class LayerView:
    """A layer, what was counted for it, and how the user wants to see it. `place`: in the worst-first channels."""

    pair: Pair | None = None
    row: LayerDiff | None = None
    counted: LayerHistogram | None = None
    channels: ChannelTable | None = None
    no_channels: str = ""
    log_counts: bool = False
    error: bool = False
    overlay: bool = False
    percent: float = 100.0
    place: int | None = None

    @property
    def channel(self) -> int | None:
        """The chosen channel's number, None for all."""
        return None if self.place is None or self.channels is None else self.channels.largest_share_first()[self.place]

    @property
    def states(self) -> str:
        parts = (
            key_word("error") if self.error else "",
            key_word("overlay") if self.overlay and not self.error else "",
            _("log counts") if self.log_counts else "",
            _("middle {percent:g} %", percent=self.percent) if self.percent < 100 else "",
            _("channel {channel} only", channel=self.channel) if self.channel is not None else "",
        )
        return _(", ").join(filter(None, parts))


def view_lines(view: LayerView, width: int, height: int, plain: bool = False) -> list[Line]:
    """The lines of the pane in so much room; `plain`: only ASCII can be shown."""
    head = _head(view, width)
    below: list[Line] = []
    if view.channels is not None:
        below = strip(view.channels, view.place, width, plain)
    elif view.no_channels:
        below = [line(Span(clip(view.no_channels, width), "muted"))]
    look = Look(width, height - len(head) - len(below), view.log_counts, view.error, view.overlay, plain)
    return [*head, *_body(view, look), *below]


def _head(view: LayerView, cells: int) -> list[Line]:
    if view.pair is None:
        return []
    sign = SIGNS[view.row.verdict] if view.row else None
    mark = Span(f" {sign.text} ", sign.tone) if sign else Span("   ")
    behind = (Span(f"  {clip(view.pair.op_type, 17)}", "muted"), Span(f"  {view.states}" if view.states else "", "key"))
    name = cut(view.pair.name, max(12, cells - 4 - cells_of(behind)))
    return [(mark, Span(name, "strong"), *behind)]


def _body(view: LayerView, look: Look) -> list[Line]:
    if view.row is None or view.row.metrics is None or view.counted is None:
        return [line(Span(" " + clip(_why_nothing(view), look.width - 1), "muted"))]
    return picture(view.counted, view.row.range, look)


def _why_nothing(view: LayerView) -> str:
    if view.pair is None:
        return _("no layer chosen")
    if view.row is None:
        return _("not compared yet")
    if view.row.metrics is not None:
        return _("counting ...")
    return _("not comparable: {why}", why=joined(view.row.reasons, "; "))


def strip(table: ChannelTable, selected: int | None, cells: int, plain: bool = False) -> list[Line]:
    """Two lines: a bar a channel by its share of the error (the selected one marked), then the first ones in words.

    `selected` is a place in that order.
    """
    order = table.largest_share_first()
    return [_bars(table, order, selected, cells, plain), _words(table, order, selected, cells)]


def _bars(table: ChannelTable, order: Sequence[int], selected: int | None, cells: int, plain: bool) -> Line:
    roomy = _n(len(order), "{number} channel by share of error", "{number} channels by share of error")
    head = (roomy if cells >= _ROOMY else _n(len(order), "{number} channel", "{number} channels")) + " "
    room = max(1, cells - cell_len(head))
    first = 0 if selected is None or selected < room else selected - room + 1
    shown = range(first, min(len(order), first + room))
    highest = max((float(v) for v in table.share if isfinite(v)), default=0.0) or 1.0
    marks = _DIGITS if plain else _BLOCKS
    spans = [Span(head, "muted")]
    for place in shown:
        share = float(table.share[order[place]])
        level = min(1.0, share / highest) if isfinite(share) else 1.0
        mark = marks[round(level * (len(marks) - 1))]
        spans.append(Span(mark, "cursor" if place == selected else "fail"))
    return tuple(spans)


def _words(table: ChannelTable, order: Sequence[int], selected: int | None, cells: int) -> Line:
    first = max(0, (selected or 0) - 1)
    spans: list[Span] = []
    for place in range(first, len(order)):
        channel = order[place]
        text = _words_of(table, channel, explain=place == first, with_share=place < first + 3)
        item = f"[{text}]" if place == selected else f" {text} "
        if cells_of(spans) + cell_len(item) > cells:
            break
        spans.append(Span(item, "key" if place == selected else ""))
    return tuple(spans) or (Span(clip(_("no channels"), cells), "muted"),)


def _words_of(table: ChannelTable, channel: int, explain: bool, with_share: bool) -> str:
    """One channel; the first one shown says what the figures are."""
    rmse = figure(float(table.rmse[channel]), 3)
    part = float(table.share[channel])
    if not isfinite(part):
        return _("ch {channel} RMSE {rmse}", channel=channel, rmse=rmse)
    percent = f"{100 * part:.0f} %"
    if explain:
        return _("ch {channel} {percent} of error, RMSE {rmse}", channel=channel, percent=percent, rmse=rmse)
    return (
        _("ch {channel} {percent} ({rmse})", channel=channel, percent=percent, rmse=rmse)
        if with_share
        else _("ch {channel} {percent}", channel=channel, percent=percent)
    )
