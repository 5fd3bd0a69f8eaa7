"""One channel of a layer as two pictures, and the whole network's channels as rows of one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isqrt, prod
from threading import Event

import numpy as np

from sgs_tui.engine.compare.channels import channel_table, channels_of
from sgs_tui.engine.compare.compare import Sides, chunks
from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.errors import InputError


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """A channel on both sides, float64 of shape (height, width); axes before the height lie one below the other.

    `guessed`: no shape is known, so the pixels stand in the most nearly square rectangle that holds them.
    """

    channel: int
    benchmark: FloatArray
    sample: FloatArray
    guessed: bool


def feature_map(row: LayerDiff, sides: Sides, channel: int, cancel: Event | None = None) -> FeatureMap:
    """Read one channel of a layer; the rest passes by in chunks.

    Raises InputError where the number of channels is not known, FileChangedError, CancelledError.
    """
    count = channels_of(row.pair)
    pieces = [
        (chunk.sample[channel::count].copy(), chunk.benchmark[channel::count].copy())
        for chunk in chunks(row, sides, count, cancel)
    ]
    size, guessed = map_size(row.pair, sum(len(piece[0]) for piece in pieces))
    sample, benchmark = (np.concatenate(side).reshape(size) for side in zip(*pieces, strict=True))
    return FeatureMap(channel, benchmark, sample, guessed)


def map_size(pair: Pair, pixels: int) -> tuple[tuple[int, int], bool]:
    """(height, width) of a channel of so many pixels, and whether that is a guess."""
    shape = pair.shape
    if shape and len(shape) >= 3 and prod(shape[:-1]) == pixels and shape[-2]:
        return (pixels // shape[-2], shape[-2]), False
    if shape and prod(shape[:-1]) == pixels:
        return (1, pixels), False
    height = next((n for n in range(isqrt(pixels), 0, -1) if pixels % n == 0), 1)
    return (height, max(1, pixels // height)), pixels > 1


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A layer's channels: `rmse` of shape (channels,), 0 for dead ones that carry next to no error.

    `whole`: the number of channels is not known, so this is one figure for all of the layer.
    """

    number: int
    name: str
    rmse: FloatArray
    whole: bool


def heat_rows(rows: Sequence[LayerDiff], sides: Sides, cancel: Event | None = None) -> Iterator[HeatRow]:
    """Every compared layer's channels, in network order, one pass over both dumps. Raises as `channel_table` does."""
    for row in rows:
        if row.metrics is None:
            continue
        try:
            table = channel_table(row, sides, cancel)
        except InputError:
            yield HeatRow(row.pair.number, row.name, np.array([row.metrics.rmse]), True)
            continue
        quiet = np.logical_and(table.dead, ~(table.share > 0.01))
        yield HeatRow(row.pair.number, row.name, np.where(quiet, 0.0, table.rmse), False)
