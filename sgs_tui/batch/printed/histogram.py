"""`histogram`: tensors of a dump, alone or above the other stage, as charts in the terminal."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from math import isfinite, isqrt, log10
from pathlib import Path
from typing import Any

from sgs_tui.batch.console import Screen
from sgs_tui.batch.words import percent
from sgs_tui.engine.calibration.ranges import Bounds, load_ranges
from sgs_tui.engine.compare.histogram import Bars, Tally, bars_of, covering, step_of, view_of
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.numbers import figure
from sgs_tui.engine.reports.details import Portrait, Subject, portray, subjects_of
from sgs_tui.language import Message, _, clauses, plural, shown

_NEAR = 4
"""Calibrated limits are in the chart unless that makes the values' part of it smaller than one of so many."""


def histograms(
    paths: Sequence[Path],
    ranges_file: Path | None,
    layers: Sequence[str],
    log: bool,
    screen: Screen,
    trouble: Callable[[str], None],
) -> Iterator[str]:
    """One text a tensor, layers in network order; `trouble` gets a line for what is damaged or can not be read.

    `paths`: the dump, and the other stage where there is one; `layers`: names, none for all; `log`: logarithmic
    counts. Raises SgsError; UsageError for an unknown tensor, before the first text.
    """
    ranges = load_ranges(ranges_file) if ranges_file else None
    with ExitStack() as stack:
        dumps = [stack.enter_context(open_dump(path)) for path in paths]
        dump, against = dumps[0], dumps[1] if len(dumps) > 1 else None
        names = [each.path.name for each in dumps]
        for subject in subjects_of(dump, against, ranges, layers):
            try:
                yield _text(portray(subject, dump, against), names, screen, log)
            except SgsError as error:
                trouble(Message("{name}: {message}", name=subject.record.name, message=error.message))
        for each in dumps:
            if not each.health.ok:
                trouble(Message("{path}: {health}", path=each.path, health=each.health.text))


def _text(portrait: Portrait, names: Sequence[str], screen: Screen, log: bool) -> str:
    subject, tallies = portrait.subject, portrait.tallies
    head = screen.text(f"{subject.record.op_index} {subject.record.name} ({subject.record.op_type})")
    lines = [head, *_range(subject.bounds)]
    titles = [_title(name, tally, subject, screen) for name, tally in zip_longest(names, tallies)]
    bars = _bars(portrait, tallies, screen)
    if bars is None:
        return "\n".join([*lines, *(_("  {title}: no finite values", title=title) for title in titles), "", ""])
    limits = tuple(bound for bound in subject.bounds or () if isfinite(bound))
    low, high = float(bars.edges[0]), float(bars.edges[-1])
    drawn = zip(titles, bars.sides, strict=False)
    charts = [_draw(_Chart(title, side.tolist(), low, high, limits), screen, log) for title, side in drawn]
    return "\n".join([*lines, *charts, *titles[len(charts) :]]) + "\n"


def _range(bounds: Bounds | None) -> Iterator[str]:
    if bounds is not None:
        yield _(
            "  calibrated {low} to {high} (range {span})",
            low=figure(bounds[0]),
            high=figure(bounds[1]),
            span=figure(bounds[1] - bounds[0]),
        )


def _title(name: str, tally: Tally | None, subject: Subject, screen: Screen) -> str:
    if tally is None:
        return _("{name}: no such layer to compare with", name=screen.text(name))
    parts = [screen.text(name), plural(tally.stats.count, "{number:,} value", "{number:,} values")]
    if tally.stats.nan + tally.stats.inf:
        parts.append(Message("{nan:,} NaN or Inf not drawn", nan=tally.stats.nan + tally.stats.inf))
    if subject.bounds is not None:
        parts.append(Message("{percent} outside", percent=percent(tally.outside_share)))
    return str(shown(clauses(parts)))


def _bars(portrait: Portrait, tallies: list[Tally], screen: Screen) -> Bars | None:
    """All sides on bars that cover the values and, where they are near, the calibrated limits."""
    there = [tally for tally in tallies if tally.finite]
    if not there:
        return None
    low, high = min(tally.stats.minimum for tally in there), max(tally.stats.maximum for tally in there)
    left, right = view_of(low, high, portrait.subject.bounds or (), 1 / _NEAR)
    # few values on many bars would only draw their own noise
    most = min(_columns_of(screen), max(_FEWEST_BARS, isqrt(4 * max(tally.finite for tally in there))))
    step = step_of(portrait.subject.record, portrait.tally.stats.minimum, portrait.tally.stats.maximum)
    bars = bars_of(tallies, max(2, int(most * (high - low) / (right - left))), step)
    return None if bars is None else covering(bars, left, right, most)


# Drawn by plotext 5; the only place here that knows it (version 6 is another library).

_HEIGHT = 12
_NARROW, _WIDE = 40, 160
_FEWEST_BARS = 16
_POINTS = 8
_ASCII = str.maketrans("│┤├─┬┴┼", "|||-+++")
"""plotext draws vertical lines with box characters even without a frame."""


@dataclass(frozen=True, slots=True)
class _Chart:
    """One histogram: bars over [low, high], and vertical lines at `limits`."""

    title: str
    counts: Sequence[int]
    low: float
    high: float
    limits: Sequence[float] = ()


def _columns_of(screen: Screen) -> int:
    return min(_WIDE, max(_NARROW, screen.columns or 80))


def _draw(chart: _Chart, screen: Screen, log: bool) -> str:
    """The chart with its frame, axis and title, ending with a newline. ASCII and without colors where asked."""
    import plotext

    plot: Any = plotext
    plot.clear_figure()
    plot.theme("clear")
    plot.plotsize(_columns_of(screen), _HEIGHT)
    plot.title(chart.title)
    plot.frame(not screen.ascii)
    _bars_on(plot, chart, log, "#" if screen.ascii else "hd")
    ends = [chart.low, (chart.low + chart.high) / 2, chart.high]
    plot.xticks(ends, [figure(value) for value in ends])
    highest = max(chart.counts)
    plot.yticks([0, log10(1 + highest) if log else highest or 1], ["0", f"{highest:,}"])
    drawn = plot.build() if screen.color else plot.uncolorize(plot.build())
    text = drawn.translate(_ASCII) if screen.ascii else drawn
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _bars_on(plot: Any, chart: _Chart, log: bool, marker: str) -> None:
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
