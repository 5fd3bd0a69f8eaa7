"""Which tensors are bound to one scale.

A concatenation, pool, reshape, split or transpose passes codes through unchanged, so its inputs and outputs
print the same scale; chained concatenations carry one scale backward through a whole network. Which tensors
really share one is read from the sample's headers, the graph says through which ops.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sgs_tui.engine.diagnosis.graph import Graph, Op
from sgs_tui.engine.dumps.records import Record

_PASSING: tuple[str, ...] = (
    "CONCAT", "SPLIT", "RESHAPE", "TRANSPOSE", "MAX_POOL", "AVERAGE_POOL", "DILATION", "ALIGN", "PAD", "SLICE",
    "STRIDED_SLICE", "SQUEEZE", "EXPAND_DIMS", "GATHER", "PACK", "UNPACK", "TILE",
)  # fmt: skip


def passes_through(kind: str) -> bool:
    """Whether an op of this type hands values on without computing new ones (a pool averages, at most)."""
    return kind.upper().startswith(_PASSING)


@dataclass(frozen=True, slots=True)
class Domain:
    """Tensors that share a scale, and the concatenations or additions that bind them."""

    members: tuple[str, ...]
    binders: tuple[str, ...]

    @property
    def shared(self) -> bool:
        """Whether tensors of different origin are bound together."""
        return bool(self.binders)


def pad_lanes(graph: Graph) -> frozenset[str]:
    """Tensors with pad lanes: outputs of `Align` ops and what passes them on.

    Their pad lanes are 0 in float and leftover memory in fixed, even with eliminateGarbage (faults.md), so they
    can not be compared.
    """
    found: set[str] = set()
    for op in graph.ops:
        aligned = op.kind.upper().startswith("ALIGN") or op.result.upper().startswith("ALIGN")
        if aligned or (passes_through(op.kind) and any(record.name in found for record in op.inputs)):
            found.update(record.name for record in op.outputs)
    return frozenset(found)


def domains(graph: Graph, sample: Mapping[str, Record]) -> dict[str, Domain]:
    """The domain of every tensor; `sample` has the quantised records by name (empty: by structure alone)."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for op in graph.ops:
        for record in op.outputs:
            for source in op.inputs:
                if _bound(op, source.name, record.name, sample):
                    parent[root(source.name)] = root(record.name)
    groups: dict[str, list[str]] = {}
    for name in _names(graph):
        groups.setdefault(root(name), []).append(name)
    found = {}
    for members in groups.values():
        domain = Domain(tuple(members), _binders(graph, frozenset(members)))
        found.update(dict.fromkeys(members, domain))
    return found


def _names(graph: Graph) -> Iterable[str]:
    return dict.fromkeys(record.name for op in graph.ops for record in (*op.inputs, *op.outputs))


def _bound(op: Op, source: str, target: str, sample: Mapping[str, Record]) -> bool:
    """Whether two ends of an op share one scale. An addition binds only where the headers say so."""
    binds = passes_through(op.kind)
    left, right = sample.get(source), sample.get(target)
    if left is None or right is None or not left.scale or not right.scale:
        return binds
    same = (left.scale, left.zero_point, left.type_name) == (right.scale, right.zero_point, right.type_name)
    return same and (binds or op.kind.upper() == "ADD")


def _binders(graph: Graph, members: frozenset[str]) -> tuple[str, ...]:
    """Outputs of ops that bring several members together."""
    return tuple(
        record.name
        for op in graph.ops
        for record in op.outputs
        if record.name in members and len({source.name for source in op.inputs if source.name in members}) > 1
    )
