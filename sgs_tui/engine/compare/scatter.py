"""Benchmark against sample, element by element: clipping, steps, gain and noise each have a shape of their own.

slope, offset   the least squares line  sample = slope * benchmark + offset
correlation     Pearson's r of both sides
on the limits   the share of the sample's values on the lowest and the highest code of its grid, where the header
                tells one, else on its own least and greatest value
"""

from dataclasses import dataclass
from math import nan, sqrt
from threading import Event

import numpy as np

from sgs_tui.engine.compare.compare import Sides, chunks
from sgs_tui.engine.compare.histogram import Counts, Span, span_of
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.network.scales import grid_of

BINS = 256
"""Of each axis, whatever the layer's size; the screen shows groups of them."""


@dataclass(frozen=True, slots=True)
class Scatter:
    """`counts`, int64 of shape (BINS, BINS): [sample's bin, benchmark's bin], both axes on `span`.

    `pairs` counts the elements that are finite on both sides, `left_out` the others; slope, offset and correlation are
    NaN where the benchmark (or the sample) is constant. `low`, `high`: the sample's limits, from its `grid` or its own
    values; `on_low`, `on_high`: shares (0 to 1) of its finite values there.
    """

    span: Span
    counts: Counts
    pairs: int
    left_out: int
    slope: float
    offset: float
    correlation: float
    low: float
    high: float
    grid: bool
    on_low: float
    on_high: float


def count_scatter(row: LayerDiff, sides: Sides, cancel: Event | None = None) -> Scatter:
    """One pass over the layer in bounded memory. Raises InputError (no figures), FileChangedError, CancelledError."""
    span = span_of(row)
    assert row.sample is not None and row.benchmark is not None
    grid = grid_of(row.pair.sample)
    low, high = (grid.low, grid.high) if grid else (row.sample.minimum, row.sample.maximum)
    near = 0.5 * grid.step if grid else 0.0
    middle = (row.benchmark.minimum + row.benchmark.maximum) / 2, (row.sample.minimum + row.sample.maximum) / 2
    counts: Counts = np.zeros(BINS * BINS, np.int64)
    sums, pairs, left_out, on_low, on_high = np.zeros(5), 0, 0, 0, 0
    for chunk in chunks(row, sides, cancel=cancel):
        finite = np.isfinite(chunk.sample) & np.isfinite(chunk.benchmark)
        ours, theirs = chunk.sample[finite], chunk.benchmark[finite]
        pairs += ours.size
        left_out += finite.size - ours.size
        on_low += int(np.count_nonzero(ours <= low + near))
        on_high += int(np.count_nonzero(ours >= high - near))
        places = [np.clip((v - span.low) / (span.high - span.low) * BINS, 0, BINS - 1) for v in (ours, theirs)]
        counts += np.bincount(places[0].astype(np.int64) * BINS + places[1].astype(np.int64), minlength=BINS * BINS)
        x, y = theirs - middle[0], ours - middle[1]
        sums += [x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()]
    slope, offset, correlation = _line(sums, pairs, middle)
    shares = (on_low / pairs, on_high / pairs) if pairs else (0.0, 0.0)
    on_grid = grid is not None
    return Scatter(
        span, counts.reshape(BINS, BINS), pairs, left_out, slope, offset, correlation, low, high, on_grid, *shares
    )


def _line(sums: FloatArray, pairs: int, middle: tuple[float, float]) -> tuple[float, float, float]:
    """Slope, offset and correlation from sums about the middle of each side's range."""
    if not pairs:
        return nan, nan, nan
    x, y, xx, yy, xy = (float(each) / pairs for each in sums)
    across, up, both = xx - x * x, yy - y * y, xy - x * y
    tiny = 1e-12
    if across <= tiny * max(xx, 1e-300):
        return nan, nan, nan
    slope = both / across
    correlation = both / sqrt(across * up) if up > tiny * max(yy, 1e-300) else nan
    return slope, y + middle[1] - slope * (x + middle[0]), correlation
