"""The network as a dump tells it: every op's inputs and outputs are records, so the graph is all there.

Only the vendor's simulators write inputs; the ONNX, Caffe and TFLite dumpers write outputs alone, and then
`Graph.known` is False and nothing about producers and consumers can be said.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary

from sgs_tui.engine.dumps.format import Direction, Record
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.network.ops import Family, family_of


@dataclass(frozen=True, slots=True)
class Op:
    """One op of a dump. Fused ops print two types: `kind` is what computes, `result` what comes out last."""

    index: int
    kind: str
    result: str
    inputs: tuple[Record, ...]
    constants: tuple[Record, ...]
    outputs: tuple[Record, ...]

    @property
    def family(self) -> Family:
        """What ops of this kind do."""
        return family_of(self.kind)

    @property
    def fused(self) -> bool:
        """Whether the op does more than its `kind`, e.g. a convolution with its activation."""
        return self.kind != self.result


@dataclass(frozen=True, slots=True)
class Graph:
    """Ops in execution order and who makes and reads each tensor (constants left out)."""

    ops: tuple[Op, ...]
    known: bool
    producers: Mapping[str, Op] = field(repr=False)
    consumers: Mapping[str, tuple[Op, ...]] = field(repr=False)

    def producer(self, name: str) -> Op | None:
        """The op that writes a tensor; None for network inputs and unknown names."""
        return self.producers.get(name)

    def readers(self, name: str) -> tuple[Op, ...]:
        """The ops that read a tensor."""
        return self.consumers.get(name, ())

    def inputs(self) -> tuple[Record, ...]:
        """The network's own inputs: read, never written."""
        found: dict[str, Record] = {}
        for op in self.ops:
            for record in op.inputs:
                if record.name not in self.producers:
                    found.setdefault(record.name, record)
        return tuple(found.values())

    def convolution_inputs(self) -> tuple[str, ...]:
        """Names of the tensors that are some convolution's first input, in network order."""
        names = (op.inputs[0].name for op in self.ops if op.family.is_convolution and op.inputs)
        return tuple(dict.fromkeys(names))

    def feeds_convolution(self, name: str) -> bool:
        """Whether the tensor is the first input of a convolution."""
        return any(op.family.is_convolution and op.inputs and op.inputs[0].name == name for op in self.readers(name))

    def upstream(self, name: str) -> Iterator[str]:
        """Every tensor that `name` is computed from, nearest first."""
        yield from _walk(name, lambda each: _names(self.producers[each].inputs) if each in self.producers else ())

    def downstream(self, name: str) -> Iterator[str]:
        """Every tensor that is computed from `name`, nearest first."""
        yield from _walk(name, lambda each: [n for op in self.readers(each) for n in _names(op.outputs)])


def _names(records: Iterable[Record]) -> list[str]:
    return [record.name for record in records]


def _walk(start: str, step: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """Breadth first from `start` (not yielded) along `step`, each name once."""
    seen, queue = {start}, [start]
    while queue:
        following: list[str] = []
        for name in queue:
            for found in step(name):
                if found not in seen:
                    seen.add(found)
                    following.append(found)
                    yield found
        queue = following


def build_graph(dump: Dump) -> Graph:
    """The graph of a dump from its headers; `known` is False where it holds outputs only."""
    found = _built.get(dump) or graph_of(dump.records)
    if found.known:
        _built[dump] = found
    return found


_built: "WeakKeyDictionary[Dump, Graph]" = WeakKeyDictionary()
"""Several parts of a diagnosis ask for the same graph; one of outputs alone is not worth its memory."""


def holds_graph(dump: Dump) -> bool:
    """Whether `build_graph` gives a known one; quick."""
    return any(record.direction is Direction.IN and not record.constant for record in dump.records)


NOT_KNOWN = Graph((), False, {}, {})
"""Stands for that of a dump of outputs alone, where nobody asks for its ops one by one."""


def network_outputs(dump: Dump) -> tuple[Record, ...]:
    """Outputs that no op of the dump reads; all of them where it holds no inputs."""
    if not holds_graph(dump):
        return dump.outputs()
    graph = build_graph(dump)
    return tuple(record for record in dump.outputs() if not graph.readers(record.name))


def graph_of(records: Iterable[Record]) -> Graph:
    """The graph from records in file order."""
    grouped: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        grouped[record.op_index].append(record)
    ops = tuple(_op(index, grouped[index]) for index in sorted(grouped))
    producers = {record.name: op for op in ops for record in op.outputs}
    consumers: dict[str, list[Op]] = defaultdict(list)
    for op in ops:
        for name in dict.fromkeys(_names(op.inputs)):
            consumers[name].append(op)
    known = any(op.inputs for op in ops)
    return Graph(ops, known, producers, {name: tuple(readers) for name, readers in consumers.items()})


def _op(index: int, records: list[Record]) -> Op:
    """An op from its records; slots tell the order of its inputs and outputs."""
    ordered = sorted(records, key=lambda record: record.slot)
    read = [record for record in ordered if record.direction is Direction.IN]
    written = tuple(record for record in ordered if record.direction is Direction.OUT)
    kind = (read or list(written))[0].op_type
    return Op(
        index=index,
        kind=kind,
        result=written[0].op_type if written else kind,
        inputs=tuple(record for record in read if not record.constant),
        constants=tuple(record for record in read if record.constant),
        outputs=written,
    )


def conv_inputs(*dumps: Dump) -> tuple[str, ...] | None:
    """Convolution inputs of the first dump that holds inputs; None where all hold outputs only."""
    known = (graph for graph in map(build_graph, dumps) if graph.known)
    return next((graph.convolution_inputs() for graph in known), None)


def fused_layers(fixed: Path, float_: Path) -> int:
    """Layers whose names are only in the float dump: fused into others. Raises DumpError where one can not be read."""
    with open_dump(fixed) as sample, open_dump(float_) as benchmark:
        names = {record.name for record in sample.outputs()}
        return len({record.name for record in benchmark.outputs()} - names)
