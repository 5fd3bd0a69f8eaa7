"""The commands, put together. Each is a small module with `register(app)`, loaded when it is asked for."""

import os
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated

import typer
from typer.main import get_command

from sgs_tui import __version__
from sgs_tui.cli.arguments import COMMANDS, with_command

_COMPLETION_VARIABLE = "_SGS_TUI_COMPLETE"

_HELP = """Find the layer that quantisation broke: compare the dumps of a SigmaStar simulator.

Without a command, the app opens on the PATHs: sample then benchmark, or a folder.

\b
Examples:
  sgs-tui fixed.bin float.bin
  sgs-tui --batch fixed.bin float.bin
  sgs-tui compare fixed.bin float.bin --format json --output result.json
  sgs-tui demo

\b
Exit codes: 0 fine, 1 layers over the limits, 2 usage, 3 input missing or
damaged, 4 a simulator or dumper failed, 5 nothing comparable,
130 interrupted.
"""


def build(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The Typer application with these commands."""
    app = typer.Typer(
        name="sgs-tui",
        no_args_is_help=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=_HELP)(_main)
    for name in names:
        import_module(f"sgs_tui.cli.{COMMANDS[name]}").register(app)
    return app


def run(arguments: list[str]) -> int:
    """Parse and execute; returns the command's exit code. Errors are for the caller (cli/guard.py)."""
    arguments = with_command(arguments, COMMANDS)
    completing = _COMPLETION_VARIABLE in os.environ
    one_is_enough = arguments[0] in COMMANDS and not completing
    command = get_command(build(arguments[:1] if one_is_enough else COMMANDS))
    if completing:
        command.main(arguments, prog_name="sgs-tui")
    try:
        with command.make_context("sgs-tui", arguments) as context:
            return int(command.invoke(context) or 0)
    except typer.Exit as leaving:
        return leaving.exit_code


def _show_version(wanted: bool) -> None:
    """Usually answered by sgs_tui/__main__.py, before anything is loaded."""
    if wanted:
        typer.echo(f"sgs-tui {__version__}")
        raise typer.Exit


def _main(
    version: Annotated[
        bool, typer.Option("--version", "-V", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    """The options in front of a command."""
