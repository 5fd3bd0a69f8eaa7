"""`histogram`: tensors of a dump, alone or above the other stage, as charts in the terminal."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from math import isfinite
from pathlib import Path

from sgs_tui.batch.console import Chart, Screen, bars_for, draw
from sgs_tui.batch.words import percent
from sgs_tui.engine.calibration.ranges import Bounds, load_ranges
from sgs_tui.engine.compare.histogram import Bars, Tally, bars_of, covering, step_of, view_of
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.numbers import figure
from sgs_tui.engine.reports.details import Portrait, Subject, portray, subjects_of

_NEAR = 4
"""Calibrated limits are in the chart unless that makes the values' part of it smaller than one of so many."""


@dataclass(frozen=True, slots=True)
class HistogramRequest:
    """`layers`: names of tensors, none for all layers; `log`: logarithmic counts."""

    dump: Path
    against: Path | None = None
    ranges: Path | None = None
    layers: tuple[str, ...] = ()
    log: bool = False


def histograms(wanted: HistogramRequest, screen: Screen, trouble: Callable[[str], None]) -> Iterator[str]:
    """One text a tensor, layers in network order; `trouble` gets a line for what is damaged or can not be read.

    Raises SgsError; UsageError for an unknown tensor, before the first text.
    """
    ranges = load_ranges(wanted.ranges) if wanted.ranges else None
    with ExitStack() as stack:
        dump = stack.enter_context(open_dump(wanted.dump))
        against = stack.enter_context(open_dump(wanted.against)) if wanted.against else None
        for subject in subjects_of(dump, against, ranges, wanted.layers):
            try:
                yield _text(portray(subject, dump, against), _names(dump, against), screen, wanted.log)
            except SgsError as error:
                trouble(f"{subject.record.name}: {error.message}")
        for each in (dump, against):
            if each is not None and not each.health.ok:
                trouble(f"{each.path}: {each.health}")


def _names(*dumps: Dump | None) -> tuple[str, ...]:
    return tuple(dump.path.name for dump in dumps if dump is not None)


def _text(portrait: Portrait, names: tuple[str, ...], screen: Screen, log: bool) -> str:
    subject, tallies = portrait.subject, portrait.tallies
    head = screen.text(f"{subject.record.op_index} {subject.record.name} ({subject.record.op_type})")
    lines = [head, *_range(subject.bounds)]
    titles = [_title(name, tally, subject, screen) for name, tally in zip_longest(names, tallies)]
    bars = _bars(portrait, tallies, screen)
    if bars is None:
        return "\n".join([*lines, *(f"  {title}: no finite values" for title in titles), "", ""])
    limits = tuple(bound for bound in subject.bounds or () if isfinite(bound))
    low, high = float(bars.edges[0]), float(bars.edges[-1])
    drawn = zip(titles, bars.sides, strict=False)
    charts = [draw(Chart(title, side.tolist(), low, high, limits), screen, log) for title, side in drawn]
    return "\n".join([*lines, *charts, *titles[len(charts) :]]) + "\n"


def _range(bounds: Bounds | None) -> Iterator[str]:
    if bounds is not None:
        yield f"  calibrated {figure(bounds[0])} to {figure(bounds[1])} (range {figure(bounds[1] - bounds[0])})"


def _title(name: str, tally: Tally | None, subject: Subject, screen: Screen) -> str:
    if tally is None:
        return f"{screen.text(name)}: no such layer to compare with"
    parts = [screen.text(name), f"{tally.stats.count:,} values"]
    if tally.stats.nan + tally.stats.inf:
        parts.append(f"{tally.stats.nan + tally.stats.inf:,} NaN or Inf not drawn")
    if subject.bounds is not None:
        parts.append(f"{percent(tally.outside_share)} outside")
    return ", ".join(parts)


def _bars(portrait: Portrait, tallies: list[Tally], screen: Screen) -> Bars | None:
    """All sides on bars that cover the values and, where they are near, the calibrated limits."""
    there = [tally for tally in tallies if tally.finite]
    if not there:
        return None
    low, high = min(tally.stats.minimum for tally in there), max(tally.stats.maximum for tally in there)
    left, right = view_of(low, high, portrait.subject.bounds or (), 1 / _NEAR)
    most = bars_for(max(tally.finite for tally in there), screen)
    step = step_of(portrait.subject.record, portrait.tally.stats.minimum, portrait.tally.stats.maximum)
    bars = bars_of(tallies, max(2, int(most * (high - low) / (right - left))), step)
    return None if bars is None else covering(bars, left, right, most)
