"""Whether a fixed dump's network saw another input than the float dump's: its own pixels, put through the twin.

A fixed dump's input record holds the raw pixels: pixel = round(v / s) + z, plainly in its first elements. Where those
pixels, normalized as the ini says, reproduce the fixed dump and the float dump's input does not, the fixed network is
right and only its input differs (8 of 9 known faults: median COS 0.9965 and more, against 0.23 to 0.98).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Event

import numpy as np

from sgs_tui.engine.twin.arithmetic import Doubles, Pixels, quantize_pixels
from sgs_tui.engine.twin.figures import cosine
from sgs_tui.engine.twin.kernels import Array
from sgs_tui.engine.twin.meaning import Floats
from sgs_tui.engine.twin.measured import FixedRecords
from sgs_tui.engine.twin.plan import Grid, Plan
from sgs_tui.engine.twin.predict import Kernels, Layer, input_codes, run
from sgs_tui.engine.twin.values import Values

ALIKE = 0.995
"""Median COS of layers from which a run reproduces a fixed dump; another input is below 0.99."""

MISMATCH = 0.99


@dataclass(frozen=True, slots=True)
class Likeness:
    """COS of the twin's layers against the fixed dump's: the worst and the median (NaN layers left out)."""

    worst: float
    median: float


@dataclass(frozen=True, slots=True)
class Fit:
    """The float input as gain * pixel + offset by channel; `residual` RMS over that of the input."""

    gain: tuple[float, ...]
    offset: tuple[float, ...]
    residual: float

    @property
    def raw(self) -> bool:
        """The float input is the pixels themselves: not normalized."""
        return (
            self.residual < 1e-3
            and all(abs(each - 1) < 1e-3 for each in self.gain)
            and not any(abs(each) > 1e-2 for each in self.offset)
        )


@dataclass(frozen=True, slots=True)
class OtherInput:
    """The evidence: the twin on the float dump's input, on the fixed dump's own pixels, on those with R and B
    swapped."""

    given: Likeness
    own: Likeness
    swapped: Likeness | None
    fit: Fit

    @property
    def mismatch(self) -> bool:
        """The float dump's input does not reproduce the fixed dump."""
        return self.given.median < MISMATCH

    @property
    def explained(self) -> bool:
        """The fixed network is right: its own pixels reproduce its dump, better than the float dump's input."""
        better = self.own.median > self.given.median
        return better and self.own.median >= ALIKE and (self.swapped is None or self.swapped.median < self.own.median)


def own_pixels(plan: Plan, fixed: FixedRecords, given: Floats) -> Doubles | None:
    """The fixed dump's input as pixels [N, channels]; None where the network has several inputs or no picture.

    A four-channel input (input_formats RGBA) is written with four bytes a pixel and cut to three quarters of its
    rows; the rows that are missing are taken from the float input `given` by the inverse of the fit on those that are
    there.
    """
    if len(plan.twin.inputs) != 1:
        return None
    name = plan.twin.inputs[0]
    record, grid, shape = fixed.by_name.get(name), plan.grids.get(name), plan.twin.shapes.get(name, ())
    count = plan.twin.records[name].count
    if record is None or grid is None or len(shape) != 4 or record.count < count:
        return None
    codes = Values(fixed.dump).read(record) / np.float64(grid.scale)
    np.rint(codes, out=codes)
    codes += grid.zero
    np.clip(codes, 0, 255, out=codes)
    plain = codes[:count].reshape(-1, shape[3])
    return plain if shape[3] != 3 else _better(plain, codes, given)


_A_LINE = 0.05
"""Residual up to which an input is a line of pixels; a glimpse at some of them may show twice as much."""

_SOME = 1 << 12
"""Pixels looked at first."""


