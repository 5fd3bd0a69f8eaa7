"""Threshold profiles: which metrics make a layer `warn` or `fail`, built in or from TOML, and the verdict they give.

`manual`  RMSE > 0.5 fails, range > 30 warns: rules 1 and 2 of the vendor manual's accuracy chapter.
`sop`     COS < 0.99 or RMSE > 0.1 fails, range > 20 warns: the vendor's accuracy procedure.
`strict`  COS < 0.999 or SQNR < 27 dB fails: what clean 8-bit rounding keeps with a margin.
All three fail a graph output or concat with a channel or branch of slice SQNR < 10 dB (slices.py says which count): a
third of its variation is error. Slices of 4 steps have 12 dB; of healthy dumps none that counts was below 16 dB.
A layer that is all but zero (`vanishing`) is judged by the step of its grid: no relative figure of it means anything.

A file has `name`, `base` (a built-in profile whose limits it starts from), tables `[fail]` and `[warn]` with limits by
the metrics' keys, and any number of `[[rule]]` tables with `layer` and `op` globs and their own `fail` and `warn`.
`inf` (`-inf` where less is worse) lifts a limit of the base. `cfg/profiles/example.toml` shows all of it.
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from math import isnan, nan
from pathlib import Path
from typing import Protocol

from sgs_tui.engine.compare.metrics import METRICS, Figures, Metric
from sgs_tui.engine.compare.results import LayerDiff, RangeSource, SideStats, Verdict
from sgs_tui.engine.errors import InputError, UsageError, told
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.network.narrow import NarrowSlice, Slices, all_but_zero
from sgs_tui.engine.text import and_more, did_you_mean, visible
from sgs_tui.language import Message, joined, plural

_LIMITED = tuple(key for key, metric in METRICS.items() if metric.limits is not None)
"""Metrics that can have a limit."""


class Judged(Figures, Protocol):
    """A layer with everything that its verdict is made from."""

    @property
    def name(self) -> str: ...
    @property
    def op_type(self) -> str: ...
    @property
    def feeds_convolution(self) -> bool | None: ...
    @property
    def grid_width(self) -> float: ...


class Limits(dict[str, float]):
    """One limit per metric, by its key; metrics that are not in it are not limited."""

    def __reduce__(self) -> tuple[type["Limits"], tuple[dict[str, float]]]:
        """Between processes go the limits alone: formulas of metrics do not travel."""
        return Limits, (dict(self),)

    def over(self, general: "Limits") -> "Limits":
        return Limits(general | self)

    @cached_property
    def _in_order(self) -> tuple[tuple[Metric, float], ...]:
        return tuple((METRICS[key], self[key]) for key in _LIMITED if key in self)

    def broken(self, layer: Judged) -> dict[str, str]:
        """`RMSE 0.95 > 0.5` by the keys of the metrics that are beyond their limits, in order. NaN is beyond none."""
        found = {}
        for metric, limit in self._in_order:  # no comprehension: a sweep asks for every layer of every picture
            value = metric.value(layer)
            if value is not None and metric.beyond(value, limit):
                found[metric.key] = _reason(metric, value, limit, layer)
        return found


def _reason(metric: Metric, value: float, limit: float, layer: Judged) -> str:
    slices: Slices | None = getattr(layer, "slices", None)
    if metric.key == "slice_sqnr_db" and slices is not None:
        return lost_words(slices, limit)
    text = Message(
        "{metric} {value:.4g} {sign} {limit:g}", metric=metric.name, value=value, sign=metric.sign, limit=limit
    )
    if metric.key != "range":
        return text
    calibrated = layer.range is not None and layer.range.source is RangeSource.CALIBRATION
    where = text if calibrated else Message("{broken} in the benchmark's data", broken=text)
    if layer.feeds_convolution is None:
        return where
    if layer.feeds_convolution:
        return Message("{broken}, a convolution input", broken=where)
    return Message("{broken}, no convolution input", broken=where)


def lost_words(slices: Slices, limit: float) -> str:
    """`lost slices: scores (channels 4-9), 3 constant in the sample; the narrowest spans 0.27 steps of 1.254; ..`."""
    lost = slices.below(limit)
    parts = [each for each in lost if each.channel is not None] or lost
    dead, least = sum(each.dead for each in parts), min(each.steps for each in parts)
    worst = round(min(each.sqnr_db for each in parts), 1) + 0.0
    why = Message(
        "the narrowest spans {least:.2g} steps of {step:.4g}; slice SQNR {worst:g} dB < {limit:g}",
        least=least,
        step=slices.step,
        worst=worst,
        limit=limit,
    )
    if not dead:
        return Message("lost slices: {lost}; {why}", lost=slice_names(lost), why=why)
    if dead == len(parts):
        return Message("lost slices: {lost}, all constant in the sample; {why}", lost=slice_names(lost), why=why)
    values = {"lost": slice_names(lost), "dead": dead, "why": why}
    return Message("lost slices: {lost}, {dead} constant in the sample; {why}", **values)


def slice_names(slices: Sequence[NarrowSlice]) -> str:
    """Branches with their channels: `scores (channels 4-9)`."""
    named = [
        _group(branch, [each for each in slices if each.branch == branch])
        for branch in dict.fromkeys(each.branch for each in slices)
    ]
    return and_more(joined(named[:_SHOWN]), len(named) - _SHOWN)


_SHOWN = 3


def _group(branch: str, lost: Sequence[NarrowSlice]) -> str:
    channels = [each.channel for each in lost if each.channel is not None]
    told = plural(len(channels), "channel {which}", "channels {which}", which=runs(channels)) if channels else ""
    return f"{branch} ({told})" if branch and told else branch or told


def runs(numbers: Sequence[int]) -> str:
    """`0-3, 7` of 0, 1, 2, 3, 7; the first runs of many."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    texts = [str(a) if a == b else f"{a}-{b}" for a, b in found]
    return ", ".join(texts[:_SHOWN]) + (" .." if len(texts) > _SHOWN else "")


