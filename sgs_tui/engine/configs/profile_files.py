"""Threshold profiles from TOML files, and the built-in ones by name.

A file has `name`, `base` (a built-in profile whose limits it starts from), tables `[fail]` and `[warn]` with the
figures of `Limits`, and any number of `[[rule]]` tables with `layer` and `op` globs and their own `fail` and
`warn`. `inf` (`-inf` for cos and sqnr_db) lifts a limit of the base. `cfg/profiles/example.toml` shows all of it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from math import inf, isnan, nan
from pathlib import Path

from sgs_tui.engine.configs.nearest import did_you_mean
from sgs_tui.engine.configs.profiles import BUILT_IN, LOWER_BOUNDS, Limits, Profile, Rule
from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.text import visible

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
