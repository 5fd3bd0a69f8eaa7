"""Which convolution inputs to name for a layer: only those do anything in [CONV_CONFIG].

As tried on the older SDK generation, one choice after the other, with a network whose `cat` (a concatenation that a
convolution reads) crushes one of its inputs in 8 bits: naming `cat` makes everything that shares its scale INT16 and
the convolution's weights with it (COS 0.194 becomes 0.998), as ALL_INT16 and CONV2D_INT16 do for every convolution
input; naming another tensor, or DEPTHWISE_INT16, leaves it as it was. The network's own input never becomes INT16.

Apart because it is a question of its own, asked by the rules and by the prediction: what a name does, not what it
should bring.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.network.graph import Graph, Op, build_graph
from sgs_tui.engine.network.scales import Domain, domains, grid_of
from sgs_tui.engine.twin.plan import Plan
from sgs_tui.language import Message


@dataclass(frozen=True, slots=True)
class Targets:
    """The network as far as INT16 goes. `bits`: of every compared tensor, None where the sample does not tell.

    `plan` where onnxruntime quantized it: any tensor can be INT16 there, and only those of one grid go together.
    """

    graph: Graph
    domains: Mapping[str, Domain]
    bits: Mapping[str, int | None]
    plan: Plan | None = None

    @classmethod
    def of(cls, sample: Dump, benchmark: Dump, rows: Iterable[LayerDiff], plan: Plan | None = None) -> "Targets":
        """From two dumps; names are the benchmark's, where it holds the graph, else the sample's.

        `plan`: of the sample's twin, where there is one.
        """
        own = build_graph(benchmark)
        graph = own if own.known else build_graph(sample)
        partners = {row.name: row.pair.sample for row in rows}
        grids = {name: grid_of(record) for name, record in partners.items()}
        bits = {name: g.bits if g else None for name, g in grids.items()}
        qdq = plan if plan is not None and plan.qdq is not None else None
        return cls(graph, domains(graph, partners), bits, qdq)

    def all(self) -> tuple[str, ...]:
        """Every convolution input, in network order; all that is quantized where onnxruntime does it."""
        return self.plan.choices() if self.plan is not None else self.graph.convolution_inputs()

    def unaffected(self, tensor: str) -> str:
        """Why naming a convolution input would do nothing; "" where it works."""
        if tensor in {record.name for record in self.graph.inputs()}:
            return Message("the network's own input and its first convolution never become INT16")
        return Message("is INT16 already") if self.bits.get(tensor) == 16 else ""

    def raises(self, tensor: str) -> tuple[str, ...]:
        """Tensors that share the scale of `tensor` and get 16 bits with it."""
        found = self.plan.domains.by_name.get(tensor) if self.plan is not None else self.domains.get(tensor)
        return tuple(name for name in (found.members if found else ()) if name != tensor)

    def also(self, tensor: str) -> tuple[str, ...]:
        """Other convolution inputs that begin with this name: the vendor's tools match prefixes."""
        begin = () if self.plan is not None else self.all()
        return tuple(name for name in begin if name != tensor and name.startswith(tensor))

    def for_layer(self, layer: str) -> tuple[str, ...]:
        """Convolution inputs that give a layer's own values 16 bits: itself or one that shares its scale.

        Where there is none, those of the convolutions before and after it, as the accuracy procedure says.
        """
        members = (layer, *self.raises(layer))
        able = frozenset(self.all())
        sharing = tuple(name for name in members if name in able and self._works(name))
        around = dict.fromkeys((*self.before(layer), *self._after(layer)))
        return sharing or tuple(name for name in around if self._works(name))

    def before(self, layer: str) -> tuple[str, ...]:
        """Inputs of the nearest convolutions that compute a layer: the manual's "convolution before that layer"."""
        return tuple(dict.fromkeys(op.inputs[0].name for op in self._producers(layer) if op.inputs))

    def _producers(self, layer: str) -> Sequence[Op]:
        """The nearest convolutions upstream, one on each way."""
        found: dict[int, Op] = {}
        open_ones, seen = [layer], {layer}
        while open_ones:
            op = self.graph.producer(open_ones.pop())
            if op is None:
                continue
            if op.family.is_convolution:
                found[op.index] = op
                continue
            fresh = [record.name for record in op.inputs if record.name not in seen]
            seen.update(fresh)
            open_ones += fresh
        return [found[index] for index in sorted(found)]

    def _after(self, layer: str) -> tuple[str, ...]:
        downstream = (layer, *self.graph.downstream(layer))
        first = next((name for name in downstream if self.graph.feeds_convolution(name)), None)
        return (first,) if first else ()

    def _works(self, tensor: str) -> bool:
        return not self.unaffected(tensor)
