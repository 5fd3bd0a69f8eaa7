"""A healthy pair as large as a real face detector's: about 170 MB of float dump, 80 MB of fixed one."""

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


def write_large(folder: Path, side: int = SIDE) -> tuple[Path, Path, Path]:
    """(sample, benchmark, ranges) below `folder`."""
    rng = np.random.default_rng(5)
    net, image = network(rng, side), picture(rng, side)
    ranges = calibrate(net, [image])
    return write_pair(folder, net, run_float(net, image), run_fixed(net, image, ranges, per_channel=True), ranges)
