"""The one place where exceptions become a line on stderr and an exit code."""

import os
import sys
import warnings
from contextlib import suppress

import typer

from sgs_tui.cli import complaints
from sgs_tui.cli.app import run
from sgs_tui.cli.exits import ExitCode, exit_code
from sgs_tui.engine.errors import SgsError

_COMMAND_LINE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]
"""ClickException, by the only public way: typer 0.2x carries its own click, older ones use the package."""


def guarded(arguments: list[str]) -> int:
    """Run the command line; every way it can end is an exit code."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    try:
        return _finish(run(arguments))
    except (KeyboardInterrupt, typer.Abort):
        complaints.error("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return _reader_went_away()
    except SgsError as error:
        complaints.error(error.message, error.hint)
        return exit_code(error)
    except Exception as error:
        return _refused(error) if isinstance(error, _COMMAND_LINE_ERROR) else _defect(error, arguments)


def _finish(code: int) -> int:
    """What is still buffered may meet a reader that has gone, so it is flushed while that is caught."""
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _refused(error: Exception) -> ExitCode:
    """A command line that the parser refuses, said in one line."""
    context = getattr(error, "ctx", None)
    message = " ".join(str(getattr(error, "format_message", error.__str__)()).split())
    complaints.error(message.rstrip("."), f"see '{context.command_path if context else 'sgs-tui'} --help'")
    return ExitCode.USAGE


def _reader_went_away() -> ExitCode:
    """`sgs-tui ... | head` is no failure: be silent, also when Python flushes stdout at its end."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.BROKEN_PIPE


def _defect(error: Exception, arguments: list[str]) -> ExitCode:
    from sgs_tui.engine.crash import write_crash_report

    path = write_crash_report(error, arguments)
    complaints.error(f"this is a defect of sgs-tui: {type(error).__name__}: {error}", f"the report is in {path}")
    return ExitCode.INTERNAL
