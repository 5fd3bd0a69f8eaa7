"""How the app was left, per folder of dumps: columns, order, the layer looked at.

JSON in the user's state folder, written atomically when the app ends. Reading never fails: whatever is wrong with a
file, the app starts as if there was none. Filters are not kept: a start must not hide layers.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

from sgs_tui.engine.files import write_atomically

VERSION = 1


@dataclass(frozen=True, slots=True)
class ViewState:
    """One folder's view. `layer`: the name of the layer under the cursor; `run`: what was typed into the form."""

    columns: tuple[str, ...] = ()
    extras: dict[str, int] = field(default_factory=dict)
    wide: bool = False
    sort: str = ""
    reverse: bool = False
    log_counts: bool = False
    layer: str = ""
    theme: str = ""
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
    return _read(data) if isinstance(data, dict) and data.get("version") == VERSION else ViewState()


def save_state(folder: Path, state: ViewState) -> None:
    """Keep the view. Raises InputError or OSError where that is not possible."""
    path = state_path(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({"version": VERSION, **asdict(state)}, indent=1).encode())


def _read(data: dict[str, Any]) -> ViewState:
    """Known keys of the right type; everything else falls back to its default."""
    default = ViewState()
    kept = {f.name: data[f.name] for f in fields(ViewState) if _fits(data.get(f.name), getattr(default, f.name))}
    if "columns" in kept:
        kept["columns"] = tuple(str(name) for name in kept["columns"])
    if "extras" in kept:
        kept["extras"] = {str(key): value for key, value in kept["extras"].items() if type(value) is int}
    if "run" in kept:
        kept["run"] = {str(key): value for key, value in kept["run"].items() if type(value) is str}
    return ViewState(**kept)


def _fits(value: object, default: object) -> bool:
    return isinstance(value, list) if isinstance(default, tuple) else type(value) is type(default)
