"""The commands, put together. Each group is a small module with `register(app)`."""

import os
from typing import Annotated

import typer
from typer.main import get_command

from sgs_tui import __version__
from sgs_tui.cli import (
    advise,
    compare,
    core,
    debugconfig,
    demo,
    doctor,
    dump,
    histogram,
    inspect,
    iterate,
    journal,
    opening,
    optimize,
    quant,
    runs,
    split,
    vendor_script,
)
from sgs_tui.cli import run as run_command
from sgs_tui.cli.arguments import with_command

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
Exit codes: 0 fine, 1 layers over the limits, 2 usage, 3 input missing or damaged,
4 a simulator or dumper failed, 5 nothing comparable, 130 interrupted.
"""


def build() -> typer.Typer:
    """The Typer application with every command."""
    app = typer.Typer(
        name="sgs-tui",
        no_args_is_help=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=_HELP)(_main)
    for group in (
        opening,
        compare,
        inspect,
        histogram,
        split,
        debugconfig,
        dump,
        run_command,
        runs,
        optimize,
        advise,
        iterate,
        journal,
        quant,
        core,
        vendor_script,
        demo,
        doctor,
    ):
        group.register(app)
    return app


def run(arguments: list[str]) -> int:
    """Parse and execute; returns the command's exit code. Errors are for the caller (cli/guard.py)."""
    command = get_command(build())
    if _COMPLETION_VARIABLE in os.environ:
        command.main(arguments, prog_name="sgs-tui")
    names = getattr(command, "commands", {})
    try:
        with command.make_context("sgs-tui", with_command(arguments, names)) as context:
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
