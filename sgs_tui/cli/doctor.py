"""`sgs-tui doctor`."""

import os

from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.stderr import is_terminal, speaks_utf8


def doctor() -> int:
    """Say what works on this machine and what does not.

    Looks at Python, packages, terminal, locale, SDK, gdb, disk and settings. Lines start with ok, no (only some work
    needs it) or FAIL (nothing works before that is fixed; exit code 3).

    \b
    Example:
      sgs-tui doctor
    """
    from sgs_tui.batch.output import emit
    from sgs_tui.batch.printed.doctor import State, Surroundings, examine, list_checks
    from sgs_tui.engine.backends.sdk_install import settings_path

    terminal = is_terminal("stdin") and is_terminal("stderr")
    checks = examine(Surroundings(settings_path(), terminal, speaks_utf8(os.environ), os.environ))
    emit(list_checks(checks), None)
    return ExitCode.INPUT if any(check.state is State.FAIL for check in checks) else ExitCode.OK