@dataclass(frozen=True, slots=True)
class Rule:
    """Limits for layers whose name or op type fits a glob (both must fit where both are given)."""

    layer: str = "*"
    op: str = "*"
    fail: Limits = field(default_factory=Limits)
    warn: Limits = field(default_factory=Limits)

    def applies(self, name: str, op_type: str) -> bool:
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


_LOST_DB = 10.0

MANUAL = Profile("manual", fail=Limits(rmse=0.5, slice_sqnr_db=_LOST_DB), warn=Limits(range=30.0))
SOP = Profile("sop", fail=Limits(rmse=0.1, cos=0.99, slice_sqnr_db=_LOST_DB), warn=Limits(range=20.0))
STRICT = Profile("strict", fail=Limits(cos=0.999, sqnr_db=27.0, slice_sqnr_db=_LOST_DB), warn=Limits())
BUILT_IN: dict[str, Profile] = {profile.name: profile for profile in (MANUAL, SOP, STRICT)}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, why, and which metrics are beyond a limit."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    over: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()


def judged(row: LayerDiff, profile: Profile) -> LayerDiff:
    """The row under (another) profile; rows that are not comparable stay so."""
    if row.metrics is None:
        return row
    found = judge(row, profile)
    if (row.verdict, row.reasons, row.over, row.failing) == (found.verdict, found.reasons, found.over, found.failing):
        return row
    return replace(row, verdict=found.verdict, reasons=found.reasons, over=found.over, failing=found.failing)


FAILED, WARNED = "!", "~"
"""Behind a figure that is beyond a limit that fails, and that warns; the same on the screen and in print."""


def mark(row: LayerDiff, key: str) -> str:
    """`!` where the figure breaks a fail limit (or is NaN), `~` a warn limit, else nothing."""
    value = METRICS[key].value(row)
    if key in row.failing or (value is not None and isnan(value)):
        return FAILED
    return WARNED if key in row.over else ""


