"""How the error runs along the edges of the network: who reads whom, what each layer makes of what it is given.

The graph is the benchmark's: a fixed dump does not print the second input of an addition that was fused into a
convolution. Tensors that the other side does not have, as they were fused away there, are seen through: an edge goes
from one compared layer to the next. Dumps of outputs alone (ONNX, Caffe, TFLite, a board's) tell nothing of edges:
then each tensor follows the one before it in the file, and `Wiring.known` is False.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from sgs_tui.engine.compare.results import LayerDiff, Matching, Pair, Side
from sgs_tui.engine.diagnosis.results import Blame, Cause, Diagnosis, Role
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.network.graph import Graph, build_graph, holds_graph
from sgs_tui.engine.network.scales import domains, grid_of
from sgs_tui.engine.session import Comparison
from sgs_tui.language import Message

_INPUT = Message("an input of the network")
_ONE_SIDE = Message("not in both dumps")


@dataclass(frozen=True, slots=True)
class Tensor:
    """A node: its name in the graph, the op that writes it, that op's place, the compared layer it is.

    `layer` is empty where it is not compared; `why` then says why. `index` is -1 for the network's inputs.
    """

    name: str
    op: str
    index: int
    layer: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Wiring:
    """The edges between tensors, by name; `tensors` in execution order.

    `scales`: a number from 1 on for tensors that share a scale with tensors of another origin.
    """

    known: bool
    tensors: Mapping[str, Tensor] = field(repr=False)
    sources: Mapping[str, tuple[str, ...]] = field(repr=False)
    targets: Mapping[str, tuple[str, ...]] = field(repr=False)
    scales: Mapping[str, int] = field(default_factory=dict, repr=False)

    def tensor_of(self, layer: str) -> str | None:
        """The tensor that is the compared layer of that name."""
        if layer in self.tensors and self.tensors[layer].layer == layer:
            return layer
        return next((name for name, each in self.tensors.items() if each.layer == layer), None)


def wiring_of(comparison: Comparison) -> Wiring:
    """The wiring of two open dumps; no payload is read."""
    side: Side = "benchmark" if holds_graph(comparison.benchmark) else "sample"
    dump = comparison.benchmark if side == "benchmark" else comparison.sample
    if not holds_graph(dump):
        return in_file_order(comparison.matching)
    graph = build_graph(dump)
    pairs = {pair.record(side).name: pair for pair in comparison.matching.pairs}
    reasons = {each.name: each.reason for each in comparison.matching.unmatched if each.side == side}
    tensors = {record.name: Tensor(record.name, "input", -1, why=_INPUT) for record in graph.inputs()}
    fused = _fused(graph, pairs)
    for op in graph.ops:
        for record in op.outputs:
            pair, why = pairs.get(record.name), reasons.get(record.name, _ONE_SIDE)
            layer, why = (pair.name, "") if pair is not None else ("", why)
            if record.name not in fused:
                tensors[record.name] = Tensor(record.name, op.result, op.index, layer, why)
    sources = _sources(graph, fused)
    scales = _shared_scales(graph, comparison.sample, pairs)
    shown = {name: number for name, number in scales.items() if name in tensors}
    return Wiring(True, tensors, sources, _turned(sources), shown)


def _fused(graph: Graph, pairs: Mapping[str, Pair]) -> frozenset[str]:
    """Tensors that only one side has, on the way to one that both have."""
    leads: set[str] = set()
    for op in reversed(graph.ops):
        if any(record.name in pairs or record.name in leads for record in op.outputs):
            leads.update(record.name for record in op.inputs)
    return frozenset(name for name in leads if name not in pairs and name in graph.producers)


def _sources(graph: Graph, fused: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """What each tensor is made of, seen through those that are fused away."""
    found: dict[str, tuple[str, ...]] = {}
    for op in graph.ops:
        each = [found.get(record.name, ()) if record.name in fused else (record.name,) for record in op.inputs]
        names = tuple(dict.fromkeys(name for some in each for name in some))
        found.update(dict.fromkeys((record.name for record in op.outputs), names))
    return {name: names for name, names in found.items() if name not in fused}


def in_file_order(matching: Matching) -> Wiring:
    """Each layer after the one before it in the file, where no dump tells who reads whom."""
    tensors = {
        pair.name: Tensor(pair.name, pair.op_type, pair.benchmark.op_index, pair.name) for pair in matching.pairs
    }
    sources = {after: (before,) for before, after in pairwise(tensors)}
    return Wiring(False, tensors, sources, _turned(sources))


def _turned(sources: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for target, names in sources.items():
        for name in names:
            found.setdefault(name, []).append(target)
    return {name: tuple(targets) for name, targets in found.items()}


def _shared_scales(graph: Graph, sample: Dump, pairs: Mapping[str, Pair]) -> dict[str, int]:
    """Domains of the sample's scales that bring tensors of several origins together; none where it has no scales."""
    inputs = {record.name: record for record in sample.records if not record.constant}
    quantized = {**inputs, **{name: pair.sample for name, pair in pairs.items()}}
    if not any(grid_of(record) is not None for record in quantized.values()):
        return {}
    found: dict[str, int] = {}
    for domain in domains(graph, quantized).values():
        if domain.shared and domain.members[0] not in found:
            found.update(dict.fromkeys(domain.members, 1 + len(set(found.values()))))
    return found


