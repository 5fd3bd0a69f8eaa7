"""`sgs-tui doctor`."""

import os
from pathlib import Path
from typing import Annotated

from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.language import chosen
from sgs_tui.cli.options import SdkOptions, option, whole
from sgs_tui.cli.stderr import is_terminal, speaks_utf8


def doctor(
    *,
    project: Annotated[
        Path | None, option("--project FOLDER", "Look at a network too: the folder with its sgs-tui.toml.")
    ] = None,
    installed: SdkOptions,
) -> int:
    """Say what works on this machine and what does not.

    Looks at Python, packages, terminal, locale, language and what decided it, SDK (its Python and libraries, where it
    lives), gdb, disk and settings; with --project at a network: the ini against the preprocess script, the calibration
    pictures, names. Lines start with ok, no (only some work needs it) or FAIL (nothing works before that is fixed; exit
    code 3).

    \b
    Examples:
      sgs-tui doctor
      sgs-tui doctor --sdk-via "docker exec -i sgs" --sdk /opt/SGS_IPU_SDK
      sgs-tui doctor --project ~/nets/detector
    """
    from sgs_tui.batch.output import emit
    from sgs_tui.batch.printed.doctor import State, Surroundings, examine, list_checks
    from sgs_tui.engine.files import settings_path

    terminal = is_terminal("stdin") and is_terminal("stderr")
    home = whole(project) if project is not None else None
    utf8, told = speaks_utf8(os.environ), chosen()
    language = (told.language, told.why, told.refused)
    settings = settings_path()
    problems = _problems_of(settings)
    around = Surroundings(settings, terminal, utf8, os.environ, installed.wish, home, language, problems)
    checks = examine(around)
    emit(list_checks(checks), None)
    return ExitCode.INPUT if any(check.state is State.FAIL for check in checks) else ExitCode.OK


def _problems_of(settings: Path) -> tuple[str, ...]:
    """What the app would not use of that file, a line each."""
    from sgs_tui.engine.compare.limits import load_profile
    from sgs_tui.tui.settings import Names, load_settings

    try:
        from textual.theme import BUILTIN_THEMES

        from sgs_tui.tui.actions import BY_ID
        from sgs_tui.tui.layers.columns import AVAILABLE
        from sgs_tui.tui.themes import CYCLE
    except ImportError:  # of a package, which is told on a line of its own
        return load_settings(settings, Names(profile=load_profile)).problems
    themes = tuple(dict.fromkeys((*CYCLE, *BUILTIN_THEMES)))
    return load_settings(settings, Names(tuple(BY_ID), themes, AVAILABLE, load_profile)).problems
