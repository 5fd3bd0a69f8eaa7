"""Single layers computed again in float, from whatever inputs: the sample's, rounded or clipped ones.

That takes the inputs' error away from a layer's error. Only proven ops are run.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace

from sgs_tui.engine.twin.kernels import Kernel, float_kernel
from sgs_tui.engine.twin.meaning import Barrier, Convolution, Floats
from sgs_tui.engine.twin.network import Twin, TwinOp


@dataclass
class Again:
    """Computes tensors of a twin again. `kernels` by op index: those that are there already, others are added."""

    twin: Twin
    kernels: dict[int, Kernel] = field(default_factory=dict)

    def path(self, name: str, given: Container[str]) -> list[TwinOp] | None:
        """The ops that compute `name` from tensors of `given`, in order; None where one of them is a barrier."""
        found: dict[int, TwinOp] = {}
        open_ones = [name]
        while open_ones:
            op = self.twin.producers.get(open_ones.pop())
            if op is None or op.barrier:
                return None
            if op.index not in found:
                found[op.index] = op
                open_ones += [each for each in op.inputs if each not in given]
        return [found[index] for index in sorted(found)]

    def frontier(self, name: str, given: Container[str]) -> tuple[str, ...] | None:
        """The tensors of `given` that `name` is computed from; None where that is not known."""
        ops = self.path(name, given)
        return None if ops is None else tuple(dict.fromkeys(each for op in ops for each in op.inputs if each in given))

    def run(self, name: str, values: Mapping[str, Floats], weights: Mapping[int, Floats] | None = None) -> Floats:
        """A tensor from `values` of its frontier, flat; with other `weights` by op index. Raises RunError."""
        held = dict(values)
        for op in self.path(name, values) or ():
            made = self._kernel(op, weights or {}).run([held[each] for each in op.inputs])
            held |= {each: result.reshape(-1) for each, result in zip(op.outputs, made, strict=True)}
        return held[name]

    def _kernel(self, op: TwinOp, weights: Mapping[int, Floats]) -> Kernel:
        meaning = op.meaning
        assert not isinstance(meaning, Barrier)
        sources = [self.twin.shapes[each] for each in op.inputs]
        if op.index in weights and isinstance(meaning, Convolution):
            return float_kernel(replace(meaning, weights=weights[op.index]), sources, op.outputs[0])
        if op.index not in self.kernels:
            self.kernels[op.index] = float_kernel(meaning, sources, op.outputs[0])
        return self.kernels[op.index]
