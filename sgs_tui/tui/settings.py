"""What the app knows before it starts: the user's settings, what to open first, how a folder was left.

Settings are what the user wants always: settings.toml in the user's configuration folder.

    theme = "sgs-light"                  # sgs-dark, sgs-light, ansi-dark, ansi-light, or any theme of Textual
    profile = "sop"                      # for starts without --profile: a name or a .toml file
    columns = ["op", "rmse", "cos"]      # of the layer table, from the left
    mouse = false
    diagnosis_seconds = 120              # what looking for causes may take in the app (30 unless told; 0: no limit)
    sdk = "/opt/sgs/SGS_IPU_SDK"         # for runs without --sdk; read by engine/backends/sdk_install.py, as are
    sdk_via = "docker exec -i sgs"       # the way to an SDK that is not here,
    sdk_map = ["/home/me=/work"]         # folders at other paths there, its
    sdk_python = "python3.8"             # interpreter,
    soc_version = "muffin"               # and the chip
    language = "zh_CN"                   # or "en", whatever the locale says; read by cli/language.py
    [keys]                               # action id (see `?`) = key or keys
    "layers.filter" = "/,ctrl+f"

What can not be read or used is told of in the log and by `sgs-tui doctor`, and otherwise passed over: it never keeps
the app from starting.

How a folder of dumps was left (columns, order, the layer looked at) is JSON in the user's state folder, written
atomically when the app ends. Reading never fails: whatever is wrong with a file, the app starts as if there was none.
Filters are not kept: a start must not hide layers.

No textual in here, so that `sgs-tui doctor` can say what is wrong with them.
"""

import json
import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from sys import float_info
from typing import TYPE_CHECKING, Any

from platformdirs import user_state_path

from sgs_tui.engine.clock import SECONDS
from sgs_tui.engine.errors import SgsError, reason, told
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.text import did_you_mean, nearest, visible
from sgs_tui.language import LANGUAGES, Message, _, joined

if TYPE_CHECKING:
    from sgs_tui.engine.compare.limits import Profile  # not loaded before the first picture

