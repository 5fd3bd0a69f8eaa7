"""An ONNX model as everything behind expects it: nodes in the order of computation, no sparse constants."""

from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from sgs_tui.engine.backends.onnx_notes import bodies_of, graphs_of

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto


def make_plain(model: "ModelProto") -> None:
    """Put nodes in the order of computation and make sparse constants dense, in place, bodies included.

    onnxruntime runs any order, and a dump in another than that of computation shows layers before their inputs; of
    sparse constants it gives none as an output, and quantizes none.
    """
    import onnx

    for graph in graphs_of(model.graph):
        _sort(graph)
        graph.initializer.extend(map(_dense, graph.sparse_initializer))
        del graph.sparse_initializer[:]
        for attribute in (item for node in graph.node if node.op_type == "Constant" for item in node.attribute):
            if attribute.name == "sparse_value":
                attribute.CopyFrom(onnx.helper.make_attribute("value", _dense(attribute.sparse_tensor)))


def _dense(sparse: "SparseTensorProto") -> "TensorProto":
    """Indices are places in the flat tensor, or one coordinate for each axis."""
    import onnx

    values, indices = onnx.numpy_helper.to_array(sparse.values), onnx.numpy_helper.to_array(sparse.indices)
    full = np.zeros(tuple(sparse.dims), values.dtype)
    full[tuple(indices.T) if indices.ndim > 1 else np.unravel_index(indices, full.shape)] = values
    return onnx.numpy_helper.from_array(full, sparse.values.name)


def _sort(graph: "GraphProto") -> None:
    """Each node behind those that it reads, else as they stand; cycles are left to onnxruntime, which names them."""
    makers = {name: place for place, node in enumerate(graph.node) for name in node.output if name}
    sources = [{makers[name] for name in needed([node]) if name in makers} for node in graph.node]
    if all(place > max(found, default=-1) for place, found in enumerate(sources)):
        return
    sorter = TopologicalSorter(dict(enumerate(sources)))
    try:
        sorter.prepare()
    except CycleError:
        return
    ready, order = list[int](), list[int]()
    while sorter.is_active():
        for place in sorter.get_ready():
            heappush(ready, place)
        order.append(heappop(ready))
        sorter.done(order[-1])
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes[place] for place in order)


def needed(nodes: "Sequence[NodeProto]") -> list[str]:
    """Names that the nodes take from outside, bodies of If and Loop included, each once and in order."""
    inside = {name for node in nodes for name in node.output}
    used = [name for node in nodes for name in (*node.input, *_captured(node))]
    return [name for name in dict.fromkeys(used) if name and name not in inside]


def _captured(node: "NodeProto") -> Iterator[str]:
    """Names that a node's subgraphs may take from the graph around it."""
    for graph in bodies_of(node):
        yield from _free_names(graph)


def _free_names(graph: "GraphProto") -> list[str]:
    own = {value.name for value in graph.input} | {item.name for item in graph.initializer}
    own |= {name for node in graph.node for name in node.output}
    return [name for name in (*needed(graph.node), *(out.name for out in graph.output)) if name not in own]
