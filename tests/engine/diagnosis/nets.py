"""Random small networks run in float and in simulated 8 bit, dumped as the vendor's simulator would, with one fault.

The 8-bit rules are those observed on real dumps: activations U8 over the calibrated range, one scale for all
tensors of a concatenation, weights S8 with one scale (or one per channel), the last layer S16, convolutions
fused with their activation and addition in the fixed dump only, the input clipped to its calibrated range.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.writer import Draft, write_dump

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Node:
    """One op of the float network. `weights` [kh, kw, Cin, Cout] (depthwise [kh, kw, C])."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    weights: Array | None = None
    bias: Array | None = None
    stride: int = 1
    slope: float = 0.0


@dataclass
class Net:
    """Nodes in order; the input is a picture of grey levels, normalized with mean and std."""

    nodes: list[Node]
    size: tuple[int, int, int]
    mean: float = 127.0
    std: float = 128.0
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def source(self) -> str:
        return self.nodes[0].inputs[0]


@dataclass(frozen=True)
class Grid:
    scale: float
    zero: int
    low_code: int = 0
    high_code: int = 255

    def quantize(self, values: Array) -> Array:
        codes = np.clip(np.rint(values / self.scale) + self.zero, self.low_code, self.high_code)
        return ((codes - self.zero) * self.scale).astype(np.float32)


# --- computing ----------------------------------------------------------------------------------------


