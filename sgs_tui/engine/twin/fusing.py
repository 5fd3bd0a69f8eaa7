"""Which tensors the fixed model does not have, because their op is fused with the one behind it.

A tensor is fused when a convolution or an elementwise op writes it, one op reads it, and that op is elementwise, no
cast, and writes as many elements. Of several fused operands of an op only the one computed last is; the others are
stored. No convolution at the start is needed: ADD+RELU6+MUL+MUL (hard-swish) is one op. Found on pairs of dumps of one
conversion: no name missing and none too many in 17 random and four trained networks. MUL of an [1,H,W,C] tensor with
one value a channel fuses neither operand of the smaller size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from sgs_tui.engine.twin.meaning import ELEMENTWISE
from sgs_tui.engine.twin.network import Twin, TwinOp, is_weighted


@dataclass(frozen=True, slots=True)
class Group:
    """Ops that run as one: the last writes what is stored, those before only for it. `reads` are stored tensors."""

    ops: tuple[TwinOp, ...]
    reads: tuple[str, ...]

    @property
    def last(self) -> TwinOp:
        """The op that writes."""
        return self.ops[-1]

    @property
    def writes(self) -> tuple[str, ...]:
        """The tensors that are stored."""
        return self.last.outputs

    @property
    def convolutions(self) -> tuple[TwinOp, ...]:
        """The ops with weights."""
        return tuple(op for op in self.ops if op.convolution is not None)


def is_elementwise(op: TwinOp) -> bool:
    """Whether an op can be fused: casts are elementwise too."""
    return op.kind.upper() in ELEMENTWISE


def fused_tensors(twin: Twin) -> frozenset[str]:
    """Names of the tensors that have no grid of their own in the fixed model."""
    fusable = {name for name in twin.producers if _could_fuse(twin, name)}
    order = {name: number for number, name in enumerate(twin.tensors)}
    for op in twin.ops:
        several = sorted((name for name in set(op.inputs) & fusable), key=order.__getitem__)
        fusable.difference_update(several[:-1])
    return frozenset(fusable)


def _could_fuse(twin: Twin, name: str) -> bool:
    producer, readers = twin.producers[name], twin.readers.get(name, ())
    if producer.barrier or len(readers) != 1 or not (is_weighted(producer.kind) or is_elementwise(producer)):
        return False
    reader = readers[0]
    if not is_elementwise(reader) or reader.cast or reader.barrier:
        return False
    return prod(twin.shapes[name]) == prod(twin.shapes[reader.outputs[0]])


def group(twin: Twin, fused: frozenset[str]) -> tuple[Group, ...]:
    """The ops of a network in groups, in the order of their last ops."""
    return tuple(_group(twin, op, fused) for op in twin.ops if not set(op.outputs) & fused)


def _group(twin: Twin, last: TwinOp, fused: frozenset[str]) -> Group:
    ops = sorted(_behind(twin, last, fused), key=lambda op: op.index)
    reads = dict.fromkeys(name for op in ops for name in op.inputs if name not in fused)
    return Group(tuple(ops), tuple(reads))


def _behind(twin: Twin, op: TwinOp, fused: frozenset[str]) -> Sequence[TwinOp]:
    found = [op]
    for name in dict.fromkeys(op.inputs):
        if name in fused:
            found += _behind(twin, twin.producers[name], fused)
    return found
