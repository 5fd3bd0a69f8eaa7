"""`sgs-tui.toml`: how the user makes a network's models, kept once in the network's folder.

`cfg/sgs-tui.toml` is the file to copy, with every key. Paths in it are relative to its folder; so do the commands
run there, through bash, in the SDK's environment.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sgs_tui.engine.configs.nearest import did_you_mean
from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.text import visible

NAME = "sgs-tui.toml"
TABLE = "iterate"
_HOW = "`sgs-tui iterate --init` writes an example"
_NEEDED = ("calibrate", "float_model", "fixed_model", "image")
_TEXTS = ("convert", "ini", "preprocess", "sdk", "python", "profile")
_KEYS = (*_NEEDED, *_TEXTS, "timeout")


@dataclass(frozen=True, slots=True)
class IterateConfig:
    """One network's file. Paths are absolute; `convert` is empty where only calibration is to be run again.

    `image` and `preprocess` as the SDK's tools take them; `timeout` in seconds for each step.
    """

    folder: Path
    calibrate: str
    float_model: Path
    fixed_model: Path
    image: str
    convert: str = ""
    ini: Path = field(default_factory=Path)
    preprocess: str = ""
    sdk: Path | None = None
    python: str = "python3"
    profile: str = "manual"
    timeout: float | None = None


def load_config(folder: Path) -> IterateConfig:
    """Read the folder's sgs-tui.toml. Raises InputError saying which key is missing, unknown or of the wrong kind."""
    path = folder.absolute() / NAME
    table = _table(path)
    for key in table:
        if key not in _KEYS:
            raise InputError(f"{path}: unknown key `{visible(key)}` in [{TABLE}]", did_you_mean(key, _KEYS))
    for key in _NEEDED:
        if not table.get(key):
            raise InputError(f"{path}: `{key}` is missing in [{TABLE}]", _HOW)
    texts = {key: _text(table, key, path) for key in (*_NEEDED, *_TEXTS) if key in table}
    return _config(path.parent, texts, _timeout(table, path))


def _config(folder: Path, texts: Mapping[str, str], timeout: float | None) -> IterateConfig:
    sdk, profile = texts.get("sdk"), texts.get("profile", "manual")
    return IterateConfig(
        folder=folder,
        calibrate=texts["calibrate"],
        float_model=folder / texts["float_model"],
        fixed_model=folder / texts["fixed_model"],
        image=_image(folder, texts["image"]),
        convert=texts.get("convert", ""),
        ini=folder / texts.get("ini", "input_config.ini"),
        preprocess=",".join(_script(folder, part.strip()) for part in texts.get("preprocess", "").split(",")),
        sdk=Path(os.path.normpath(folder / Path(sdk).expanduser())) if sdk else None,
        python=texts.get("python", "python3"),
        profile=str(folder / profile) if profile.endswith(".toml") else profile,
        timeout=timeout,
    )


def _table(path: Path) -> Mapping[str, object]:
    if not path.is_file():
        raise InputError(f"{path}: no such file", _HOW)
    try:
        document = tomllib.loads(read_bytes(path).removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not TOML: {visible(str(error))}", _HOW) from error
    table = document.get(TABLE)
    if not isinstance(table, dict):
        raise InputError(f"{path}: has no table [{TABLE}]", _HOW)
    return table


def _text(table: Mapping[str, object], key: str, path: Path) -> str:
    value = table[key]
    if not isinstance(value, str) or "\0" in value:
        raise InputError(f"{path}: `{key}` is no text", f'write {key} = "..."')
    return value


def _timeout(table: Mapping[str, object], path: Path) -> float | None:
    value = table.get("timeout")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise InputError(f"{path}: `timeout` is no number of seconds", "write timeout = 3600")
    return float(value)


def _image(folder: Path, text: str) -> str:
    """`[DIR:]BASE`, as the SDK's tools take it, with absolute paths."""
    return ":".join(str(folder / part) for part in text.split(":"))


def _script(folder: Path, part: str) -> str:
    """A script's path; names without .py are the SDK's own modules."""
    return str(folder / Path(part).expanduser()) if part.endswith(".py") else part
