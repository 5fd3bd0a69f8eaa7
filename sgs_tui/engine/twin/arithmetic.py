"""The fixed simulator's numbers: how it quantizes pixels, weights and a convolution's accumulator.

Measured op by op from fixed dumps' own inputs and shifts (older SDK generation, 26 pairs): convolutions to U8 99.8 to
100 % of codes equal, all within 1; to S16 98 %.

    convolution   r = round(sum(code * w) / 2^k) + b, halves away from zero; code = round(r * row2 * 2^-shift) + z
                  sum over codes WITH zero point; b = round((B - z_x s_x sum W [+ z s]) / (2^k s_x s_w))
    row2          mantissas: round(M s_w / max s_w), M = 2^k s_x max s_w / s_out scaled by 2^n into 16384..32768
    k             ceil(log2(largest |sum|) - 13): the raw sum stays below 2^13 (90.5 % of 609 shifts, see `growth_of`)
    pixels        kk = 1 / (std s), off = min(256, -floor(z - mean kk + 0.5)),
                  q = clip((pixel * round(1024 kk) + 512 >> 10) - off, 0, 255): with it 99.7 to 100 % of the first
                  convolution's codes are equal in 22 pairs; an exact kk left 76 % in the worst
"""

from dataclasses import dataclass
from math import ceil, log2

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.twin.meaning import Convolution, Floats
from sgs_tui.engine.twin.network import Bounds, Extremes
from sgs_tui.engine.twin.plan import NOTHING, Grid, Weights

Doubles = npt.NDArray[np.float64]

ACCUMULATOR = 13
"""Bits that a raw sum may take."""


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """Quantized weights [Cout, kh, kw, Cin / groups] as whole numbers, and their scales [Cout]."""

    codes: Doubles
    scales: Doubles

    @property
    def sums(self) -> Doubles:
        """Sum of the codes of each channel."""
        return np.asarray(self.codes.reshape(self.codes.shape[0], -1).sum(axis=1), np.float64)

    def values(self) -> Floats:
        """What the codes stand for."""
        return (self.codes * self.scales[:, None, None, None]).astype(np.float32)


def quantize_weights(weights: Floats, how: Weights) -> Codes:
    """round(w / s), s = largest |w| / 127 or / 32767, of the tensor or of each output channel."""
    flat = weights.reshape(weights.shape[0], -1).astype(np.float64)
    peaks = np.abs(flat).max(axis=1)
    if not how.by_channel:
        peaks = np.full_like(peaks, peaks.max())
    scales = np.where(peaks == 0, NOTHING, peaks) / (32767 if how.wide else 127)
    return Codes(np.rint(flat / scales[:, None]).reshape(weights.shape), scales)


