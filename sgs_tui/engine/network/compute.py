"""A convolution in float32, rows of it at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sgs_tui.engine.network.tensors import Values

_SINGLE = 1 << 18
"""Multiplications up to which BLAS works in one thread. Its threads cost four times the time they save here
(measured on two cores): products are small and many, and on a busy machine threads wait for each other.
"""

Slice = Callable[[int, int], Values]
"""Elements [start, stop) of a flat tensor."""

Rows = Callable[[int, int], Values]
"""Rows [start, stop) of a tensor as [rows, width, channels]."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Height, width, channels of an NHWC tensor of one picture; 0 where unknown."""

    height: int
    width: int
    channels: int

    @property
    def known(self) -> bool:
        """Whether all three are."""
        return self.height > 0 and self.width > 0

    @property
    def count(self) -> int:
        """Elements."""
        return self.height * self.width * self.channels


@dataclass(frozen=True, slots=True)
class Window:
    """A convolution: shapes of both ends, kernel, stride, padding before the first row and column, dilation.

    `by_channel`: depthwise weights lie as [C, kh, kw, 1], as ONNX has them, not as [1, kh, kw, C].
    """

    source: Shape
    target: Shape
    kernel: tuple[int, int]
    stride: int
    pad: tuple[int, int]
    dilation: int
    depthwise: bool
    by_channel: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution's numbers: readers of its flat input and output, weights and bias as they lie in the file."""

    source: Slice
    target: Slice
    counts: tuple[int, int]
    weights: Values
    bias: Values
    depthwise: bool


def weights_of(layer: Layer, window: Window) -> Values:
    """Weights as [taps * Cin, Cout] (depthwise: [taps, C]); files hold [Cout, kh, kw, Cin]."""
    taps = window.kernel[0] * window.kernel[1]
    if window.depthwise:
        channels = window.target.channels
        return layer.weights.reshape(channels, taps).T if window.by_channel else layer.weights.reshape(taps, channels)
    return layer.weights.reshape(window.target.channels, taps * window.source.channels).T


def padded_rows(given: Rows, window: Window, span: range) -> Values:
    """The input rows that output rows `span` look at, with zeros where the window reaches over the edge."""
    source, target = window.source, window.target
    first = span.start * window.stride - window.pad[0]
    last = (span.stop - 1) * window.stride - window.pad[0] + (window.kernel[0] - 1) * window.dilation + 1
    width = (target.width - 1) * window.stride + (window.kernel[1] - 1) * window.dilation + 1
    padded = np.zeros((last - first, width, source.channels), np.float32)
    top, bottom = max(first, 0), min(last, source.height)
    columns = min(source.width, width - window.pad[1])
    if bottom > top:
        padded[top - first : bottom - first, window.pad[1] : window.pad[1] + columns] = given(top, bottom)[:, :columns]
    return padded


def correlate(padded: Values, window: Window, weights: Values, rows: int) -> Values:
    """Valid correlation of padded rows [h, w, Cin] with weights, one matrix product a tap."""
    step, width = window.stride, window.target.width
    result = np.zeros((rows, width, window.target.channels), np.float32)
    for tap in range(window.kernel[0] * window.kernel[1]):
        i, j = (offset * window.dilation for offset in divmod(tap, window.kernel[1]))
        part = padded[i : i + (rows - 1) * step + 1 : step, j : j + (width - 1) * step + 1 : step]
        if window.depthwise:
            result += part * weights[tap]
        else:
            cin = window.source.channels
            _add_product(result, part, weights[tap * cin : (tap + 1) * cin])
    return result


def _add_product(result: Values, part: Values, weights: Values) -> None:
    """result += part @ weights, in pieces too small for BLAS to start threads."""
    columns = max(8, _SINGLE // max(weights.size, 1))
    for start in range(0, part.shape[1], columns):
        result[:, start : start + columns] += part[:, start : start + columns] @ weights
