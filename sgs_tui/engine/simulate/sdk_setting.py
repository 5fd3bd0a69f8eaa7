"""The SDK that the user's settings name: the key `sdk` of settings.toml."""

import tomllib
from pathlib import Path

from platformdirs import user_config_path

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.text import visible


def settings_path() -> Path:
    """Where the user's settings are, whether the file exists or not."""
    return user_config_path("sgs-tui") / "settings.toml"


def configured_sdk() -> Path | None:
    """The folder under `sdk`; None where nothing is set.

    Raises InputError where the file can not be read: to run with another SDK than the one asked for is worse.
    """
    path = settings_path()
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot read: {visible(str(error))}", "mend it, or give --sdk") from error
    root = table.get("sdk")
    if root is not None and not isinstance(root, str):
        raise InputError(f"{path}: sdk: expected a folder in quotes, found {visible(repr(root))}", "mend it")
    return Path(root) if root else None
