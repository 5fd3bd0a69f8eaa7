"""A histogram as lines: bars of both sides, limits between them, ticks on both axes, a legend.

A limit has a cell of its own between the bars of its two sides, and bins end on it (`on_edges`), so that no bar passes
it. Where one bin holds most of the values, as the zeros behind a RELU do, it is cut off and its count is written on it.

Apart because what the pane shows around the picture is another matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, isnan, isqrt, log10

import numpy as np
from rich.cells import cell_len

from sgs_tui.engine.compare.histogram import Counts, LayerHistogram, SideCounts, beyond, grouped
from sgs_tui.engine.compare.histogram import Span as Stretch
from sgs_tui.engine.compare.results import LayerRange, RangeSource
from sgs_tui.engine.numbers import figure
from sgs_tui.language import _, _n, key_word
from sgs_tui.tui.text import BLANK, Line, Span, Tone, clip
from sgs_tui.tui.widgets import bar_chart

_LEAST_ROWS, _LEAST_CELLS = 6, 30
_GUTTER = 6
_WITH_GUTTER, _WITH_TICKS, _WITH_LEGEND = 44, 9, 12
"""Cells and rows from which there is room for the axis of counts, the row of ticks, the legend."""
_HALF = 0.5
_SPIKE, _CUT_AT, _LEAST_SPIKE = 5.0, 1.25, 100
"""How much higher than the next bar a spike is, at how much of the next bar it is cut off, how many values it has."""


@dataclass(frozen=True, slots=True)
class Look:
    """How to draw: logarithmic counts, the error in place of the sides, both sides in one picture, room, only ASCII."""

    width: int
    height: int
    log: bool = False
    error: bool = False
    overlay: bool = False
    plain: bool = False


@dataclass(frozen=True, slots=True)
class _Panel:
    """One set of bars with its caption."""

    title: str
    tone: Tone
    side: SideCounts


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where bins lie on the screen: fine bins [bins[i], bins[i + 1]) in cells [starts[i], stops[i]), limits between."""

    stretch: Stretch
    cells: int
    bins: tuple[int, ...]
    starts: tuple[int, ...]
    stops: tuple[int, ...]

    @property
    def lines(self) -> tuple[int, ...]:
        """Cells of the limits."""
        return self.stops[:-1]

    def cell_of(self, value: float) -> int:
        """The cell in which a value lies."""
        total = self.bins[-1]
        place = (value - self.stretch.low) / (self.stretch.high - self.stretch.low) * total
        number = next((n for n, end in enumerate(self.bins[1:]) if place < end), len(self.starts) - 1)
        first, last = self.bins[number], self.bins[number + 1]
        start, stop = self.starts[number], self.stops[number]
        part = (place - first) / max(1, last - first)
        return min(self.cells - 1, max(start, min(stop - 1, start + floor(part * (stop - start)))))


def picture(histogram: LayerHistogram, limits: LayerRange | None, look: Look) -> list[Line]:
    """Benchmark above sample on one range, both in one, or the error alone: `look.height` lines where there is room."""
    if look.height < _LEAST_ROWS or look.width < _LEAST_CELLS:
        return [(Span(clip(_("no room for a histogram here: f fills the screen"), look.width), "muted"),)]
    stretch = histogram.error_span if look.error else histogram.span
    shown = None if look.error else limits
    sides = (
        [_Panel(_("error: sample - benchmark"), "fail", histogram.error)]
        if look.error
        else [_Panel("benchmark", "benchmark", histogram.benchmark), _Panel("sample", "sample", histogram.sample)]
    )
    gutter = _GUTTER if look.width >= _WITH_GUTTER else 0
    frame = _framed(stretch, shown, len(sides[0].side.counts), look.width - gutter, [each.side for each in sides])
    ticks, legend = look.height >= _WITH_TICKS, look.height >= _WITH_LEGEND
    below = [
        *_ticks(frame, shown, gutter, look, ticks),
        *([_legend(look, shown, histogram.original is not None)] if legend else []),
    ]
    overlaid = look.overlay and len(sides) == 2
    if overlaid and histogram.original is not None:
        sides.append(_Panel("original", "key", histogram.original))
    captions = len(sides)
    rows = look.height - len(below) - captions
    if overlaid:
        above = [_caption(each, look) for each in sides]
        return [*above, *_overlaid(sides, frame, rows, gutter, look), *below]
    lines: list[Line] = []
    for number, panel in enumerate(sides):
        own = rows // captions + (number >= captions - rows % captions)
        lines += [_caption(panel, look), *_bars(panel, frame, own, gutter, look)]
    return [*lines, *below]


