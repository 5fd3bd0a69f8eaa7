"""What is counted for one layer when the cursor rests on it: histogram, channels, worst elements."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np
from textual.message import Message

from sgs_tui.engine.compare.channels import ChannelTable, Element, channel_table, channels_of, worst_elements
from sgs_tui.engine.compare.compare import Sides, chunks
from sgs_tui.engine.compare.histogram import (
    FINE_BINS,
    LayerHistogram,
    SideCounts,
    Span,
    count_beside,
    count_histogram,
    on_edges,
    percentile_span,
    span_of,
    widened,
)
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.session import Comparison

WORST = 10
ROOMY = 3.0
"""How much wider than the values the picture may get so that min and max of the calibration are on it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which histogram: of which layer, how much of its values, and of which channel (None: all)."""

    number: int
    percent: float = 100.0
    channel: int | None = None


@dataclass
class CloseupDone(Message):
    """Channels (or why there are none) and the worst elements of a layer."""

    comparison: Comparison
    number: int
    channels: ChannelTable | None
    why_no_channels: str
    worst: tuple[Element, ...]


Beside = tuple[Path, Record]
"""The original's dump, and its record of the layer."""


def histogram(
    comparison: Comparison, row: LayerDiff, wanted: Wanted, original: Beside | None, cancel: Event
) -> LayerHistogram:
    """The histogram that is wanted, of all channels with the original beside it where there is one."""
    sides = Sides(comparison.sample, comparison.benchmark)
    if wanted.channel is not None:
        return _of_channel(row, sides, wanted, cancel)
    counted = count_histogram(row, sides, *on_edges(with_limits(row), row.range), cancel=cancel)
    if wanted.percent < 100:
        span = on_edges(percentile_span(counted, wanted.percent), row.range)
        counted = count_histogram(row, sides, *span, cancel=cancel)
    if original is None:
        return counted
    path, record = original
    with open_dump(path) as dump:
        return count_beside(counted, dump, record, cancel)


def channels(comparison: Comparison, row: LayerDiff, cancel: Event) -> Iterator[Message]:
    """Channel figures where the number of channels is known, and the worst elements."""
    sides = Sides(comparison.sample, comparison.benchmark)
    table, why = None, ""
    try:
        table = channel_table(row, sides, cancel)
    except InputError as error:
        why = error.text
    yield CloseupDone(comparison, row.pair.number, table, why, worst_elements(row, sides, WORST, cancel))


def with_limits(row: LayerDiff) -> Span:
    """The range shared by both sides, stretched to the calibrated min and max unless that would crush the picture."""
    return stretched(span_of(row), row)


def stretched(shared: Span, row: LayerDiff) -> Span:
    """That stretch with the layer's limits on it, unless that would crush the picture."""
    if row.range is None:
        return shared
    low, high = min(shared.low, row.range.minimum), max(shared.high, row.range.maximum)
    return Span(low, high) if high - low <= ROOMY * (shared.high - shared.low) else shared


def _of_channel(row: LayerDiff, sides: Sides, wanted: Wanted, cancel: Event) -> LayerHistogram:
    """The histogram of one channel: a channel is small enough to be held whole."""
    count = channels_of(row.pair)
    pieces = [
        (chunk.sample[wanted.channel :: count].copy(), chunk.benchmark[wanted.channel :: count].copy())
        for chunk in chunks(row, sides, count, cancel)
    ]
    sample, benchmark = (np.concatenate(side) for side in zip(*pieces, strict=True))
    stretch, bins = on_edges(_stretch(np.concatenate([sample, benchmark]), wanted.percent, row), row.range)
    with np.errstate(invalid="ignore"):
        error = sample - benchmark
    largest = float(np.nanmax(np.abs(error), initial=0.0)) or 0.5
    errors = Span(-largest, largest) if np.isfinite(largest) else Span(-0.5, 0.5)
    return LayerHistogram(
        stretch,
        _counts(sample, stretch, bins),
        _counts(benchmark, stretch, bins),
        errors,
        _counts(error, errors, FINE_BINS),
    )


def _stretch(values: FloatArray, percent: float, row: LayerDiff) -> Span:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return span_of(row)
    cut = (100.0 - percent) / 2
    low, high = np.percentile(finite, (cut, 100 - cut))
    shown = widened(float(low), float(high))
    return shown if percent < 100 else stretched(shown, row)


def _counts(values: FloatArray, stretch: Span, bins: int) -> SideCounts:
    finite = values[np.isfinite(values)]
    return SideCounts(
        counts=np.histogram(finite, bins, (stretch.low, stretch.high))[0],
        below=int(np.count_nonzero(finite < stretch.low)),
        above=int(np.count_nonzero(finite > stretch.high)),
        non_finite=int(values.size - finite.size),
        outside_range=float("nan"),
    )
