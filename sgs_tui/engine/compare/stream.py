"""A pair's elements as float64 chunks, for everything beyond the metrics: histograms, channels, worst elements."""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event

import numpy as np

from sgs_tui.engine.compare.match import layouts_of
from sgs_tui.engine.compare.measure import Sides
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.compare.sides import SideReader
from sgs_tui.engine.compare.transpose import candidates
from sgs_tui.engine.dumps.records import FloatArray
from sgs_tui.engine.errors import CancelledError

CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Chunk:
    """Elements [start, start + len) of both sides, dequantised, in the order the row was compared in."""

    start: int
    sample: FloatArray
    benchmark: FloatArray


def chunks(row: LayerDiff, sides: Sides, multiple: int = 1, cancel: Event | None = None) -> Iterator[Chunk]:
    """The layer in chunks whose length is a multiple of `multiple` (its channels); the last may be shorter.

    Raises FileChangedError, CancelledError.
    """
    readers = _readers(row, sides)
    size = max(CHUNK // multiple, 1) * multiple
    total = min(reader.count for reader in readers)
    for start in range(0, total, size):
        if cancel is not None and cancel.is_set():
            raise CancelledError("stopped")
        sides.sample.check_unchanged()
        sides.benchmark.check_unchanged()
        sample, benchmark = (_values(reader, start, min(size, total - start)) for reader in readers)
        yield Chunk(start, sample, benchmark)


def _readers(row: LayerDiff, sides: Sides) -> tuple[SideReader, SideReader]:
    pair = row.pair
    left, right = layouts_of(pair)
    if row.transposed:
        chosen = next(c for c in candidates(pair) if any(c.text in note for note in row.notes))
        left, right = chosen.sample, chosen.benchmark
    return SideReader(sides.sample, pair.sample, left), SideReader(sides.benchmark, pair.benchmark, right)


def _values(reader: SideReader, start: int, count: int) -> FloatArray:
    with np.errstate(invalid="ignore"):  # signalling NaNs are data here
        values = reader.take(start, count).astype(np.float64)
    reader.dump.dequantise(reader.record, values)
    return values
