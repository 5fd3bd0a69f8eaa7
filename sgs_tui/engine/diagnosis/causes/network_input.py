"""What happened at the network's input: hypotheses tested by computing the first layer again from a changed input.

The dumped input record does not show it (a clipped or wrongly normalized input is dumped as if nothing were
wrong), so the first layer has to: which change of the benchmark's input makes it give the sample's output?
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import permutations
from math import isfinite

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.diagnosis.case import Case, NetInput
from sgs_tui.engine.diagnosis.error_budget import Budgets, Change
from sgs_tui.engine.diagnosis.results import Budget
from sgs_tui.engine.network.scales import Grid, grid_of
from sgs_tui.engine.network.tensors import Values, share


@dataclass(frozen=True, slots=True)
class Fit:
    """sample = gain * truth + offset: the share of the error that explains, and the squared correlation."""

    gain: float
    offset: float
    explained: float
    correlation: float

    @property
    def good(self) -> float:
        """How well a gain and an offset describe it: unrelated tensors come closer with a gain of 0 too."""
        return min(self.explained, self.correlation)


def affine_fit(sample: Values, truth: Values, channels: int = 1) -> Fit:
    """One gain and one offset for each of `channels` (the last axis); the fit names their means. Both flat."""
    ours, theirs = (_planes_of(each.reshape(-1, max(channels, 1))) for each in (sample, truth))
    middle, center = ours.mean(axis=1, keepdims=True), theirs.mean(axis=1, keepdims=True)
    left, right = ours - middle, theirs - center
    spread = np.einsum("ij,ij->i", right, right)[:, None]
    products = np.einsum("ij,ij->i", left, right)[:, None]
    gains = np.where(spread > 0, products / np.where(spread > 0, spread, 1), 1)
    rest = (left - gains * right).astype(np.float32).T
    return Fit(
        gain=float(gains.mean()),
        offset=float((middle - gains * center).mean()),
        explained=share((ours - theirs).astype(np.float32).T, rest),
        correlation=share(left.astype(np.float32).T, rest),
    )


def _planes_of(values: Values) -> npt.NDArray[np.float64]:
    """[channels, pixels] of [pixels, channels]: along few channels numpy goes value by value, ten times slower."""
    return np.ascontiguousarray(values.T, np.float64)


SAME = 0.98  # correlation from which two channels hold the same picture: 8-bit codes of one picture agree to 0.9999
_LOOKED_AT = 1 << 16


class Kinship(StrEnum):
    """How the sample's picture relates to the benchmark's."""

    SAME = "same picture"
    ORDER = "channels in another order"
    LAYOUT = "NHWC on one side, NCHW on the other"
    OTHER = "another picture"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class PictureMatch:
    """Kinship, the correlation behind it, the order of channels, and sample = gain * benchmark + offset."""

    kinship: Kinship
    correlation: float = 0.0
    order: tuple[int, ...] = ()
    gain: float = 1.0
    offset: float = 0.0


def compare_pictures(sample: Values, benchmark: Values, channels: int) -> PictureMatch:
    """Whether both runs were fed the same picture: a sample's input record against the benchmark's, both flat, NHWC.

    A fixed dump's input record holds the picture as it came from the preprocess, as (code - z) * s, with s and z from
    calibration: it agrees with the float input up to a gain and an offset even where the network then clipped it or
    used another mean. Its leading part is the plain picture; RGB is padded to four channels behind it.
    """
    count = benchmark.size
    if sample.size < count or channels < 1 or count % channels or not _varies(sample[:count]) or not _varies(benchmark):
        return PictureMatch(Kinship.UNKNOWN)
    ours, theirs = sample[:count].reshape(-1, channels), benchmark.reshape(-1, channels)
    step = max(1, len(ours) // _LOOKED_AT)
    ours_few, theirs_few = ours[::step], theirs[::step]
    table = _correlations(ours_few, theirs_few)
    if np.isnan(np.diag(table)).all():
        return PictureMatch(Kinship.UNKNOWN)
    plain = float(np.nanmean(np.diag(table)))
    if plain >= SAME:
        fit = affine_fit(ours_few.ravel(), theirs_few.ravel())
        return PictureMatch(Kinship.SAME, plain, tuple(range(channels)), fit.gain, fit.offset)
    order, swapped = _best_order(table)
    if swapped >= SAME:
        return PictureMatch(Kinship.ORDER, swapped, order)
    planes = ours.reshape(channels, -1).T
    turned = max(_mean_diagonal(planes[::step], theirs_few), _mean_diagonal(_planes(theirs)[::step], ours_few))
    if channels > 1 and turned >= SAME:
        return PictureMatch(Kinship.LAYOUT, turned)
    return PictureMatch(Kinship.OTHER, plain)


def rounds(sample: Values, benchmark: Values, limits: Grid | None) -> bool:
    """Whether a sample's input is the benchmark's on its own grid: within half a step once it is cut at the limits."""
    if limits is None or sample.size < benchmark.size or not limits.step > 0:
        return False
    away = np.abs(sample[: benchmark.size] - limits.clipped(benchmark))
    return bool(np.isfinite(away).all()) and float(np.mean(away <= _HALF * limits.step)) >= _ALL_BUT_FEW


_HALF, _ALL_BUT_FEW = 0.52, 0.999
"""Half a step and what six decimals of a scale make of it; the share of the values that have to be within."""


def _planes(values: Values) -> Values:
    """A flat NHWC picture read as if it were NCHW."""
    result: Values = values.reshape(values.shape[1], -1).T
    return result


def _varies(values: Values) -> bool:
    return bool(np.isfinite(values).all()) and float(np.ptp(values)) > 0


def _correlations(ours: Values, theirs: Values) -> Values:
    """Correlation of every channel of ours with every channel of theirs; NaN where one is constant."""
    left, right = (_planes_of(each) for each in (ours, theirs))
    left -= left.mean(axis=1, keepdims=True)
    right -= right.mean(axis=1, keepdims=True)
    sizes = np.outer(*(np.sqrt(np.einsum("ij,ij->i", each, each)) for each in (left, right)))
    with np.errstate(all="ignore"):
        result: Values = np.where(sizes > 0, left @ right.T / sizes, np.nan)
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


class Hypothesis(StrEnum):
    """A change of the input."""

    CLIPPED = "clipped at the calibrated limits"
    ORDER = "channels in another order"
    LAYOUT = "NHWC read as NCHW"
    PICTURE = "another picture"
    AFFINE = "another gain and offset"


@dataclass(frozen=True, slots=True)
class Tested:
    """A hypothesis and the share (0 to 1) of the first layer's own error that it removes.

    `gains`, `offsets`: per channel, of AFFINE (input seen = gain * benchmark's input + offset) and PICTURE.
    `given`: what is changed where that is not the benchmark's input.
    """

    kind: Hypothesis
    explained: float
    change: Change
    limits: Grid | None = None
    order: tuple[int, ...] = ()
    gains: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()
    given: Values | None = field(default=None, repr=False, compare=False)


_NEARLY_ALL, _MANY_TIMES = 0.9, 8.0
"""Share of the input beyond its calibrated limits, and how many times, from which its scale is another: a bright
picture after dark ones is 1 to 4 times beyond; pixels that nobody normalized 128 or 255."""


@dataclass(frozen=True, slots=True)
class FirstLayer:
    """A network input, the layer computed from it alone, and the hypotheses, the best first.

    `outside`: share of the benchmark's input values beyond the calibrated limits. Empty `tested`: no replay;
    then `fit` says how far a gain and an offset for each of the layer's channels go. `factor`: the benchmark's
    largest value over the largest calibrated one. `why_unproven`: why there is no replay.
    """

    item: NetInput
    layer: str
    budget: Budget
    pictures: PictureMatch
    limits: Grid | None
    outside: float
    tested: tuple[Tested, ...] = ()
    fit: Fit | None = None
    factor: float = 0.0
    why_unproven: str = ""

    @property
    def other_scale(self) -> bool:
        """Whether no picture explains the values beyond the limits: nearly all are, and many times as large."""
        return self.outside >= _NEARLY_ALL and self.factor >= _MANY_TIMES


_ENOUGH = 16
"""Values a channel from which its gain and offset mean anything."""


def first_layers(case: Case, budgets: Budgets) -> Iterator[FirstLayer]:
    """Every network input whose first layer is bad by itself, with the hypotheses tested."""
    seen: set[str] = set()
    names = {item.name: item for item in case.inputs}
    for name in case.compared:
        sources = budgets.nearest(name) or _unseen(case, name)
        if len(sources) == 1 and sources[0] in names and sources[0] not in seen:
            seen.add(sources[0])
            yield _first(case, budgets, names[sources[0]], name)


def _first(case: Case, budgets: Budgets, item: NetInput, layer: str) -> FirstLayer:
    limits = _input_limits(case, item)
    pictures, outside, factor = PictureMatch(Kinship.UNKNOWN), 0.0, 0.0
    if item.benchmark is not None and case.tensors.readable(item.benchmark):
        values = case.tensors.spread(item.benchmark, 1 << 18)
        if limits is not None and values.size:
            slack = limits.step
            outside = float(np.mean((values < limits.low - slack) | (values > limits.high + slack)))
            factor = float(np.abs(values).max() / max(abs(limits.low), abs(limits.high), 1e-30))
        if item.sample is not None and item.benchmark.count <= 1 << 22:
            ours, theirs = case.sample_tensors.whole(item.sample), case.tensors.whole(item.benchmark)
            pictures = compare_pictures(ours, theirs, _channels(case, item))
            if pictures.kinship in (Kinship.OTHER, Kinship.UNKNOWN) and rounds(ours, theirs, limits):
                pictures = PictureMatch(Kinship.SAME, 1.0)
    budget, fit = budgets.of(layer), None
    few = case.rows[layer].pair.benchmark.count < _ENOUGH * max(case.channels(layer), 1)
    if not budget.proven and isfinite(budget.total) and case.comparable(layer) and not few:
        fit = affine_fit(*case.both(layer), case.channels(layer))
    why = "" if budget.proven else case.why_unproven
    return FirstLayer(item, layer, budget, pictures, limits, outside, fit=fit, factor=factor, why_unproven=why)


def _channels(case: Case, item: NetInput) -> int:
    """Channels of a network input; RGB, where it is told by nothing but its padding to four."""
    known = case.channels(item.name)
    if known or item.sample is None or item.benchmark is None:
        return known
    return 3 if 3 * item.sample.count == 4 * item.benchmark.count else 0


def _unseen(case: Case, name: str) -> tuple[str, ...]:
    """Network inputs of a layer that the benchmark does not hold (dumpers write outputs only)."""
    own = {item.name for item in case.inputs}
    return tuple(source for source in case.graph.upstream(name) if source in own)


def _input_limits(case: Case, item: NetInput) -> Grid | None:
    """Limits a fixed network clips its input to: [calibrated min, max(calibrated max, 0)]."""
    grid = grid_of(item.sample) if item.sample else None
    known = case.ranges.find(item.name) if case.ranges else None
    if grid is None and known is not None and known[1] > known[0]:
        grid = Grid((known[1] - known[0]) / 255, *known)
    elif grid is not None and known is not None:
        grid = replace(grid, low=known[0], high=known[1])
    return replace(grid, high=max(grid.high, 0.0), low=min(grid.low, 0.0)) if grid else None
