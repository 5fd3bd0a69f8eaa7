"""Which channel is bad: figures per channel, and the worst elements with their positions."""

from dataclasses import dataclass, field
from threading import Event

import numpy as np

from sgs_tui.engine.compare.compare import Sides, chunks
from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.engine.dumps.dtypes import AnyArray, FloatArray
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.text import visible
from sgs_tui.language import Message

_DEAD = 1e-3
"""A channel whose values are on average this part of the layer's is dead."""


@dataclass(frozen=True, slots=True)
class ChannelTable:
    """Figures per channel, arrays of shape (channels,); rmse = sum |s-b| / sum |b| as for layers.

    `rmse` is inf where the benchmark's channel is all zero and the sample's is not, 0 where both are.
    `share` is the channel's part of the layer's sum of (s-b)^2, NaN where that is not finite. `dead`: the benchmark's
    channel holds next to nothing.
    """

    rmse: FloatArray
    share: FloatArray
    dead: AnyArray = field(default_factory=lambda: np.zeros(1, np.bool_))

    def largest_share_first(self) -> list[int]:
        """Channel numbers by their part of the layer's error, the largest first (NaN before everything)."""
        spoilt = np.isnan(self.rmse)
        return [int(i) for i in np.lexsort((-np.nan_to_num(self.rmse), -np.nan_to_num(self.share), ~spoilt))]

    def worst_first(self) -> list[int]:
        """Channel numbers, highest rmse first (NaN before everything, ties in order).

        What little stands in a dead channel makes its rmse huge: it comes behind the live ones that have an error,
        unless it carries more of the layer's error than any of them.
        """
        dead = self.dead | np.isinf(self.rmse)
        most = float(np.nanmax(np.where(dead, 0.0, self.share), initial=0.0))
        quiet = dead & ~(self.share > most)
        spoilt, right = np.isnan(self.rmse), self.rmse == 0
        group = np.select([spoilt, right, quiet], [0, 3, 2], 1)
        badness = np.where(quiet, self.share, self.rmse)
        return [int(i) for i in np.lexsort((-np.where(spoilt, 0.0, badness), group))]


def channel_table(row: LayerDiff, sides: Sides, cancel: Event | None = None) -> ChannelTable:
    """One pass over the layer. Raises InputError where the number of channels is unknown, CancelledError."""
    count = channels_of(row.pair)
    error, reference, energy = np.zeros(count), np.zeros(count), np.zeros(count)
    for chunk in chunks(row, sides, count, cancel):
        sample, benchmark = chunk.sample.reshape(-1, count), chunk.benchmark.reshape(-1, count)
        with np.errstate(invalid="ignore", over="ignore"):
            difference = sample - benchmark
            error += np.abs(difference).sum(axis=0)
            energy += np.square(difference).sum(axis=0)
            reference += np.abs(benchmark).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        rmse = np.where(error == 0, 0.0, error / reference)
        total = energy.sum()
        share = energy / total if 0 < total < np.inf else np.full(count, 0.0 if total == 0 else np.nan)
        dead = reference <= _DEAD * reference.mean()
    return ChannelTable(rmse, share, dead)


def channels_of(pair: Pair) -> int:
    """Size of the last axis. Raises InputError where neither headers nor a shapes file nor the ops tell it."""
    known = pair.channels
    if not known or pair.benchmark.count % known:
        raise InputError(
            Message("{name}: the dump does not tell how many channels it has", name=visible(pair.name)),
            Message("give shapes with --shapes tensor_statistics.txt or a dump that has them"),
        )
    return known


@dataclass(frozen=True, slots=True)
class Element:
    """One element: flat index, position where the shape is known ((pixel, channel) where only channels are)."""

    index: int
    position: tuple[int, ...]
    sample: float
    benchmark: float


def worst_elements(row: LayerDiff, sides: Sides, count: int = 10, cancel: Event | None = None) -> tuple[Element, ...]:
    """The `count` elements of largest |s-b|, worst first, NaN before all; ties in the layer's order."""
    best = np.empty((0, 4))
    for chunk in chunks(row, sides, cancel=cancel):
        with np.errstate(invalid="ignore"):
            error = np.abs(chunk.sample - chunk.benchmark)
        rank = np.where(np.isnan(error), np.inf, error)
        top = _largest(rank, min(count, len(rank)))
        rows = np.column_stack([rank[top], chunk.start + top, chunk.sample[top], chunk.benchmark[top]])
        best = np.concatenate([best, rows])
        best = best[np.lexsort((best[:, 1], -best[:, 0]))][:count]
    return tuple(Element(int(i), position_of(row.pair, int(i)), float(s), float(b)) for _, i, s, b in best)


def _largest(rank: FloatArray, count: int) -> AnyArray:
    """Indices of the `count` largest, shape (count,), first ones on ties."""
    limit = np.partition(rank, -count)[-count]
    above, equal = np.nonzero(rank > limit)[0], np.nonzero(rank == limit)[0]
    return np.concatenate([above, equal[: count - len(above)]])


def position_of(pair: Pair, index: int) -> tuple[int, ...]:
    """(n, h, w, c) of a flat index where the shape is known, (pixel, channel) or (index,) where it is not."""
    if pair.shape and 0 <= index < np.prod(pair.shape):
        return tuple(int(i) for i in np.unravel_index(index, pair.shape))
    if pair.channels and pair.benchmark.count % pair.channels == 0:
        return index // pair.channels, index % pair.channels
    return (index,)
