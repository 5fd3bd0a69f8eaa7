"""Many small layers at once: a numpy call for a block of them, where one by one each layer takes some twenty.

Layers that follow each other in both files, hold equally many plain float32 values, and at most a cell of them, are the
rows of two arrays [layers, values]. Their figures are those of the pass over single layers to the last bit: the same
dot products over the same values, in the same order. What has a NaN or Inf is left to that pass, which counts them.

Apart because it is a second way to the same figures, which is worth it for dumps of thousands of tiny layers only.
"""

from collections.abc import Iterator, Sequence
from math import isfinite

import numpy as np

from sgs_tui.engine.compare.elements import PLAIN
from sgs_tui.engine.compare.metrics import LayerFigures, metrics_of
from sgs_tui.engine.compare.pairing import layouts_of
from sgs_tui.engine.compare.results import Pair, SideStats
from sgs_tui.engine.compare.sums import BLOCK, CELL, Totals
from sgs_tui.engine.dumps.dtypes import FLOAT32, AnyArray, FloatArray
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import Dump

FEW = 4
"""Layers from which a block is faster than one by one."""

_MOST = 1024
"""Layers of one block: they all come at once."""

_GAP = 512
"""Bytes between two payloads up to which all of a block is read at once: headers and trailers have a hundred."""


def blocks(pairs: Sequence[Pair], binary: bool) -> Iterator[Sequence[Pair]]:
    """The pairs in order, those that can be measured together in one sequence, any other alone.

    `binary`: both dumps can be read from anywhere.
    """
    start, alike = 0, 0
    for place, pair in enumerate(pairs):
        count = _values(pair) if binary else 0
        if not count or count != alike or place - start >= min(BLOCK // count, _MOST):
            yield from _together(pairs[start:place], alike)
            start, alike = place, count
    yield from _together(pairs[start:], alike)


def _together(pairs: Sequence[Pair], alike: int) -> Iterator[Sequence[Pair]]:
    if alike and len(pairs) >= FEW:
        yield pairs
    else:
        yield from ((pair,) for pair in pairs)


def _values(pair: Pair) -> int:
    """How many values a pair holds that may be a row of a block; 0 where it may be none."""
    sample, benchmark = pair.sample, pair.benchmark
    count = sample.count
    plain = sample.dtype is benchmark.dtype is FLOAT32 and count == benchmark.count and not pair.indices
    return count if plain and count <= CELL and layouts_of(pair) == (PLAIN, PLAIN) else 0


def figures_of_block(pairs: Sequence[Pair], sample: Dump, benchmark: Dump) -> list[LayerFigures | None]:
    """Figures of every pair of a block; None for layers that hold NaN or Inf. Raises SgsError, FileChangedError."""
    count = pairs[0].sample.count
    stored = np.empty((2, len(pairs), count), FLOAT32)
    _read(sample, [pair.sample for pair in pairs], stored[0])
    _read(benchmark, [pair.benchmark for pair in pairs], stored[1])
    sample.check_unchanged()
    benchmark.check_unchanged()
    return figures_of_rows(stored)


def _read(dump: Dump, records: Sequence[Record], rows: AnyArray) -> None:
    """Payloads into the rows of [layers, values], at one go where nothing but headers lies between them."""
    places, each = [record.offset for record in records], rows[0].nbytes
    first, last = min(places), max(places)  # one side may have the layers in another order
    if last - first > (each + _GAP) * len(records):
        for record, row in zip(records, rows, strict=True):
            dump.read_into(record, 0, row)
        return
    whole = np.empty(last - first + each, np.uint8)
    dump.read_bytes(first, whole)
    for row, place in zip(rows, places, strict=True):
        row[:] = np.frombuffer(whole, FLOAT32, len(row), place - first)


def figures_of_rows(stored: AnyArray) -> list[LayerFigures | None]:
    """Figures of layers that are rows: `stored` float32 [2 (sample, benchmark), layers, values]."""
    count = int(stored.shape[2])
    lows, highs = np.minimum.reduce(stored, axis=2).tolist(), np.maximum.reduce(stored, axis=2).tolist()
    zeros = (count - np.count_nonzero(stored, axis=2)).tolist()
    with np.errstate(all="ignore"):  # NaN and Inf are left out below
        sums, largest, places = _summed(stored.astype(np.float64))
    found: list[LayerFigures | None] = []
    for row, numbers in enumerate(sums):
        sides = [(lows[side][row], highs[side][row], zeros[side][row]) for side in (0, 1)]
        if not all(isfinite(low) and isfinite(high) for low, high, _ in sides):
            found.append(None)
            continue
        total = Totals._make((*numbers, count, largest[row]))
        stats = (
            SideStats(count, low, high, mean / count, 0, 0, none)
            for (low, high, none), mean in zip(sides, (total.s, total.b), strict=True)
        )
        found.append(LayerFigures(metrics_of(total, places[row]), *stats))
    return found


def _summed(work: FloatArray) -> tuple[list[list[float]], list[float], list[int]]:
    """By layer the first eight of `Totals`, the largest error, and where it is. `work` [2, layers, values] is used
    up."""
    sample, benchmark = work
    ones = np.ones(work.shape[2])
    squares, product, own = np.vecdot(work, work), np.vecdot(sample, benchmark), np.vecdot(work, ones)
    difference = sample - benchmark
    energy = np.vecdot(difference, difference)
    np.abs(difference, out=difference)
    np.abs(benchmark, out=benchmark)
    sizes = np.vecdot(difference, ones), np.vecdot(benchmark, ones)
    rows = np.stack([*squares, product, *own, energy, *sizes], axis=1)
    return rows.tolist(), np.maximum.reduce(difference, axis=1).tolist(), difference.argmax(axis=1).tolist()
