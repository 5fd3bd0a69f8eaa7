"""`sgs-tui debugconfig show|check|set`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from sgs_tui.cli.debugconfig_file import FileArgument, FileOption, one_of
from sgs_tui.cli.debugconfig_set import set_
from sgs_tui.cli.exits import ExitCode

_GROUP = """Read, check and change DebugConfig.txt.

\b
Examples:
  sgs-tui debugconfig check run/DebugConfig.txt
  sgs-tui debugconfig set --preset fixed path=.
"""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(rich_markup_mode=None, help=_GROUP)
    group.command("show")(show)
    group.command("check")(check)
    group.command("set")(set_)
    app.add_typer(group, name="debugconfig")


def show(file: FileArgument = None, option: FileOption = None) -> int:
    """Show every switch as the simulator reads it, with its meaning.

    \b
    Example:
      sgs-tui debugconfig show run/DebugConfig.txt
    """
    from sgs_tui.batch.debugconfig import describe
    from sgs_tui.batch.output import emit
    from sgs_tui.engine.configs.debugconfig import load

    chosen = one_of(file, option)
    emit(describe(load(chosen), str(chosen)), None)
    return ExitCode.OK


def check(
    file: FileArgument = None,
    option: FileOption = None,
    run_in: Annotated[
        Path | None,
        typer.Option("--run-in", metavar="DIR", help="Where the simulator runs (default the file's folder)."),
    ] = None,
) -> int:
    """Say what the simulator will not do as it seems.

    One line a finding, exit code 3 where one is an error.

    \b
    Example:
      sgs-tui debugconfig check run/DebugConfig.txt
    """
    from sgs_tui.batch.debugconfig import list_findings
    from sgs_tui.batch.output import emit
    from sgs_tui.engine.configs.debugconfig import load
    from sgs_tui.engine.configs.debugconfig_check import check as find
    from sgs_tui.engine.configs.findings import Severity

    home = os.environ.get("HOME")
    chosen = one_of(file, option)
    findings = find(load(chosen), run_in or chosen.parent, Path(home) if home else None)
    emit(list_findings(findings, str(chosen)), None)
    return ExitCode.INPUT if any(found.severity is Severity.ERROR for found in findings) else ExitCode.OK
