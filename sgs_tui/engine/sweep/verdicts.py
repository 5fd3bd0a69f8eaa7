"""A layer's verdict from its sums alone, without its row and the words why: a sweep tells those of a picture's worst
layer only, and asks for a verdict a layer and picture.

Apart because it is a shortcut through `judge`: what needs more than errors and a calibrated range goes that way.
"""

from dataclasses import dataclass
from math import nan

from sgs_tui.engine.compare.arrays import Summed
from sgs_tui.engine.compare.limits import Limits, Profile, judge
from sgs_tui.engine.compare.metrics import METRICS, Metric, metrics_of
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, Pair, RangeSource, SideStats, Verdict
from sgs_tui.engine.compare.sums import Totals
from sgs_tui.engine.network.narrow import all_but_zero

_ERRORS = tuple(METRICS[key].formula for key in ("rmse", "cos", "sqnr_db", "max_abs_error"))
_EQUAL = Totals(ss=1, bb=1, sb=1, s=nan, b=nan, dd=0, abs_d=0, abs_b=1, n=1, largest=0)
_Errors = tuple[tuple[Metric, float], ...]


@dataclass(frozen=True, slots=True)
class Shortcut:
    """`equal`: the verdict of a layer without any error, for its range alone; `fail`, `warn`: the limits of errors;
    `width`: what its grid spans."""

    equal: Verdict
    fail: _Errors
    warn: _Errors
    width: float

    def verdict(self, summed: Summed) -> Verdict | None:
        """None where there is more to look at: NaN or Inf, one side all zero, the benchmark all but zero."""
        total = summed.totals
        if not (summed.finite and total.ss and total.bb):
            return None
        if all_but_zero(max(-summed.least, summed.greatest), self.width):
            return None
        if self.equal is Verdict.FAIL or _broken(self.fail, total):
            return Verdict.FAIL
        return Verdict.WARN if self.equal is Verdict.WARN or _broken(self.warn, total) else Verdict.OK


def shortcut(pair: Pair, calibrated: tuple[float, float] | None, profile: Profile) -> Shortcut | None:
    """That of a layer without slices; None where no range is known beforehand."""
    if calibrated is None or pair.excluded is not None:
        return None
    side = SideStats(1, *calibrated, nan, 0, 0, 0)
    known = LayerRange(*calibrated, RangeSource.CALIBRATION)
    row = LayerDiff(pair, metrics_of(_EQUAL, -1), side, side, known, Verdict.OK)
    fail, warn = profile.limits_for(pair.name, pair.op_type)
    return Shortcut(judge(row, profile).verdict, _of_errors(fail), _of_errors(warn), row.grid_width)


def errors_of(total: Totals) -> list[float]:
    """RMSE, COS, SQNR and the largest error."""
    return [formula(total) for formula in _ERRORS if formula is not None]


def _of_errors(limits: Limits) -> _Errors:
    return tuple((METRICS[key], limit) for key, limit in limits.items() if METRICS[key].formula is not None)


def _broken(limits: _Errors, total: Totals) -> bool:
    return any(metric.formula is not None and metric.beyond(metric.formula(total), limit) for metric, limit in limits)
