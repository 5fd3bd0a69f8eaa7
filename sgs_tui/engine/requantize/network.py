"""What does a network's folder say of it: how its models are made, and which dumps belong together?

`sgs-tui.toml` has the user's commands, kept once in the network's folder; `cfg/sgs-tui.toml` is the file to copy, with
every key. Paths in it are relative to its folder; the commands run there, through bash, in the SDK's environment.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sgs_tui
from sgs_tui.engine.backends.embedded import EmbeddedFiles
from sgs_tui.engine.backends.sdk_install import SdkWish, maps_of
from sgs_tui.engine.errors import InputError, told
from sgs_tui.engine.files import at_home, read_bytes
from sgs_tui.engine.runs.run_list import Run, list_runs, newest_pair, read_run
from sgs_tui.engine.text import did_you_mean, visible
from sgs_tui.language import Message

NAME = "sgs-tui.toml"
TABLE = "iterate"
_HOW = Message("`sgs-tui iterate --init` writes an example")
_NEEDED = ("calibrate", "float_model", "fixed_model", "image")
_TEXTS = ("convert", "ini", "preprocess", "sdk", "sdk_via", "soc_version", "python", "profile")
_KEYS = (*_NEEDED, *_TEXTS, "sdk_map", "timeout")
INI = "input_config.ini"

# What an iteration leaves in its run folder, beside what every run has.

ITERATE = "iterate"
"""Backend of iterations."""
FLOAT_DUMP, FIXED_DUMP = (getattr(EmbeddedFiles.below(Path()), dump).name for dump in ("float_dump", "fixed_dump"))
"""The same names as in every folder that holds both dumps."""
LAYERS_FILE = "layers.json"
"""The layers as they are now."""
BEFORE_FILE = "before.json"
"""The layers of the state before; absent where nothing was known of it."""


@dataclass(frozen=True, slots=True)
class IterateConfig:
    """One network's file. Paths are absolute; `convert` is empty where only calibration is to be run again.

    `image` (`[DIR:]BASE`) and `preprocess` as the SDK's tools take them; `timeout` in seconds for each step; `wish`:
    the SDK, as `sdk`, `sdk_via`, `sdk_map`, `python` and `soc_version` say.
    """

    folder: Path
    calibrate: str
    float_model: Path
    fixed_model: Path
    image: str
    convert: str = ""
    ini: Path = field(default_factory=Path)
    preprocess: str = ""
    wish: SdkWish = field(default_factory=SdkWish)
    profile: str = "manual"
    timeout: float | None = None


def load_config(folder: Path) -> IterateConfig:
    """Read the folder's sgs-tui.toml. Raises InputError saying which key is missing, unknown or of the wrong kind."""
    path = folder.absolute() / NAME
    table = _table(path)
    for key in table:
        if key not in _KEYS:
            raise InputError(
                Message("{path}: unknown key `{key}` in [{table}]", path=path, key=visible(key), table=TABLE),
                did_you_mean(key, _KEYS),
            )
    for key in _NEEDED:
        if not table.get(key):
            raise InputError(Message("{path}: `{key}` is missing in [{table}]", path=path, key=key, table=TABLE), _HOW)
    texts = {key: _text(table, key, path) for key in (*_NEEDED, *_TEXTS) if key in table}
    home, sdk, via, profile = path.parent, texts.get("sdk"), texts.get("sdk_via"), texts.get("profile", "manual")
    scripts = (part.strip() for part in texts.get("preprocess", "").split(","))
    return IterateConfig(
        folder=home,
        calibrate=texts["calibrate"],
        float_model=home / texts["float_model"],
        fixed_model=home / texts["fixed_model"],
        image=":".join(str(home / part) for part in texts["image"].split(":")),
        convert=texts.get("convert", ""),
        ini=home / texts.get("ini", INI),
        # names without .py are the SDK's own modules
        preprocess=",".join(str(home / at_home(it)) if it.endswith(".py") else it for it in scripts),
        wish=SdkWish(
            Path(sdk if via else os.path.normpath(home / at_home(sdk))) if sdk else None,
            via,
            maps_of(table.get("sdk_map", []), path),
            texts.get("python") or None,
            texts.get("soc_version") or None,
        ),
        profile=str(home / profile) if profile.endswith(".toml") else profile,
        timeout=_timeout(table, path),
    )