def convolve(x: Array, node: Node) -> Array:
    """Same-padded convolution, padding before = (k - 1) // 2 as in the exported networks."""
    assert node.weights is not None and node.bias is not None
    kh, kw = node.weights.shape[:2]
    height, width = (-(-side // node.stride) for side in x.shape[:2])
    pad = ((kh - 1) // 2, (kw - 1) // 2)
    padded = np.zeros((height * node.stride + kh, width * node.stride + kw, x.shape[2]), np.float32)
    padded[pad[0] : pad[0] + x.shape[0], pad[1] : pad[1] + x.shape[1]] = x
    result: Array = np.zeros((height, width, node.weights.shape[-1]), np.float32)
    for i in range(kh):
        for j in range(kw):
            part = padded[i : i + height * node.stride : node.stride, j : j + width * node.stride : node.stride]
            result += part * node.weights[i, j] if node.kind == "DEPTHWISE_CONV_2D" else part @ node.weights[i, j]
    return result + node.bias


def _pooled(x: Array) -> Array:
    h, w = x.shape[0] // 2, x.shape[1] // 2
    return x[: h * 2, : w * 2].reshape(h, 2, w, 2, -1).max(axis=(1, 3))


_SIMPLE: dict[str, Callable[[Node, list[Array]], Array]] = {
    "RELU": lambda node, x: np.maximum(x[0], 0),
    "LEAKY_RELU": lambda node, x: np.where(x[0] < 0, x[0] * np.float32(node.slope), x[0]),
    "ADD": lambda node, x: x[0] + x[1],
    "EXP": lambda node, x: np.exp(x[0]),
    "CONCATENATION": lambda node, x: np.concatenate(x, axis=-1),
    "MAX_POOL_2D": lambda node, x: _pooled(x[0]),
    "AVERAGE_POOL_2D": lambda node, x: x[0].mean(axis=(0, 1), keepdims=True),
}


def compute(node: Node, inputs: list[Array]) -> Array:
    with np.errstate(all="ignore"):
        return convolve(inputs[0], node) if node.weights is not None else _SIMPLE[node.kind](node, inputs)


def run_float(net: Net, picture: Array, source: str = "") -> dict[str, Array]:
    x = (picture - net.mean) / net.std
    values: dict[str, Array] = {source or net.source: x.astype(np.float32)}
    for node in net.nodes:
        values[node.name] = compute(node, [values[name] for name in node.inputs]).astype(np.float32)
    return values


# --- quantizing ---------------------------------------------------------------------------------------

PASSING = ("CONCATENATION", "MAX_POOL_2D", "AVERAGE_POOL_2D")


@dataclass(frozen=True)
class Fused:
    """Ops of the fixed network: a convolution and what is fused into it; `last` names the tensor that is left."""

    nodes: tuple[Node, ...]

    @property
    def last(self) -> Node:
        return self.nodes[-1]

    def outside(self) -> tuple[str, ...]:
        made = {node.name for node in self.nodes}
        return tuple(name for node in self.nodes for name in node.inputs if name not in made)


def fuse(net: Net) -> list[Fused]:
    readers: dict[str, list[Node]] = {}
    for node in net.nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    made: dict[str, int] = {}
    groups: list[list[Node]] = []
    for node in net.nodes:
        before = node.inputs[0] if node.kind in ("RELU", "LEAKY_RELU", "EXP") else node.inputs[-1]
        fusible = node.kind in ("RELU", "LEAKY_RELU", "ADD", "EXP") and len(readers.get(before, [])) == 1
        place = made.get(before)
        if fusible and place is not None and groups[place][-1].name == before and groups[place][0].weights is not None:
            groups.append([*groups[place], node])
            groups[place] = []
        else:
            groups.append([node])
        made[node.name] = len(groups) - 1
    return [Fused(tuple(group)) for group in groups if group]


Ranges = dict[str, tuple[float, float]]


def calibrate(net: Net, pictures: Iterable[Array]) -> Ranges:
    ranges: Ranges = {}
    for picture in pictures:
        for name, values in run_float(net, picture).items():
            finite = values[np.isfinite(values)]
            low, high = ranges.get(name, (np.inf, -np.inf))
            ranges[name] = (min(low, float(finite.min())), max(high, float(finite.max())))
    return ranges


def grids(net: Net, ranges: Ranges, int16: frozenset[str] = frozenset()) -> dict[str, Grid]:
    """One grid a tensor; tensors bound by pass-through ops share theirs; the network's outputs are S16."""
    root: dict[str, str] = {name: name for name in ranges}

    def find(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    for node in net.nodes:
        if node.kind in PASSING:
            for name in node.inputs:
                root[find(name)] = find(node.name)
    bounds: dict[str, tuple[float, float]] = {}
    for name, (low, high) in ranges.items():
        known = bounds.get(find(name), (0.0, 0.0))
        bounds[find(name)] = (min(known[0], low, 0.0), max(known[1], high, 0.0))
    read = {name for node in net.nodes for name in node.inputs}
    wide = {find(name) for name in int16} | {find(n.name) for n in net.nodes if n.name not in read}
    found = {}
    for name in ranges:
        low, high = bounds[find(name)]
        if find(name) in wide:
            found[name] = Grid(max(abs(low), abs(high), 1e-6) / 32767, 0, -32768, 32767)
        else:
            scale = round(max(high - low, 1e-5) / 255, 6)
            found[name] = Grid(scale, int(np.rint(-low / scale)))
    return found


def quantized_weights(node: Node, per_channel: bool) -> Node:
    assert node.weights is not None
    flat = np.abs(node.weights).reshape(-1, node.weights.shape[-1])
    top = flat.max(axis=0) if per_channel else np.full(flat.shape[1], flat.max())
    scale = np.where(top > 0, top / 127, 1.0)
    return replace(node, weights=(np.rint(node.weights / scale) * scale).astype(np.float32))


@dataclass(frozen=True)
class Fixed:
    """A fixed network's run: values of every tensor left, their grids, the input as dumped."""

    groups: list[Fused]
    values: dict[str, Array]
    grids: dict[str, Grid]


def run_fixed(
    net: Net,
    picture: Array,
    ranges: Ranges,
    *,
    mean: float | None = None,
    std: float | None = None,
    per_channel: bool = False,
    change: Callable[[Node], Node] = lambda node: node,
    spoil: Callable[[str, Array], Array] = lambda name, values: values,
    int16: frozenset[str] = frozenset(),
    extra_offset: float = 0.0,
) -> Fixed:
    """`change` alters nodes of the fixed network only, `spoil` a tensor after it was computed."""
    table = grids(net, ranges, int16)
    seen = (picture - (net.mean if mean is None else mean)) / (net.std if std is None else std) + extra_offset
    low, high = ranges[net.source]
    values: dict[str, Array] = {net.source: np.clip(seen, low, max(high, 0.0)).astype(np.float32)}
    groups = fuse(net)
    for group in groups:
        local = dict(values)
        for node in group.nodes:
            altered = change(node)
            if altered.weights is not None:
                altered = quantized_weights(altered, per_channel)
            local[node.name] = compute(altered, [local[name] for name in node.inputs])
        result = spoil(group.last.name, local[group.last.name])
        values[group.last.name] = table[group.last.name].quantize(result)
    grid = table[net.source]
    values[net.source] = ((picture - grid.zero) * grid.scale).astype(np.float32)
    return Fixed(groups, values, table)


# --- dumping ------------------------------------------------------------------------------------------


def _shape(values: Array, shapes: bool) -> tuple[int, ...] | None:
    return (1, *values.shape) if shapes else None


def _constants(node: Node, op: int, kind: str, type_names: tuple[str, str], scale: float) -> list[Draft]:
    if node.weights is None or node.bias is None:
        return []
    channels = node.weights.shape[-1]
    stored = node.weights if node.kind.startswith("DEPTHWISE") else np.moveaxis(node.weights, -1, 0)
    bias = np.stack([node.bias, np.ones(channels, np.float32)])
    return [
        Draft(Direction.IN, 1, op, kind, f"{node.name}.weight", stored, scale, 0, type_names[0], True),
        Draft(Direction.IN, 2, op, kind, f"{node.name}.bias", bias, 0.0, 0, type_names[1], True),
    ]


def float_drafts(net: Net, values: dict[str, Array], shapes: bool = False) -> list[Draft]:
    drafts = []
    for op, node in enumerate(net.nodes):
        slots = [0] if len(node.inputs) == 1 else range(len(node.inputs))
        for slot, name in zip(slots, node.inputs, strict=True):
            shape = _shape(values[name], shapes)
            drafts.append(Draft(Direction.IN, slot, op, node.kind, name, values[name], shape=shape))
        drafts += _constants(node, op, node.kind, ("float", "float"), 0.0)
        shape = _shape(values[node.name], shapes)
        drafts.append(Draft(Direction.OUT, 0, op, node.kind, node.name, values[node.name], shape=shape))
    return drafts


def fixed_drafts(
    net: Net, fixed: Fixed, store: Callable[[str, Array, Grid], Array] = lambda n, v, g: v, per_channel: bool = False
) -> list[Draft]:
    """`store` turns a tensor into what the file holds (codes, a layout that kept its padding)."""
    drafts = []

    def draft(direction: Direction, slot: int, op: int, kind: str, name: str) -> Draft:
        grid, values = fixed.grids[name], fixed.values[name]
        if name == net.source:
            tail = np.full(values.size // 3, (0 - grid.zero) * grid.scale, np.float32)
            stored: Array = np.concatenate([values.ravel(), tail])
        else:
            stored = store(name, values, grid)
        type_name = "SGS_U8" if grid.high_code == 255 else "SGS_S16"
        return Draft(direction, slot, op, kind, name, stored, grid.scale, grid.zero, type_name)

    for op, group in enumerate(fixed.groups):
        first, kind = group.nodes[0], group.nodes[0].kind
        sources = group.outside() if first.weights is None else first.inputs
        drafts += [draft(Direction.IN, slot, op, kind, name) for slot, name in enumerate(sources)]
        if first.weights is not None:
            top = np.abs(first.weights).max() if not per_channel else np.abs(first.weights[..., 0]).max()
            drafts += _constants(first, op, kind, ("SGS_S8", "SGS_S16"), max(float(top) / 127, 1e-6))
        drafts.append(draft(Direction.OUT, 0, op, group.last.kind, group.last.name))
    return drafts


def write_ranges(path: Path, ranges: Ranges) -> None:
    lines = (f"Name:{name}, min: {low:f}, max: {high:f};\n" for name, (low, high) in ranges.items())
    path.write_text("".join(lines))


@dataclass(frozen=True)
class Pair:
    """Files of one generated case and what is wrong with it."""

    sample: Path
    benchmark: Path
    ranges: Path
    cause: str
    culprits: tuple[str, ...]
    net: str


def write_pair(
    folder: Path,
    net: Net,
    values: dict[str, Array],
    fixed: Fixed,
    ranges: Ranges,
    *,
    store: Callable[[str, Array, Grid], Array] = lambda n, v, g: v,
    is_float: bool = True,
    shapes: bool = False,
    per_channel: bool = False,
) -> tuple[Path, Path, Path]:
    sample, benchmark, limits = folder / "fixed.bin", folder / "float.bin", folder / "tensor_min_max.txt"
    write_dump(benchmark, float_drafts(net, values, shapes))
    write_dump(sample, fixed_drafts(net, fixed, store, per_channel), is_float=is_float)
    write_ranges(limits, ranges)
    return sample, benchmark, limits
