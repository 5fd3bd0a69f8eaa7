"""Generated comparisons with one known fault each: nets of varied size and build, faults of varied strength."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.engine.diagnosis.nets import (
    Array,
    Fixed,
    Grid,
    Net,
    Node,
    Pair,
    Ranges,
    calibrate,
    compute,
    convolve,
    run_fixed,
    run_float,
    write_pair,
)

Random = np.random.Generator

SHOWS, OUTPUT = 0.55, 0.2
"""Relative error of the worst layer, or of an output, from which a fault shows: a limit is broken. Weaker ones are
drawn again."""


# --- networks -----------------------------------------------------------------------------------------


class Builder:
    """Adds layers with weights that keep the signal's size."""

    def __init__(self, rng: Random, side: int, slope: float) -> None:
        self.rng, self.slope = rng, slope
        self.nodes: list[Node] = []
        self.channels = {"picture": 3}
        self.size = (side, side, 3)

    def conv(self, source: str, channels: int, kernel: int = 3, stride: int = 1, act: bool = True) -> str:
        name, cin = f"conv{len(self.nodes)}", self.channels[source]
        spread = np.sqrt(2 / (kernel * kernel * cin))
        weights = self.rng.normal(0, spread, (kernel, kernel, cin, channels)).astype(np.float32)
        return self._finish("CONV_2D", name, source, weights, channels, stride, act)

    def depthwise(self, source: str, stride: int = 1) -> str:
        name, channels = f"dw{len(self.nodes)}", self.channels[source]
        weights = self.rng.normal(0, np.sqrt(2 / 9), (3, 3, channels)).astype(np.float32)
        return self._finish("DEPTHWISE_CONV_2D", name, source, weights, channels, stride, True)

    def _finish(self, kind: str, name: str, source: str, weights: Array, channels: int, stride: int, act: bool) -> str:
        bias = self.rng.normal(0, 0.2, channels).astype(np.float32)
        self.nodes.append(Node(kind, name, (source,), weights, bias, stride))
        self.channels[name] = channels
        return self.act(name) if act else name

    def act(self, source: str) -> str:
        kind = "LEAKY_RELU" if self.slope else "RELU"
        return self.simple(kind, f"{source}/{kind.lower()}", source)

    def simple(self, kind: str, name: str, *sources: str) -> str:
        self.nodes.append(Node(kind, name, sources, slope=self.slope))
        self.channels[name] = sum(self.channels[s] for s in (sources if kind == "CONCATENATION" else sources[:1]))
        return name

    def head(self, source: str) -> Net:
        pooled = self.simple("AVERAGE_POOL_2D", "gap", source)
        self.conv(pooled, 10, 1, act=False)
        return Net(self.nodes, self.size)


def width(rng: Random) -> int:
    return int(rng.choice([8, 10, 12, 14, 16, 20, 24, 32, 40]))


def residual(b: Builder) -> Net:
    x = b.simple("MAX_POOL_2D", "pool", b.conv("picture", width(b.rng), stride=2))
    for number in range(int(b.rng.integers(1, 4))):
        y = b.depthwise(b.conv(x, width(b.rng), 1))
        y = b.conv(y, b.channels[x], 1, act=False)
        x = b.simple("ADD", f"add{number}", x, y)
    return b.head(b.conv(x, width(b.rng), 1))


def dense(b: Builder) -> Net:
    x = b.conv("picture", width(b.rng), stride=2)
    for number in range(int(b.rng.integers(2, 4))):
        x = b.simple("CONCATENATION", f"cat{number}", x, b.conv(b.conv(x, width(b.rng), 1), width(b.rng)))
    return b.head(b.conv(x, width(b.rng), 1))


def skipping(b: Builder) -> Net:
    a = b.conv("picture", width(b.rng))
    x = b.conv(b.conv(a, width(b.rng)), width(b.rng))
    x = b.simple("CONCATENATION", "cat", b.conv(x, width(b.rng), 1), a)
    return b.head(b.conv(x, width(b.rng)))


def chain(b: Builder) -> Net:
    x = b.conv("picture", width(b.rng), stride=2)
    for _ in range(int(b.rng.integers(3, 7))):
        x = b.conv(x, width(b.rng), int(b.rng.choice([1, 3])))
    return b.head(x)


