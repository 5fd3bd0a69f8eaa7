"""Everything that depends on the terminal or on a version of Textual, in one place.

Textual paints to stderr and reads stdin, so both must be terminals.
"""

import locale
import os
from collections.abc import Mapping
from io import UnsupportedOperation
from pathlib import Path
from typing import TextIO

from textual.app import App


def user_environment() -> Mapping[str, str]:
    """The environment this process was started with.

    Python itself sets LC_CTYPE to C.UTF-8 in the C locale (PEP 538); the terminal knows nothing of that.
    """
    try:
        items = Path("/proc/self/environ").read_bytes().decode("utf-8", "surrogateescape").split("\0")
    except OSError:
        return os.environ
    return dict(item.split("=", 1) for item in items if "=" in item)


def needs_ascii(environment: Mapping[str, str]) -> bool:
    """Whether the user's locale can not show UTF-8; LC_ALL wins over LC_CTYPE over LANG, as in POSIX."""
    name = next((environment[key] for key in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(key)), "C")
    codeset = name.partition(".")[2].partition("@")[0]
    if not codeset:
        codeset = locale.locale_alias.get(name.partition("@")[0].lower(), "").partition(".")[2]
    return codeset.lower().replace("-", "") != "utf8"


def terminal_problem(stdin: TextIO, stderr: TextIO, environment: Mapping[str, str] = os.environ) -> str:
    """Why the app can not run here, or nothing."""
    if not stdin.isatty() or not stderr.isatty():
        return "the app needs a terminal on standard input and standard error"
    if environment.get("TERM") == "dumb":
        return "TERM=dumb can not show the app"
    return ""


def let_processes_start(app: App[int]) -> None:
    """Let the engine start worker processes while the app has the terminal.

    Textual's stand-in for sys.stderr gives -1 as its descriptor, which multiprocessing hands to its helper process
    ("bad value(s) in fds_to_keep"); where there is none, it asks for an exception, and does without.
    """
    for stream in (app._capture_stdout, app._capture_stderr):
        vars(stream)["fileno"] = _no_descriptor


def _no_descriptor() -> int:
    raise UnsupportedOperation("the terminal belongs to the app")


def choose_theme(app: App[int], name: str) -> None:
    """Begin with a theme. Setting `App.theme` before the app runs has the style sheets parsed twice."""
    app.set_reactive(App.theme, name)
    app.set_class(app.current_theme.dark, "-dark-mode")
    app.set_class(not app.current_theme.dark, "-light-mode")
    app._invalidate_css()
    app.stylesheet.set_variables(app.get_css_variables())
    app._refresh_truecolor_filter(app.ansi_theme)
