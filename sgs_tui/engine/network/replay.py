"""Compute a layer again, in float, from whatever inputs: the sample's, the rounded, the clipped ones.

That takes the inputs' error away from a layer's error. A replay is only trusted where it reproduces the
benchmark's output from the benchmark's inputs. Wide or tall layers are replayed in bands of rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.network.compute import Rows, Shape, correlate, padded_rows, weights_of
from sgs_tui.engine.network.graph import Graph, Op
from sgs_tui.engine.network.ops import Family, kind_of
from sgs_tui.engine.network.shapes import Shapes, layer_of
from sgs_tui.engine.network.tensors import WHOLE, Tensors, Values

Feed = Callable[[str], Rows | None]
"""Where to take a tensor from; None: compute it."""

OUTPUTS = 1 << 16  # output elements replayed per layer, more or less
_WORK = 1 << 26  # multiplications per replay of a layer, more or less
_BANDS = 4
LEAKY = "LEAKY_RELU"  # computed here: its slope is in no record, only in what its input and output tell


class Replay:
    """Recomputes tensors of a float dump."""

    def __init__(self, graph: Graph, tensors: Tensors, shapes: Shapes) -> None:
        self.graph, self.tensors, self.shapes = graph, tensors, shapes
        self._records = {record.name: record for op in graph.ops for record in (*op.inputs, *op.outputs)}
        self._other_weights: Mapping[int, Values] = {}
        self._bands: dict[str, list[range]] = {}

    def with_weights(self, weights: Mapping[int, Values]) -> "Replay":
        """The same with other weights, [taps * Cin, Cout] by op index."""
        other = Replay(self.graph, self.tensors, self.shapes)
        other._other_weights = weights
        return other

    def weights(self, op: Op) -> Values:
        """A convolution's weights as [taps * Cin, Cout]; depthwise [taps, C]."""
        layer = layer_of(op, self.tensors)
        assert layer is not None
        return weights_of(layer, self.shapes.windows[op.index])

    def bands(self, name: str) -> list[range]:
        """Rows to replay: the whole layer, or bands spread over it."""
        if name not in self._bands:
            self._bands[name] = self._spread(name)
        return self._bands[name]

    def _spread(self, name: str) -> list[range]:
        shape = self.shapes.of(name)
        taps = max((self._taps(op) for op in self._near(name)), default=1)
        each = max(1, min(OUTPUTS, _WORK // taps) // max(shape.width * shape.channels, 1))
        if each >= shape.height:
            return [range(0, shape.height)]
        rows = max(1, each // _BANDS)
        starts = np.unique(np.linspace(0, shape.height - rows, min(_BANDS, each)).astype(int))
        return [range(int(start), int(start) + rows) for start in starts]

    def _near(self, name: str) -> list[Op]:
        op = self.graph.producer(name)
        return [] if op is None else [op, *(p for r in op.inputs if (p := self.graph.producer(r.name)))]

    def _taps(self, op: Op) -> int:
        return max(1, op.constants[0].count // max(self.shapes.channels(op.outputs[0].name), 1)) if op.constants else 1

    def rows(self, name: str, source: Feed, span: range) -> Values:
        """Rows of `name` as [rows, width, channels], computed from what `source` gives."""
        with np.errstate(all="ignore"):
            return self._rows(name, source, span)

    def _rows(self, name: str, source: Feed, span: range) -> Values:
        op = self.graph.producers[name]
        if op.family.has_weights:
            return self._convolve(op, source, span)
        inputs = [self._operand(record, source, span) for record in _operands(op)]
        if op.kind.upper() == LEAKY:
            return np.where(inputs[0] < 0, inputs[0] * self._slope(op), inputs[0])
        compute = kind_of(op.kind).compute
        return compute(*inputs) if compute else inputs[0]

    def _operand(self, record: Record, source: Feed, span: range) -> Values:
        if record.constant:
            return self.tensors.whole(record)
        wanted = range(0, 1) if self.shapes.of(record.name).height == 1 else span
        given = source(record.name)
        return given(wanted.start, wanted.stop) if given is not None else self._rows(record.name, source, wanted)

    def _convolve(self, op: Op, source: Feed, span: range) -> Values:
        window, layer = self.shapes.windows[op.index], layer_of(op, self.tensors)
        assert layer is not None
        weights = self._other_weights[op.index] if op.index in self._other_weights else weights_of(layer, window)
        name = op.inputs[0].name
        given = source(name) or partial(self._computed, name, source)
        padded = padded_rows(given, window, span)
        result = correlate(padded, window, weights, span.stop - span.start)
        return result + layer.bias[: window.target.channels] if layer.bias.size else result

    def _computed(self, name: str, source: Feed, start: int, stop: int) -> Values:
        return self._rows(name, source, range(start, stop))

    def _slope(self, op: Op) -> np.float32:
        """The slope of a leaky RELU below zero, from the benchmark's own input and output."""
        before = self.tensors.spread(op.inputs[0], OUTPUTS)
        after = self.tensors.spread(op.outputs[0], OUTPUTS)
        below = before < 0
        return np.float32(np.dot(after[below], before[below]) / max(np.dot(before[below], before[below]), 1e-30))

    def record(self, name: str) -> Record:
        """The float dump's record of a tensor."""
        return self._records[name]


def rows_of(tensors: Tensors, record: Record, shape: Shape) -> Rows:
    """Rows of a tensor as they lie in the file."""
    row = shape.width * shape.channels

    def read(start: int, stop: int) -> Values:
        return tensors.slice(record, start * row, stop * row).reshape(stop - start, shape.width, shape.channels)

    return read


def _operands(op: Op) -> list[Record]:
    """The records an elementwise op works on, in slot order; shape constants of a reshape are none."""
    found = [*op.inputs, *op.constants] if op.family is Family.BINARY else list(op.inputs)
    return sorted(found, key=lambda record: record.slot)


def path(graph: Graph, name: str, given: frozenset[str]) -> list[Op]:
    """The ops that compute `name` from tensors of `given`."""
    op = graph.producer(name)
    if op is None:
        return []
    return [op, *(found for r in op.inputs if r.name not in given for found in path(graph, r.name, given))]


def frontier(graph: Graph, shapes: Shapes, name: str, given: frozenset[str]) -> tuple[str, ...] | None:
    """The tensors of `given` that `name` is computed from; None where an op on the way can not be replayed."""
    found: dict[str, None] = {}
    op = graph.producer(name)
    if op is None or not _collect(graph, shapes, op, given, found):
        return None
    return tuple(found)


def _collect(graph: Graph, shapes: Shapes, op: Op, given: frozenset[str], found: dict[str, None]) -> bool:
    if not can_replay(op, shapes):
        return False
    for record in op.inputs:
        if record.name in given:
            found[record.name] = None
            if not _in_rows(record.name, shapes):
                return False
            continue
        before = graph.producer(record.name)
        if before is None or not _collect(graph, shapes, before, given, found):
            return False
    return True


def _in_rows(name: str, shapes: Shapes) -> bool:
    """Whether a tensor can be read row by row, with rows that fit into memory."""
    shape = shapes.of(name)
    return shape.known and shape.width * shape.channels <= WHOLE


def can_replay(op: Op, shapes: Shapes) -> bool:
    """Whether an op's output is known to follow from its inputs."""
    if op.fused or len(op.outputs) != 1 or not _in_rows(op.outputs[0].name, shapes):
        return False
    if op.family.has_weights:
        return op.index in shapes.windows
    kind, target = kind_of(op.kind), shapes.of(op.outputs[0].name)
    sources = [shapes.of(record.name) for record in op.inputs]
    if kind.family is Family.BINARY:
        factors = all(record.count in (1, target.channels) for record in op.constants)
        fitting = all(shape in (target, replace(target, height=1, width=1)) for shape in sources)
        two = len(op.inputs) + len(op.constants) == 2 and bool(op.inputs)
        return kind.compute is not None and two and factors and fitting
    same = len(op.inputs) == 1 and sources[0] == target
    return same and (kind.compute is not None or kind.family is Family.RESHAPE or op.kind.upper() == LEAKY)