def judge(layer: Judged, profile: Profile) -> Judgement:
    """The verdict of a layer with figures. NaN, Inf, or one side all zero fail whatever the profile says.

    Unless the other side is all but zero too (`vanishing`).

    A range beyond its limit is marked on every layer but warns only on a convolution's input (the
    manual's rule 1), or where the dump does not tell what the layer feeds.
    """
    defects = _defects(layer.sample, layer.benchmark)
    fail, warn = profile.limits_for(layer.name, layer.op_type)
    failing = fail.broken(layer)
    warning = warn.broken(layer)
    if (defects or failing or warning) and (why := vanishing(layer)):
        return _by_step(failing, warning, why, layer)
    if failing:
        warning = {key: text for key, text in warning.items() if key not in failing}
    if not (defects or failing or warning):
        return Judgement(Verdict.OK)
    reasons, over = (*defects, *failing.values(), *warning.values()), frozenset((*failing, *warning))
    verdict = Verdict.WARN if any(_counts(key, layer) for key in warning) else Verdict.OK
    if defects or any(_counts(key, layer) for key in failing):
        verdict = Verdict.FAIL
    return Judgement(verdict, reasons, over, frozenset(failing))


def _by_step(failing: dict[str, str], warning: dict[str, str], why: str, layer: Judged) -> Judgement:
    """The verdict of a layer that is all but zero: by its absolute figures, with what the others would have said."""
    void = [text for key, text in {**warning, **failing}.items() if key in _RELATIVE]
    hard = {key: text for key, text in failing.items() if key not in _RELATIVE}
    soft = {key: text for key, text in warning.items() if key not in _RELATIVE and key not in hard}
    verdict = Verdict.WARN if any(_counts(key, layer) for key in soft) else Verdict.OK
    verdict = Verdict.FAIL if any(_counts(key, layer) for key in hard) else verdict
    said = Message("{why}, so {void} says nothing", why=why, void=joined(void)) if void else why
    reasons = (*hard.values(), *soft.values(), said)
    return Judgement(verdict, reasons, frozenset((*hard, *soft)), frozenset(hard))


_RELATIVE = frozenset(("rmse", "cos", "sqnr_db", "relative_l2", "slice_sqnr_db"))
"""Metrics that divide by the benchmark's own size."""

_STEPS_8 = 255

VANISHING = Message("all but zero in the benchmark")
"""How the reason of such a layer begins."""


def vanishing(layer: Judged) -> str:
    """Why a layer is all but zero and fine, in words; empty where it is not.

    No value of the benchmark reaches one 16-bit step of what the layer's grid spans, so that the largest INT16 grid
    could not tell it from 0, and no error is beyond one 8-bit step. A layer that varies by steps, or whose sample
    does, or that fills a calibrated range of its own (what is wider there is another tensor that it shares the scale
    with), is judged by its own size. The grid is that of the sample's header, else of the calibrated range.
    """
    sides = (layer.sample, layer.benchmark)
    if layer.metrics is None or any(side is None or not side.finite or not side.count for side in sides):
        return ""
    assert layer.benchmark is not None
    width = layer.grid_width
    largest, error = max(abs(layer.benchmark.minimum), abs(layer.benchmark.maximum)), layer.metrics.max_abs_error
    if not (all_but_zero(largest, width) and error * _STEPS_8 <= width):
        return ""
    known = layer.range
    calibrated = known is not None and known.source is RangeSource.CALIBRATION and known.width > 0
    if known is not None and calibrated and not all_but_zero(largest, known.width):
        return ""
    steps = Message(
        "{error:.2g} of an 8-bit step ({width:.3g})", error=error * _STEPS_8 / width, width=width / _STEPS_8
    )
    return Message(
        "{vanishing} (at most {largest:.2g}) and off by {steps} at most",
        vanishing=VANISHING,
        largest=largest,
        steps=steps,
    )


def _counts(key: str, layer: Judged) -> bool:
    return key != "range" or layer.feeds_convolution is not False


def _defects(sample: SideStats | None, benchmark: SideStats | None) -> list[str]:
    """What fails whatever the limits are."""
    if sample is not None and benchmark is not None and sample.lively and benchmark.lively:
        return []
    sides = [(name, side) for name, side in (("sample", sample), ("benchmark", benchmark)) if side is not None]
    found: list[str] = [
        Message(
            "{side} holds {nan} NaN and {inf} Inf of {count}",
            side=Message(name),
            nan=side.nan,
            inf=side.inf,
            count=side.count,
        )
        for name, side in sides
        if not side.finite
    ]
    zero = [name for name, side in sides if side.all_zero]
    return [*found, Message("{side} is all zero", side=Message(zero[0]))] if len(zero) == 1 else found


