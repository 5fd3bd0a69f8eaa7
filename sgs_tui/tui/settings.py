"""What the user wants always: settings.toml in the user's configuration folder.

    theme = "sgs-light"                  # sgs-dark, sgs-light, ansi-dark, ansi-light, or any theme of Textual
    profile = "sop"                      # for starts without --profile: a name or a .toml file
    columns = ["op", "rmse", "cos"]      # of the layer table, from the left
    mouse = false
    sdk = "/opt/sgs/SGS_IPU_SDK"         # for runs without --sdk; read by engine/simulate/sdk_setting.py
    [keys]                               # action id (see `?`) = key or keys
    "layers.filter" = "/,ctrl+f"

A file that can not be read is told of in the log and otherwise passed over: it never keeps the app from starting.
No textual in here, so that `sgs-tui doctor` can say where the file is.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sgs_tui.engine.configs.nearest import did_you_mean
from sgs_tui.engine.simulate.sdk_setting import settings_path
from sgs_tui.engine.text import visible

__all__ = ["Settings", "load_settings", "settings_path"]

T = TypeVar("T")
FORBIDDEN_KEYS = frozenset({"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m"})
"""The wire carries these as backspace, tab and enter."""
_KNOWN = ("theme", "profile", "columns", "mouse", "sdk", "keys")


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's wishes; `problems` are lines for the log about what could not be used."""

    theme: str = ""
    profile: str = ""
    columns: tuple[str, ...] = ()
    mouse: bool | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def load_settings(path: Path, action_ids: tuple[str, ...]) -> Settings:
    """The settings in that file; defaults where there is none."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        return Settings(problems=(f"{path}: not used: {visible(str(error))}",))
    return _read(table, str(path), action_ids)


def _read(table: Mapping[str, object], where: str, action_ids: tuple[str, ...]) -> Settings:
    problems = [f"{where}: unknown key {key!r}: {did_you_mean(key, _KNOWN)}" for key in table if key not in _KNOWN]
    text = {key: _typed(table, key, str, problems, where) or "" for key in ("theme", "profile")}
    columns = _typed(table, "columns", list, problems, where) or []
    keys = _typed(table, "keys", dict, problems, where) or {}
    return Settings(
        theme=text["theme"],
        profile=text["profile"],
        columns=tuple(str(column) for column in columns),
        mouse=_typed(table, "mouse", bool, problems, where),
        keys=_keys(keys, action_ids, problems, where),
        problems=tuple(problems),
    )


def _typed(table: Mapping[str, object], key: str, kind: type[T], problems: list[str], where: str) -> T | None:
    value = table.get(key)
    if value is None or isinstance(value, kind):
        return value
    problems.append(f"{where}: {key} is not used: expected a {kind.__name__}, found {visible(repr(value))}")
    return None


def _keys(wanted: Mapping[str, object], known: tuple[str, ...], problems: list[str], where: str) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for action, keys in wanted.items():
        if action not in known:
            problems.append(f"{where}: keys: no action {visible(action)!r}: {_near(action, known)}")
        elif not isinstance(keys, str) or FORBIDDEN_KEYS & {key.strip() for key in keys.split(",")}:
            problems.append(f"{where}: keys: {action} can not be on {visible(str(keys))!r}: terminals send another key")
        else:
            chosen[action] = keys
    return chosen


def _near(word: str, known: tuple[str, ...]) -> str:
    hint = did_you_mean(word, known)
    return hint.partition("?")[0] + "?" if hint.startswith("did you mean") else "`?` lists the action ids"