@dataclass(frozen=True, slots=True)
class Flow:
    """A wiring with the figures of its layers, and each layer's part in the error (empty until it is known)."""

    wiring: Wiring
    rows: Mapping[str, LayerDiff] = field(default_factory=dict, repr=False)
    blame: Mapping[str, Blame] = field(default_factory=dict, repr=False)

    def row(self, name: str) -> LayerDiff | None:
        """The figures of a tensor, where it is compared by now."""
        return self.rows.get(self.wiring.tensors[name].layer)

    def role(self, name: str) -> Role:
        """What the tensor's op does to the error."""
        part = self.blame.get(self.wiring.tensors[name].layer)
        return Role.UNKNOWN if part is None else part.role

    def edge(self, source: str, target: str) -> Role:
        """What runs along an edge.

        INTRODUCED: rounding the source to its grid is what breaks the target. INHERITED: the source's error goes on in
        the target. RECOVERED: it ends there. CLEAN: no error worth a word, or nothing is known.
        """
        part = self.blame.get(self.wiring.tensors[target].layer)
        if part is not None and part.role is Role.INTRODUCED and self.wiring.tensors[source].layer in part.culprits:
            return Role.INTRODUCED
        if not self.spoiled(source):
            return Role.CLEAN
        return Role.RECOVERED if part is not None and part.role in (Role.RECOVERED, Role.CLEAN) else Role.INHERITED

    def spoiled(self, name: str) -> bool:
        """Whether a tensor hands an error on; one that is not compared, whether any tensor it is made of does."""
        seen, queue = {name}, [name]
        while queue and self.blame:
            here = queue.pop()
            if (role := self.role(here)) in (Role.INTRODUCED, Role.INHERITED):
                return True
            if role is Role.UNKNOWN:
                behind = [each for each in self.wiring.sources.get(here, ()) if each not in seen]
                seen.update(behind)
                queue += behind
        return False


def flow_of(wiring: Wiring, rows: Iterable[LayerDiff], diagnosis: Diagnosis | None) -> Flow:
    """The flow as far as it is known.

    Where nothing but rounding was found nobody is to blame, and where data is out of order its error says nothing of
    the network.
    """
    blamed = () if diagnosis is None or diagnosis.recovered or _healthy(diagnosis) else diagnosis.blame
    return Flow(wiring, {row.name: row for row in rows}, {part.name: part for part in blamed})


def _healthy(diagnosis: Diagnosis) -> bool:
    return all(finding.cause is Cause.HEALTHY for finding in diagnosis.findings)
