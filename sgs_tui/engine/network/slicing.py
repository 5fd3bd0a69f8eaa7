"""Which slices a layer consists of: the branches of a concat, the channels of a graph output.

A tensor is read as periods of equal length, cut at the same `edges` in each: [1, 10, 576] joined on its second axis
from 4 and 6 rows is one period of 5760, cut at 0 and 2304. Headers with shapes tell the axis; without shapes the
branches' own values do, since a float concat copies them bit for bit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import gcd, prod
from typing import Literal

import numpy as np

from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.network.channels import infer_channels
from sgs_tui.engine.network.graph import Op, build_graph, holds_graph
from sgs_tui.engine.network.ops import Family

MOST = 4096
"""Slices of a layer up to which they are looked at: memory stays constant."""

_FEWEST = 4
"""Values of a slice from which it can be said to vary."""

_PROBED = 512
"""Elements of a branch that have to be found at its place in the concat."""

Side = Literal["sample", "benchmark"]

_STEPS_BACK = 12
_CLASSES = 1 << 16
_DENSE = frozenset({"SOFTMAX", "GEMM", "MATMUL", "BATCH_MATMUL"})
_HANDS_ON = (Family.RESHAPE, Family.SELECT, Family.CONCAT, Family.UNARY, Family.BINARY)


@dataclass(frozen=True, slots=True)
class Slicing:
    """Slice i of a tensor is [edges[i], edges[i + 1]) of every period (the last ends with it).

    `names`: the tensors that a concat joins, one a slice; empty where slices are channels. `sure`: the axis is known to
    be the channels', not guessed from the shape.
    """

    period: int
    edges: tuple[int, ...]
    names: tuple[str, ...] = ()
    sure: bool = True

    @property
    def widths(self) -> tuple[int, ...]:
        """Elements of each slice in one period."""
        return tuple(b - a for a, b in zip(self.edges, (*self.edges[1:], self.period), strict=True))


@dataclass(frozen=True, slots=True)
class Sliced:
    """What of a layer is judged by itself: a concat's branches, a graph output's channels; None where unknown."""

    output: bool
    branches: Slicing | None = None
    channels: Slicing | None = None
    sources: tuple[Record, ...] = ()

    def branch_of(self, channel: int) -> int | None:
        """The branch that a channel is part of; None where branches lie along another axis."""
        if self.branches is None or self.channels is None or self.branches.period != self.channels.period:
            return None
        start = self.channels.edges[channel]
        return sum(edge <= start for edge in self.branches.edges) - 1


class Slicer:
    """Finds the slices of the layers of one dump that holds a graph."""

    def __init__(self, dump: Dump) -> None:
        self._dump, self._graph = dump, build_graph(dump)

    @cached_property
    def _channels(self) -> Mapping[str, int]:
        """Asked for by concats and graph outputs without shapes only."""
        return infer_channels(self._dump.records)

    def of(self, record: Record) -> Sliced | None:
        """The slices of an output of the dump; None where it is neither a concat nor a graph output.

        Raises DumpError where a branch can not be read.
        """
        op = self._graph.producer(record.name)
        output = not self._graph.readers(record.name)
        if op is None or not (output or op.family is Family.CONCAT):
            return None
        sources = _sources(op, record) if op.family is Family.CONCAT else ()
        branches = self._branches(record, sources) if len(sources) > 1 else None
        channels = self._channel_axis(record, branches) if output else None
        if channels is not None and not sources:
            branches = self._handed_on(record, channels)
        return Sliced(output, branches, channels, sources)

    def _branches(self, record: Record, sources: Sequence[Record]) -> Slicing | None:
        found = _by_shape(record, sources) or self._by_values(record, sources)
        return found if found is not None and len(found.edges) <= MOST else None

    def _by_values(self, record: Record, sources: Sequence[Record]) -> Slicing | None:
        """The first outer factor under which the branches' first and last rows stand where they should."""
        shared = gcd(*(each.count for each in sources))
        pixels = {each.count // known for each in sources if (known := self._channels.get(each.name))}
        likely = [*sorted(pixels, reverse=True), 1, *_divisors(shared)]
        for outer in dict.fromkeys(each for each in likely if shared % each == 0):
            if self._fits(record, sources, outer):
                return _slicing([each.count // outer for each in sources], [each.name for each in sources])
        return None

    def _fits(self, record: Record, sources: Sequence[Record], outer: int) -> bool:
        period, starts = record.count // outer, accumulate((each.count // outer for each in sources), initial=0)
        for source, start in zip(sources, starts, strict=False):
            row = source.count // outer
            size = min(row, _PROBED)
            for place in {0, outer - 1}:
                theirs = self._dump.read(source, place * row, place * row + size)
                ours = self._dump.read(record, place * period + start, place * period + start + size)
                if not np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f"):
                    return False
        return True

    def _handed_on(self, record: Record, channels: Slicing) -> Slicing | None:
        """The branches of a concat that is only reshaped or transposed into a graph output, as spans of channels."""
        count = len(channels.edges)
        for op in self._makers(record.name):
            whole = op.outputs[0]
            if op.family is Family.CONCAT:
                sources = _sources(op, whole)
                axis = _axis(whole, sources)
                if axis is None or whole.shape is None or whole.shape[axis] != count or whole.shape.count(count) > 1:
                    return None
                widths = [channels.widths[0] * each.shape[axis] for each in sources if each.shape]
                return _slicing(widths, [each.name for each in sources])
            if op.family not in (Family.RESHAPE, Family.SELECT) or whole.count != record.count:
                return None
        return None

    def _channel_axis(self, record: Record, branches: Slicing | None) -> Slicing | None:
        """Of [.., C] in four and more axes, of the smaller axis in two and three, or as convolutions imply it."""
        shape = tuple(size for size in record.shape or () if size > 1)
        known = self._channels.get(record.name, 0)
        if not record.shape:
            return _even(record.count, known, 1) if known else None
        if len(record.shape) > 3 or len(shape) < 2:
            return _even(record.count, record.shape[-1], 1)
        axis = min(range(len(shape)), key=lambda each: (shape[each], -each))
        joined = branches is not None and branches.period == prod(shape[axis:])
        sure = joined or self._made_with(record.name, shape[axis])
        return _even(record.count, shape[axis], prod(shape[axis + 1 :]), sure)

    def scores_classes(self, record: Record) -> bool:
        """Whether a graph output is one vector of scores: a softmax's or a dense layer's, handed on or not.

        Without shapes the channels of the convolution behind it tell.
        """
        if self._graph.readers(record.name) or not 1 < record.count <= _CLASSES:
            return False
        vector = sum(size > 1 for size in record.shape) == 1 if record.shape else False
        for op in self._makers(record.name):
            name = op.outputs[0].name
            vector = vector or (op.outputs[0].count == record.count and self._channels.get(name) == record.count)
            if op.family.has_weights or (vector and op.kind.upper() in _DENSE):
                return vector
            if op.outputs[0].count != record.count or op.family not in (Family.RESHAPE, Family.SELECT, Family.UNARY):
                return False
        return False

    def _makers(self, name: str) -> Iterator[Op]:
        """The ops behind a tensor, the last first, along the largest inputs."""
        for _ in range(_STEPS_BACK):
            op = self._graph.producer(name)
            if op is None or not op.outputs:
                return
            yield op
            if not op.inputs:
                return
            name = max(op.inputs, key=lambda each: each.count).name

    def _made_with(self, name: str, channels: int) -> bool:
        """Whether the tensor is handed on from one with that many channels in the last of four axes."""
        for op in self._makers(name):
            shape = op.outputs[0].shape
            if shape is not None and len(shape) > 3:
                return shape[-1] == channels
            if op.family not in _HANDS_ON:
                return False
        return False


def _sources(op: Op, record: Record) -> tuple[Record, ...]:
    """What a concat joins, constants among them, in order; empty where sizes do not add up."""
    joined = sorted((*op.inputs, *op.constants), key=lambda each: each.slot)
    for found in (op.inputs, tuple(joined)):
        if found and sum(each.count for each in found) == record.count and all(each.count for each in found):
            return found
    return ()


def _by_shape(record: Record, sources: Sequence[Record]) -> Slicing | None:
    axis = _axis(record, sources)
    if axis is None or record.shape is None:
        return None
    inner = prod(record.shape[axis + 1 :])
    return _slicing([each.shape[axis] * inner for each in sources if each.shape], [each.name for each in sources])


def _axis(record: Record, sources: Sequence[Record]) -> int | None:
    """The axis on which the branches' sizes add up to the concat's, all others being equal."""
    whole = record.shape
    known = [each.shape for each in sources if each.shape is not None]
    if whole is None or not known or len(known) < len(sources) or any(len(each) != len(whole) for each in known):
        return None
    for axis, size in enumerate(whole):
        others = all((*each[:axis], *each[axis + 1 :]) == (*whole[:axis], *whole[axis + 1 :]) for each in known)
        if others and sum(each[axis] for each in known) == size:
            return axis
    return None


def _slicing(widths: Sequence[int], names: Sequence[str]) -> Slicing:
    edges = tuple(accumulate(widths, initial=0))
    return Slicing(edges[-1], edges[:-1], tuple(names))


def _even(count: int, slices: int, inner: int, sure: bool = True) -> Slicing | None:
    """Slices of `inner` elements each; None for one alone, too many, or too few values in each."""
    if not 1 < slices <= MOST or count % (slices * inner) or count // slices < _FEWEST:
        return None
    return Slicing(slices * inner, tuple(range(0, slices * inner, inner)), sure=sure)


def _divisors(number: int) -> Iterator[int]:
    """From the smallest on, as far as it is worth trying."""
    return (each for each in range(1, min(number, 1 << 14) + 1) if number % each == 0)


@dataclass(frozen=True, slots=True)
class SidedSlicer:
    """A slicer and the side whose dump it knows."""

    slicer: Slicer
    side: Side


def slicer_of(sample: Dump, benchmark: Dump) -> SidedSlicer | None:
    """A slicer of the benchmark, or of the sample where only that holds a graph; None where neither does."""
    sides: tuple[tuple[Side, Dump], ...] = (("benchmark", benchmark), ("sample", sample))
    return next((SidedSlicer(Slicer(dump), side) for side, dump in sides if holds_graph(dump)), None)