def _table(path: Path) -> Mapping[str, object]:
    if not path.exists():
        raise InputError(Message("{path}: no such file", path=path), _HOW)
    try:
        document = tomllib.loads(read_bytes(path).removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            Message("{path}: not TOML: {problem}", path=path, problem=visible(told(error))), _HOW
        ) from error
    table = document.get(TABLE)
    if not isinstance(table, dict):
        raise InputError(Message("{path}: has no table [{table}]", path=path, table=TABLE), _HOW)
    return table


def _text(table: Mapping[str, object], key: str, path: Path) -> str:
    value = table[key]
    if not isinstance(value, str) or "\0" in value:
        raise InputError(
            Message("{path}: `{key}` is no text", path=path, key=key), Message('write {key} = "..."', key=key)
        )
    return value


def _timeout(table: Mapping[str, object], path: Path) -> float | None:
    value = table.get("timeout")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise InputError(
            Message("{path}: `timeout` is no number of seconds", path=path), Message("write timeout = 3600")
        )
    return float(value)


@dataclass(frozen=True, slots=True)
class Place:
    """Two dumps that belong together, and what lies beside them: those of a run, of a run and its partner, of the demo,
    or of any folder with float.bin and fixed.bin."""

    folder: Path
    sample: Path
    benchmark: Path
    ranges: Path | None = None
    ini: Path | None = None


def place_of(folder: Path) -> Place:
    """The comparison that a folder holds. Raises InputError, saying what is missing."""
    if not folder.is_dir():
        raise InputError(Message("{path}: no such folder", path=folder), Message("check the path"))
    ini = folder / INI if (folder / INI).is_file() else None
    if (folder / "request.json").is_file():
        return _of_run(read_run(folder), ini)
    files = EmbeddedFiles.below(folder)
    missing = next((path for path in (files.fixed_dump, files.float_dump) if not path.is_file()), None)
    if missing is not None:
        raise InputError(
            Message("{folder}: is no run and has no {name}", folder=folder, name=missing.name),
            Message("name a run folder, or both dumps"),
        )
    return Place(folder, files.fixed_dump, files.float_dump, files.ranges if files.ranges.is_file() else None, ini)


def _of_run(run: Run, ini: Path | None) -> Place:
    if run.dump is None:
        raise InputError(
            Message("{name} ({state}) has no dump", name=run.name, state=run.state),
            Message("`sgs-tui runs show NAME` says why"),
        )
    if len(run.dumps) > 1:
        return Place(run.folder.path, run.dumps[1], run.dumps[0], run.ranges, ini)
    partner = _partner(run, list_runs(run.folder.root))
    if partner is None or partner.dump is None:
        message = Message(
            "{name}: no dump of another stage of this network on this image is in {root}",
            name=run.name,
            root=run.folder.root,
        )
        raise InputError(message, Message("dump the float model too, or name both dumps"))
    return Place(run.folder.path, run.dump, partner.dump, run.ranges or partner.ranges, ini)


def _partner(run: Run, runs: Sequence[Run]) -> Run | None:
    """The benchmark that was dumped nearest to a run in time: a later conversion may have another graph."""

    def distance(other: Run) -> float:
        return abs(other.status.created - run.status.created)

    others = sorted((other for other in runs if other.name != run.name), key=distance)
    pairs = (newest_pair((run, other)) for other in others)
    return next((pair[1] for pair in pairs if pair is not None and pair[0] is run), None)


def example() -> str:
    """The file to copy: `cfg/sgs-tui.toml`, in the package, or beside it where it runs from a checkout."""
    home = Path(sgs_tui.__file__).parent
    place = next(folder for folder in (home, home.parent) if (folder / "cfg" / NAME).is_file())
    return (place / "cfg" / NAME).read_text("utf-8")
