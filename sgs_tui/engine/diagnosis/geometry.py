"""How a convolution's window lies on its input, found by trial and proven on the benchmark's own numbers.

Older dumps print no shapes. But the float dump holds a convolution's input, weights, bias and output; only
one height, width, stride, padding and dilation makes them agree, so candidates are tried on a few output
pixels until one reproduces them.
"""

from functools import lru_cache
from itertools import islice

import numpy as np

from sgs_tui.engine.diagnosis.convolution import Layer, Shape, Window, weights_of
from sgs_tui.engine.diagnosis.tensors import Values
from sgs_tui.engine.diagnosis.windows import candidates

TOLERANCE = 2e-3
"""Relative error up to which a candidate reproduces the benchmark; float32 sums differ by 1e-6, wrong ones by 1."""

MOST = 4000
"""Candidates tried per convolution; the right one is among the first hundred unless the op is another."""


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
