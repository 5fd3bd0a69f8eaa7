"""What makes any ONNX model one that onnxruntime quantizes well, without changing what it computes.

Weights in Constant nodes become initializers (left there they would be quantized like activations: uint8, one scale
for all channels), float16 becomes float32 (onnxruntime quantizes no other floats), BatchNormalization becomes part of
the convolution before it, and random ops get a seed that both stages share. What stays as it is, is told.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sgs_tui.engine.backends.batch_norm import fold_batch_norms
from sgs_tui.engine.backends.onnx import NUMBERS, Session, external_data, load_model
from sgs_tui.engine.backends.onnx_notes import (
    bodies_of,
    body_notes,
    graphs_of,
    quantized_ops,
    random_nodes,
    random_notes,
)
from sgs_tui.engine.backends.onnx_plain import needed
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.errors import InputError
from sgs_tui.language import Message

if TYPE_CHECKING:
    from onnx import AttributeProto, ModelProto, NodeProto, TensorProto

_CODED = frozenset({"QuantizeLinear", "DequantizeLinear"})
"""Not folded: with them a weight's scale and type would be gone."""


class Quantizable(NamedTuple):
    """The model as both stages are made of it, and what is worth knowing."""

    model: "ModelProto"
    notes: tuple[str, ...]


def load_quantizable(path: Path) -> Quantizable:
    """Read a model and prepare it. Raises InputError, and RunError where onnxruntime can not compute its constants."""
    model = load_model(path)
    if any(external_data(model, path.parent)):
        what = Message("{path}: over 1.5 GB of weights, what onnxruntime quantizes has to fit into 2 GB", path=path)
        raise InputError(what, Message("`sgs-tui dump onnx` can dump it; cut the model in two to quantize it here"))
    halves = _widen_halves(model)
    notes = (
        [Message("a {halves} model, computed in float32 here: onnxruntime quantizes no other floats", halves=halves)]
        if halves
        else []
    )
    notes += [
        Message("{note}: both stages get one seed, and so the same numbers", note=note) for note in random_notes(model)
    ]
    notes += [Message("neither dumped nor quantized: {note}", note=note) for note in body_notes(model)]
    if ops := quantized_ops(model):
        notes.append(Message("quantized already, and left so in both stages: {ops}", ops=ops))
    for number, node in enumerate(random_nodes(model), 1):
        _seed(node, number)
    model = _folded(model, str(path))
    if folded := fold_batch_norms(model):
        notes.append(
            Message(
                "BatchNormalization folded into the convolution before it, as converters do: {folded} times",
                folded=folded,
            )
        )
    return Quantizable(model, tuple(notes))


def _seed(node: "NodeProto", number: int) -> None:
    import onnx

    if not any(item.name == "seed" for item in node.attribute):
        seed = number if node.op_type == "Dropout" else float(number)
        node.attribute.append(onnx.helper.make_attribute("seed", seed))


def _widen_halves(model: "ModelProto") -> str:
    """Make everything of half precision float32, in place; returns the names of the types that were there."""
    widening = _Widening()
    graphs = list(graphs_of(model.graph))
    for graph in graphs:
        for value in (*graph.input, *graph.output, *graph.value_info):
            if value.type.HasField("tensor_type"):
                value.type.tensor_type.elem_type = widening.type_of(value.type.tensor_type.elem_type)
        for item in graph.initializer:
            widening.tensor(item)
    for holder in (*graphs, *model.functions):
        for node in holder.node:
            for attribute in node.attribute:
                widening.attribute(attribute)
    return " and ".join(widening.found)


class _Widening:
    """float16 and bfloat16 to float32; `found` are the names of those met."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}

    def type_of(self, kind: int) -> int:
        import onnx

        halves: dict[int, str] = {onnx.TensorProto.FLOAT16: "float16", onnx.TensorProto.BFLOAT16: "bfloat16"}
        name = halves.get(kind)
        if name is None:
            return kind
        self.found[name] = None
        return onnx.TensorProto.FLOAT

    def tensor(self, tensor: "TensorProto") -> None:
        import onnx

        if self.type_of(tensor.data_type) != tensor.data_type:
            values = onnx.numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))

    def attribute(self, attribute: "AttributeProto") -> None:
        """Constants, and the types that Cast and its like produce."""
        for tensor in (attribute.t, *attribute.tensors):
            self.tensor(tensor)
        if attribute.name in ("to", "dtype", "output_dtype"):
            attribute.i = self.type_of(attribute.i)


def _folded(model: "ModelProto", what: str) -> "ModelProto":
    """The model with tensors that depend on constants alone as initializers, in place; graph outputs stay computed."""
    import onnx

    nodes = list(_constant_nodes(model))
    values = _values(model, nodes, what) if nodes else {}
    outputs = {output.name for output in model.graph.output}
    gone = {name for node in nodes if outputs.isdisjoint(node.output) for name in node.output if name in values}
    if not gone:
        return model
    left = [node for node in model.graph.node if not {name for name in node.output if name} <= gone]
    wanted = {*needed(left), *outputs, *(value.name for value in model.graph.input)}
    kept = [item for item in model.graph.initializer if item.name in wanted]
    made = [onnx.numpy_helper.from_array(values[name], name) for name in values if name in gone & wanted]
    for mine, items in ((model.graph.node, left), (model.graph.initializer, [*kept, *made])):
        copies = [type(item).FromString(item.SerializeToString()) for item in items]
        del mine[:]
        mine.extend(copies)
    model.ir_version = max(model.ir_version, 4)  # before, every initializer had to be an input as well
    return model


def _constant_nodes(model: "ModelProto") -> "Iterator[NodeProto]":
    """Nodes whose outputs are the same whatever the model is fed with, in their order."""
    drawing = {name for node in random_nodes(model) for name in node.output}
    known = {item.name for item in model.graph.initializer} | {""}
    for node in model.graph.node:
        fixed = known.issuperset(node.input) and drawing.isdisjoint(node.output)
        if fixed and node.op_type not in _CODED and not any(bodies_of(node)):
            known.update(node.output)
            yield node


def _values(model: "ModelProto", nodes: "Sequence[NodeProto]", what: str) -> dict[str, AnyArray]:
    """What those nodes compute; outputs that are no numbers are left out."""
    import onnx

    wanted = set(needed(nodes))
    outputs = [onnx.ValueInfoProto(name=name) for node in nodes for name in node.output if name]
    constants = [item for item in model.graph.initializer if item.name in wanted]
    graph = onnx.helper.make_graph(nodes, "constants", [], outputs, constants)
    session = Session(
        onnx.helper.make_model(
            graph,
            ir_version=max(model.ir_version, 4),
            opset_imports=model.opset_import,
            functions=model.functions,
        ),
        what,
    )
    return session.run([name for name, kind in session.types().items() if kind in NUMBERS], {})


def infinite_tensors(model: "ModelProto") -> frozenset[str]:
    """Constants that hold an infinity (limits of Clip, masks, start values) and the tensors that it can get into."""
    import onnx

    arrays = ((item.name, onnx.numpy_helper.to_array(item)) for item in model.graph.initializer)
    found = {name for name, values in arrays if values.dtype.kind == "f" and np.isinf(values).any()}
    for node in model.graph.node:
        attributes = (number for item in node.attribute for number in (item.f, *item.floats))
        if not found.isdisjoint(node.input) or any(map(np.isinf, attributes)):
            found.update(node.output)
    return frozenset(found)
