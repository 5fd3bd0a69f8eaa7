"""What this process talks to: a terminal or not, how wide, UTF-8 or not, colours or not."""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sgs_tui.engine.errors import UsageError

if TYPE_CHECKING:
    from sgs_tui.batch.screen import Screen


def require_terminal() -> None:
    """Raise UsageError where the app has no terminal to read from or (Textual's stderr) to draw on."""
    missing = [name for name in ("stdin", "stderr") if not is_terminal(name)]
    if missing:
        raise UsageError(f"{missing[0]} is not a terminal", "use --batch to print instead of opening the app")


def screen(ascii_only: bool, to_file: bool) -> "Screen":
    """What a table is drawn for: stdout, or a file."""
    from sgs_tui.batch.screen import Screen

    columns = None if to_file else _columns()
    return Screen(columns, ascii_only or not speaks_utf8(os.environ), not to_file and _colours(os.environ))


def speaks_utf8(environment: Mapping[str, str]) -> bool:
    """Whether the locale's characters are UTF-8: LC_ALL, then LC_CTYPE, then LANG decides."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if value := environment.get(name):
            return "utf8" in value.lower().replace("-", "")
    return False


def _colours(environment: Mapping[str, str]) -> bool:
    """NO_COLOR wins over FORCE_COLOR, and that over what stdout is."""
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return bool(environment.get("FORCE_COLOR")) or is_terminal("stdout")


def is_terminal(name: str) -> bool:
    """Python sets a stream that was closed from outside to None."""
    stream = getattr(sys, name)
    return stream is not None and stream.isatty()


def _columns() -> int | None:
    """COLUMNS, else the terminal's width, else None: a pipe or a file has none."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    if not is_terminal("stdout"):
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80