def _framed(stretch: Stretch, limits: LayerRange | None, total: int, cells: int, sides: Sequence[SideCounts]) -> _Frame:
    """The bins between the limits in parts of the width, a cell for each limit on the picture."""
    width = stretch.high - stretch.low
    ends = [] if limits is None else [beyond(limits).low, beyond(limits).high]
    marks = [min(total, max(0, round((end - stretch.low) / width * total))) for end in ends if _on(end, stretch)]
    bins = (0, *marks, total)
    counts = np.sum([side.counts for side in sides], axis=0)
    room = cells - len(marks)
    borders = [round(place / max(1, total) * room) for place in bins]
    sizes = [max(stop - start, 0) for start, stop in pairwise(borders)]
    for number, (first, last) in enumerate(pairwise(bins)):
        if not sizes[number] and counts[first:last].any():  # what is there is seen, however thin its part is
            sizes[number] += 1
            sizes[int(np.argmax(sizes))] -= 1
    starts, at = [], 0
    for size in sizes:
        starts.append(at)
        at += size + 1
    stops = tuple(start + size for start, size in zip(starts, sizes, strict=True))
    return _Frame(stretch, cells, bins, tuple(starts), stops)


def _on(value: float, stretch: Stretch) -> bool:
    room = 1e-6 * (stretch.high - stretch.low) + 2e-6 * max(1.0, abs(value))
    return stretch.low - room <= value <= stretch.high + room


@dataclass(frozen=True, slots=True)
class _Heights:
    """Counts a column (shape (columns,)), what is drawn at full height, and the spike that was cut off: cell, count."""

    columns: list[float]
    top: float
    spike: tuple[int, int] | None


