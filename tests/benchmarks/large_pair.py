"""A pair as large as a real face detector's: about 170 MB of float dump, 80 MB of fixed one; healthy, or failing."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.engine.diagnosis.cases import Builder, picture
from tests.engine.diagnosis.nets import Net, calibrate, run_fixed, run_float, write_pair

SIDE = 408
CHANNELS = (16, 16, 32, 32, 32, 64, 64)


def network(rng: np.random.Generator, side: int) -> Net:
    """Depthwise and pointwise convolutions in turn, wide layers first, as RFB-320 has them."""
    builder = Builder(rng, side, slope=0.0)
    x = builder.conv("picture", CHANNELS[0], stride=2)
    for number, channels in enumerate(CHANNELS):
        x = builder.conv(builder.depthwise(x, stride=2 if number in (2, 5) else 1), channels, 1)
        branch = builder.conv(builder.conv(x, channels // 2, 1), channels, 3, act=False)
        x = builder.simple("ADD", f"add{number}", x, branch)
    return builder.head(x)


def widened(net: Net, factor: float) -> Net:
    """One channel of an inner convolution times `factor`, and the weights that read it divided by that."""
    makers = {node.name: node for node in net.nodes}
    readers = {name: [node for node in net.nodes if name in node.inputs] for name in makers}
    for maker in net.nodes[8:]:
        acts = readers[maker.name]
        after = readers[acts[0].name] if len(acts) == 1 and acts[0].kind == "RELU" else []
        if len(after) == 1 and after[0].kind == maker.kind == "CONV_2D":
            reader = after[0]
            assert maker.weights is not None and maker.bias is not None and reader.weights is not None
            scales = np.where(np.arange(maker.weights.shape[-1]) == 3, factor, 1).astype(np.float32)
            wide = replace(maker, weights=maker.weights * scales, bias=maker.bias * scales)
            back = replace(reader, weights=reader.weights / scales[:, None])
            changed = {maker.name: wide, reader.name: back}
            return replace(net, nodes=[changed.get(node.name, node) for node in net.nodes])
    raise ValueError("no convolution that only a convolution reads")


def write_large(folder: Path, side: int = SIDE, factor: float = 1.0) -> tuple[Path, Path, Path]:
    """(sample, benchmark, ranges) below `folder`; with a `factor` of 400 and more layers fail."""
    rng = np.random.default_rng(5)
    net, image = widened(network(rng, side), factor), picture(rng, side)
    ranges = calibrate(net, [image])
    return write_pair(folder, net, run_float(net, image), run_fixed(net, image, ranges, per_channel=True), ranges)
