"""What the histogram pane shows of a layer: its name, the picture, the channels.

Apart because it needs no screen: lines are made, and tested, without one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, isqrt, log10

from rich.cells import cell_len

from sgs_tui.engine.compare.channels import ChannelTable
from sgs_tui.engine.compare.histogram import LayerHistogram, SideCounts, grouped
from sgs_tui.engine.compare.histogram import Span as Stretch
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, Pair, RangeSource
from sgs_tui.engine.numbers import figure
from sgs_tui.tui.comparison.view import SIGNS
from sgs_tui.tui.text import BLANK, Line, Span, Tone, clip, cut, line
from sgs_tui.tui.text import width as cells_of
from sgs_tui.tui.widgets import bar_chart

_ROOMY = 50
_BLOCKS = " ▁▂▃▄▅▆▇█"
_DIGITS = "0123456789"
_LEAST_ROWS, _LEAST_CELLS = 6, 30


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
    percent: float = 100.0
    place: int | None = None

    @property
    def channel(self) -> int | None:
        """The chosen channel's number, None for all."""
        return None if self.place is None or self.channels is None else self.channels.worst_first()[self.place]

    @property
    def states(self) -> str:
        parts = (
            "error" if self.error else "",
            "log counts" if self.log_counts else "",
            f"middle {self.percent:g} %" if self.percent < 100 else "",
            f"channel {self.channel} only" if self.channel is not None else "",
        )
        return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Look:
    """How to draw: logarithmic counts, the error in place of the sides, room, and whether only ASCII can be shown."""

    width: int
    height: int
    log: bool = False
    error: bool = False
    plain: bool = False


def view_lines(view: LayerView, width: int, height: int, plain: bool = False) -> list[Line]:
    """The lines of the pane in so much room; `plain`: only ASCII can be shown."""
    head = _head(view, width)
    below: list[Line] = []
    if view.channels is not None:
        below = strip(view.channels, view.place, width, plain)
    elif view.no_channels:
        below = [line(Span(clip(view.no_channels, width), "muted"))]
    look = Look(width, height - len(head) - len(below), view.log_counts, view.error, plain)
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
    return picture(view.counted, None if view.channel is not None else view.row.range, look)


def _why_nothing(view: LayerView) -> str:
    if view.pair is None:
        return "no layer chosen"
    if view.row is None:
        return "not compared yet"
    return "counting ..." if view.row.metrics is not None else "not comparable: " + "; ".join(view.row.reasons)


@dataclass(frozen=True, slots=True)
class _Panel:
    """One set of bars with its caption."""

    title: str
    tone: Tone
    side: SideCounts


def picture(histogram: LayerHistogram, limits: LayerRange | None, look: Look) -> list[Line]:
    """Benchmark above sample on one range, or the error alone: `look.height` lines where there is room for any."""
    if look.height < _LEAST_ROWS or look.width < _LEAST_CELLS:
        return [(Span(clip("no room for a histogram here: f fills the screen", look.width), "muted"),)]
    if look.error:
        panels, stretch = [_Panel("error: sample - benchmark", "fail", histogram.error)], histogram.error_span
    else:
        panels = [_Panel("benchmark", "benchmark", histogram.benchmark), _Panel("sample", "sample", histogram.sample)]
        stretch = histogram.span
    drawn = None if look.error else limits
    lines = [line for n, panel in enumerate(panels) for line in _panel(panel, stretch, drawn, look, n, len(panels))]
    return [*lines, _axis(stretch, drawn, look)]


