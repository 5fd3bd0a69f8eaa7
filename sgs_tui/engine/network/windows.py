"""How a convolution's window lies on its input, found by trial and proven on the benchmark's own numbers.

Older dumps print no shapes. But the float dump holds a convolution's input, weights, bias and output; only
one height, width, stride, padding and dilation makes them agree, so candidates are tried on a few output
pixels until one reproduces them.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import islice

import numpy as np

from sgs_tui.engine.dumps.layouts import divisors
from sgs_tui.engine.network.compute import Layer, Shape, Window, weights_of
from sgs_tui.engine.network.tensors import Values

_KERNELS = (3, 1, 5, 7, 2, 4, 6, 9, 11)
_STRIDES = (1, 2, 3, 4)
_DILATIONS = (1, 2, 3, 4, 5, 6, 8, 12)
_USUAL = 3  # paddings of a shape that are tried before other shapes are
_LONGEST = 16  # aspect ratio beyond which a picture is not tried


def candidates(layer: Layer, source: Shape, target: Shape) -> Iterator[Window]:
    """Windows without dilation and with usual padding for every shape first, then all the others."""
    starts = [
        (start, replace(target, channels=cout), kernel)
        for cout in ([target.channels] if target.channels else _output_channels(layer))
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
    sizes = [(k, k) for k in _KERNELS] + [pair for k in _KERNELS if k > 1 for pair in ((1, k), (k, 1))]
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
    found = [Shape(h, pixels // h, channels) for h in divisors(pixels) if max(h * h, pixels) <= _LONGEST * pixels]
    found = [shape for shape in found if max(shape.height, shape.width) <= _LONGEST * min(shape.height, shape.width)]
    return sorted(found, key=lambda shape: abs(shape.height - shape.width))


def _windows(layer: Layer, source: Shape, target: Shape, kernel: tuple[int, int], usual: bool) -> Iterator[Window]:
    pixels = layer.counts[1] // target.channels
    for dilation in _DILATIONS if max(kernel) > 1 and not usual else (1,):
        reach = [(k - 1) * dilation + 1 for k in kernel]
        for stride in _STRIDES:
            for shape in _outputs(source, target, reach, stride, pixels):
                for place, pad in enumerate(_pads(source, shape, reach, stride)):
                    if (dilation == 1 and place < _USUAL) is usual:
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
    # Sorted by place(top) + place(left) + (top != left), one sum after the other: most are never asked for.
    for total in range(len(tops) + len(lefts)):
        for i in range(min(total + 1, len(tops))):
            for j in (total - i - 1, total - i):
                if 0 <= j < len(lefts) and (tops[i] != lefts[j]) == (i + j < total):
                    yield tops[i], lefts[j]


def _before(lacking: int, reach: int) -> list[int]:
    likely = [(reach - 1) // 2, max(lacking, 0) // 2, (max(lacking, 0) + 1) // 2, 0, *range(reach)]
    return [pad for pad in dict.fromkeys(likely) if 0 <= pad < reach]


def _output_channels(layer: Layer) -> Iterator[int]:
    """Candidates for the output channels: the vendor's bias is [2, C] with ones in the second row, or plain [C]."""
    half, odd = divmod(layer.bias.size, 2)
    if not odd and half and np.all(layer.bias[half:] == 1.0):
        yield half
    if layer.bias.size:
        yield layer.bias.size


TOLERANCE = 2e-3
"""Relative error up to which a candidate reproduces the benchmark; float32 sums differ by 1e-6, wrong ones by 1."""

MOST = 4000  # candidates tried per convolution; the right one is among the first hundred unless the op is another


def find_window(layer: Layer, source: Shape, target: Shape, most: int = MOST) -> Window | None:
    """The window that reproduces `layer`; shapes may be partly unknown. None where none of `most` candidates does."""
    for candidate in islice(candidates(layer, source, target), most):
        if _fits(layer, candidate):
            return candidate
    return None


def _fits(layer: Layer, window: Window) -> bool:
    """Whether the window reproduces a few output pixels: two first, then corners and the rest."""
    quick, probes = _probes(window.target.height * window.target.width, window.target.width)
    return _agrees(layer, window, quick) and _agrees(layer, window, probes)


@lru_cache(maxsize=256)
def _probes(pixels: int, width: int) -> tuple[list[int], list[int]]:
    """(two pixels that tell most wrong windows, these and more, corners included)."""
    spread = np.unique((np.linspace(0.05, 0.95, 12) * pixels).astype(np.int64))
    probes = [int(p) for p in spread] + [0, width - 1, pixels - width, pixels - 1]
    return probes[len(spread) // 2 : len(spread) // 2 + 2] or probes[:2], probes


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
    left = column * window.stride - window.pad[1]
    inside = [j for j in range(window.kernel[1]) if 0 <= left + j * window.dilation < window.source.width]
    for i in range(window.kernel[0]):
        y = row * window.stride - window.pad[0] + i * window.dilation
        if inside and 0 <= y < window.source.height:
            patch[i, inside[0] : inside[-1] + 1] = _taps(layer, window, y, left + inside[0] * window.dilation, inside)
    weights = weights_of(layer, window)
    with np.errstate(all="ignore"):
        if window.depthwise:
            result = (patch.reshape(weights.shape) * weights).sum(axis=0)
        else:
            result = patch.reshape(-1) @ weights
    made: Values = result + layer.bias[: window.target.channels] if layer.bias.size else result
    return made


def _taps(layer: Layer, window: Window, y: int, x: int, inside: list[int]) -> Values:
    """Neighbouring taps of one kernel row, [taps, Cin], in one read."""
    shape = window.source
    last = x + (len(inside) - 1) * window.dilation
    first = (y * shape.width + x) * shape.channels
    found = layer.source(first, first + (last - x + 1) * shape.channels)
    return found.reshape(-1, shape.channels)[:: window.dilation]