# Profiles from TOML files.

Table = Mapping[str, object]


def load_profile(name_or_path: str) -> Profile:
    """The built-in profile of that name, else the one in that TOML file.

    Raises UsageError for a name that is neither (with the nearest known one), InputError for a file that can
    not be read, is not TOML, or has an unknown key or a value of the wrong type.
    """
    if name_or_path in BUILT_IN:
        return BUILT_IN[name_or_path]
    path = Path(name_or_path)
    if path.suffix != ".toml" and not path.is_file():
        hint = Message("{known}, or the path of a .toml file", known=did_you_mean(name_or_path, BUILT_IN))
        raise UsageError(Message("no profile {name!r}", name=visible(name_or_path)), hint)
    try:
        table = tomllib.loads(read_bytes(path).removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            Message("{path}: not TOML: {error}", path=path, error=visible(told(error))),
            Message("cfg/profiles/example.toml shows how"),
        ) from error
    return _profile(table, str(path), path.stem)


def _profile(table: Table, where: str, name: str) -> Profile:
    """A profile from parsed TOML. `where` names the file in errors, `name` is used when it has none."""
    _only(table, ("name", "base", "fail", "warn", "rule"), where)
    base_name, rules = _text(table, "base", "", where), table.get("rule", [])
    if base_name and base_name not in BUILT_IN:
        raise InputError(
            Message("{where}: no profile {name!r} to base it on", where=where, name=visible(base_name)),
            did_you_mean(base_name, BUILT_IN),
        )
    base = BUILT_IN.get(base_name, Profile("", Limits(), Limits()))
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise InputError(
            Message("{where}: `rule` is no list of tables", where=where), Message("write [[rule]] with two brackets")
        )
    read = tuple(
        _rule(item, Message("{where}, rule {number}", where=where, number=number))
        for number, item in enumerate(rules, 1)
    )
    fail, warn = _limits(table, "fail", where).over(base.fail), _limits(table, "warn", where).over(base.warn)
    return Profile(_text(table, "name", name, where), fail, warn, (*base.rules, *read))


def _rule(table: Table, where: str) -> Rule:
    _only(table, ("layer", "op", "fail", "warn"), where)
    fail, warn = _limits(table, "fail", where), _limits(table, "warn", where)
    if fail == warn == Limits():
        raise InputError(
            Message("{where}: has no limits", where=where), Message("give it fail = { rmse = 0.5 } or warn = { .. }")
        )
    return Rule(_text(table, "layer", "*", where), _text(table, "op", "*", where), fail, warn)


def _limits(table: Table, key: str, where: str) -> Limits:
    limits = table.get(key, {})
    if not isinstance(limits, dict):
        raise InputError(
            Message("{where}: `{key}` is no table", where=where, key=key),
            Message("write [{key}] and below it rmse = 0.5", key=key),
        )
    place = Message("{where}, {key}", where=where, key=key)
    _only(limits, _LIMITED, place)
    return Limits({metric: _limit(metric, value, place) for metric, value in limits.items()})


def _limit(metric: str, value: object, where: str) -> float:
    number, sensible = nan, METRICS[metric].limits
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        with suppress(OverflowError):
            number = float(value)
    if isnan(number):
        raise InputError(
            Message("{where}: `{metric}` is no number", where=where, metric=metric),
            Message("write {metric} = 0.5", metric=metric),
        )
    if sensible is not None and not sensible[0] <= number <= sensible[1]:
        expected = Message("expected {least:g} to {most:g}", least=sensible[0], most=sensible[1])
        raise InputError(
            Message("{where}: {metric} = {number:g} makes no sense", where=where, metric=metric, number=number),
            expected,
        )
    return number


def _text(table: Table, key: str, otherwise: str, where: str) -> str:
    value = table.get(key, otherwise)
    if not isinstance(value, str):
        raise InputError(
            Message("{where}: `{key}` is no text", where=where, key=key),
            Message('write {key} = "{value}"', key=key, value=otherwise or "manual"),
        )
    return value


def _only(table: Table, known: Collection[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(
                Message("{where}: unknown key `{key}`", where=where, key=visible(key)), did_you_mean(key, known)
            )
