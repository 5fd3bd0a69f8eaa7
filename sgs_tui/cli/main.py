"""From the command line to an exit code: which command is meant, run it, and every way it can end."""

import os
import sys
import warnings
from collections.abc import Collection, Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

from sgs_tui import __version__
from sgs_tui.cli import COMMANDS, OPEN, stderr
from sgs_tui.cli.exits import ExitCode, exit_code
from sgs_tui.cli.language import settle
from sgs_tui.cli.named import look_at_names
from sgs_tui.cli.options import Language, with_options
from sgs_tui.engine.errors import SgsError, UsageError, reason
from sgs_tui.engine.files import forget_read
from sgs_tui.engine.text import nearest, visible
from sgs_tui.language import ENGLISH, Message, spoken

_OWN_OPTIONS = frozenset({"--help", "-h", "--version", "-V", "--install-completion", "--show-completion"})


def with_command(arguments: list[str], commands: Collection[str]) -> list[str]:
    """`arguments` with the command spelled out in front.

    `--batch` may stand before the command; without a command it means `compare`.
    A file that is named like a command is reached as `./compare`.
    """
    if not arguments:
        return [OPEN]
    _check_spelling(arguments, commands)
    first, rest = arguments[0], arguments[1:]
    if first in commands or first.split("=")[0] in _OWN_OPTIONS:
        return arguments
    if first == "--batch" and rest and rest[0] in commands:
        return [rest[0], "--batch", *rest[1:]]
    return ["compare" if _asks_for_batch(arguments) else OPEN, *arguments]


def _check_spelling(arguments: list[str], commands: Collection[str]) -> None:
    """A mistyped command would arrive as a path. Raises UsageError where no file is called so."""
    word = next((each for each in arguments if each != "--batch"), "-")
    is_path = word.startswith("-") or "/" in word or "." in word or word in commands
    close = None if is_path else nearest(word, commands)
    if close and not Path(word).exists():
        raise UsageError(
            Message("no file or command is called {word}", word=visible(word)),
            Message("did you mean `sgs-tui {command}`?", command=close),
        )


def _asks_for_batch(arguments: list[str]) -> bool:
    """`--batch` as an option; what follows `--` are paths."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--batch" in options


_COMPLETION_VARIABLE = "_SGS_TUI_COMPLETE"

_HELP = Message("""Find the layer that quantization broke: compare the dumps of a SigmaStar simulator.

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
130 interrupted.""")


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
        module = import_module(f"sgs_tui.cli.{COMMANDS[name]}")
        if hasattr(module, "register"):
            module.register(app)
        else:
            app.command(name)(with_options(getattr(module, name)))
    return app


def _run(arguments: list[str]) -> int:
    forget_read()
    arguments = settle(arguments)
    if odd := next((each for each in arguments if "\0" in each), None):
        raise UsageError(Message("{name}: holds a NUL character", name=odd), Message("no file is called so"))
    arguments = with_command(arguments, COMMANDS)
    completing = _COMPLETION_VARIABLE in os.environ
    one_is_enough = arguments[0] in COMMANDS and not completing
    command = get_command(build(arguments[:1] if one_is_enough else COMMANDS))
    look_at_names(command)
    if spoken() != ENGLISH:
        from sgs_tui.cli.help import translate

        translate(command)
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
    lang: Language = None,
) -> None:
    """The options in front of a command."""


_COMMAND_LINE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]
"""ClickException, by the only public way: typer 0.2x carries its own click, older ones use the package."""


def guarded(arguments: list[str]) -> int:
    """Run the command line; every way it can end is an exit code."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    try:
        return _flushed(_run(arguments))
    except (KeyboardInterrupt, typer.Abort):
        stderr.error(Message("interrupted"))
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return ExitCode.BROKEN_PIPE  # `sgs-tui ... | head` is no failure: be silent
    except SgsError as error:
        stderr.error(error.message, error.hint)
        return exit_code(error)
    except (OSError, MemoryError) as error:
        return _denied(error)
    except Exception as error:
        return _refused(error) if isinstance(error, _COMMAND_LINE_ERROR) else _defect(error, arguments)
    finally:
        _let_go()


def _flushed(code: int) -> int:
    """What is still buffered may meet a reader that has gone, so it is flushed while that is caught."""
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _let_go() -> None:
    """Give what stdout can not take to nobody: Python would try again at its end, and turn the exit code into 120."""
    try:
        _flushed(0)
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _denied(error: OSError | MemoryError) -> ExitCode:
    """The operating system refused something that no code of ours was ready for."""
    if isinstance(error, MemoryError):
        stderr.error(Message("out of memory"), Message("free some, or give the command a smaller file"))
    elif error.filename is None and not _has_working_folder():
        stderr.error(Message("the current folder is gone: deleted or moved"), Message("change to one that is there"))
    else:
        where = Message("stdout or a file") if error.filename is None else os.fsdecode(error.filename)
        stderr.error(
            Message("{where}: {why}", where=where, why=reason(error)),
            Message("check the path, its rights and free space"),
        )
    return ExitCode.INPUT


def _has_working_folder() -> bool:
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def _refused(error: Exception) -> ExitCode:
    from sgs_tui.cli.refusals import refusal

    context = getattr(error, "ctx", None)
    message = " ".join(str(getattr(error, "format_message", error.__str__)()).split())
    command = context.command_path if context else "sgs-tui"
    stderr.error(refusal(message.rstrip(".")), Message("see '{command} --help'", command=command))
    return ExitCode.USAGE


def _defect(error: Exception, arguments: list[str]) -> ExitCode:
    from sgs_tui.engine.crash import write_crash_report

    path = write_crash_report(error, arguments)
    kind = type(error).__name__
    stderr.error(
        Message("this is a defect of sgs-tui: {kind}: {error}", kind=kind, error=error),
        Message("the report is in {path}", path=path),
    )
    return ExitCode.INTERNAL
