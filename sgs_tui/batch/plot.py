"""Histograms as text by plotext 5; the only module here that knows it (version 6 is another library)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt, log10
from typing import Any

import plotext

from sgs_tui.batch.screen import Screen
from sgs_tui.engine.numbers import figure

_HEIGHT = 12
_NARROW, _WIDE = 40, 160
_FEWEST_BARS = 16
_POINTS = 8
_ASCII = str.maketrans("│┤├─┬┴┼", "|||-+++")
"""plotext draws vertical lines with box characters even without a frame."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One histogram: bars over [low, high], and vertical lines at `limits`."""

    title: str
    counts: Sequence[int]
    low: float
    high: float
    limits: Sequence[float] = ()


def columns_of(screen: Screen) -> int:
    """How wide a chart is drawn: the screen's width, within reason; 80 in a pipe."""
    return min(_WIDE, max(_NARROW, screen.columns or 80))


def bars_for(values: int, screen: Screen) -> int:
    """How many bars: fewer where few values would only draw their own noise."""
    return min(columns_of(screen), max(_FEWEST_BARS, isqrt(4 * values)))


def draw(chart: Chart, screen: Screen, log: bool) -> str:
    """The chart with its frame, axis and title, ending with a newline. ASCII and without colours where asked."""
    plot: Any = plotext
    plot.clear_figure()
    plot.theme("clear")
    plot.plotsize(columns_of(screen), _HEIGHT)
    plot.title(chart.title)
    plot.frame(not screen.ascii)
    _bars(plot, chart, log, "#" if screen.ascii else "hd")
    _axes(plot, chart, log)
    drawn = plot.build() if screen.colour else plot.uncolorize(plot.build())
    text = drawn.translate(_ASCII) if screen.ascii else drawn
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _bars(plot: Any, chart: Chart, log: bool, marker: str) -> None:
    """Each bar as many points side by side, so that bars touch whatever the width of a character's parts."""
    heights = [log10(1 + count) if log else count for count in chart.counts]
    points = len(heights) * _POINTS
    width = (chart.high - chart.low) / points
    drawn = [(chart.low + (n + 0.5) * width, h) for n in range(points) if (h := heights[n // _POINTS])]
    if drawn:
        plot.scatter(*map(list, zip(*drawn, strict=True)), marker=marker, color="blue", fillx=True)
    for limit in chart.limits:
        if chart.low <= limit <= chart.high:
            plot.vline(limit, color="red")
    plot.xlim(chart.low, chart.high)
    plot.ylim(0, max(heights) or 1)


def _axes(plot: Any, chart: Chart, log: bool) -> None:
    ends = [chart.low, (chart.low + chart.high) / 2, chart.high]
    plot.xticks(ends, [figure(value) for value in ends])
    highest = max(chart.counts)
    plot.yticks([0, log10(1 + highest) if log else highest or 1], ["0", f"{highest:,}"])
