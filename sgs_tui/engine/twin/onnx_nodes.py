"""Meanings as ONNX nodes: the one table from what an op computes to how ONNX says it.

Every value is NHWC, so that a value of the model is its record's payload; convolutions and pools transpose inside.
`Graph` collects nodes and constants and keeps each value's shape, so that a node asks for the shape it needs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import numpy as np

from sgs_tui.engine.twin import onnx_bytes
from sgs_tui.engine.twin.meaning import (
    Concatenation,
    Convolution,
    Dilation,
    Elementwise,
    Floats,
    Given,
    Known,
    Padding,
    Pool,
    Product,
    Reduction,
    Reshaping,
    Resizing,
    Selection,
    Shape,
    Softmax,
    Split,
    Tiling,
    Transposition,
)

OPSET = 21
"""The first opset whose QuantizeLinear knows int16."""

IR_VERSION = 10
TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)
_BINARY = {
    "MUL": "Mul", "ADD": "Add", "SUB": "Sub", "DIV": "Div", "PRELU": "PRelu", "MAXIMUM": "Max", "MINIMUM": "Min",
    "MAX": "Max", "MIN": "Min", "POW": "Pow",
}  # fmt: skip
_UNARY = {
    "RELU": "Relu",
    "EXP": "Exp",
    "TANH": "Tanh",
    "ABS": "Abs",
    "SQRT": "Sqrt",
    "NEG": "Neg",
    "HARDSWISH": "HardSwish",
    "ERF": "Erf",
    "RECIPROCAL": "Reciprocal",
    "FLOOR": "Floor",
    "CEIL": "Ceil",
    "ROUND": "Round",
    "SIN": "Sin",
    "COS": "Cos",
    "LOG": "Log",
    "SIGN": "Sign",
    "SOFTPLUS": "Softplus",
    "SOFTSIGN": "Softsign",
    "MISH": "Mish",
}


@dataclass(slots=True)
class Graph:
    """An ONNX graph under construction; values are named, `shapes` knows the shape of each.

    `turns_codes`: what is transposed are codes, before they are decoded and after they are encoded. They are small, and
    onnxruntime would decode and encode around each transposition: half of a kernel's time.
    """

    nodes: list[onnx_bytes.Node] = field(default_factory=list)
    constants: list[bytes] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    turns_codes: bool = False
    _makers: dict[str, onnx_bytes.Node] = field(default_factory=dict)
    _count: int = 0

    def fresh(self, stem: str) -> str:
        """A name that no value has; `::` keeps it apart from names of a dump."""
        self._count += 1
        return f"{stem}::{self._count}"

    def constant(self, values: np.ndarray[Any, Any], stem: str = "constant") -> str:
        """A constant under a fresh name."""
        name = self.fresh(stem)
        self.constants.append(onnx_bytes.tensor(np.asarray(values), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], shape: Shape, name: str = "", **attributes: Any) -> str:
        """One node with one output of `shape`; its name, fresh unless given."""
        return self.nodes_of(kind, inputs, [shape], [name or self.fresh(kind.lower())], **attributes)[0]

    def nodes_of(
        self, kind: str, inputs: Sequence[str], shapes: Sequence[Shape], names: Sequence[str], **attributes: Any
    ) -> list[str]:
        """One node with an output for each shape."""
        made = onnx_bytes.Node(kind, list(inputs), list(names), attributes)
        self.nodes.append(made)
        self._makers.update(dict.fromkeys(names, made))
        self.shapes.update(zip(names, shapes, strict=True))
        return list(names)

    def reshaped(self, value: str, shape: Shape) -> str:
        """The value in that shape; the value itself where it has it."""
        if self.shapes.get(value) == shape:
            return value
        return self.node("Reshape", [value, self.constant(np.array(shape, np.int64), "shape")], shape)

    def maker(self, value: str, kind: str) -> onnx_bytes.Node | None:
        """The node that makes a value, where it is one of that kind and codes are turned."""
        found = self._makers.get(value) if self.turns_codes else None
        return found if found is not None and found.kind == kind else None

    def model(self, inputs: "Sequence[tuple[str, Any, Shape]]", outputs: "Sequence[tuple[str, Any]]") -> bytes:
        """The finished model, serialized, without what nothing reads; inputs and outputs with their numpy element
        types."""
        given = [onnx_bytes.value(name, kind, shape) for name, kind, shape in inputs]
        wanted = [onnx_bytes.value(name, kind, self.shapes[name]) for name, kind in outputs]
        nodes, read = list[onnx_bytes.Node](), {name for name, _ in outputs}
        for node in reversed(self.nodes):
            if not read.isdisjoint(node.outputs):
                nodes.append(node)
                read.update(node.inputs)
        return onnx_bytes.model(nodes[::-1], self.constants, given, wanted, OPSET, IR_VERSION)


@singledispatch
def emit(meaning: Known, graph: Graph, inputs: Sequence[str]) -> list[str]:
    """Append the nodes of an op; the names of what it writes, in its shapes."""
    raise NotImplementedError(type(meaning).__name__)


@emit.register
def _(meaning: Convolution, graph: Graph, inputs: Sequence[str]) -> list[str]:
    weights = graph.constant(np.transpose(meaning.weights, TO_NCHW), "weights")
    bias = [graph.constant(meaning.bias, "bias")] if np.any(meaning.bias) else []
    return [convolved(meaning, graph, inputs[0], [weights, *bias])]


def convolved(meaning: Convolution, graph: Graph, value: str, parameters: Sequence[str]) -> str:
    """A convolution with weights (and bias) that are values of the graph already; NHWC in, NHWC out."""
    attributes: dict[str, Any] = {
        "kernel_shape": meaning.kernel, "strides": meaning.strides, "pads": meaning.pads,
        "dilations": meaning.dilations, "group": meaning.groups,
    }  # fmt: skip
    source = meaning.source
    if any(meaning.inserted):
        rows, columns = meaning.inserted
        spread = Dilation((0, rows, columns, 0), (0, 0, 0, 0), (0, 0, 0, 0), source)
        value, source = emit(spread, graph, [value])[0], spread.result
    return _windowed(graph, "Conv", value, parameters, source, meaning.result, attributes)


def _windowed(
    graph: Graph, kind: str, value: str, more: Sequence[str], source: Shape, result: Shape, attributes: dict[str, Any]
) -> str:
    """A node of NCHW between its transpositions; a picture of 1x1 is the same in both orders."""
    front = _turned(graph, graph.reshaped(value, source), TO_NCHW, (0, 3, 1, 2))
    moved = tuple(result[axis] for axis in TO_NCHW)
    return _turned(graph, graph.node(kind, [front, *more], moved, **attributes), TO_NHWC, (0, 2, 3, 1))


def _turned(graph: Graph, value: str, order: Shape, axes: Shape) -> str:
    shape = graph.shapes[value]
    moved = tuple(shape[axis] for axis in axes)
    if sum(size > 1 for size in shape) <= 1:
        return graph.reshaped(value, moved)
    decoded = graph.maker(value, "DequantizeLinear")
    if decoded is None:
        return graph.node("Transpose", [value], moved, perm=order)
    codes = graph.node("Transpose", decoded.inputs[:1], moved, perm=order)
    return graph.node("DequantizeLinear", [codes, *decoded.inputs[1:]], moved)


def encoded(graph: Graph, value: str, parameters: Sequence[str]) -> str:
    """QuantizeLinear with one scale."""
    relu = graph.maker(value, "Relu")
    turned = graph.maker(relu.inputs[0] if relu is not None else value, "Transpose")
    if turned is None:
        return graph.node("QuantizeLinear", [value, *parameters], graph.shapes[value])
    before, source = graph.shapes[turned.inputs[0]], turned.inputs[0]
    source = source if relu is None else graph.node("Relu", [source], before)
    codes = graph.node("QuantizeLinear", [source, *parameters], before)
    return graph.node("Transpose", [codes], graph.shapes[value], **turned.attributes)


@emit.register
def _(meaning: Pool, graph: Graph, inputs: Sequence[str]) -> list[str]:
    attributes: dict[str, Any] = {"kernel_shape": meaning.kernel, "strides": meaning.strides, "pads": meaning.pads}
    if meaning.average:
        attributes["count_include_pad"] = int(meaning.counts_pads)
    kind = "AveragePool" if meaning.average else "MaxPool"
    return [_windowed(graph, kind, inputs[0], [], meaning.source, meaning.result, attributes)]


@emit.register
def _(meaning: Elementwise, graph: Graph, inputs: Sequence[str]) -> list[str]:
    values = [graph.reshaped(value, shape) for value, shape in zip(inputs, meaning.sources, strict=True)]
    operands = [
        values[each] if isinstance(each, int) else graph.constant(_in_rank(each, meaning.result))
        for each in meaning.operands
    ]
    if meaning.function == "CLIP":
        return [graph.node("Clip", operands, meaning.result)]
    if meaning.function in _BINARY:
        return [graph.node(_BINARY[meaning.function], operands, meaning.result)]
    return [_FUNCTIONS.get(meaning.function, _simple)(meaning, graph, operands[0])]


def _in_rank(values: Floats, result: Shape) -> Floats:
    """A constant whose rank does not make the result larger than it is."""
    return values.reshape(values.shape[-len(result) :]) if values.ndim > len(result) else values


def _simple(meaning: Elementwise, graph: Graph, value: str) -> str:
    if not meaning.guarded:
        return graph.node(_UNARY[meaning.function], [value], meaning.result)
    zero = graph.constant(np.float32(0))  # type: ignore[arg-type]
    positive = graph.node("Greater", [value, zero], meaning.result)
    return graph.node("Where", [positive, value, zero], meaning.result)


def _relu6(meaning: Elementwise, graph: Graph, value: str) -> str:
    limits = [graph.constant(np.array(each, np.float32)) for each in (0.0, 6.0)]
    return graph.node("Clip", [value, *limits], meaning.result)


def _leaky(meaning: Elementwise, graph: Graph, value: str) -> str:
    return graph.node("LeakyRelu", [value], meaning.result, alpha=meaning.alpha)


def _logistic(meaning: Elementwise, graph: Graph, value: str) -> str:
    """1 / (1 + exp(-x)): onnxruntime's own Sigmoid stops at about 1e-8, a detector's empty picture lies below."""
    negative = graph.node("Neg", [value], meaning.result)
    grown = graph.node("Exp", [negative], meaning.result)
    one = graph.constant(np.array(1, np.float32))
    return graph.node("Reciprocal", [graph.node("Add", [grown, one], meaning.result)], meaning.result)


def _hard_sigmoid(meaning: Elementwise, graph: Graph, value: str) -> str:
    return graph.node("HardSigmoid", [value], meaning.result, alpha=meaning.alpha, beta=0.5)


_FUNCTIONS: dict[str, Callable[[Elementwise, Graph, str], str]] = {
    "RELU6": _relu6, "LEAKY_RELU": _leaky, "LOGISTIC": _logistic, "HARDSIGMOID": _hard_sigmoid,
}  # fmt: skip


@emit.register
def _(meaning: Concatenation, graph: Graph, inputs: Sequence[str]) -> list[str]:
    sizes = [int(np.prod(graph.shapes[value])) // meaning.rows for value in inputs]
    axis = _joined_axis([graph.shapes[value] for value in inputs], meaning)
    if axis is not None:
        return [graph.node("Concat", inputs, meaning.result, axis=axis)]
    parts = [graph.reshaped(value, (meaning.rows, size)) for value, size in zip(inputs, sizes, strict=True)]
    return [graph.reshaped(graph.node("Concat", parts, (meaning.rows, sum(sizes)), axis=1), meaning.result)]


def _joined_axis(shapes: Sequence[Shape], meaning: Concatenation) -> int | None:
    """The axis along which the inputs join as they are; None where they have to be reshaped first."""
    for axis in range(len(meaning.result)):
        joined = sum(shape[axis] for shape in shapes if len(shape) == len(meaning.result))
        rest = {(*shape[:axis], *shape[axis + 1 :]) for shape in (*shapes, meaning.result)}
        if len(rest) == 1 and joined == meaning.result[axis] and np.prod(meaning.result[:axis]) == meaning.rows:
            return axis
    return None


@emit.register
def _(meaning: Resizing, graph: Graph, inputs: Sequence[str]) -> list[str]:
    source, result = (tuple(shape[axis] for axis in TO_NCHW) for shape in (meaning.source, meaning.result))
    picture = graph.node("Transpose", [graph.reshaped(inputs[0], meaning.source)], source, perm=TO_NCHW)
    sizes = graph.constant(np.array(result, np.int64), "sizes")
    how = {"mode": meaning.mode, "coordinate_transformation_mode": meaning.coordinates, "nearest_mode": meaning.nearest}
    made = graph.node("Resize", [picture, "", "", sizes], result, **how)
    return [graph.node("Transpose", [made], meaning.result, perm=TO_NHWC)]


@emit.register
def _(meaning: Split, graph: Graph, inputs: Sequence[str]) -> list[str]:
    value = graph.reshaped(inputs[0], meaning.source)
    sizes = graph.constant(np.array(meaning.sizes, np.int64), "sizes")
    names = [graph.fresh("split") for _ in meaning.sizes]
    return graph.nodes_of("Split", [value, sizes], meaning.results, names, axis=meaning.axis)


@emit.register
def _(meaning: Selection, graph: Graph, inputs: Sequence[str]) -> list[str]:
    value = graph.reshaped(inputs[0], meaning.source)
    for axis, places in enumerate(meaning.places):
        if places is not None:
            shape = (*graph.shapes[value][:axis], len(places), *graph.shapes[value][axis + 1 :])
            value = graph.node("Gather", [value, graph.constant(np.array(places, np.int64))], shape, axis=axis)
    return [value]


@emit.register
def _(meaning: Transposition, graph: Graph, inputs: Sequence[str]) -> list[str]:
    value = graph.reshaped(inputs[0], meaning.source)
    return [graph.node("Transpose", [value], meaning.result, perm=meaning.order)]


@emit.register
def _(meaning: Reshaping, graph: Graph, inputs: Sequence[str]) -> list[str]:
    value = inputs[0]
    if meaning.before:
        shape = tuple(graph.shapes[value][axis] for axis in meaning.before)
        value = graph.node("Transpose", [value], shape, perm=meaning.before)
    value = graph.reshaped(value, meaning.inner or meaning.result)
    return [graph.node("Transpose", [value], meaning.result, perm=meaning.after) if meaning.after else value]


@emit.register
def _(meaning: Softmax, graph: Graph, inputs: Sequence[str]) -> list[str]:
    rows = int(np.prod(meaning.result)) // (meaning.group * meaning.apart)
    shape = (rows, meaning.group) if meaning.apart == 1 else (rows, meaning.group, meaning.apart)
    value = graph.reshaped(inputs[0], shape)
    return [graph.reshaped(graph.node("Softmax", [value], shape, axis=1), meaning.result)]


@emit.register
def _(meaning: Tiling, graph: Graph, inputs: Sequence[str]) -> list[str]:
    value = graph.reshaped(inputs[0], meaning.source)
    multiples = np.array(meaning.multiples, np.int64)
    if not meaning.repeats:
        return [graph.node("Tile", [value, graph.constant(multiples)], meaning.result)]
    spread = tuple(each for size in meaning.source for each in (size, 1))
    times = np.stack([np.ones_like(multiples), multiples], 1).reshape(-1)
    tiled = tuple(int(size * n) for size, n in zip(spread, times, strict=True))
    wide = graph.node("Tile", [graph.reshaped(value, spread), graph.constant(times)], tiled)
    return [graph.reshaped(wide, meaning.result)]


@emit.register
def _(meaning: Padding, graph: Graph, inputs: Sequence[str]) -> list[str]:
    value = graph.reshaped(inputs[0], meaning.source)
    return [_padded(graph, value, meaning.before, meaning.after, meaning.value)]


def _padded(graph: Graph, value: str, before: Shape, after: Shape, fill: float = 0.0) -> str:
    """Negative numbers cut away."""
    shape = tuple(b + size + a for b, size, a in zip(before, graph.shapes[value], after, strict=True))
    if shape == graph.shapes[value] and not any(before):
        return value
    pads = graph.constant(np.array((*before, *after), np.int64), "pads")
    return graph.node("Pad", [value, pads, graph.constant(np.array(fill, np.float32))], shape)


@emit.register
def _(meaning: Dilation, graph: Graph, inputs: Sequence[str]) -> list[str]:
    """Each value gets its gap behind it; the last gap of every axis is cut away again."""
    zeros = (0,) * (2 * len(meaning.source))
    spread = tuple(each for size in meaning.source for each in (size, 1))
    gaps = tuple(each for gap in meaning.inside for each in (0, gap))
    wide = _padded(graph, graph.reshaped(inputs[0], spread), zeros, gaps)
    full = tuple(size * (1 + gap) for size, gap in zip(meaning.source, meaning.inside, strict=True))
    after = tuple(after - gap for after, gap in zip(meaning.after, meaning.inside, strict=True))
    return [_padded(graph, graph.reshaped(wide, full), meaning.before, after)]


@emit.register
def _(meaning: Reduction, graph: Graph, inputs: Sequence[str]) -> list[str]:
    value = graph.reshaped(inputs[0], meaning.source)
    shape = tuple(1 if axis in meaning.axes else size for axis, size in enumerate(meaning.source))
    if meaning.function in _PLACES:
        found = graph.node(_PLACES[meaning.function], [value], shape, axis=meaning.axes[0])
        return [graph.reshaped(graph.node("Cast", [found], shape, to=_FLOAT32), meaning.result)]
    axes = graph.constant(np.array(meaning.axes, np.int64), "axes")
    return [graph.reshaped(graph.node(_REDUCED[meaning.function], [value, axes], shape), meaning.result)]


_FLOAT32 = 1
"""ONNX's number of the type."""

_PLACES = {"ARGMAX": "ArgMax", "ARGMIN": "ArgMin"}
_REDUCED = {"MEAN": "ReduceMean", "MAX": "ReduceMax", "MIN": "ReduceMin", "SUM": "ReduceSum", "L2": "ReduceL2"}


@emit.register
def _(meaning: Product, graph: Graph, inputs: Sequence[str]) -> list[str]:
    values = []
    for value, shape, picture in zip(inputs, meaning.sources, meaning.pictures, strict=False):
        if picture:
            held = graph.reshaped(value, tuple(shape[axis] for axis in TO_NHWC))
            values.append(graph.node("Transpose", [held], shape, perm=TO_NCHW))
        else:
            values.append(graph.reshaped(value, shape))
    found = graph.node("MatMul", values, meaning.product)
    return [graph.node("Transpose", [found], meaning.result, perm=TO_NHWC) if meaning.pictures[2] else found]


@emit.register
def _(meaning: Given, graph: Graph, inputs: Sequence[str]) -> list[str]:
    names = [graph.constant(values, "given") for values in meaning.values]
    return [graph.node("Identity", [name], each.shape) for name, each in zip(names, meaning.values, strict=True)]