FORBIDDEN_KEYS = frozenset({"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m"})
"""The wire carries these as backspace, tab and enter."""
_KNOWN: Mapping[str, type] = {
    **dict.fromkeys(("theme", "profile", "language", "sdk", "sdk_via", "sdk_python", "soc_version"), str),
    **dict.fromkeys(("columns", "sdk_map"), list),
    "mouse": bool,
    "diagnosis_seconds": float,
    "keys": dict,
}
_KINDS = {
    str: Message("text in quotes"),
    list: Message("a list of texts in quotes"),
    bool: Message("true or false"),
    float: Message("seconds from 0 on"),
    dict: Message("a table"),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What settings may name, by the parts of the app that know: ids of actions, themes, columns. Empty: not judged.

    `profile` raises SgsError for a profile that there is not.
    """

    actions: Collection[str] = ()
    themes: Collection[str] = ()
    columns: Collection[str] = ()
    profile: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's wishes; `problems` are lines for the log about what could not be used."""

    theme: str = ""
    profile: str = ""
    columns: tuple[str, ...] = ()
    mouse: bool | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    diagnosis_seconds: float = SECONDS


def load_settings(path: Path, names: Names) -> Settings:
    """The settings in that file; defaults where there is none, and for what can not be used."""
    try:
        text = path.read_text("utf-8")
        table = tomllib.loads(text)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        return Settings(problems=(_("{path}: not used: {error}", path=path, error=reason(error)),))
    except (ValueError, RecursionError) as error:
        text = _(
            "{path}: expected TOML, lines of KEY = VALUE with text in quotes: {error}",
            path=path,
            error=visible(told(error)),
        )
        return Settings(problems=(text,))
    return _Reading(str(path), text, table, names).settings()


class _Reading:
    """One reading of a file: what can be used of it, and a line for everything else."""

    def __init__(self, path: str, text: str, table: Mapping[str, Any], names: Names) -> None:
        self._path, self._lines, self._names = path, text.splitlines(), names
        self._problems: list[str] = []
        for key in table:
            if key not in _KNOWN:
                self._say(key, Message("unknown key {key!r}: {hint}", key=visible(key), hint=did_you_mean(key, _KNOWN)))
        self._good = {key: value for key, value in table.items() if key in _KNOWN and self._fits(key, value)}

    def settings(self) -> Settings:
        """The usable part."""
        good = self._good
        self._judge_names()
        return Settings(
            theme=good.get("theme", ""),
            profile=good.get("profile", ""),
            columns=tuple(good.get("columns", ())),
            mouse=good.get("mouse"),
            keys=self._keys(good.get("keys", {})),
            problems=tuple(self._problems),
            diagnosis_seconds=float(good.get("diagnosis_seconds", SECONDS)),
        )

    def _fits(self, key: str, value: object) -> bool:
        kind = _KNOWN[key]
        if key == "language":
            fits, expected = value in LANGUAGES, joined(LANGUAGES, " or ")
        else:
            fits, expected = _is(kind, value), _KINDS[kind]
        if not fits:
            found = visible(repr(value))
            self._say(key, Message("{key}: expected {kind}, found {found}", key=key, kind=expected, found=found))
        return fits

    def _judge_names(self) -> None:
        names, theme, profile = self._names, self._good.get("theme", ""), self._good.get("profile", "")
        if names.themes and theme and theme not in names.themes:
            hint = did_you_mean(theme, names.themes)
            self._say("theme", Message("no theme {name!r}: {hint}", name=visible(theme), hint=hint))
        for column in self._good.get("columns", ()):
            if names.columns and column not in names.columns:
                hint = did_you_mean(column, names.columns)
                self._say("columns", Message("no column {name!r}: {hint}", name=visible(column), hint=hint))
        try:
            if names.profile is not None and profile:
                names.profile(profile)
        except SgsError as error:
            self._say("profile", error.text)

    def _keys(self, wanted: Mapping[str, object]) -> dict[str, str]:
        chosen: dict[str, str] = {}
        known = self._names.actions
        for action, keys in wanted.items():
            values = {"action": visible(action), "keys": visible(str(keys))}
            if known and action not in known:
                text = Message("keys: no action {action!r}: {hint}", action=values["action"], hint=_near(action, known))
            elif not isinstance(keys, str):
                text = Message("keys: {action}: expected a key in quotes, found {keys}", **values)
            elif FORBIDDEN_KEYS & {key.strip() for key in keys.split(",")}:
                text = Message("keys: {action} can not be on {keys!r}: terminals send another key", **values)
            else:
                chosen[action] = keys
                continue
            self._say(action, text, "keys")
        return chosen

    def _say(self, key: str, text: str, table: str = "") -> None:
        number = _line_of(self._lines, key, table) or _line_of(self._lines, table, "")
        where = Message("{path}, line {number}", path=self._path, number=number) if number else self._path
        self._problems.append(_("{where}: {problem}", where=where, problem=text))


def _is(kind: type, value: object) -> bool:
    if kind is list:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float_info.max
    return isinstance(value, kind)


def _line_of(lines: Sequence[str], key: str, table: str) -> int:
    """The line, from 1, where the file sets that key of a table, or opens the table of that name; 0: nowhere seen."""
    name = rf"""(?:{re.escape(key)}|"{re.escape(key)}"|'{re.escape(key)}')"""
    inside = ""
    for number, line in enumerate(lines, 1):
        if header := re.match(r"\s*\[+\s*([^\[\]]*?)\s*\]+\s*(?:#.*)?$", line):
            inside = header[1]
            found = not table and re.match(rf"{name}(?:\.|$)", inside)
        else:
            found = inside == table and re.match(rf"\s*{name}\s*[=.]", line)
        if key and found:
            return number
    return 0


def _near(word: str, known: Collection[str]) -> str:
    close = nearest(word, list(known))
    return Message("did you mean {close}?", close=close) if close else Message("`?` lists the action ids")


@dataclass(frozen=True, slots=True)
class Start:
    """A folder to browse, and the files that are chosen already."""

    folder: Path = field(default_factory=Path)
    sample: Path | None = None
    benchmark: Path | None = None
    ranges: Path | None = None
    shapes: Path | None = None
    profile: "Profile | None" = None
    """None: manual."""
    query: str = ""
    """The filter to begin with, as it is typed behind `/`."""
    sort: str = ""
    """What to sort by, `-` in front for the other way; empty: as the folder was left."""
    original: Path | None = None
    seconds: float = SECONDS
    """What looking for causes may take."""


VERSION = 1


@dataclass(frozen=True, slots=True)
class ViewState:
    """One folder's view. `layer`: the name of the layer under the cursor; `run`: what was typed into the form.

    `then`: what else it was sorted by, as [key, reversed]. `side`, `lower`: cells of the left column and lines of the
    lower part on a large screen; 0: as at a first start.
    """

    columns: tuple[str, ...] = ()
    extras: dict[str, int] = field(default_factory=dict)
    wide: bool = False
    sort: str = ""
    reverse: bool = False
    then: tuple[tuple[str, bool], ...] = ()
    log_counts: bool = False
    side: int = 0
    lower: int = 0
    layer: str = ""
    run: dict[str, str] = field(default_factory=dict)


def state_folder() -> Path:
    """Where states and crash reports are."""
    return user_state_path("sgs-tui")


def state_path(folder: Path) -> Path:
    """The state file of a folder of dumps."""
    return state_folder() / "views" / f"{sha256(bytes(folder.absolute())).hexdigest()[:16]}.json"


def load_state(folder: Path) -> ViewState:
    """How this folder was left; the defaults where nothing (or nothing readable) was kept."""
    try:
        data = json.loads(state_path(folder).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return ViewState()
    return _read_state(data) if isinstance(data, dict) and data.get("version") == VERSION else ViewState()


def save_state(folder: Path, state: ViewState) -> None:
    """Keep the view. Raises InputError or OSError where that is not possible."""
    path = state_path(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({"version": VERSION, **asdict(state)}, indent=1).encode())


def _read_state(data: dict[str, Any]) -> ViewState:
    """Known keys of the right type; everything else falls back to its default."""
    default = ViewState()
    kept = {f.name: data[f.name] for f in fields(ViewState) if _fits(data.get(f.name), getattr(default, f.name))}
    if "columns" in kept:
        kept["columns"] = tuple(str(name) for name in kept["columns"])
    if "then" in kept:
        kept["then"] = tuple((str(each[0]), each[1]) for each in kept["then"] if _is_order(each))
    if "extras" in kept:
        kept["extras"] = {str(key): value for key, value in kept["extras"].items() if type(value) is int}
    if "run" in kept:
        kept["run"] = {str(key): value for key, value in kept["run"].items() if type(value) is str}
    return ViewState(**kept)


def _is_order(value: object) -> bool:
    return isinstance(value, list) and [type(part) for part in value] == [str, bool]


def _fits(value: object, default: object) -> bool:
    return isinstance(value, list) if isinstance(default, tuple) else type(value) is type(default)
