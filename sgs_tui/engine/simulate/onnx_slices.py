"""Run a model and keep every tensor: at once in memory, or slice by slice with the tensors on disk."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sgs_tui.engine.dumps.records import AnyArray
from sgs_tui.engine.errors import RunError
from sgs_tui.engine.simulate.onnx_model import NUMBERS, Session, exposed
from sgs_tui.engine.text import visible

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto


class Tensors:
    """What a run computed, by name. With a `spool` folder the values wait on disk, one file each."""

    def __init__(self, spool: Path | None = None) -> None:
        self._spool = spool
        self._values: dict[str, AnyArray] = {}
        self._files: dict[str, Path] = {}
        self.skipped: dict[str, str] = {}

    def add(self, name: str, values: AnyArray) -> None:
        """Keep one tensor."""
        if self._spool is None:
            self._values[name] = np.asarray(values)
            return
        self._files[name] = self._spool / f"{len(self._files)}.npy"
        np.save(self._files[name], values, allow_pickle=False)

    def __contains__(self, name: str) -> bool:
        return name in self._values or name in self._files

    def __getitem__(self, name: str) -> AnyArray:
        if name in self._values:
            return self._values[name]
        values: AnyArray = np.load(self._files[name], allow_pickle=False)
        return values


def run_all(
    model: "ModelProto", feed: Mapping[str, AnyArray], what: str, slices: int = 1, spool: Path | None = None
) -> Tensors:
    """Every tensor that the model's nodes compute from `feed`.

    With `slices` over 1 the graph is cut into so many runs of consecutive nodes, each holding about the same
    number of bytes; with `spool` only one slice's tensors are in memory at a time. Outputs that are no tensors
    of numbers are named in `skipped`, with the reason. Raises RunError.
    """
    tensors = Tensors(spool)
    for name, values in feed.items():
        tensors.add(name, values)
    parts = _cuts(model, slices) if slices > 1 else [range(len(model.graph.node))]
    for part in parts:
        piece = _piece(model, part, tensors) if slices > 1 else model
        _run(piece, tensors, what)
    return tensors


def _run(model: "ModelProto", tensors: Tensors, what: str) -> None:
    session = Session(exposed(model), what)
    constants = {item.name for item in model.graph.initializer}
    feed = {value.name: tensors[value.name] for value in model.graph.input if value.name not in constants}
    types = session.types()
    tensors.skipped |= {name: f"its type is {kind}" for name, kind in types.items() if kind not in NUMBERS}
    for name, values in session.run([name for name in types if types[name] in NUMBERS], feed).items():
        tensors.add(name, values)


def _cuts(model: "ModelProto", slices: int) -> Iterator[range]:
    """Consecutive nodes for each slice, so that all hold about the same number of bytes."""
    sizes = _sizes(model)
    ends = np.cumsum([1 + sum(sizes.get(name, 0) for name in node.output) for node in model.graph.node])
    goals = ends[-1] * np.arange(1, slices + 1) / slices
    stops = np.unique(np.searchsorted(ends, goals - 0.5) + 1)
    return (range(start, stop) for start, stop in zip([0, *stops[:-1].tolist()], stops.tolist(), strict=True))


def _sizes(model: "ModelProto") -> dict[str, int]:
    """Elements of every tensor whose shape onnx can infer; open dimensions count as 1."""
    import onnx

    inferred = onnx.shape_inference.infer_shapes(model)
    return {
        value.name: int(np.prod([max(dim.dim_value, 1) for dim in value.type.tensor_type.shape.dim], dtype=np.int64))
        for value in inferred.graph.value_info
    }


def _piece(model: "ModelProto", part: range, tensors: Tensors) -> "ModelProto":
    """A model of those nodes alone; what earlier slices computed becomes its input."""
    import onnx

    nodes = [model.graph.node[index] for index in part]
    needed = _needed(nodes)
    constants = [item for item in model.graph.initializer if item.name in needed]
    sparse = [item for item in model.graph.sparse_initializer if item.values.name in needed]
    known = {item.name for item in constants} | {item.values.name for item in sparse}
    inputs = [_value_info(name, tensors) for name in needed if name not in known]
    graph = onnx.helper.make_graph(nodes, "slice", inputs, [], constants, sparse_initializer=sparse)
    return onnx.helper.make_model(
        graph, ir_version=model.ir_version, opset_imports=model.opset_import, functions=model.functions
    )


def _value_info(name: str, tensors: Tensors) -> "ValueInfoProto":
    import onnx

    if name not in tensors:
        why = tensors.skipped.get(name, "the model's nodes are not in the order of computation")
        raise RunError(f"tensor {visible(name)} can not pass from one slice to the next: {why}", "run it in one slice")
    values = tensors[name]
    return onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(values.dtype), values.shape)


def _needed(nodes: "Sequence[NodeProto]") -> list[str]:
    """Names that the nodes take from outside, bodies of If and Loop included, each once and in order."""
    inside = {name for node in nodes for name in node.output}
    used = [name for node in nodes for name in (*node.input, *_captured(node))]
    return [name for name in dict.fromkeys(used) if name and name not in inside]


def _captured(node: "NodeProto") -> Iterator[str]:
    """Names that a node's subgraphs may take from the graph around it."""
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            yield from _free_names(graph)


def _free_names(graph: "GraphProto") -> list[str]:
    own = {value.name for value in graph.input} | {item.name for item in graph.initializer}
    own |= {name for node in graph.node for name in node.output}
    return [name for name in (*_needed(graph.node), *(out.name for out in graph.output)) if name not in own]
