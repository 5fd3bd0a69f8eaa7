"""The user's own editor on a file, with the app out of the way meanwhile."""

import os
import shlex
import subprocess
from pathlib import Path

from textual.app import App


def editor_command() -> list[str]:
    """$VISUAL, $EDITOR, else vi; with its arguments."""
    return shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")


def editor_name() -> str:
    """What the user knows it by."""
    return Path(editor_command()[0]).name


def edit_file(app: App[int], path: Path) -> str:
    """Hand over the terminal until the editor ends; what went wrong with it, or nothing."""
    command = editor_command()
    try:
        with app.suspend():
            done = subprocess.run([*command, str(path)], check=False)
    except OSError as error:
        return f"{command[0]}: {error.strerror}: set EDITOR to another editor"
    return f"{command[0]} ended with exit code {done.returncode}" if done.returncode else ""
