"""The way in: `launch(options)` runs the app in this terminal and returns the exit code.

Only what the first picture needs is imported before it is painted; numpy and the engine come after it.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.configs.profile_files import load_profile
from sgs_tui.engine.errors import UsageError
from sgs_tui.tui.actions import BY_ID
from sgs_tui.tui.app import SgsApp
from sgs_tui.tui.compat import needs_ascii, terminal_problem, user_environment
from sgs_tui.tui.settings import load_settings, settings_path
from sgs_tui.tui.start import Start


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """What the command line says. `paths`: nothing, a folder, a dump, or sample and benchmark.

    An empty `profile` means the settings' one, or `manual`; `query` and `sort` are those of `compare --filter --sort`.
    """

    paths: tuple[Path, ...]
    ranges: Path | None = None
    shapes: Path | None = None
    profile: str = ""
    ascii: bool = False
    mouse: bool = True
    query: str = ""
    sort: str = ""


def launch(options: LaunchOptions) -> int:
    """Run the app. 0, or 128 + the signal that ended it.

    Raises UsageError without a terminal or with an unknown profile; a defect of ours leaves as the exception that it
    is, after the terminal was restored.
    """
    if problem := terminal_problem(sys.stdin, sys.stderr):
        raise UsageError(problem, "use --batch to print instead")
    settings = load_settings(settings_path(), tuple(BY_ID))
    app = SgsApp(
        start_of(options, settings.profile), settings, ascii_only=options.ascii or needs_ascii(user_environment())
    )
    code = app.run(mouse=options.mouse and settings.mouse is not False)
    if app.crash is not None:
        raise app.crash
    return app.return_code or 0 if code is None else code


def start_of(options: LaunchOptions, default_profile: str) -> Start:
    """What to open first. Raises UsageError for an unknown profile."""
    profile = load_profile(options.profile or default_profile or "manual")
    folder, sample, benchmark = _places(options.paths)
    return Start(folder, sample, benchmark, options.ranges, options.shapes, profile, options.query, options.sort)


def _places(paths: tuple[Path, ...]) -> tuple[Path, Path | None, Path | None]:
    """Folder to browse, sample, benchmark."""
    if len(paths) == 2:
        return paths[0].parent, paths[0], paths[1]
    if paths and not paths[0].is_dir():
        return paths[0].parent, paths[0], None
    return (paths[0] if paths else Path()), None, None