@dataclass(frozen=True, slots=True)
class Growth:
    """What calibration saw beyond the dump's picture: factors below and above zero, no further than `limits`.

    `more` (powers of two) is what a fixed dump taught about the largest sum on top.
    """

    factors: Bounds
    limits: Bounds
    more: float = 0.0

    def of(self, edges: Doubles) -> Doubles:
        """Channel extremes as calibration may have seen them."""
        grown = np.where(edges < 0, edges * self.factors[0], edges * self.factors[1])
        return np.asarray(np.clip(grown, min(self.limits), max(self.limits)), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Accumulator:
    """A convolution in fixed numbers: y = round(conv(code - z_x, weights) + start) * gain + offset.

    `weights` codes / 2^k, `start` the zero point's part of the sum; all [Cout] but the weights. `shift` is k. `stored`
    is the bias as a fixed dump has it, [2, Cout]: b and row2.
    """

    weights: Floats
    start: Floats
    gain: Floats
    offset: Floats
    shift: int
    stored: Floats


def accumulate(
    convolution: Convolution,
    codes: Codes,
    source: Grid,
    result: Grid,
    extremes: Extremes,
    growth: Growth,
    keeps_zero: bool,
) -> Accumulator:
    """The numbers of one convolution.

    `extremes` of its output in the float dump grown as calibration saw them tell the shift.
    `keeps_zero`: the zero point of the result goes into the bias, when nothing or a RELU is fused behind.
    """
    bias = convolution.bias.astype(np.float64)
    base = bias - source.zero * source.scale * codes.sums * codes.scales
    zero = result.zero * result.scale if keeps_zero else 0.0
    shift = _shift(base, zero, extremes, growth, source.scale * codes.scales)
    unit = 2.0**shift * source.scale * codes.scales
    added = np.rint((base + zero) / unit)
    mantissas, scaled = _mantissas(unit / result.scale)
    gain = unit * mantissas / scaled
    return Accumulator(
        weights=(codes.codes / 2.0**shift).astype(np.float32),
        start=(source.zero * codes.sums / 2.0**shift).astype(np.float32),
        gain=gain.astype(np.float32),
        offset=(added * gain - zero + _lift(result)).astype(np.float32),
        shift=shift,
        stored=np.array([added, mantissas]).astype(np.float32),
    )


def _lift(result: Grid) -> float:
    """Halves of the result's steps go up: what lifts them over, of the size of float32's error at the largest codes."""
    return result.scale * 4e-3 if result.wide else 0.0


def largest_sum(base: Doubles, zero: float, extremes: Extremes, growth: Growth, steps: Doubles) -> float:
    """The largest raw sum of codes, or bias in its unit, that calibration may have seen in any channel."""
    edges = [np.abs(growth.of(each.astype(np.float64)) - base) for each in (extremes.low, extremes.high)]
    return float((np.maximum.reduce([*edges, np.abs(base + zero)]) / steps).max())


def _shift(base: Doubles, zero: float, extremes: Extremes, growth: Growth, steps: Doubles) -> int:
    largest = largest_sum(base, zero, extremes, growth, steps)
    return ceil(log2(largest) + growth.more - ACCUMULATOR) if largest > 0 and np.isfinite(largest) else 0


def _mantissas(ratios: Doubles) -> tuple[Doubles, Doubles]:
    """The requantization factors in 15 bits of the largest, rounded (row2) and not."""
    scaled = ratios * 2.0 ** (14 - np.floor(np.log2(float(ratios.max()))))
    return np.rint(scaled), scaled


@dataclass(frozen=True, slots=True)
class Pixels:
    """How the network's input was normalized: x = (pixel - mean) / std, by channel. Defaults where no ini tells."""

    mean: tuple[float, ...] = (127.0,)
    std: tuple[float, ...] = (128.0,)


def quantize_input(values: Floats, grid: Grid, pixels: Pixels | None) -> npt.NDArray[np.uint8]:
    """Codes of a network input, flat NHWC. From its pixels where `pixels` gives whole ones, else plainly rounded."""
    recovered = None if pixels is None else recover_pixels(values, pixels)
    if recovered is None or pixels is None:
        codes = values.astype(np.float64)
        codes /= grid.scale
        np.rint(codes, out=codes)
        codes += grid.zero
        np.fmin(np.fmax(codes, 0, out=codes), 255, out=codes)  # NaN becomes 0
        return codes.astype(np.uint8)
    return quantize_pixels(recovered, grid, pixels)


def quantize_pixels(recovered: Doubles, grid: Grid, pixels: Pixels) -> npt.NDArray[np.uint8]:
    """Codes of pixels 0..255 [N, channels]: the simulator scales them in fixed point (10 bits) and shifts them."""
    mean, std = np.array(pixels.mean), np.array(pixels.std)
    factor = 1 / (std * grid.scale)
    offset = np.minimum(256, -np.floor(grid.zero - mean * factor + 0.5))
    scaled = np.floor(recovered * np.rint(factor * 1024) / 1024 + 0.5)
    return np.asarray(np.clip(scaled - offset, 0, 255), np.uint8).reshape(-1)


_TELLING = 256
"""Pixels that are looked at first."""


def recover_pixels(values: Floats, pixels: Pixels) -> Doubles | None:
    """Pixels [N, channels] of a normalized picture; None where they are not whole numbers 0..255."""
    channels = len(pixels.mean)
    if values.size % channels:
        return None
    rows = values.reshape(-1, channels)
    if _whole(rows[:_TELLING], pixels) is None:  # most that are no pixels show it at once
        return None
    return _whole(rows, pixels)


def _whole(values: Floats, pixels: Pixels) -> Doubles | None:
    found = values.astype(np.float64) * np.array(pixels.std) + np.array(pixels.mean)
    whole = np.rint(found)
    near = np.isfinite(found).all() and np.abs(found - whole).max() < 0.02 and whole.min() >= 0 and whole.max() <= 255
    return whole if near else None


def growth_of(calibrated: Bounds, dumped: Bounds) -> Bounds:
    """How much further than in the dump values went in calibration, below and above zero; 1 where a range is nothing.

    A channel's own calibrated range is not known: the geometric mean of its side's and of the whole range's growth
    gives 90.5 % of 609 shifts (chosen on them), the side's alone 90.0 %, the whole range's 88.7 %.
    """
    largest, own = max(map(abs, calibrated)), max(map(abs, dumped))
    whole = largest / own if largest > 0 and own > 0 else 1.0
    sides = [ours / theirs if ours * theirs > 0 else 1.0 for ours, theirs in zip(calibrated, dumped, strict=True)]
    return (sides[0] * whole) ** 0.5, (sides[1] * whole) ** 0.5
