"""Channel counts from a dump that prints no shapes: what its own records imply.

A convolution's bias is stored as [2, Cout] (observed in float, fixed and raw dumps), so every convolution's
output has a known last axis; ops that keep the last axis pass it on, in both directions; a concat adds,
a split divides. Height and width stay unknown. Nothing is guessed: where records contradict, no count is given.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sgs_tui.engine.dumps.records import Direction, Record

_CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})
_KEEP = frozenset(
    {"RELU", "RELU6", "LEAKY_RELU", "PRELU", "LOGISTIC", "TANH", "ELU", "EXP", "ABS", "NEG", "SQRT", "SOFTMAX"}
    | {"ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "MAX_POOL_2D", "AVERAGE_POOL_2D", "HARD_SWISH", "Align2_Alias"}
    | {"RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "PAD"}
)
"""Ops whose output has as many channels as their activations (operands of another size are broadcast)."""


@dataclass(frozen=True, slots=True)
class _Op:
    kind: str
    inputs: tuple[Record, ...]
    constants: tuple[Record, ...]
    outputs: tuple[Record, ...]


def infer_channels(records: tuple[Record, ...]) -> dict[str, int]:
    """Tensor name to the size of its last axis, for every activation where the records imply it."""
    known: dict[str, int] = {r.name: r.shape[-1] for r in records if r.shape}
    ops = list(_ops(records)) if any(r.direction is Direction.IN for r in records) else []
    for op in ops:
        known |= _from_bias(op)
    while True:
        found = {name: c for op in ops for name, c in _passed_on(op, known) if name not in known}
        if not found:
            return known
        known |= found


def _ops(records: tuple[Record, ...]) -> Iterator[_Op]:
    groups: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        groups[record.op_index].append(record)
    for group in groups.values():
        inputs = [r for r in group if r.direction is Direction.IN]
        yield _Op(
            (inputs or group)[0].op_type,
            tuple(r for r in inputs if not r.constant),
            tuple(r for r in inputs if r.constant),
            tuple(r for r in group if r.direction is Direction.OUT),
        )


def _from_bias(op: _Op) -> dict[str, int]:
    if op.kind not in _CONVOLUTIONS or not op.outputs:
        return {}
    bias = next((r for r in op.constants if r.slot == 2), None)
    channels = bias.count // 2 if bias is not None and bias.count % 2 == 0 else 0
    fits = channels > 0 and op.outputs[0].count % channels == 0
    found = {op.outputs[0].name: channels} if fits else {}
    if fits and op.kind == "DEPTHWISE_CONV_2D" and op.inputs and op.inputs[0].count % channels == 0:
        found[op.inputs[0].name] = channels
    return found


def _passed_on(op: _Op, known: dict[str, int]) -> Iterator[tuple[str, int]]:
    if op.kind in _KEEP:
        yield from _kept(op, known)
    elif op.kind == "CONCATENATION" and op.outputs:
        yield from _parts(op.outputs[0], op.inputs, known)
    elif op.kind in {"SPLIT", "SPLIT_V"} and op.inputs:
        yield from _parts(op.inputs[0], op.outputs, known)


def _kept(op: _Op, known: dict[str, int]) -> Iterator[tuple[str, int]]:
    """One count for the output and every activation as large as the largest one."""
    largest = max((r.count for r in op.inputs), default=0)
    tensors = [r for r in op.inputs if r.count == largest] + list(op.outputs)
    counts = {known[r.name] for r in tensors if r.name in known}
    if len(counts) == 1:
        channels = counts.pop()
        yield from ((r.name, channels) for r in tensors if channels and r.count % channels == 0)


def _parts(whole: Record, parts: tuple[Record, ...], known: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Counts of a tensor and of its pieces along the last axis: all have the same number of pixels."""
    if sum(part.count for part in parts) != whole.count or not whole.count:
        return
    tensors = (whole, *parts)
    pixels = {r.count // known[r.name] for r in tensors if r.name in known and r.count % known[r.name] == 0}
    if len(pixels) == 1:
        size = pixels.pop()
        yield from ((r.name, r.count // size) for r in tensors if size and r.count % size == 0 and r.count >= size)
