"""A layer's verdict from its sums alone, without its row and the words why: a sweep tells those of a picture's worst
layer only, and asks for a verdict a layer and picture.

Apart because it is a shortcut through `judge`: what needs more than errors and a calibrated range goes that way.
"""

from dataclasses import dataclass
from math import nan
from typing import NamedTuple

from sgs_tui.engine.compare.arrays import Summed
from sgs_tui.engine.compare.limits import Limits, Profile, judge
from sgs_tui.engine.compare.metrics import METRICS, Metric, metrics_of
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, Pair, RangeSource, SideStats, Verdict
from sgs_tui.engine.compare.sums import Totals
from sgs_tui.engine.network.narrow import all_but_zero

_EQUAL = Totals(ss=1, bb=1, sb=1, s=nan, b=nan, dd=0, abs_d=0, abs_b=1, n=1, largest=0)


class Errors(NamedTuple):
    """What a sweep tells of a layer's errors, by the keys of the metrics."""

    rmse: float
    cos: float
    sqnr_db: float
    max_abs_error: float


class _Limit(NamedTuple):
    """A limit of a metric, and its place in `Errors` where it has one."""

    metric: Metric
    place: int | None
    value: float


_FORMULAS = {key: metric.formula for key, metric in METRICS.items() if metric.formula is not None}
_OF_ERRORS = tuple(_FORMULAS[key] for key in Errors._fields)


@dataclass(frozen=True, slots=True)
class Shortcut:
    """`equal`: the verdict of a layer without any error, for its range alone; `fail`, `warn`: the limits of errors;
    `width`: what its grid spans."""

    equal: Verdict
    fail: tuple[_Limit, ...]
    warn: tuple[_Limit, ...]
    width: float

    def verdict(self, summed: Summed) -> tuple[Verdict, Errors] | None:
        """None where there is more to look at: NaN or Inf, one side all zero, the benchmark all but zero."""
        total = summed.totals
        if not (summed.finite and total.ss and total.bb):
            return None
        if all_but_zero(max(-summed.least, summed.greatest), self.width):
            return None
        errors = Errors._make([formula(total) for formula in _OF_ERRORS])
        if self.equal is Verdict.FAIL or _broken(self.fail, total, errors):
            return Verdict.FAIL, errors
        if self.equal is Verdict.WARN or _broken(self.warn, total, errors):
            return Verdict.WARN, errors
        return Verdict.OK, errors


def shortcut(pair: Pair, calibrated: tuple[float, float] | None, profile: Profile) -> Shortcut | None:
    """That of a layer without slices; None where no range is known beforehand."""
    if calibrated is None or pair.excluded is not None:
        return None
    side = SideStats(1, *calibrated, nan, 0, 0, 0)
    known = LayerRange(*calibrated, RangeSource.CALIBRATION)
    row = LayerDiff(pair, metrics_of(_EQUAL, -1), side, side, known, Verdict.OK)
    fail, warn = profile.limits_for(pair.name, pair.op_type)
    return Shortcut(judge(row, profile).verdict, _of_errors(fail), _of_errors(warn), row.grid_width)


def _broken(limits: tuple[_Limit, ...], total: Totals, errors: Errors) -> bool:
    for metric, place, limit in limits:
        if metric.beyond(_FORMULAS[metric.key](total) if place is None else errors[place], limit):
            return True
    return False


def _of_errors(limits: Limits) -> tuple[_Limit, ...]:
    fields = Errors._fields
    return tuple(
        _Limit(METRICS[key], fields.index(key) if key in fields else None, limit)
        for key, limit in limits.items()
        if key in _FORMULAS
    )
