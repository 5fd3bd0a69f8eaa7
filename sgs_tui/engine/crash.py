"""A defect of ours: everything needed to fix it goes to a file, and the user reads one line."""

import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path

from platformdirs import user_state_path

from sgs_tui import __version__
from sgs_tui.engine.files import free_name


def write_crash_report(error: BaseException, arguments: list[str]) -> Path:
    """Write the traceback, versions and command line to the state folder (or the temporary one); its path."""
    text = "\n".join((*_circumstances(arguments), "", *traceback.format_exception(error)))
    name = time.strftime("crash-%Y%m%d-%H%M%S.txt")
    for folder in (user_state_path("sgs-tui"), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = free_name(folder / name)
            # the command line may hold private paths: the file is the user's alone
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(text, "utf-8", "backslashreplace")
            return path
        except OSError:
            continue
    raise error


def _circumstances(arguments: list[str]) -> tuple[str, ...]:
    return (
        f"sgs-tui {__version__}",
        f"Python {sys.version}",
        f"{platform.system()} {platform.release()} {platform.machine()}",
        f"arguments: {arguments!r}",
    )
