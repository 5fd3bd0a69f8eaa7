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
    around = Surroundings(settings_path(), terminal, utf8, os.environ, installed.wish, home, language)
    checks = examine(around)
    emit(list_checks(checks), None)
    return ExitCode.INPUT if any(check.state is State.FAIL for check in checks) else ExitCode.OK
