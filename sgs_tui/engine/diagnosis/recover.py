"""Rows computed again from data won back out of a layout that kept its padding."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sgs_tui.engine.compare.figures import figures_of
from sgs_tui.engine.compare.kernel import BLOCK, Kernel, Sums
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, Pair, RangeSource, Verdict
from sgs_tui.engine.compare.rows import judged
from sgs_tui.engine.compare.sides import SideReader
from sgs_tui.engine.configs.profiles import Profile
from sgs_tui.engine.diagnosis.results import Recovered
from sgs_tui.engine.dumps.layouts import Padded
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import AnyArray, Record

PIXELS = 1 << 16
"""Values put in order at once, more or less."""


class _Ready(SideReader):
    """A reader of values that are in memory already, as the file stores them."""

    def __init__(self, dump: Dump, record: Record, values: AnyArray) -> None:
        super().__init__(dump, record)
        self._values = values

    def take(self, start: int, count: int) -> AnyArray:
        """Elements [start, start + count) of the values."""
        return self._values[start : start + count]


def recovered_row(pair: Pair, sample: Dump, benchmark: Dump, padded: Padded, profile: Profile) -> Recovered:
    """The pair's row with the sample's payload in order; only values that are still in the file count."""
    sums, kernel = Sums(), Kernel()
    waiting = np.empty(0, pair.sample.dtype), np.empty(0, pair.benchmark.dtype)
    for piece in _pieces(pair, sample, benchmark, padded):
        waiting = tuple(np.concatenate(both) for both in zip(waiting, piece, strict=True))  # type: ignore[assignment]
        whole = len(waiting[0]) // BLOCK * BLOCK
        _add(sums, kernel, pair, sample, benchmark, (waiting[0][:whole], waiting[1][:whole]))
        waiting = waiting[0][whole:], waiting[1][whole:]
    _add(sums, kernel, pair, sample, benchmark, waiting)
    figures = figures_of(sums)
    right = figures.benchmark
    row = LayerDiff(
        pair=pair,
        metrics=replace(figures.metrics, max_abs_index=-1),
        sample=figures.sample,
        benchmark=right,
        range=LayerRange(right.minimum, right.maximum, RangeSource.BENCHMARK),
        verdict=Verdict.OK,
        notes=(*pair.notes, f"recovered from {padded.layout}, {padded.kept():.0%} of the values are in the file"),
    )
    return Recovered(judged(row, profile), str(padded.layout), padded.kept())


def _pieces(pair: Pair, sample: Dump, benchmark: Dump, padded: Padded) -> Iterator[tuple[AnyArray, AnyArray]]:
    """Values of both sides that the sample still holds, in the benchmark's order."""
    step = max(1, PIXELS // padded.channels)
    for first in range(0, padded.pixels, step):
        last = min(first + step, padded.pixels)
        values, present = padded.undo(lambda start, stop: sample.read(pair.sample, start, stop), first, last)
        truth = benchmark.read(pair.benchmark, first * padded.channels, last * padded.channels)
        yield values[present], truth.reshape(present.shape)[present]


def _add(
    sums: Sums, kernel: Kernel, pair: Pair, sample: Dump, benchmark: Dump, values: tuple[AnyArray, AnyArray]
) -> None:
    """Feed values to the kernel, block by block."""
    sides = _Ready(sample, pair.sample, values[0]), _Ready(benchmark, pair.benchmark, values[1])
    for start in range(0, len(values[0]), BLOCK):
        kernel.add(sums, *sides, start, min(BLOCK, len(values[0]) - start))
