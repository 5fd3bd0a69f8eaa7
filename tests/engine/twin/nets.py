"""Small float dumps for the twin's tests: ops computed by plain numpy, written as the float simulator writes them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.writer import Draft, write_dump

Array = np.ndarray[Any, np.dtype[np.float32]]


@dataclass
class Net:
    """Ops appended one by one; values NHWC by name."""

    values: dict[str, Array] = field(default_factory=dict)
    drafts: list[Draft] = field(default_factory=list)
    count: int = 0
    shapes: bool = False
    """Whether headers hold shapes, as newer SDKs write them."""

    def input(self, name: str, values: Any) -> str:
        self.values[name] = np.asarray(values, np.float32)
        return name

    def op(
        self, kind: str, inputs: list[str], constants: list[Any], outputs: dict[str, Any], shaped: bool = False
    ) -> str:
        """An op with its constants behind its inputs, whose headers hold shapes where `shaped`; the name of its first
        output."""
        slot = 0
        for name in inputs:
            self._draft(Direction.IN, slot, kind, name, self.values[name])
            slot += 1
        for number, constant in enumerate(constants):
            name, values = constant if isinstance(constant, tuple) else (f"const{self.count}_{number}", constant)
            self._draft(Direction.IN, slot, kind, name, np.asarray(values, np.float32), True, shaped)
            slot += 1
        for slot, (name, values) in enumerate(outputs.items()):
            self.values[name] = np.asarray(values, np.float32)
            self._draft(Direction.OUT, slot, kind, name, self.values[name])
        self.count += 1
        return next(iter(outputs))

    def _draft(
        self, direction: Direction, slot: int, kind: str, name: str, values: Array, constant: bool = False,
        shaped: bool = False,
    ) -> None:  # fmt: skip
        shape = values.shape if shaped or (self.shapes and not constant) else None
        self.drafts.append(Draft(direction, slot, self.count, kind, name, values, constant=constant, shape=shape))

    def write(self, path: Path) -> Path:
        write_dump(path, self.drafts)
        return path


def convolved(
    picture: Array,
    weights: Array,
    bias: Array,
    strides: tuple[int, int],
    pads: tuple[int, int, int, int],
    dilations: tuple[int, int],
    groups: int,
) -> Array:
    """A convolution [1, H, W, C] with weights [Cout, kh, kw, Cin / groups], tap by tap in float64."""
    top, left, bottom, right = pads
    padded = np.pad(picture[0].astype(np.float64), ((top, bottom), (left, right), (0, 0)))
    outputs, height, width, inputs = weights.shape
    rows = (padded.shape[0] - (height - 1) * dilations[0] - 1) // strides[0] + 1
    columns = (padded.shape[1] - (width - 1) * dilations[1] - 1) // strides[1] + 1
    found = np.tile(bias.astype(np.float64), (rows, columns, 1))
    per = outputs // groups
    for y in range(height):
        for x in range(width):
            part = padded[y * dilations[0] :, x * dilations[1] :][:: strides[0], :: strides[1]][:rows, :columns]
            for group in range(groups):
                mine = slice(group * per, (group + 1) * per)
                taps = weights[mine, y, x].astype(np.float64)
                found[..., mine] += part[..., group * inputs : (group + 1) * inputs] @ taps.T
    return found[None].astype(np.float32)


def pooled(
    picture: Array, average: bool, kernel: tuple[int, int], stride: int, pads: tuple[int, int, int, int]
) -> Array:
    """A pool whose averages do not count pads."""
    top, left, bottom, right = pads
    padded = np.pad(picture[0].astype(np.float64), ((top, bottom), (left, right), (0, 0)), constant_values=np.nan)
    rows = (padded.shape[0] - kernel[0]) // stride + 1
    columns = (padded.shape[1] - kernel[1]) // stride + 1
    found = np.empty((rows, columns, picture.shape[3]))
    for y in range(rows):
        for x in range(columns):
            window = padded[y * stride : y * stride + kernel[0], x * stride : x * stride + kernel[1]]
            found[y, x] = np.nanmean(window, axis=(0, 1)) if average else np.nanmax(window, axis=(0, 1))
    return found[None].astype(np.float32)


def biased(bias: Array) -> Array:
    """A bias as the dump holds it: [2, Cout], the second row ones."""
    return np.stack([bias, np.ones_like(bias)])


def stem(net: Net, rng: np.random.Generator, height: int, width: int, channels: int) -> str:
    """A 3x3 convolution of an RGB picture: from its numbers the picture's sides are known."""
    picture = rng.normal(size=(1, height, width, 3)).astype(np.float32)
    weights = rng.normal(size=(channels, 3, 3, 3)).astype(np.float32)
    bias = rng.normal(size=channels).astype(np.float32)
    source = net.input("in", picture)
    output = convolved(picture, weights, bias, (1, 1), (1, 1, 1, 1), (1, 1), 1)
    return net.op("CONV_2D", [source], [weights, biased(bias)], {"stem": output})
