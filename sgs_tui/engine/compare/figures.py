"""From sums to the figures of a layer: the metrics with their defined answers for odd tensors."""

from dataclasses import dataclass, fields
from math import inf, log10, nan, sqrt
from operator import attrgetter
from typing import Any

from sgs_tui.engine.compare.kernel import ABS_B, ABS_D, BB, DD, SB, SS, B, S, SideTally, Sums
from sgs_tui.engine.compare.results import Metrics, SideStats

EQUAL = Metrics(
    mse=0.0,
    cos=1.0,
    rmse=0.0,
    sqnr_db=inf,
    relative_l2=0.0,
    max_abs_error=0.0,
    max_abs_index=-1,
    mean_error=0.0,
)
"""Two empty tensors."""


@dataclass(frozen=True, slots=True)
class LayerFigures:
    """What one pass over a layer says: its metrics and the statistics of both sides."""

    metrics: Metrics
    sample: SideStats
    benchmark: SideStats


_OF_METRICS, _OF_SIDE = (attrgetter(*(each.name for each in fields(kind))) for kind in (Metrics, SideStats))
_SIDE_AT = len(fields(Metrics)), len(fields(Metrics)) + len(fields(SideStats))


def packed(figures: LayerFigures) -> tuple[float, ...]:
    """The figures as bare numbers: between processes those travel ten times faster than dataclasses."""
    numbers: tuple[float, ...] = (
        *_OF_METRICS(figures.metrics),
        *_OF_SIDE(figures.sample),
        *_OF_SIDE(figures.benchmark),
    )
    return numbers


def unpacked(numbers: tuple[Any, ...]) -> LayerFigures:
    """The inverse of `packed`."""
    sample, benchmark = _SIDE_AT
    metrics = Metrics(*numbers[:sample])
    return LayerFigures(metrics, SideStats(*numbers[sample:benchmark]), SideStats(*numbers[benchmark:]))


def figures_of(sums: Sums) -> LayerFigures:
    """Metrics (definitions in `Metrics`) and statistics of one pass."""
    total = sums.totals()
    sample, benchmark = _side(sums.count, sums.sample, total[S]), _side(sums.count, sums.benchmark, total[B])
    return LayerFigures(_metrics(sums, total), sample, benchmark)


def _metrics(sums: Sums, total: tuple[float, ...]) -> Metrics:
    if not sums.count:
        return EQUAL
    if _has_non_finite(sums.sample) or _has_non_finite(sums.benchmark):
        return Metrics(nan, nan, nan, nan, nan, nan, sums.max_abs_index, nan)
    ss, bb, dd = total[SS], total[BB], total[DD]
    return Metrics(
        mse=dd / sums.count,
        cos=_cosine(ss, bb, total[SB], dd),
        rmse=_ratio(total[ABS_D], total[ABS_B]),
        sqnr_db=_decibel(bb, dd),
        relative_l2=sqrt(_ratio(dd, bb)),
        max_abs_error=sums.max_abs_error,
        max_abs_index=sums.max_abs_index,
        mean_error=(total[S] - total[B]) / sums.count,
    )


def _side(count: int, tally: SideTally, total: float) -> SideStats:
    """`total` is NaN where the side's cells hold NaN or Inf, and the mean with it."""
    finite = count - tally.nan - tally.inf
    return SideStats(
        count=count,
        minimum=tally.minimum if finite else nan,
        maximum=tally.maximum if finite else nan,
        mean=total / finite if finite else nan,
        nan=tally.nan,
        inf=tally.inf,
        zeros=count - tally.nonzero,
    )


def _has_non_finite(tally: SideTally) -> bool:
    return bool(tally.nan or tally.inf)


def _cosine(ss: float, bb: float, sb: float, dd: float) -> float:
    if dd == 0:
        return 1.0
    if ss == 0 or bb == 0:
        return 0.0
    return max(-1.0, min(1.0, sb / (sqrt(ss) * sqrt(bb))))


def _ratio(error: float, reference: float) -> float:
    if reference == 0:
        return 0.0 if error == 0 else inf
    return error / reference


def _decibel(signal: float, noise: float) -> float:
    """10 log10(signal / noise); +inf for no noise, -inf for no signal."""
    if noise == 0:
        return inf
    return 10 * log10(signal / noise) if signal and signal / noise else -inf
