"""The grid of values a quantised tensor can take: its step and its limits."""

from dataclasses import dataclass

import numpy as np

from sgs_tui.engine.diagnosis.tensors import Values
from sgs_tui.engine.dumps.records import Record

CODES: dict[str, tuple[int, int]] = {
    "SGS_U8": (0, 255),
    "SGS_S8": (-128, 127),
    "SGS_U16": (0, 65535),
    "SGS_S16": (-32768, 32767),
}
"""Smallest and largest code of a type."""

ROUNDING = 1 / np.sqrt(12)
"""RMS error of rounding, in steps: 0.289 (peers A8: RMSE/scale of a well quantised tensor)."""

FEWEST = 3
"""Distinct values from which a step can be told from the values alone."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Values low, low + step, ..., high."""

    step: float
    low: float
    high: float

    @property
    def bits(self) -> int:
        """8 or 16."""
        return 8 if self.levels <= 256 else 16

    @property
    def levels(self) -> int:
        """How many values there are."""
        return round((self.high - self.low) / self.step) + 1

    @property
    def width(self) -> float:
        """high - low."""
        return self.high - self.low

    def rounded(self, values: Values) -> Values:
        """`values` on the grid's steps, beyond its limits too: rounding alone."""
        result: Values = (np.round(values / np.float32(self.step)) * np.float32(self.step)).astype(np.float32)
        return result

    def clipped(self, values: Values) -> Values:
        """`values` cut at the limits: clipping alone."""
        return np.clip(values, np.float32(self.low), np.float32(self.high))


def grid_of(record: Record) -> Grid | None:
    """The grid that a header prints; None where it prints none (float tensors, a scale below 1e-6)."""
    codes = CODES.get(record.type_name)
    if codes is None or not record.scale > 0:
        return None
    low, high = ((code - record.zero_point) * record.scale for code in codes)
    return Grid(record.scale, low, high)


def grid_in(values: Values) -> Grid | None:
    """The 8-bit grid that `values` lie on, told from the values alone; None where they lie on none.

    For dumps that print no scale. The limits are those of the values, so they say nothing about clipping.
    """
    distinct = np.unique(values[np.isfinite(values)].astype(np.float64))
    if not FEWEST <= distinct.size <= 256:
        return None
    step = float(np.diff(distinct).min())
    places = (distinct - distinct[0]) / step
    if np.abs(places - np.round(places)).max() > 0.05 or places[-1] > 255.5:
        return None
    return Grid(step, float(distinct[0]), float(distinct[-1]))


def weight_steps(weights: Values, record: Record) -> Values | None:
    """Steps of a convolution's weights, one for all or one per output channel, from the fixed dump's header.

    Observed: with one scale for all, the largest weight is code 127 of it; with one per channel (quant level
    L2 and up) the header prints the first channel's only. `weights` are [taps, channels].
    """
    codes = CODES.get(record.type_name)
    largest = float(np.abs(weights).max(initial=0.0))
    if codes is None or not record.scale > 0 or largest == 0:
        return None
    if abs(largest / record.scale / codes[1] - 1) < 0.02:
        return np.full(weights.shape[1], record.scale, np.float32)
    each: Values = np.abs(weights).max(axis=0) / np.float32(codes[1])
    return np.where(each > 0, each, np.float32(1)).astype(np.float32)
