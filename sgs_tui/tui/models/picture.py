"""A layer's histogram as lines: benchmark above sample on one range, or the error alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, isqrt, log10

from rich.cells import cell_len

from sgs_tui.engine.compare.histogram import LayerHistogram, SideCounts, grouped
from sgs_tui.engine.compare.histogram import Span as Stretch
from sgs_tui.engine.compare.results import LayerRange, RangeSource
from sgs_tui.tui import charts
from sgs_tui.tui.lines import BLANK, Line, Span, Tone, clip
from sgs_tui.tui.numbers import figure

LEAST_ROWS, LEAST_CELLS = 6, 30


@dataclass(frozen=True, slots=True)
class Look:
    """How to draw: logarithmic counts, the error in place of the sides, room, and whether only ASCII can be shown."""

    width: int
    height: int
    log: bool = False
    error: bool = False
    plain: bool = False


@dataclass(frozen=True, slots=True)
class _Panel:
    """One set of bars with its caption."""

    title: str
    tone: Tone
    side: SideCounts


def picture(histogram: LayerHistogram, limits: LayerRange | None, look: Look) -> list[Line]:
    """The whole picture, exactly `look.height` lines where there is room for any."""
    if look.height < LEAST_ROWS or look.width < LEAST_CELLS:
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
    columns = charts.columns_of(look.width, look.plain)
    counts = grouped(panel.side.counts, _bins(panel.side.total, columns))
    tall = [log10(1 + int(c)) if look.log else float(c) for c in counts]
    heights = [tall[n * len(tall) // columns] for n in range(columns)]
    caption = _caption(panel, int(counts.max(initial=0)), look)
    return [caption, *charts.bars(heights, look.width, rows, panel.tone, _marks(stretch, limits), look.plain)]


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
        labels += [_limit_label(end, value, stretch, limits) for end, value in _ends(limits)]
    labels += [(0.0, figure(stretch.low), ""), (1.0, figure(stretch.high), "")]
    if stretch.low < 0 < stretch.high:
        labels.append((-stretch.low / width, "0", ""))
    return _placed(labels, look.width)


def _ends(limits: LayerRange) -> tuple[tuple[str, float], tuple[str, float]]:
    return ("min", limits.minimum), ("max", limits.maximum)


def _limit_label(end: str, value: float, stretch: Stretch, limits: LayerRange) -> tuple[float, str, Tone]:
    """Min or max of the range at its place; where it is off the picture, at that edge with an arrow."""
    place = (value - stretch.low) / (stretch.high - stretch.low)
    text = f"{'cal ' if limits.source is RangeSource.CALIBRATION else ''}{end} {figure(value)}"
    if place < -1e-6:
        return 0.08, f"◂ {text}", "fail"
    return (0.92, f"{text} ▸", "fail") if place > 1 + 1e-6 else (min(1.0, max(0.0, place)), text, "fail")


def _placed(labels: Sequence[tuple[float, str, Tone]], cells: int) -> Line:
    """Labels centred at their places; the earlier ones win where two would touch."""
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
