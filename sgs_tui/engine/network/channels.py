"""How many channels tensors have, as a dump's headers alone imply it."""

from collections.abc import Iterator

from sgs_tui.engine.dumps.format import Direction, Record
from sgs_tui.engine.network.graph import Op, graph_of
from sgs_tui.engine.network.ops import Family


def infer_channels(records: tuple[Record, ...]) -> dict[str, int]:
    """Tensor name to the size of its last axis, for every activation where a dump's headers alone imply it.

    A convolution's bias is stored as [2, Cout] in float, fixed and raw dumps, so every convolution's output has a
    known last axis; ops that keep the last axis pass it on, in both directions; a concat adds, a split divides.
    Height and width stay unknown. Nothing is guessed: where records contradict, no count is given.
    """
    known: dict[str, int] = {r.name: r.shape[-1] for r in records if r.shape}
    if all(record.direction is Direction.OUT for record in records):
        return known  # without inputs there is no graph, and many small outputs are quick to pass by
    graph = graph_of(records)
    if not graph.known:
        return known
    for op in graph.ops:
        known |= _from_bias(op)
    while True:
        found = {name: c for op in graph.ops for name, c in _passed_on(op, known) if name not in known}
        if not found:
            return known
        known |= found


def _from_bias(op: Op) -> dict[str, int]:
    bias = next((r for r in op.constants if r.slot == 2), None)
    if not op.family.is_convolution or not op.outputs or bias is None or bias.count % 2:
        return {}
    channels = bias.count // 2
    fits = channels > 0 and op.outputs[0].count % channels == 0
    found = {op.outputs[0].name: channels} if fits else {}
    if fits and op.family is Family.DEPTHWISE and op.inputs and op.inputs[0].count % channels == 0:
        found[op.inputs[0].name] = channels
    return found


def _passed_on(op: Op, known: dict[str, int]) -> Iterator[tuple[str, int]]:
    if op.family.keeps_channels:
        yield from _kept(op, known)
    elif op.family is Family.CONCAT and op.outputs:
        yield from _parts(op.outputs[0], op.inputs, known)
    elif op.family is Family.SPLIT and op.inputs:
        yield from _parts(op.inputs[0], op.outputs, known)


def _kept(op: Op, known: dict[str, int]) -> Iterator[tuple[str, int]]:
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