def deep(b: Builder, layers: int) -> Net:
    """Every channel is brought to mean 0 and deviation 1, as batch normalization does: so errors add up."""
    x, channels = b.conv("picture", 12, stride=2), int(b.rng.integers(10, 16))
    for _ in range(layers):
        x = b.conv(x, channels)
    net = b.head(x)
    values = run_float(Net([], net.size, net.mean, net.std), picture(b.rng, net.size[0]), source="picture")
    for place, node in enumerate(net.nodes[:-2]):
        if node.weights is not None and node.bias is not None:
            plain = convolve(values[node.inputs[0]], node)
            deviation = plain.std(axis=(0, 1)) + np.float32(1e-3)
            shift = b.rng.normal(0, 0.1, deviation.size).astype(np.float32)
            bias = (node.bias - plain.mean(axis=(0, 1))) / deviation + shift
            net.nodes[place] = replace(node, weights=node.weights / deviation, bias=bias)
        values[node.name] = compute(net.nodes[place], [values[name] for name in node.inputs])
    return net


SHALLOW: dict[str, Callable[[Builder], Net]] = {
    "residual": residual,
    "dense": dense,
    "skipping": skipping,
    "chain": chain,
}


# --- pictures -----------------------------------------------------------------------------------------


def picture(rng: Random, side: int, low: float = 0, high: float = 255) -> Array:
    """Smooth shapes, edges and a little noise, in grey levels, full contrast between `low` and `high`."""
    y, x = np.mgrid[0:side, 0:side] / side
    planes = []
    for _ in range(3):
        a, b, c, d = rng.uniform(-6, 6, 4)
        plane = np.sin(a * x + b * y + c) + np.cos(d * x * y * 3)
        for _ in range(4):
            r, s = rng.integers(0, side - 3, 2)
            plane[r : r + rng.integers(2, side // 2), s : s + rng.integers(2, side // 2)] += rng.uniform(-2, 2)
        planes.append(plane)
    image = np.stack(planes, axis=-1) + rng.normal(0, 0.05, (side, side, 3))
    image = (image - image.min()) / np.ptp(image)
    return np.rint(low + image * (high - low)).astype(np.float32)


# --- faults -------------------------------------------------------------------------------------------


class Case:
    """A network, the picture it is judged on, and its calibration, before a fault is put in."""

    def __init__(self, rng: Random, builds: tuple[str, ...] = tuple(SHALLOW), layers: int = 0) -> None:
        self.rng = rng
        side = int(rng.choice([16, 18, 20, 24, 28, 32]))
        self.build = "deep" if layers else str(rng.choice(builds))
        builder = Builder(rng, side, float(rng.choice([0.0, 0.0, 0.1, 0.2])))
        self.net = deep(builder, layers) if layers else SHALLOW[self.build](builder)
        self.side = side
        self.image = picture(rng, side)
        self.per_channel = bool(rng.random() < 0.3) and not layers
        self.shapes = bool(rng.random() < 0.2)

    def others(self, count: int = 4, low: float = 0, high: float = 255) -> list[Array]:
        return [picture(self.rng, self.side, low, high) for _ in range(count)]

    def ranges(self, *, own: bool = True) -> Ranges:
        return calibrate(self.net, [*self.others(), *([self.image] if own else [])])

    def node(self, name: str) -> Node:
        return next(node for node in self.net.nodes if node.name == name)

    def put(self, node: Node) -> None:
        self.net.nodes = [node if each.name == node.name else each for each in self.net.nodes]

    def readers(self, name: str) -> list[Node]:
        return [node for node in self.net.nodes if name in node.inputs]


def _pair(
    case: Case,
    folder: Path,
    cause: str,
    culprits: tuple[str, ...] = (),
    *,
    values: dict[str, Array] | None = None,
    fixed: Fixed | None = None,
    ranges: Ranges | None = None,
    store: Callable[[str, Array, Grid], Array] = lambda n, v, g: v,
    is_float: bool = True,
) -> Pair:
    limits = ranges or case.ranges()
    paths = write_pair(
        folder,
        case.net,
        values or run_float(case.net, case.image),
        fixed or run_fixed(case.net, case.image, limits, per_channel=case.per_channel),
        limits,
        store=store,
        is_float=is_float,
        shapes=case.shapes,
        per_channel=case.per_channel,
    )
    return Pair(*paths, cause, culprits, case.build)


def healthy(rng: Random, folder: Path) -> Pair:
    case = Case(rng)
    convolutions = [node for node in case.net.nodes if node.kind == "CONV_2D"][1:-1]
    if rng.random() < 0.4 and convolutions:
        dead = convolutions[int(rng.integers(len(convolutions)))]
        assert dead.weights is not None and dead.bias is not None
        weights, bias = dead.weights.copy(), dead.bias.copy()
        weights[..., 1], bias[1] = weights[..., 1] * 0.01, -5.0
        if not case.readers(dead.name)[0].slope:
            case.put(replace(dead, weights=weights, bias=bias))
    return _pair(case, folder, "healthy")


def wide_range(rng: Random, folder: Path, factors: tuple[float, float] = (80, 1000), shows: float = 0) -> Pair:
    case = Case(rng)
    factor = float(np.exp(rng.uniform(*np.log(factors))))
    names = []
    for node in case.net.nodes:
        act = case.readers(node.name)
        after = case.readers(act[0].name) if act and act[0].kind.endswith("RELU") else []
        if node.weights is not None and len(after) == 1 and after[0].weights is not None:
            names.append((node, act[0], after[0]))
    node, act_node, reader = names[int(rng.integers(len(names)))]
    assert node.weights is not None and node.bias is not None and reader.weights is not None
    channel = int(rng.integers(node.weights.shape[-1]))
    weights, bias, back = node.weights.copy(), node.bias.copy(), reader.weights.copy()
    weights[..., channel] *= factor
    bias[channel] *= factor
    if reader.kind == "CONV_2D":
        back[:, :, channel] /= factor
    else:
        back[..., channel] /= factor
    case.put(replace(node, weights=weights, bias=bias))
    case.put(replace(reader, weights=back))
    fixed, ranges = _shows(case, shows)
    if fixed is None:
        return wide_range(rng, folder, factors, shows)
    return _pair(case, folder, "wide_range", (act_node.name,), fixed=fixed, ranges=ranges)


def _shows(case: Case, shows: float = 0) -> tuple[Fixed | None, Ranges]:
    """The fixed run, or None where the fault does not show (its channel is dead in this picture, say).

    `shows`: the error of the worst layer that is enough; 0: a limit has to be broken.
    """
    ranges = case.ranges()
    fixed = run_fixed(case.net, case.image, ranges, per_channel=case.per_channel)
    enough = worst_error(case, fixed) > shows if shows else breaks_a_limit(case, fixed)
    return (fixed if enough else None), ranges


def breaks_a_limit(case: Case, fixed: Fixed) -> bool:
    """Whether a layer or the output is so bad that it is a fault."""
    truth, last = run_float(case.net, case.image), case.net.nodes[-1].name
    output = float(np.linalg.norm(fixed.values[last] - truth[last]) / np.linalg.norm(truth[last]))
    return worst_error(case, fixed) > SHOWS or output > OUTPUT


def worst_error(case: Case, fixed: Fixed) -> float:
    """Largest relative error of a layer."""
    truth = run_float(case.net, case.image)
    layers = [group.last.name for group in fixed.groups]
    return max(float(np.linalg.norm(fixed.values[n] - truth[n]) / np.linalg.norm(truth[n])) for n in layers)


def shared_scale(rng: Random, folder: Path, factors: tuple[float, float] = (80, 2000), shows: float = 0) -> Pair:
    case = Case(rng, ("dense", "skipping"))
    factor = float(np.exp(rng.uniform(*np.log(factors))))
    cats = [node for node in case.net.nodes if node.kind == "CONCATENATION"]
    cat = cats[int(rng.integers(len(cats)))]
    branch = cat.inputs[1]
    origin = next(n for n in case.net.nodes if n.name == case.node(branch).inputs[0])
    assert origin.weights is not None and origin.bias is not None
    case.put(replace(origin, weights=origin.weights * np.float32(factor), bias=origin.bias * np.float32(factor)))
    _undo(case, branch, np.full(origin.weights.shape[-1], factor, np.float32), 0)
    fixed, ranges = _shows(case, shows)
    if fixed is None:
        return shared_scale(rng, folder, factors, shows)
    return _pair(case, folder, "shared_scale", (cat.name,), fixed=fixed, ranges=ranges)


def _undo(case: Case, name: str, factors: Array, start: int) -> None:
    """Divide the weights of everything that reads channels [start, ...) of a tensor, through concatenations."""
    for node in case.readers(name):
        if node.kind == "CONCATENATION":
            offset = sum(_channels(case, each) for each in node.inputs[: node.inputs.index(name)])
            _undo(case, node.name, factors, start + offset)
        elif node.weights is not None:
            weights = case.node(node.name).weights
            assert weights is not None
            back = weights.copy()
            back[:, :, start : start + factors.size] /= factors[:, None]
            case.put(replace(case.node(node.name), weights=back))


def _channels(case: Case, name: str) -> int:
    values = run_float(case.net, case.image)
    return int(values[name].shape[-1])


def clipping(rng: Random, folder: Path) -> Pair:
    case = Case(rng)
    style = int(rng.integers(3))
    if style == 0:
        case.image = picture(rng, case.side, 140, 255)
        pictures = case.others(5, 0, float(rng.uniform(40, 100)))
    elif style == 1:
        pictures = case.others(5, float(rng.uniform(70, 100)), float(rng.uniform(140, 170)))
    else:
        pictures = case.others(5, 100, 150)
        for each in pictures:
            each[:3, :3], each[-3:, -3:] = 0, 255
    ranges = calibrate(case.net, pictures)
    fixed = run_fixed(
        case.net,
        case.image,
        ranges,
        per_channel=case.per_channel,
        extra_offset=float(rng.choice([0, 0.1])) if style == 1 else 0.0,
    )
    truth, first = run_float(case.net, case.image), fixed.groups[0].last.name
    first_error = np.linalg.norm(fixed.values[first] - truth[first]) / np.linalg.norm(truth[first])
    if first_error < 0.15 or not breaks_a_limit(case, fixed):
        return clipping(rng, folder)
    return _pair(
        case, folder, "clipping", (case.net.source, *(n.name for n in case.net.nodes)), fixed=fixed, ranges=ranges
    )


def input_mismatch(rng: Random, folder: Path) -> Pair:
    case = Case(rng)
    ranges = case.ranges()
    style = int(rng.integers(4))
    other = [
        case.image[..., ::-1],
        picture(rng, case.side),
        case.image[:, ::-1],
        np.moveaxis(case.image, -1, 0).reshape(case.image.shape),
    ][style]
    fixed = run_fixed(case.net, np.ascontiguousarray(other), ranges, per_channel=case.per_channel)
    return _pair(case, folder, "input_mismatch", (case.net.source,), fixed=fixed, ranges=ranges)


def gain_offset(rng: Random, folder: Path) -> Pair:
    case = Case(rng)
    ranges = case.ranges()
    std, mean = case.net.std, case.net.mean
    if rng.random() < 0.5:
        std *= float(rng.choice([0.7, 0.8, 1.25, 1.4]))
    else:
        mean += float(rng.choice([-25, -15, 15, 25]))
    fixed = run_fixed(case.net, case.image, ranges, mean=mean, std=std, per_channel=case.per_channel)
    return _pair(case, folder, "gain_offset", (case.net.source,), fixed=fixed, ranges=ranges)


def bad_channels(rng: Random, folder: Path) -> Pair:
    case = Case(rng)
    nodes = [n for n in case.net.nodes if n.weights is not None and len(n.weights.shape) == 4][1:-1]
    wide = [n for n in nodes if n.weights is not None and n.weights.shape[-1] >= 12] or nodes
    node = wide[int(rng.integers(len(wide)))]
    truth = run_float(case.net, case.image)
    tail = case.readers(node.name)[0]
    name = tail.name if tail.kind != "CONV_2D" else node.name
    power = np.square(truth[name]).mean(axis=(0, 1))
    # A channel that carries next to nothing can be bad without anybody noticing.
    channel = int(np.argsort(power)[-1 - int(rng.integers(2))])
    style = int(rng.integers(2))

    def change(each: Node) -> Node:
        if each.name != node.name or each.weights is None or each.bias is None:
            return each
        weights, bias = each.weights.copy(), each.bias.copy()
        if style == 0:
            weights[..., channel], bias[channel] = 0, 0
        else:
            weights[..., channel] = np.roll(weights[..., channel], 1, axis=-1)
        return replace(each, weights=weights, bias=bias)

    ranges = case.ranges()
    fixed = run_fixed(case.net, case.image, ranges, per_channel=case.per_channel, change=change)
    if not breaks_a_limit(case, fixed):
        return bad_channels(rng, folder)
    return _pair(case, folder, "bad_channels", (name,), fixed=fixed, ranges=ranges)


def other_model(rng: Random, folder: Path) -> Pair:
    """The fixed network has the weights of another training run: the same numbers in another order."""
    case = Case(rng)
    orders = {n.name: rng.permutation(n.weights.size) for n in case.net.nodes if n.weights is not None}

    def change(each: Node) -> Node:
        if each.weights is None:
            return each
        return replace(each, weights=each.weights.reshape(-1)[orders[each.name]].reshape(each.weights.shape))

    ranges = case.ranges()
    fixed = run_fixed(case.net, case.image, ranges, per_channel=case.per_channel, change=change)
    return _pair(case, folder, "other_model", (), fixed=fixed, ranges=ranges)


def drift(rng: Random, folder: Path) -> Pair:
    """Deep, coarse weights, nothing else. Nets whose error stays low are drawn again: they are healthy."""
    case = Case(rng, layers=int(rng.integers(22, 30)))
    truth = run_float(case.net, case.image)
    # Much the same pictures: these nets blow up on others, and their steps would be too coarse, not many.
    alike = (np.clip(np.rint(case.image + rng.normal(0, 8, case.image.shape)), 0, 255) for _ in range(4))
    ranges = calibrate(case.net, [case.image, *(each.astype(np.float32) for each in alike)])
    fixed = run_fixed(case.net, case.image, ranges)
    last = case.net.nodes[-3].name
    error = np.linalg.norm(fixed.values[last] - truth[last]) / np.linalg.norm(truth[last])
    if not 0.4 < error < 0.8:
        return drift(rng, folder)
    case.per_channel = False
    return _pair(case, folder, "drift", values=truth, fixed=fixed, ranges=ranges)


def padding_kept(rng: Random, folder: Path) -> Pair:
    case = Case(rng)

    def store(name: str, values: Array, grid: Grid) -> Array:
        block = 16 if grid.high_code == 255 else 8
        pixels, channels = values.shape[0] * values.shape[1], values.shape[2]
        lines = -(-channels // block)
        padded = np.zeros((pixels, lines * block), np.float32)
        padded[:, :channels] = values.reshape(pixels, channels)
        if rng.random() < 0.7:
            padded = padded.reshape(pixels, lines, block).transpose(1, 0, 2)
        return padded.ravel()[: values.size]

    return _pair(case, folder, "padding_kept", store=store)


def not_dequantized(rng: Random, folder: Path) -> Pair:
    case = Case(rng)
    is_float = bool(rng.random() < 0.5)

    def store(name: str, values: Array, grid: Grid) -> Array:
        return np.rint(values / grid.scale) + grid.zero

    return _pair(case, folder, "not_dequantised", store=store, is_float=is_float)


def layout(rng: Random, folder: Path) -> Pair:
    case = Case(rng)
    return _pair(case, folder, "layout", store=lambda n, v, g: np.moveaxis(v, -1, 0).ravel())


def non_finite(rng: Random, folder: Path) -> Pair:
    case = Case(rng)
    values = run_float(case.net, case.image)
    middle = [node for node in case.net.nodes if node.kind in ("RELU", "LEAKY_RELU", "ADD", "CONV_2D")][1:-1]
    node = middle[int(rng.integers(len(middle)))]
    ranges = case.ranges()
    bad = np.float32(rng.choice([np.nan, np.inf, -np.inf]))
    if rng.random() < 0.5 or node.name not in {g.last.name for g in run_fixed(case.net, case.image, ranges).groups}:
        values[node.name] = values[node.name].copy()
        values[node.name][0, : int(rng.integers(1, 4)), 0] = bad
        return _pair(case, folder, "non_finite", (node.name,), values=values, ranges=ranges)
    fixed = run_fixed(case.net, case.image, ranges, per_channel=case.per_channel)
    fixed.values[node.name][-1, -1, -1] = bad
    return _pair(case, folder, "non_finite", (node.name,), fixed=fixed, ranges=ranges)


def unexplained(rng: Random, folder: Path) -> Pair:
    """One layer computes something else: other weights in every channel."""
    case = Case(rng)
    nodes = [n for n in case.net.nodes if n.kind == "CONV_2D"][1:-1]
    node = nodes[int(rng.integers(len(nodes)))]
    assert node.weights is not None
    other = rng.permuted(node.weights, axis=2)

    def change(each: Node) -> Node:
        return replace(each, weights=other) if each.name == node.name else each

    tail = case.readers(node.name)[0]
    name = tail.name if tail.kind != "CONV_2D" else node.name
    ranges = case.ranges()
    fixed = run_fixed(case.net, case.image, ranges, per_channel=case.per_channel, change=change)
    if not breaks_a_limit(case, fixed):
        return unexplained(rng, folder)
    return _pair(case, folder, "unexplained", (name,), fixed=fixed, ranges=ranges)


def swapped(rng: Random, folder: Path) -> Pair:
    pair = _pair(Case(rng), folder, "swapped")
    return replace(pair, sample=pair.benchmark, benchmark=pair.sample)


FAULTS: dict[str, Callable[[Random, Path], Pair]] = {
    "healthy": healthy,
    "input_mismatch": input_mismatch,
    "padding_kept": padding_kept,
    "not_dequantised": not_dequantized,
    "layout": layout,
    "wide_range": wide_range,
    "shared_scale": shared_scale,
    "clipping": clipping,
    "gain_offset": gain_offset,
    "bad_channels": bad_channels,
    "non_finite": non_finite,
    "drift": drift,
    "unexplained": unexplained,
    "swapped": swapped,
    "other_model": other_model,
}
"""A generator for every cause: (random numbers, folder) to a pair of dumps."""
