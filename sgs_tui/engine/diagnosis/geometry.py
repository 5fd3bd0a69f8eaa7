"""How a convolution's window lies on its input, found by trial and proven on the benchmark's own numbers.

Older dumps print no shapes. But the float dump holds a convolution's input, weights, bias and output; only
one height, width, stride, padding and dilation makes them agree, so candidates are tried on a few output
pixels until one reproduces them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from sgs_tui.engine.diagnosis.tensors import Values

KERNELS = (3, 1, 5, 7, 2, 4, 6, 9, 11)
STRIDES = (1, 2, 3, 4)
DILATIONS = (1, 2, 3, 4, 5, 6, 8, 12)
USUAL = 3
"""Paddings of a shape that are tried before other shapes are."""

LONGEST = 16
"""Aspect ratio beyond which a picture is not tried."""

TOLERANCE = 2e-3
"""Relative error up to which a candidate reproduces the benchmark; float32 sums differ by 1e-6, wrong ones by 1."""

MOST = 4000
"""Candidates tried per convolution; the right one is among the first hundred unless the op is another."""

Slice = Callable[[int, int], Values]


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


def find_window(layer: Layer, source: Shape, target: Shape, most: int = MOST) -> Window | None:
    """The window that reproduces `layer`; shapes may be partly unknown. None where none of `most` candidates does."""
    for candidate in islice(_candidates(layer, source, target), most):
        if _fits(layer, candidate):
            return candidate
    return None


def output_channels(layer: Layer) -> Iterator[int]:
    """Candidates for the output channels: the vendor's bias is [2, C] with ones in the second row, or plain [C]."""
    half, odd = divmod(layer.bias.size, 2)
    if not odd and half and np.all(layer.bias[half:] == 1.0):
        yield half
    if layer.bias.size:
        yield layer.bias.size


def weights_of(layer: Layer, window: Window) -> Values:
    """Weights as [taps * Cin, Cout] (depthwise: [taps, C]); files hold [Cout, kh, kw, Cin]."""
    taps = window.kernel[0] * window.kernel[1]
    if window.depthwise:
        channels = window.target.channels
        return layer.weights.reshape(channels, taps).T if window.by_channel else layer.weights.reshape(taps, channels)
    return layer.weights.reshape(window.target.channels, taps * window.source.channels).T


def _candidates(layer: Layer, source: Shape, target: Shape) -> Iterator[Window]:
    """Windows without dilation and with usual padding for every shape first, then all the others."""
    starts = [
        (start, replace(target, channels=cout), kernel)
        for cout in ([target.channels] if target.channels else output_channels(layer))
        if cout and layer.counts[1] % cout == 0 and layer.weights.size % cout == 0
        for kernel, cin in _kernels(layer, source, cout)
        for start in _shapes(layer.counts[0], cin, source)
    ]
    for usual in (True, False):
        for start, end, kernel in starts:
            yield from _windows(layer, start, end, kernel, usual)


def _kernels(layer: Layer, source: Shape, cout: int) -> Iterator[tuple[tuple[int, int], int]]:
    """(kernel, input channels) that multiply up to the number of weights."""
    each = layer.weights.size // cout
    sizes = [(k, k) for k in KERNELS] + [pair for k in KERNELS if k > 1 for pair in ((1, k), (k, 1))]
    for kernel in sizes:
        taps = kernel[0] * kernel[1]
        cin = cout if layer.depthwise else each // taps
        if each % taps or (layer.depthwise and each != taps) or (source.channels and source.channels != cin):
            continue
        if cin and layer.counts[0] % cin == 0:
            yield kernel, cin


