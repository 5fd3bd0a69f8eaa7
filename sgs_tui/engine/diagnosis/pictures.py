"""Are both runs fed the same picture? Compares the dumped network inputs.

A fixed dump's input record holds the picture as it came from the preprocess, as (code - z) * s, with s and z
from calibration: it agrees with the float input up to a gain and an offset even where the network then
clipped it or used another mean (faults.md). Its leading part is the plain picture; RGB is padded to four
channels behind it.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import permutations

import numpy as np

from sgs_tui.engine.diagnosis.fits import affine_fit
from sgs_tui.engine.diagnosis.tensors import Values

SAME = 0.98
"""Correlation from which two channels hold the same picture: 8-bit codes of one picture agree to 0.9999."""

LOOKED_AT = 1 << 16


class Kinship(StrEnum):
    """How the sample's picture relates to the benchmark's."""

    SAME = "same picture"
    ORDER = "channels in another order"
    LAYOUT = "NHWC on one side, NCHW on the other"
    OTHER = "another picture"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Kinship, the correlation behind it, the order of channels, and sample = gain * benchmark + offset."""

    kinship: Kinship
    correlation: float = 0.0
    order: tuple[int, ...] = ()
    gain: float = 1.0
    offset: float = 0.0


def compare_pictures(sample: Values, benchmark: Values, channels: int) -> Comparison:
    """Compare a sample's input record (at least as long) with the benchmark's, both flat, NHWC."""
    count = benchmark.size
    if sample.size < count or channels < 1 or count % channels or not _varies(sample[:count]) or not _varies(benchmark):
        return Comparison(Kinship.UNKNOWN)
    ours, theirs = sample[:count].reshape(-1, channels), benchmark.reshape(-1, channels)
    step = max(1, len(ours) // LOOKED_AT)
    ours_few, theirs_few = ours[::step], theirs[::step]
    table = _correlations(ours_few, theirs_few)
    if np.isnan(np.diag(table)).all():
        return Comparison(Kinship.UNKNOWN)
    plain = float(np.nanmean(np.diag(table)))
    if plain >= SAME:
        fit = affine_fit(ours_few.ravel(), theirs_few.ravel())
        return Comparison(Kinship.SAME, plain, tuple(range(channels)), fit.gain, fit.offset)
    order, swapped = _best_order(table)
    if swapped >= SAME:
        return Comparison(Kinship.ORDER, swapped, order)
    planes = ours.reshape(channels, -1).T
    turned = max(_mean_diagonal(planes[::step], theirs_few), _mean_diagonal(_planes(theirs)[::step], ours_few))
    if channels > 1 and turned >= SAME:
        return Comparison(Kinship.LAYOUT, turned)
    return Comparison(Kinship.OTHER, plain)


def _planes(values: Values) -> Values:
    """A flat NHWC picture read as if it were NCHW."""
    result: Values = values.reshape(values.shape[1], -1).T
    return result


def _varies(values: Values) -> bool:
    return bool(np.isfinite(values).all()) and float(np.ptp(values)) > 0


def _correlations(ours: Values, theirs: Values) -> Values:
    """Correlation of every channel of ours with every channel of theirs; NaN where one is constant."""
    left, right = ours - ours.mean(axis=0, dtype=np.float64), theirs - theirs.mean(axis=0, dtype=np.float64)
    sizes = np.outer(np.sqrt((left**2).sum(axis=0)), np.sqrt((right**2).sum(axis=0)))
    with np.errstate(all="ignore"):
        result: Values = np.where(sizes > 0, left.T @ right / sizes, np.nan)
    return result


def _mean_diagonal(ours: Values, theirs: Values) -> float:
    diagonal = np.diag(_correlations(ours, theirs))
    return float(np.nanmean(diagonal)) if np.isfinite(diagonal).any() else 0.0


def _best_order(table: Values) -> tuple[tuple[int, ...], float]:
    """order[i]: the sample's channel that holds the benchmark's channel i."""
    channels = len(table)
    if not 1 < channels <= 4:
        return tuple(range(channels)), 0.0
    scored = [(float(np.nanmean([table[s, b] for b, s in enumerate(p)])), p) for p in permutations(range(channels))]
    best, order = max(scored, key=lambda item: item[0])
    return order, best
