"""Which tensors a layer can be computed from: back through the graph to tensors that both dumps hold."""

from dataclasses import replace

from sgs_tui.engine.diagnosis.elementwise import ELEMENTWISE, PAIRWISE
from sgs_tui.engine.diagnosis.graph import Graph, Op
from sgs_tui.engine.diagnosis.shapes import Shapes
from sgs_tui.engine.diagnosis.tensors import WHOLE


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
    if op.has_weights:
        return op.index in shapes.windows
    kind, target = op.kind.upper(), shapes.of(op.outputs[0].name)
    sources = [shapes.of(record.name) for record in op.inputs]
    if kind in PAIRWISE:
        factors = all(record.count in (1, target.channels) for record in op.constants)
        fitting = all(shape in (target, replace(target, height=1, width=1)) for shape in sources)
        return len(op.inputs) + len(op.constants) == 2 and bool(op.inputs) and factors and fitting
    same = len(op.inputs) == 1 and sources[0] == target
    return same and (kind in ELEMENTWISE or kind == "LEAKY_RELU" or kind.startswith("RESHAPE"))
