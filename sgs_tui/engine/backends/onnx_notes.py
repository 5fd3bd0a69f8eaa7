"""What is worth knowing of an ONNX model that no dump of it shows: bodies, random ops, ops with integers."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sgs_tui.engine.numbers import count
from sgs_tui.engine.text import visible
from sgs_tui.language import Message

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}
)
_QUANTIZED = frozenset(
    {"DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "MatMulNBits", "QGemm"}
)
_MOST = 8
"""Names in one note."""


def graphs_of(graph: "GraphProto") -> "Iterator[GraphProto]":
    """A graph and the bodies in it, at any depth."""
    yield graph
    for node in graph.node:
        for body in bodies_of(node):
            yield from graphs_of(body)


def bodies_of(node: "NodeProto") -> "Iterator[GraphProto]":
    """The branches of If, the bodies of Loop, Scan and SequenceMap."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def body_notes(model: "ModelProto") -> tuple[str, ...]:
    """For each node with bodies: how many nodes are in them, of what kinds, and the first names."""
    return tuple(filter(None, map(_body_note, model.graph.node)))


def _body_note(node: "NodeProto") -> str:
    inside = [each for body in bodies_of(node) for graph in graphs_of(body) for each in graph.node]
    layers = [each for each in inside if each.op_type != "Constant"]
    if not layers:
        return ""
    names = ", ".join(f"{visible(each.output[0])} ({each.op_type})" for each in layers[:_MOST])
    more = Message(" and {number} more", number=len(layers) - _MOST) if len(layers) > _MOST else ""
    return Message(
        "{layers} inside {op_type} {node}: {names}{more}",
        layers=count(len(layers), "layer"),
        op_type=node.op_type,
        node=visible(node.name or node.output[0]),
        names=names,
        more=more,
    )


def random_nodes(model: "ModelProto") -> "list[NodeProto]":
    """The nodes, those of bodies included, whose outputs are drawn anew each time."""
    constants = {item.name: item.raw_data or bytes(item.int32_data) for item in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t.raw_data or bytes(node.attribute[0].t.int32_data)
    nodes = [node for graph in graphs_of(model.graph) for node in graph.node]
    return [node for node in nodes if node.op_type in _RANDOM or _trains(node, constants)]


def _trains(node: "NodeProto", constants: dict[str, bytes]) -> bool:
    """Whether it is a Dropout in training mode: by its third input, or by the attribute of old opsets."""
    if node.op_type != "Dropout":
        return False
    if len(node.input) > 2 and node.input[2]:
        return any(constants.get(node.input[2], b"\1"))
    return any(item.name == "is_test" and item.i == 0 for item in node.attribute)


def random_notes(model: "ModelProto") -> tuple[str, ...]:
    """One line for each kind of them."""
    found: dict[str, list[str]] = {}
    for node in random_nodes(model):
        kind = Message("Dropout in training mode") if node.op_type == "Dropout" else node.op_type
        found.setdefault(kind, []).append(visible(node.output[0]))
    return tuple(
        Message("{kind} draws {names} at random", kind=kind, names=", ".join(names[:_MOST]))
        for kind, names in found.items()
    )


def quantized_ops(model: "ModelProto") -> str:
    """`2 DynamicQuantizeLinear, 2 MatMulInteger`: ops that compute with integers already."""
    nodes = (node for graph in graphs_of(model.graph) for node in graph.node)
    kinds = Counter(node.op_type for node in nodes if _is_quantized(node.op_type))
    return ", ".join(f"{number} {kind}" for kind, number in kinds.items())


def _is_quantized(kind: str) -> bool:
    return kind in _QUANTIZED or kind.startswith(("QLinear", "QAttention")) or "Integer" in kind