def _panel(
    panel: _Panel, stretch: Stretch, limits: LayerRange | None, look: Look, number: int, total: int
) -> list[Line]:
    room = look.height - 1 - total
    rows = room // total + (number >= total - room % total)
    columns = bar_chart.columns_of(look.width, look.plain)
    counts = grouped(panel.side.counts, _bins(panel.side.total, columns))
    tall = [log10(1 + int(c)) if look.log else float(c) for c in counts]
    heights = [tall[n * len(tall) // columns] for n in range(columns)]
    caption = _caption(panel, int(counts.max(initial=0)), look)
    return [caption, *bar_chart.bars(heights, look.width, rows, panel.tone, _marks(stretch, limits), look.plain)]


def _bins(values: int, columns: int) -> int:
    """As many bins as columns, or a whole part of them where few values would only draw their own noise."""
    wanted = max(16, isqrt(4 * values))
    return columns // max(1, round(columns / wanted))


def _marks(stretch: Stretch, limits: LayerRange | None) -> list[float]:
    """Where min and max of the layer's range stand, as parts of the stretch; those outside it are left out."""
    if limits is None:
        return []
    width = stretch.high - stretch.low
    places = [(value - stretch.low) / width for value in (limits.minimum, limits.maximum)]
    return [min(1.0, max(0.0, place)) for place in places if -1e-6 <= place <= 1 + 1e-6]


def _caption(panel: _Panel, highest: int, look: Look) -> Line:
    side = panel.side
    parts = [f"peak {highest:,}{' (log)' if look.log else ''}"]
    if not isnan(side.outside_range):
        parts.append(f"{_percent(side.outside_range)} outside min/max")
    if side.non_finite:
        parts.append(f"{side.non_finite:,} NaN or Inf not drawn")
    if side.below or side.above:
        parts.append(f"{side.below:,} below, {side.above:,} above")
    title = f"{panel.title}  "
    return Span(title, panel.tone), Span(clip("  ".join(parts), look.width - len(title)), "muted")


def _percent(part: float) -> str:
    return f"{100 * part:.3g} %" if part == 0 or part >= 1e-5 else "<0.001 %"


def _axis(stretch: Stretch, limits: LayerRange | None, look: Look) -> Line:
    """Low and high ends, zero, and the range's min and max, where they do not touch each other."""
    width = stretch.high - stretch.low
    labels: list[tuple[float, str, Tone]] = []
    if limits is not None:
        ends = ("min", limits.minimum), ("max", limits.maximum)
        labels += [_limit_label(end, value, stretch, limits) for end, value in ends]
    labels += [(0.0, figure(stretch.low), ""), (1.0, figure(stretch.high), "")]
    if stretch.low < 0 < stretch.high:
        labels.append((-stretch.low / width, "0", ""))
    return _placed(labels, look.width)


def _limit_label(end: str, value: float, stretch: Stretch, limits: LayerRange) -> tuple[float, str, Tone]:
    """Min or max of the range at its place; where it is off the picture, at that edge with an arrow."""
    place = (value - stretch.low) / (stretch.high - stretch.low)
    text = f"{'cal ' if limits.source is RangeSource.CALIBRATION else ''}{end} {figure(value)}"
    if place < -1e-6:
        return 0.08, f"◂ {text}", "fail"
    return (0.92, f"{text} ▸", "fail") if place > 1 + 1e-6 else (min(1.0, max(0.0, place)), text, "fail")


def _placed(labels: Sequence[tuple[float, str, Tone]], cells: int) -> Line:
    """Labels centered at their places; the earlier ones win where two would touch."""
    taken: list[tuple[int, int, str, Tone]] = []
    for place, text, tone in labels:
        size = cell_len(text)
        start = max(0, min(cells - size, round(place * (cells - 1) - size / 2)))
        if all(start + size < other or start > end for other, end, *_ in taken):
            taken.append((start, start + size, text, tone))
    spans: list[Span] = []
    at = 0
    for start, end, text, tone in sorted(taken):
        spans += [Span(" " * (start - at)), Span(text, tone)]
        at = end
    return tuple(spans) or BLANK


def strip(table: ChannelTable, selected: int | None, cells: int, plain: bool = False) -> list[Line]:
    """Two lines: a bar a channel by its RMSE (the selected one marked), then the worst ones in words.

    `selected` is a place in the worst-first order.
    """
    order = table.worst_first()
    return [_bars(table, order, selected, cells, plain), _words(table, order, selected, cells)]


def _bars(table: ChannelTable, order: Sequence[int], selected: int | None, cells: int, plain: bool) -> Line:
    head = f"{len(order)} channels by RMSE, worst first " if cells >= _ROOMY else f"{len(order)} channels "
    room = max(1, cells - len(head))
    first = 0 if selected is None or selected < room else selected - room + 1
    shown = range(first, min(len(order), first + room))
    finite = [float(v) for v in table.rmse if v < float("inf")]
    highest = max(finite, default=0.0) or 1.0
    marks = _DIGITS if plain else _BLOCKS
    spans = [Span(head, "muted")]
    for place in shown:
        level = min(1.0, float(table.rmse[order[place]]) / highest) if table.rmse[order[place]] >= 0 else 1.0
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
        if cells_of(spans) + len(item) > cells:
            break
        spans.append(Span(item, "key" if place == selected else ""))
    return tuple(spans) or (Span(clip("no channels", cells), "muted"),)


def _words_of(table: ChannelTable, channel: int, explain: bool, with_share: bool) -> str:
    """One channel; the first one shown says what the figures are."""
    rmse = figure(float(table.rmse[channel]), 3)
    percent = f"{100 * float(table.share[channel]):.0f} %"
    if explain:
        return f"ch {channel} RMSE {rmse}, {percent} of error"
    return f"ch {channel} {rmse} ({percent})" if with_share else f"ch {channel} {rmse}"