def _heights(side: SideCounts, frame: _Frame, look: Look) -> _Heights:
    parts = 1 if look.plain else 2
    columns = [0.0] * (frame.cells * parts)
    each = _columns_a_bin(side.total, len(columns))
    spans = zip(frame.bins, frame.bins[1:], frame.starts, frame.stops, strict=False)
    groups: list[tuple[float, int]] = []
    for first, last, start, stop in spans:
        wide = (stop - start) * parts
        if wide <= 0:
            continue
        counts = _counted(side.counts[first:last], max(1, wide // each))
        for column in range(wide):
            columns[start * parts + column] = float(counts[column * len(counts) // wide])
        groups += [(float(c), start + n * (stop - start) // len(counts)) for n, c in enumerate(counts)]
    if look.log:
        tall = [log10(1 + column) for column in columns]
        return _Heights(tall, max(tall, default=0.0), None)
    ranked = sorted(groups, reverse=True)
    if len(ranked) > 1 and ranked[1][0] > 0 and ranked[0][0] > max(_LEAST_SPIKE, _SPIKE * ranked[1][0]):
        top = _CUT_AT * ranked[1][0]
        return _Heights([min(column, top) for column in columns], top, (ranked[0][1], int(ranked[0][0])))
    return _Heights(columns, max(columns, default=0.0), None)


def _counted(counts: Counts, bins: int) -> Counts:
    return grouped(counts, bins) if len(counts) else np.zeros(1, np.int64)


def _columns_a_bin(values: int, columns: int) -> int:
    """One, or more where few values would only draw their own noise."""
    return max(1, round(columns / max(16, isqrt(4 * values))))


def _bars(panel: _Panel, frame: _Frame, rows: int, gutter: int, look: Look) -> list[Line]:
    if rows <= 0:
        return []
    heights = _heights(panel.side, frame, look)
    places = [cell / max(1, frame.cells - 1) for cell in frame.lines]
    filled = [*heights.columns]
    drawn = bar_chart.bars(filled, frame.cells, rows, panel.tone, places, look.plain)
    if heights.spike is not None:
        drawn[0] = _written(drawn[0], heights.spike, frame.cells, look.plain)
    return [_with_axis(each, n, rows, heights.top, gutter, look) for n, each in enumerate(drawn)]


def _written(row: Line, spike: tuple[int, int], cells: int, plain: bool) -> Line:
    """The count of a bar that was cut off, beside its top."""
    cell, number = spike
    told = _("{number:,} cut off", number=number)
    text = ("< " if plain else "◂ ") + told
    if cell + 1 + cell_len(text) > cells:
        text = told + (" >" if plain else " ▸")
        return _over(row, max(0, cell - cell_len(text)), Span(text, "strong"))
    return _over(row, cell + 1, Span(text, "strong"))


def _over(row: Line, start: int, text: Span) -> Line:
    """`text` over the cells of a line from `start` on."""
    cells = [Span(char, tone) for part, tone in row for char in part]
    cells += [Span(" ")] * (start - len(cells))
    return (*cells[:start], text, *cells[start + cell_len(text.text) :])


def _with_axis(row: Line, number: int, rows: int, top: float, gutter: int, look: Look) -> Line:
    """A row with its tick of the axis of counts: full, half, nothing."""
    if not gutter:
        return row
    at = {0: top}
    if rows >= 5:
        at |= {rows - 1: 0.0} | ({rows // 2: top * (1 - (rows // 2) / rows)} if look.log or top >= 4 else {})
    if number not in at:
        return (Span(" " * (gutter - 1) + ("|" if look.plain else "│"), "muted"), *row)
    value = 10 ** at[number] - 1 if look.log else at[number]
    text = short_count(value if number < rows - 1 or rows < 5 else 0.0)
    return (Span(f"{text:>{gutter - 1}}{'+' if look.plain else '┤'}", "muted"), *row)


def short_count(value: float) -> str:
    """A count in at most five characters: 999, 1.2k, 45k, 3.1M."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            scaled = value / limit
            return f"{scaled:.1f}{unit}" if scaled < 10 else f"{scaled:.0f}{unit}"
    return f"{value:.0f}"


def _overlaid(sides: Sequence[_Panel], frame: _Frame, rows: int, gutter: int, look: Look) -> list[Line]:
    """Both sides on one axis of counts: what both have, and what only one of them has, in signs of their own.

    A third side, the original, is a line of dots along its height.
    """
    both, only = ("#", "bs") if look.plain else ("▓", "█░")
    found = [_heights(each.side, frame, look) for each in sides]
    top = max(each.top for each in found) or 1.0
    parts = len(found[0].columns) // frame.cells
    tall = [[max(each.columns[n * parts : (n + 1) * parts], default=0.0) / top * rows for n in range(frame.cells)]
            for each in found]  # fmt: skip
    lines: list[Line] = []
    for number in range(rows):
        level = rows - number - 0.5
        row: list[Span] = []
        for cell in range(frame.cells):
            left, right = (side[cell] >= level or (side[cell] > 0 and level < 1) for side in tall[:2])
            if cell in frame.lines:
                row.append(Span("|" if look.plain else "│", "fail"))
            elif any(side[cell] > 0 and abs(max(side[cell], _HALF) - level) <= _HALF for side in tall[2:]):
                row.append(Span("o" if look.plain else "●", "key"))
            elif left and right:
                row.append(Span(both, "muted"))
            elif left or right:
                row.append(Span(only[0 if left else 1], sides[0 if left else 1].tone))
            else:
                row.append(Span(" "))
        shown: Line = tuple(row)
        for each in found:
            if number == 0 and each.spike is not None and each.top == max(other.top for other in found):
                shown = _written(shown, each.spike, frame.cells, look.plain)
                break
        lines.append(_with_axis(shown, number, rows, top, gutter, look))
    return lines


def _caption(panel: _Panel, look: Look) -> Line:
    side = panel.side
    parts = [
        _n(side.total, "{number:,} value (log counts)", "{number:,} values (log counts)")
        if look.log
        else _n(side.total, "{number:,} value", "{number:,} values")
    ]
    if not isnan(side.outside_range):
        parts.append(_("{share} outside min/max", share=_percent(side.outside_range)))
    if side.non_finite:
        parts.append(_("{number:,} NaN or Inf not drawn", number=side.non_finite))
    if side.below or side.above:
        parts.append(_("{below:,} below, {above:,} above", below=side.below, above=side.above))
    title = f"{panel.title}  "
    return Span(title, panel.tone), Span(clip("  ".join(parts), look.width - cell_len(title)), "muted")


def _percent(part: float) -> str:
    return f"{100 * part:.3g} %" if part == 0 or part >= 1e-5 else "<0.001 %"


def _ticks(frame: _Frame, limits: LayerRange | None, gutter: int, look: Look, with_row: bool) -> list[Line]:
    """A row of ticks where there is room, and their values: limits, both ends, zero, round numbers."""
    stretch, labels = frame.stretch, _labels(frame, limits)
    placed = _placed(labels, frame.cells)
    left = (Span(" " * gutter),) if gutter else ()
    values = (*left, *(Span(text, tone) for text, tone in _spread(placed)))
    if not with_row:
        return [values or BLANK]
    dash, tick, corner = ("-", "+", "+") if look.plain else ("─", "┴", "└")
    cells = [dash] * frame.cells
    for _word, cell, *_rest in placed:
        cells[cell] = tick
    edge = (Span(" " * (gutter - 1) + corner, "muted"),) if gutter else ()
    assert stretch.high > stretch.low
    return [(*edge, Span("".join(cells), "muted")), values]


def _labels(frame: _Frame, limits: LayerRange | None) -> list[tuple[int, str, Tone]]:
    """Cell, text and tone of everything that wants a place below the picture, the most wanted first."""
    stretch = frame.stretch
    labels: list[tuple[int, str, Tone]] = []
    for end, value in () if limits is None else (("min", limits.minimum), ("max", limits.maximum)):
        assert limits is not None
        known = figure(value)
        text = _("min {value}", value=known) if end == "min" else _("max {value}", value=known)
        text = _("cal {limit}", limit=text) if limits.source is RangeSource.CALIBRATION else text
        if _on(value, stretch):
            lines = frame.lines
            at = lines[0] if end == "min" or len(lines) == 1 else lines[-1]
            labels.append((at if lines else frame.cell_of(value), text, "fail"))
        elif value < stretch.low:
            labels.append((round(0.08 * frame.cells), f"◂ {text}", "fail"))
        else:
            labels.append((round(0.92 * frame.cells), f"{text} ▸", "fail"))
    labels += [(0, figure(stretch.low), ""), (frame.cells - 1, figure(stretch.high), "")]
    if stretch.low < 0 < stretch.high:
        labels.append((frame.cell_of(0.0), "0", ""))
    step = _round_step((stretch.high - stretch.low) / 6)
    first = floor(stretch.low / step) + 1
    rounds = (number * step for number in range(first, first + 8) if number and number * step < stretch.high)
    return [*labels, *((frame.cell_of(value), f"{value:.10g}", "muted") for value in rounds)]


def _round_step(width: float) -> float:
    """The nearest of 1, 2, 5 times a power of ten."""
    power = 10.0 ** floor(log10(width))
    return min((1, 2, 5, 10), key=lambda each: abs(each - width / power)) * power


def _placed(labels: Sequence[tuple[int, str, Tone]], cells: int) -> list[tuple[int, int, str, Tone]]:
    """(start, cell, text, tone) of labels centered at their cells; the earlier ones win where two would touch."""
    taken: list[tuple[int, int, str, Tone]] = []
    for cell, text, tone in labels:
        size = cell_len(text)
        start = max(0, min(cells - size, round(cell - (size - 1) / 2)))
        if size <= cells and all(start + size < at or start > at + cell_len(other) for at, _each, other, _ in taken):
            taken.append((start, cell, text, tone))
    return sorted(taken)


def _spread(placed: Sequence[tuple[int, int, str, Tone]]) -> list[tuple[str, Tone]]:
    spans: list[tuple[str, Tone]] = []
    at = 0
    for start, _each, text, tone in placed:
        spans += [(" " * (start - at), ""), (text, tone)]
        at = start + cell_len(text)
    return spans


def _legend(look: Look, limits: LayerRange | None, original: bool) -> Line:
    """What signs and colors mean."""
    block = "#" if look.plain else "█"
    if look.error:
        parts = [Span(f"{block} {key_word('error')}", "fail")]
    elif look.overlay:
        both, only = ("#", "bs") if look.plain else ("▓", "█░")
        parts = [
            Span(f"{only[0]} {_('benchmark only')}  ", "benchmark"),
            Span(f"{only[1]} {_('sample only')}  ", "sample"),
        ]
        parts.append(Span(f"{both} {_('both')}", "muted"))
        parts += [Span(f"  {'o' if look.plain else '●'} {_('original')}", "key")] if original else []
    else:
        parts = [Span(f"{block} benchmark  ", "benchmark"), Span(f"{block} sample", "sample")]
    if limits is not None:
        what = _("calibration") if limits.source is RangeSource.CALIBRATION else _("the benchmark's data")
        parts.append(Span(f"  {'|' if look.plain else '│'} " + _("min, max of {what}", what=what), "fail"))
    room, shown = look.width, []
    for part in parts:
        if cell_len(part.text) <= room:
            shown.append(part)
            room -= cell_len(part.text)
    return tuple(shown)
