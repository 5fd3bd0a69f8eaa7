"""From figures to a verdict: which limits of a profile a layer is beyond, in words."""

from dataclasses import dataclass, fields
from functools import lru_cache

from sgs_tui.engine.compare.results import LayerRange, Metrics, RangeSource, SideStats, Verdict
from sgs_tui.engine.configs.profiles import LOWER_BOUNDS, Limits, Profile

_LABELS = {
    "rmse": "RMSE",
    "cos": "COS",
    "mse": "MSE",
    "sqnr_db": "SQNR",
    "relative_l2": "relative L2",
    "max_abs_error": "max error",
    "range": "range",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, why, and which figures are beyond a limit."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    over: frozenset[str] = frozenset()


_FINE = Judgement(Verdict.OK)


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything a verdict is made from."""

    metrics: Metrics
    sample: SideStats
    benchmark: SideStats
    range: LayerRange
    feeds_convolution: bool | None


def judge(figures: Figures, profile: Profile, name: str, op_type: str) -> Judgement:
    """The verdict of a layer. NaN, Inf, or one side all zero fail whatever the profile says.

    A range beyond its limit is marked on every layer but warns only on a convolution's input (the
    manual's rule 1), or where the dump does not tell what the layer feeds.
    """
    broken = _broken(figures)
    fail_limits, warn_limits = profile.limits_for(name, op_type)
    failing = _beyond(figures, fail_limits)
    warning = {key: text for key, text in _beyond(figures, warn_limits).items() if key not in failing}
    if not (broken or failing or warning):
        return _FINE
    over = frozenset(failing) | frozenset(warning)
    counted = [text for key, text in failing.items() if _counts(key, figures)]
    reasons = (*broken, *failing.values(), *warning.values())
    if broken or counted:
        return Judgement(Verdict.FAIL, reasons, over)
    if any(_counts(key, figures) for key in warning):
        return Judgement(Verdict.WARN, reasons, over)
    return Judgement(Verdict.OK, reasons, over)


def _counts(key: str, figures: Figures) -> bool:
    return key != "range" or figures.feeds_convolution is not False


def _broken(figures: Figures) -> list[str]:
    """What fails whatever the limits are."""
    sides = (("sample", figures.sample), ("benchmark", figures.benchmark))
    found = [f"{side} holds {s.nan} NaN and {s.inf} Inf of {s.count}" for side, s in sides if not s.finite]
    if figures.sample.all_zero != figures.benchmark.all_zero:
        found.append(f"{'sample' if figures.sample.all_zero else 'benchmark'} is all zero")
    return found


@lru_cache(maxsize=256)
def _bounds(limits: Limits) -> tuple[tuple[str, float, bool], ...]:
    """(figure, limit, whether it is a lower bound) of the limits that are set."""
    found = ((limit.name, getattr(limits, limit.name)) for limit in fields(limits))
    return tuple((name, bound, name in LOWER_BOUNDS) for name, bound in found if bound is not None)


def _beyond(figures: Figures, limits: Limits) -> dict[str, str]:
    """Figure name to "RMSE 0.95 > 0.5" for every limit that is broken."""
    found = {}
    for name, bound, lower in _bounds(limits):
        value = figures.range.width if name == "range" else getattr(figures.metrics, name)
        if value < bound if lower else value > bound:  # NaN is beyond no limit; `_broken` has it
            found[name] = f"{_LABELS[name]} {value:.4g} {'<' if lower else '>'} {bound:g}"
            if name == "range":
                found[name] += _range_note(figures)
    return found


def _range_note(figures: Figures) -> str:
    source = "" if figures.range.source is RangeSource.CALIBRATION else " in the benchmark's data"
    role = {True: ", a convolution input", False: ", no convolution input", None: ""}[figures.feeds_convolution]
    return source + role
