"""Fixed models that onnxruntime's quantizer made (the embedded backend), not the SDK's: which rules hold there.

Every quantized tensor has a grid of its own over its calibrated range; some ops give what they write the grid of what
they read first. Any tensor can be INT16 by name, and with it all that share its grid and the weights it is multiplied
with; none is INT16 by its place in the network. So a concatenation, unlike the SDK's, reads branches of other scales,
and an activation or a pool behind a convolution is a tensor of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.network.scales import CODES
from sgs_tui.engine.twin.domains import WORDS, Domain, Domains
from sgs_tui.engine.twin.network import Twin

SHARING = (
    "AVERAGE_POOL", "MAX_POOL", "RESHAPE", "FLATTEN", "GATHER", "PAD", "RESIZE", "SLICE", "STRIDED_SLICE", "SPLIT",
    "SQUEEZE", "TOPK", "TRANSPOSE", "EXPAND_DIMS", "TILE",
)  # fmt: skip
"""Ops that may hand their first input's grid on; the headers say whether they do."""


@dataclass(frozen=True, slots=True)
class Qdq:
    """`roots` of every quantized tensor: the first of those that share its grid, itself where it is the one."""

    roots: Mapping[str, str] = field(repr=False)

    def choices(self, twin: Twin) -> tuple[str, ...]:
        """What can be INT16 by name, one name for each grid, in network order; not the network's inputs."""
        return tuple(name for name in twin.tensors if self.roots.get(name) == name and name not in twin.inputs)

    def raised(self, twin: Twin, chosen: Sequence[str]) -> frozenset[str]:
        """The choices that names, or a word for all, put into INT16."""
        able = self.choices(twin)
        if any(word in chosen for word in WORDS):
            return frozenset(able)
        return frozenset(self.roots[name] for name in chosen if self.roots.get(name) in able)

    def domains(self, raised: frozenset[str]) -> Domains:
        """Who shares a grid, and which of them are INT16."""
        members: dict[str, list[str]] = {}
        for name, root in self.roots.items():
            members.setdefault(root, []).append(name)
        found = {root: Domain(tuple(names), (), root in raised) for root, names in members.items()}
        return Domains({name: found[root] for name, root in self.roots.items()}, {}, {})


def read_qdq(twin: Twin, records: Mapping[str, Record], structural: Domains) -> Qdq | None:
    """The rules of a fixed dump that onnxruntime's quantizer made; None for the SDK's.

    `structural`: the SDK's domains where nothing is chosen. Of what is INT16 there by its place (883 of 883 types of
    real dumps are right) most is not in the other's.
    """
    placed = [records[name] for name, domain in structural.by_name.items() if domain.wide and name in records]
    if 2 * sum(record.type_name == "SGS_S16" for record in placed) >= len(placed):
        return None
    quantized = {name for name in twin.tensors if name in records and records[name].type_name in CODES}
    roots = {name: name for name in twin.tensors if name in quantized}
    for op in twin.ops:
        source = op.inputs[0] if op.inputs else ""
        for name in op.outputs if op.kind.upper().startswith(SHARING) and source in roots else ():
            if name in roots and _grid(records[name]) == _grid(records[source]):
                roots[name] = roots[source]
    return Qdq(roots)


def _grid(record: Record) -> tuple[float, int, str]:
    return record.scale, record.zero_point, record.type_name
