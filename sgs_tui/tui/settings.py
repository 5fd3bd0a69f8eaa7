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

A file that can not be read is told of in the log and otherwise passed over: it never keeps the app from starting.

How a folder of dumps was left (columns, order, the layer looked at) is JSON in the user's state folder, written
atomically when the app ends. Reading never fails: whatever is wrong with a file, the app starts as if there was none.
Filters are not kept: a start must not hide layers.

No textual in here, so that `sgs-tui doctor` can say where the files are.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from platformdirs import user_state_path

from sgs_tui.engine.clock import SECONDS
from sgs_tui.engine.errors import reason, told
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.text import did_you_mean, visible
from sgs_tui.language import LANGUAGES, _, joined

if TYPE_CHECKING:
    from sgs_tui.engine.compare.limits import Profile  # not loaded before the first picture

T = TypeVar("T")
FORBIDDEN_KEYS = frozenset({"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m"})
"""The wire carries these as backspace, tab and enter."""
_KNOWN = (
    "theme", "profile", "columns", "mouse", "diagnosis_seconds", "sdk", "sdk_via", "sdk_map", "sdk_python",
    "soc_version", "language", "keys",
)  # fmt: skip


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


def load_settings(path: Path, action_ids: tuple[str, ...]) -> Settings:
    """The settings in that file; defaults where there is none."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else visible(told(error))
        return Settings(problems=(_("{path}: not used: {error}", path=path, error=why),))
    return _read(table, str(path), action_ids)


def _read(table: Mapping[str, object], where: str, action_ids: tuple[str, ...]) -> Settings:
    problems = [
        _("{where}: unknown key {key!r}: {hint}", where=where, key=key, hint=did_you_mean(key, _KNOWN))
        for key in table
        if key not in _KNOWN
    ]
    text = {key: _typed(table, key, str, problems, where) or "" for key in ("theme", "profile")}
    columns = _typed(table, "columns", list, problems, where) or []
    keys = _typed(table, "keys", dict, problems, where) or {}
    if "language" in table and table["language"] not in LANGUAGES:
        found = visible(repr(table["language"]))
        problems.append(
            _(
                "{where}: language is not used: expected {languages}, found {found}",
                where=where,
                languages=joined(LANGUAGES, " or "),
                found=found,
            )
        )
    return Settings(
        theme=text["theme"],
        profile=text["profile"],
        columns=tuple(str(column) for column in columns),
        mouse=_typed(table, "mouse", bool, problems, where),
        diagnosis_seconds=_seconds(table, problems, where),
        keys=_keys(keys, action_ids, problems, where),
        problems=tuple(problems),
    )


def _seconds(table: Mapping[str, object], problems: list[str], where: str) -> float:
    value = table.get("diagnosis_seconds", SECONDS)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < inf:
        return float(value)
    text = _(
        "{where}: diagnosis_seconds is not used: expected seconds from 0 on, found {value}",
        where=where,
        value=visible(repr(value)),
    )
    problems.append(text)
    return SECONDS


def _typed(table: Mapping[str, object], key: str, kind: type[T], problems: list[str], where: str) -> T | None:
    value = table.get(key)
    if value is None or isinstance(value, kind):
        return value
    problems.append(
        _(
            "{where}: {key} is not used: expected a {kind}, found {value}",
            where=where,
            key=key,
            kind=kind.__name__,
            value=visible(repr(value)),
        )
    )
    return None


def _keys(wanted: Mapping[str, object], known: tuple[str, ...], problems: list[str], where: str) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for action, keys in wanted.items():
        if action not in known:
            problems.append(
                _(
                    "{where}: keys: no action {action!r}: {hint}",
                    where=where,
                    action=visible(action),
                    hint=_near(action, known),
                )
            )
        elif not isinstance(keys, str) or FORBIDDEN_KEYS & {key.strip() for key in keys.split(",")}:
            problems.append(
                _(
                    "{where}: keys: {action} can not be on {keys!r}: terminals send another key",
                    where=where,
                    action=action,
                    keys=visible(str(keys)),
                )
            )
        else:
            chosen[action] = keys
    return chosen


def _near(word: str, known: tuple[str, ...]) -> str:
    hint = did_you_mean(word, known)
    return hint.partition("?")[0] + "?" if hint.startswith("did you mean") else _("`?` lists the action ids")


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
