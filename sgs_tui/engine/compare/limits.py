"""From figures to a verdict: which limits of a profile a layer is beyond, in words."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from functools import lru_cache
from math import inf, isnan, nan
from pathlib import Path

from sgs_tui.engine.compare.results import LayerRange, Metrics, RangeSource, SideStats, Verdict
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.text import did_you_mean, visible

# Threshold profiles: which figures make a layer `warn` or `fail`.
#
# `manual`  RMSE > 0.5 fails, range > 30 warns: the vendor manual's rules 1 and 2 (facts 7.5).
# `sop`     COS < 0.99 or RMSE > 0.1 fails, range > 20 warns: the vendor's accuracy procedure.
# `strict`  COS < 0.999 or SQNR < 27 dB fails: what clean 8-bit rounding keeps with a margin.


@dataclass(frozen=True, slots=True)
class Limits:
    """One limit per figure; None = not limited. `cos` and `sqnr_db` are lower bounds, the rest upper ones."""

    rmse: float | None = None
    cos: float | None = None
    mse: float | None = None
    sqnr_db: float | None = None
    relative_l2: float | None = None
    max_abs_error: float | None = None
    range: float | None = None

    def over(self, over: "Limits") -> "Limits":
        """These limits where set, else those of `over` (a more general set)."""
        chosen = {f.name: getattr(self, f.name) for f in fields(self)}
        return Limits(**{name: getattr(over, name) if own is None else own for name, own in chosen.items()})


LOWER_BOUNDS = frozenset({"cos", "sqnr_db"})
"""Figures where less is worse."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Limits for layers whose name or op type fits a glob (both must fit where both are given)."""

    layer: str = "*"
    op: str = "*"
    fail: Limits = field(default_factory=Limits)
    warn: Limits = field(default_factory=Limits)

    def applies(self, name: str, op_type: str) -> bool:
        """Whether the rule is for this layer; case counts."""
        return fnmatchcase(name, self.layer) and fnmatchcase(op_type, self.op)


@dataclass(frozen=True, slots=True)
class Profile:
    """A named set of limits; later rules win over earlier ones, rules over the general limits."""

    name: str
    fail: Limits
    warn: Limits
    rules: tuple[Rule, ...] = ()

    def limits_for(self, name: str, op_type: str) -> tuple[Limits, Limits]:
        """The (fail, warn) limits of one layer."""
        fail, warn = self.fail, self.warn
        for rule in self.rules:
            if rule.applies(name, op_type):
                fail, warn = rule.fail.over(fail), rule.warn.over(warn)
        return fail, warn


MANUAL = Profile("manual", fail=Limits(rmse=0.5), warn=Limits(range=30.0))
SOP = Profile("sop", fail=Limits(cos=0.99, rmse=0.1), warn=Limits(range=20.0))
STRICT = Profile("strict", fail=Limits(cos=0.999, sqnr_db=27.0), warn=Limits())
BUILT_IN: dict[str, Profile] = {profile.name: profile for profile in (MANUAL, SOP, STRICT)}

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


# Threshold profiles from TOML files, and the built-in ones by name.
#
# A file has `name`, `base` (a built-in profile whose limits it starts from), tables `[fail]` and `[warn]` with the
# figures of `Limits`, and any number of `[[rule]]` tables with `layer` and `op` globs and their own `fail` and
# `warn`. `inf` (`-inf` for cos and sqnr_db) lifts a limit of the base. `cfg/profiles/example.toml` shows all of it.

Table = Mapping[str, object]
FIGURES = tuple(figure.name for figure in fields(Limits))
_PROFILE_KEYS = ("name", "base", "fail", "warn", "rule")
_RULE_KEYS = ("layer", "op", "fail", "warn")


def load_profile(name_or_path: str) -> Profile:
    """The built-in profile of that name, else the one in that TOML file.

    Raises UsageError for a name that is neither (with the nearest known one), InputError for a file that can
    not be read, is not TOML, or has an unknown key or a value of the wrong type.
    """
    if name_or_path in BUILT_IN:
        return BUILT_IN[name_or_path]
    path = Path(name_or_path)
    if path.suffix != ".toml" and not path.is_file():
        hint = f"{did_you_mean(name_or_path, BUILT_IN)}, or the path of a .toml file"
        raise UsageError(f"no profile {visible(name_or_path)!r}", hint)
    return profile_from_table(_toml(path), str(path), path.stem)


def _toml(path: Path) -> Table:
    try:
        return tomllib.loads(read_bytes(path).removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not TOML: {visible(str(error))}", "cfg/profiles/example.toml shows how") from error


def profile_from_table(table: Table, where: str, name: str) -> Profile:
    """A profile from parsed TOML. `where` names the file in errors, `name` is used when it has none."""
    _only(table, _PROFILE_KEYS, where)
    base = _base(_text(table, "base", "", where), where)
    rules = tuple(_rule(item, f"{where}, rule {number}") for number, item in enumerate(_rules(table, where), 1))
    fail, warn = _limits(table, "fail", where).over(base.fail), _limits(table, "warn", where).over(base.warn)
    return Profile(_text(table, "name", name, where), fail, warn, (*base.rules, *rules))


def _base(name: str, where: str) -> Profile:
    if name and name not in BUILT_IN:
        raise InputError(f"{where}: no profile {visible(name)!r} to base it on", did_you_mean(name, BUILT_IN))
    return BUILT_IN.get(name, Profile("", Limits(), Limits()))


def _rules(table: Table, where: str) -> list[Table]:
    rules = table.get("rule", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise InputError(f"{where}: `rule` is no list of tables", "write [[rule]] with two brackets")
    return rules


def _rule(table: Table, where: str) -> Rule:
    _only(table, _RULE_KEYS, where)
    fail, warn = _limits(table, "fail", where), _limits(table, "warn", where)
    if fail == warn == Limits():
        raise InputError(f"{where}: has no limits", "give it fail = { rmse = 0.5 } or warn = { .. }")
    return Rule(_text(table, "layer", "*", where), _text(table, "op", "*", where), fail, warn)


def _limits(table: Table, key: str, where: str) -> Limits:
    limits = table.get(key, {})
    if not isinstance(limits, dict):
        raise InputError(f"{where}: `{key}` is no table", f"write [{key}] and below it rmse = 0.5")
    _only(limits, FIGURES, f"{where}, {key}")
    return Limits(**{figure: _limit(figure, value, f"{where}, {key}") for figure, value in limits.items()})


def _limit(figure: str, value: object, where: str) -> float:
    number = _number(value)
    if isnan(number):
        raise InputError(f"{where}: `{figure}` is no number", f"write {figure} = 0.5")
    low, high = _sensible(figure)
    if not low <= number <= high:
        raise InputError(f"{where}: {figure} = {number:g} makes no sense", f"expected {low:g} to {high:g}")
    return number


def _number(value: object) -> float:
    """A TOML number as float; NaN for everything that is none, or too large an integer."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return nan
    try:
        return float(value)
    except OverflowError:
        return nan


def _sensible(figure: str) -> tuple[float, float]:
    """Where a limit of this figure lies; the outer infinity lifts the limit."""
    if figure == "cos":
        return -inf, 1.0
    return (-inf, inf) if figure in LOWER_BOUNDS else (0.0, inf)


def _text(table: Table, key: str, otherwise: str, where: str) -> str:
    value = table.get(key, otherwise)
    if not isinstance(value, str):
        raise InputError(f"{where}: `{key}` is no text", f'write {key} = "{otherwise or "manual"}"')
    return value


def _only(table: Table, known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"{where}: unknown key `{visible(key)}`", did_you_mean(key, known))