def _shapes(count: int, channels: int, known: Shape) -> list[Shape]:
    """Heights and widths that hold `count` elements, the squarest first."""
    if known.known:
        return [replace(known, channels=channels)] if known.count == count else []
    pixels = count // channels
    found = [Shape(h, pixels // h, channels) for h in _divisors(pixels) if max(h * h, pixels) <= LONGEST * pixels]
    found = [shape for shape in found if max(shape.height, shape.width) <= LONGEST * min(shape.height, shape.width)]
    return sorted(found, key=lambda shape: abs(shape.height - shape.width))


def _divisors(number: int) -> list[int]:
    small = [d for d in range(1, int(number**0.5) + 1) if number % d == 0]
    return small + [number // d for d in reversed(small) if d * d != number]


def _windows(layer: Layer, source: Shape, target: Shape, kernel: tuple[int, int], usual: bool) -> Iterator[Window]:
    pixels = layer.counts[1] // target.channels
    for dilation in DILATIONS if max(kernel) > 1 else (1,):
        reach = [(k - 1) * dilation + 1 for k in kernel]
        for stride in STRIDES:
            for shape in _outputs(source, target, reach, stride, pixels):
                for place, pad in enumerate(_pads(source, shape, reach, stride)):
                    if (dilation == 1 and place < USUAL) is usual:
                        yield from _both_ways(Window(source, shape, kernel, stride, pad, dilation, layer.depthwise))


def _both_ways(window: Window) -> Iterator[Window]:
    """Depthwise weights come in two orders."""
    yield window
    if window.depthwise:
        yield replace(window, by_channel=True)


def _outputs(source: Shape, target: Shape, reach: list[int], stride: int, pixels: int) -> Iterator[Shape]:
    """Output shapes of `pixels` pixels that this stride can reach."""
    if target.known:
        sizes = [(target.height, target.width)]
    else:
        largest = (source.height + 2 * reach[0]) // stride + 1
        sizes = [(h, pixels // h) for h in range(1, min(largest, pixels) + 1) if pixels % h == 0]
    for height, width in sizes:
        lacks = _lacking(source.height, height, reach[0], stride), _lacking(source.width, width, reach[1], stride)
        if height * width == pixels and all(
            -stride < lack <= 2 * (r - 1) for lack, r in zip(lacks, reach, strict=True)
        ):
            yield Shape(height, width, target.channels)


def _lacking(size: int, outputs: int, reach: int, stride: int) -> int:
    """Rows (or columns) of padding that the last window needs; negative where some input is left over."""
    return (outputs - 1) * stride + reach - size


def _pads(source: Shape, target: Shape, reach: list[int], stride: int) -> Iterator[tuple[int, int]]:
    """Paddings before the first row and column, the symmetric one first."""
    tops = _before(_lacking(source.height, target.height, reach[0], stride), reach[0])
    lefts = _before(_lacking(source.width, target.width, reach[1], stride), reach[1])
    both = [(top, left) for top in tops for left in lefts]
    yield from sorted(both, key=lambda pad: tops.index(pad[0]) + lefts.index(pad[1]) + (pad[0] != pad[1]))


def _before(lacking: int, reach: int) -> list[int]:
    likely = [(reach - 1) // 2, max(lacking, 0) // 2, (max(lacking, 0) + 1) // 2, 0, *range(reach)]
    return [pad for pad in dict.fromkeys(likely) if 0 <= pad < reach]


def _fits(layer: Layer, window: Window) -> bool:
    """Whether the window reproduces a few output pixels: two first, then corners and the rest."""
    pixels = window.target.height * window.target.width
    spread = np.unique((np.linspace(0.05, 0.95, 12) * pixels).astype(np.int64))
    corners = [0, window.target.width - 1, pixels - window.target.width, pixels - 1]
    probes = [int(p) for p in spread] + corners
    quick = probes[len(spread) // 2 : len(spread) // 2 + 2] or probes[:2]
    return _agrees(layer, window, quick) and _agrees(layer, window, probes)


def _agrees(layer: Layer, window: Window, pixels: list[int]) -> bool:
    cout = window.target.channels
    made = np.stack([_pixel(layer, window, pixel) for pixel in pixels])
    truth = np.stack([layer.target(pixel * cout, (pixel + 1) * cout) for pixel in pixels])
    finite = np.isfinite(truth)
    if not finite.any() or not np.isfinite(made[finite]).all():
        return False
    error, size = float(np.abs(made[finite] - truth[finite]).max()), float(np.abs(truth[finite]).max())
    return error <= TOLERANCE * max(size, 1e-30)


def _pixel(layer: Layer, window: Window, pixel: int) -> Values:
    """One output pixel, all channels, computed by definition."""
    patch = np.zeros((*window.kernel, window.source.channels), np.float32)
    row, column = divmod(pixel, window.target.width)
    shape = window.source
    for i in range(window.kernel[0]):
        y = row * window.stride - window.pad[0] + i * window.dilation
        for j in range(window.kernel[1]) if 0 <= y < shape.height else ():
            x = column * window.stride - window.pad[1] + j * window.dilation
            if 0 <= x < shape.width:
                start = (y * shape.width + x) * shape.channels
                patch[i, j] = layer.source(start, start + shape.channels)
    weights = weights_of(layer, window)
    with np.errstate(all="ignore"):
        if window.depthwise:
            result = (patch.reshape(weights.shape) * weights).sum(axis=0)
        else:
            result = patch.reshape(-1) @ weights
    made: Values = result + layer.bias[: window.target.channels] if layer.bias.size else result
    return made