def _better(plain: Doubles, codes: Doubles, given: Floats) -> Doubles:
    """Pixels of three or of four bytes: those that the float input is more nearly a line of."""
    values = given.reshape(plain.shape)
    rows = 3 * plain.shape[0] // 4
    if codes.size < 4 * rows or not np.isfinite(values).all():
        return plain
    four = codes[: 4 * rows].reshape(-1, 4)[:, :3]
    some = slice(0, rows, max(1, rows // _SOME))
    if fit_of(values[some], four[some]).residual > 2 * _A_LINE:
        return plain
    fit = fit_of(values[:rows], four)
    if fit.residual > _A_LINE or fit.residual >= fit_of(values, plain).residual or not all(fit.gain):
        return plain
    rest = np.rint((values[rows:].astype(np.float64) - np.array(fit.offset)) / np.array(fit.gain))
    return np.concatenate([four, np.clip(rest, 0, 255)])


def other_input(
    plan: Plan, fixed: FixedRecords, inputs: dict[str, Floats], pixels: Pixels, kernels: Kernels | None = None,
    cancel: Event | None = None,
) -> OtherInput | None:  # fmt: skip
    """The evidence for or against another input; None where the fixed dump does not tell its pixels.

    `pixels` is the ini's mean and std. Raises RunError, CancelledError.
    """
    name = plan.twin.inputs[0]
    own = own_pixels(plan, fixed, inputs[name])
    grid = plan.grids.get(name)
    if own is None or grid is None:
        return None
    kept = kernels or Kernels()

    def like(codes: Array) -> Likeness:
        return likeness(run(plan, {name: codes}, kept, cancel=cancel), plan, fixed)

    colored = own.shape[1] == 3
    return OtherInput(
        given=like(input_codes(plan, inputs, pixels)[name]),
        own=like(quantize_pixels(own, grid, _spread(pixels, own))),
        swapped=like(_swapped(own, grid, pixels)) if colored else None,
        fit=fit_of(inputs[name], own),
    )


def _swapped(own: Doubles, grid: Grid, pixels: Pixels) -> Array:
    return quantize_pixels(np.ascontiguousarray(own[:, ::-1]), grid, _spread(pixels, own))


def _spread(pixels: Pixels, own: Doubles) -> Pixels:
    """One mean for all channels where their numbers do not go together."""
    return pixels if len(pixels.mean) in (1, own.shape[1]) else Pixels(pixels.mean[:1], pixels.std[:1])


def likeness(layers: Iterable[Layer], plan: Plan, fixed: FixedRecords) -> Likeness:
    """COS of predicted layers against a fixed dump's."""
    values, found = Values(fixed.dump), []
    for layer in layers:
        record = fixed.by_name.get(layer.name)
        if layer.name not in plan.twin.inputs and record is not None and record.count == layer.stored.size:
            found.append(cosine(layer.values(), values.read(record)))
    cosines = np.array([each for each in found if np.isfinite(each)])
    return Likeness(float(cosines.min()), float(np.median(cosines))) if cosines.size else Likeness(0.0, 0.0)


def fit_of(given: Floats, own: Doubles) -> Fit:
    """Least squares of the float input on the pixels, channel by channel."""
    values = np.ascontiguousarray(given.reshape(-1, own.shape[1]).T, np.float64)
    pixels = np.ascontiguousarray(own.T)  # along three channels numpy goes value by value
    centered = pixels - pixels.mean(axis=1, keepdims=True)
    square = np.einsum("ij,ij->i", centered, centered)
    gain = np.where(square > 0, np.einsum("ij,ij->i", centered, values) / np.maximum(square, 1e-30), 0.0)
    offset = values.mean(axis=1) - gain * pixels.mean(axis=1)
    left = values - gain[:, None] * pixels - offset[:, None]
    size = float(np.sqrt(np.einsum("ij,ij->", values, values) / values.size)) or 1.0
    return Fit(tuple(gain.tolist()), tuple(offset.tolist()), float(np.sqrt(np.square(left).mean())) / size)
