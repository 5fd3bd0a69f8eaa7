"""`histogram`: layers of a dump, alone or against the other stage, as charts in the terminal."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path

from sgs_tui.batch.plot import Chart, bars_for, draw
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.compare.histogram import LayerHistogram, SideCounts, Span, count_histogram, grouped, widened
from sgs_tui.engine.compare.measure import Sides
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, Matching, Pair, RangeSource
from sgs_tui.engine.configs.nearest import nearest
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.events import Row
from sgs_tui.engine.numbers import figure
from sgs_tui.engine.session import CompareRequest, Comparison, open_comparison
from sgs_tui.engine.text import visible


@dataclass(frozen=True, slots=True)
class Wanted:
    """`layers`: names, none for all; `log`: logarithmic counts."""

    dump: Path
    against: Path | None = None
    ranges: Path | None = None
    layers: tuple[str, ...] = ()
    log: bool = False


def histograms(wanted: Wanted, screen: Screen) -> Iterator[str]:
    """One text a layer, in network order. Raises SgsError; UsageError for an unknown layer, before the first text."""
    request = CompareRequest(wanted.dump, wanted.against or wanted.dump, wanted.ranges)
    comparison = open_comparison(request)
    with closing(comparison):
        for pair in _chosen(comparison, wanted.layers):
            yield _text(comparison, _row(comparison, pair), wanted, screen)


def _chosen(comparison: Comparison, names: tuple[str, ...]) -> list[Pair]:
    pairs = {visible(pair.name): pair for pair in comparison.matching.pairs}
    for name in names:
        if name not in pairs:
            close = nearest(name, pairs)
            hint = f"did you mean {close}?" if close else "constants and graph inputs have no histogram"
            raise UsageError(f"{comparison.sample.path}: no layer is called {name}", hint)
    return [pairs[name] for name in names] if names else list(comparison.matching.pairs)


def _row(comparison: Comparison, pair: Pair) -> LayerDiff:
    """The figures of one pair alone."""
    alone = replace(comparison, matching=Matching((pair,)))
    return next(event.value for event in alone.run() if isinstance(event, Row))


def _text(comparison: Comparison, row: LayerDiff, wanted: Wanted, screen: Screen) -> str:
    head = screen.text(f"{row.index} {row.name} ({row.op_type})")
    if row.metrics is None:
        return f"{head}\n  not comparable: {screen.text('; '.join(row.reasons))}\n\n"
    counted = count_histogram(row, Sides(comparison.sample, comparison.benchmark), _span(row))
    limits = row.range if row.range and row.range.source is RangeSource.CALIBRATION else None
    charts = [draw(chart, screen, wanted.log) for chart in _charts(counted, wanted, limits, screen)]
    return "\n".join([head, *_facts(counted, limits), *charts]) + "\n"


def _span(row: LayerDiff) -> Span | None:
    """The values' span, widened to show the calibrated limits where those are near; None: the values' own."""
    sides = [side for side in (row.sample, row.benchmark) if side is not None and not isnan(side.minimum)]
    if not sides or row.range is None or row.range.source is RangeSource.BENCHMARK:
        return None
    low, high = min(side.minimum for side in sides), max(side.maximum for side in sides)
    if row.range.width > 4 * (high - low) or isnan(row.range.width):
        return None
    return widened(min(low, row.range.minimum), max(high, row.range.maximum))


def _charts(counted: LayerHistogram, wanted: Wanted, limits: LayerRange | None, screen: Screen) -> Iterator[Chart]:
    lines = () if limits is None else (limits.minimum, limits.maximum)
    sides = [(wanted.dump, counted.sample)]
    if wanted.against is not None:
        sides.append((wanted.against, counted.benchmark))
    for path, side in sides:
        bars = grouped(side.counts, bars_for(side.total, screen)).tolist()
        yield Chart(_title(path, side, screen), bars, counted.span.low, counted.span.high, lines)


def _title(path: Path, side: SideCounts, screen: Screen) -> str:
    parts = [screen.text(path.name), f"{side.total:,} values"]
    if side.non_finite:
        parts.append(f"{side.non_finite:,} NaN or Inf not drawn")
    if not isnan(side.outside_range):
        parts.append(f"{100 * side.outside_range:.3g} % outside")
    return ", ".join(parts)


def _facts(counted: LayerHistogram, limits: LayerRange | None) -> Iterator[str]:
    yield f"  shown {figure(counted.span.low)} to {figure(counted.span.high)}"
    if limits is not None:
        yield f"  calibrated {figure(limits.minimum)} to {figure(limits.maximum)} (range {figure(limits.width)})"
