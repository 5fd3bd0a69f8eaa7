"""Height, width and channels of every tensor of a float dump, carried through the graph from op to op."""

from collections.abc import Iterator
from dataclasses import replace

from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.network.compute import Layer, Shape, Window
from sgs_tui.engine.network.graph import Graph, Op, graph_of
from sgs_tui.engine.network.ops import Family
from sgs_tui.engine.network.tensors import Tensors
from sgs_tui.engine.network.windows import MOST, find_window

UNKNOWN = Shape(0, 0, 0)

FEW = 300
_PATIENCE = 3  # where none of the first convolutions could be solved, the rest is tried with few candidates only
HEAVIEST = 1 << 23
"""Weights that are computed with (32 MB as float32); heavier layers, fully connected ones, are not replayed."""

_PASSES = 6  # shapes also travel backward (from a product to its factors); the last rounds guess what nothing tells


def nhwc(record: Record) -> Shape:
    """A record's own shape where it prints one of a single picture."""
    shape = record.shape
    if shape is None or len(shape) not in (2, 4) or shape[0] != 1:
        return UNKNOWN
    return Shape(1, 1, shape[1]) if len(shape) == 2 else Shape(*shape[1:])


class Shapes:
    """Shapes and windows of a float dump."""

    def __init__(self, graph: Graph, tensors: Tensors) -> None:
        self._tensors = tensors
        self._found: dict[str, Shape] = {}
        self._tried: dict[int, tuple[Shape, Shape]] = {}
        self.windows: dict[int, Window] = {}
        self._guess = False
        for _ in range(_PASSES):
            before = dict(self._found)
            for op in graph.ops:
                self._learn(op)
            if before == self._found and self._guess:
                break
            self._guess = before == self._found

    def of(self, name: str) -> Shape:
        """What is known of a tensor's shape."""
        return self._found.get(name, UNKNOWN)

    def channels(self, name: str) -> int:
        """Channels of a tensor; 0 where unknown."""
        return self.of(name).channels

    def _set(self, record: Record, shape: Shape) -> None:
        if not self.of(record.name).known and (shape.count == record.count or not shape.known):
            self._found[record.name] = shape

    def _learn(self, op: Op) -> None:
        for record in (*op.inputs, *op.outputs):
            self._set(record, nhwc(record))
        if not (op.inputs and op.outputs):
            return  # what a damaged dump has lost teaches nothing
        if op.family.has_weights:
            self._solve(op)
        elif op.family.keeps_shape:
            self._share(op)
        elif op.family is Family.SPLIT:
            self._divide(op)
        else:
            for record in op.outputs:
                self._set(record, self._through(op, record))

    def _solve(self, op: Op) -> None:
        """Find a convolution's window; it tells the shapes at both of its ends."""
        layer = layer_of(op, self._tensors)
        if layer is None or op.index in self.windows:
            return
        source, target = op.inputs[0], op.outputs[0]
        known = self.of(source.name), self.of(target.name)
        if self._tried.get(op.index) == known:
            return
        self._tried[op.index] = known
        most = MOST if self.windows or len(self._tried) <= _PATIENCE else FEW
        window = find_window(layer, *known, most)
        if window is None and known[0].known and source.shape is None:
            # What was carried through a pool may be wrong: the convolution's own numbers decide.
            window = find_window(layer, replace(UNKNOWN, channels=known[0].channels), known[1], FEW)
        if window is not None and not self._guess and _any_shape_fits(window, known):
            # Others may know: a window of one pixel fits pictures of any height and width.
            self._found[source.name] = replace(UNKNOWN, channels=window.source.channels)
            self._found[target.name] = replace(UNKNOWN, channels=window.target.channels)
            del self._tried[op.index]
        elif window is not None:
            self.windows[op.index] = window
            self._found[source.name], self._found[target.name] = window.source, window.target

    def _share(self, op: Op) -> None:
        """Elementwise: the output and every input of its size have one shape."""
        output = op.outputs[0]
        alike = [record for record in (output, *op.inputs) if record.count == output.count]
        known = next((self.of(record.name) for record in alike if self.of(record.name).known), UNKNOWN)
        for record in alike:
            self._set(record, known)

    def _divide(self, op: Op) -> None:
        """A split along the channels."""
        source = self.of(op.inputs[0].name)
        pixels = source.height * source.width
        if pixels and all(record.count % pixels == 0 for record in op.outputs):
            for record in op.outputs:
                self._set(record, replace(source, channels=record.count // pixels))

    def _through(self, op: Op, output: Record) -> Shape:
        """The shape of an output that is neither a convolution's nor elementwise."""
        source = self.of(op.inputs[0].name)
        if op.family is Family.POOL:
            return _pooled(source, output.count)
        if op.family is Family.DILATION:
            return Shape(0, 0, source.channels)
        if op.family is Family.CONCAT:
            return _joined([self.of(record.name) for record in op.inputs], output.count)
        same_pixel = source.known and source.height == source.width == 1 and source.channels == output.count
        return source if same_pixel else UNKNOWN


def _any_shape_fits(window: Window, known: tuple[Shape, Shape]) -> bool:
    """Whether a window looks at one pixel at a time and neither end's shape was known."""
    single = window.kernel == (1, 1) and window.stride == 1 and window.source.height * window.source.width > 1
    return single and not (known[0].known or known[1].known)


def layer_of(op: Op, tensors: Tensors) -> Layer | None:
    """A convolution's numbers from a float dump; None where they are not there or too large to handle."""
    if op.fused or not (op.inputs and op.constants and op.outputs):
        return None
    if not 0 < op.constants[0].count <= HEAVIEST:
        return None
    source, target = op.inputs[0], op.outputs[0]
    if not (tensors.readable(source) and tensors.readable(target)):
        return None
    return Layer(
        source=lambda start, stop: tensors.slice(source, start, stop),
        target=lambda start, stop: tensors.slice(target, start, stop),
        counts=(source.count, target.count),
        weights=tensors.whole(op.constants[0]),
        bias=tensors.whole(op.constants[1]) if len(op.constants) > 1 else tensors.whole(op.constants[0])[:0],
        depthwise=op.family is Family.DEPTHWISE,
    )


def _pooled(source: Shape, count: int) -> Shape:
    """A pool keeps the channels and shrinks both sides alike."""
    if not source.known or count % source.channels:
        return replace(UNKNOWN, channels=source.channels)
    pixels = count // source.channels
    for stride in range(1, max(source.height, source.width) + 1):
        for sizes in _shrunk(source, stride):
            if sizes[0] * sizes[1] == pixels:
                return Shape(*sizes, source.channels)
    return replace(UNKNOWN, channels=source.channels)


def _shrunk(source: Shape, stride: int) -> Iterator[tuple[int, int]]:
    yield source.height // stride, source.width // stride
    yield -(-source.height // stride), -(-source.width // stride)


def _joined(parts: list[Shape], count: int) -> Shape:
    """A concatenation along the channels."""
    if not all(part.known for part in parts) or len({(part.height, part.width) for part in parts}) != 1:
        return UNKNOWN
    whole = replace(parts[0], channels=sum(part.channels for part in parts))
    return whole if whole.count == count else UNKNOWN


def infer_channels(records: tuple[Record, ...]) -> dict[str, int]:
    """Tensor name to the size of its last axis, for every activation where a dump's headers alone imply it.

    A convolution's bias is stored as [2, Cout] in float, fixed and raw dumps, so every convolution's output has a
    known last axis; ops that keep the last axis pass it on, in both directions; a concat adds, a split divides.
    Height and width stay unknown. Nothing is guessed: where records contradict, no count is given.
    """
    known: dict[str, int] = {r.name: r.shape[-1] for r in records if r.shape}
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
