"""Everything on stderr: one plain line each, no panels, no colors, nothing that a terminal would obey."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

from sgs_tui.cli.exits import ExitCode
from sgs_tui.engine.errors import CancelledError, TerminatedError, UsageError
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, _, joined

if TYPE_CHECKING:
    from sgs_tui.batch.console import Screen


def error(message: str, hint: str = "") -> None:
    """`sgs-tui: error: what is wrong; what to do`."""
    _line(_("sgs-tui: error: {text}", text=joined((message, hint), "; ") if hint else message))


def damaged(problems: Sequence[str], consolation: str) -> ExitCode:
    """An error for each, with what was done all the same; the exit code."""
    for problem in problems:
        error(problem, consolation)
    return ExitCode.INPUT if problems else ExitCode.OK


def warning(message: str) -> None:
    """`sgs-tui: warning: ...`: the result stands, but read this."""
    _line(_("sgs-tui: warning: {text}", text=message))


def note(*messages: str) -> None:
    """`sgs-tui: note: ...`: what was done, said where data does not go; a line each."""
    for message in messages:
        _line(_("sgs-tui: note: {text}", text=message))


def written(path: Path, backup: Path | None) -> None:
    """A file is there now; where what was there is kept."""
    if backup is None:
        note(Message("{path} is written", path=path))
    else:
        note(Message("{path} is written; what was there is in {backup}", path=path, backup=backup))


def _line(line: str) -> None:
    """Write one line; a stderr that is closed or full must not turn a result into a failure."""
    if sys.stderr is None:  # closed by the caller; print would fall back to stdout
        return
    try:
        print(visible(line), file=sys.stderr, flush=True)
    except OSError:
        return


# Ctrl-C that comes at a bad moment: remembered, and raised when the moment is over.


@contextmanager
def held_interrupts() -> Iterator[Event]:
    """While the block runs Ctrl-C only sets the event: something is being made that must not be forgotten."""
    held = Event()
    with _signals_to(lambda number, frame: held.set(), (signal.SIGINT,)):
        yield held


class Stop(Event):
    """Set by the first signal that asks a job to end."""

    code = ExitCode.INTERRUPTED
    """What the process returns when it was set."""


@contextmanager
def cancelling_interrupts() -> Iterator[Stop]:
    """While the block runs the first Ctrl-C or SIGTERM sets the event, for a job that then ends; the next is real.

    A job that ends by CancelledError ends by TerminatedError after SIGTERM.
    """
    cancel = Stop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}

    def stop(number: int, frame: FrameType | None) -> None:
        cancel.code = ExitCode.TERMINATED if number == signal.SIGTERM else ExitCode.INTERRUPTED
        cancel.set()
        for each, handler in before.items():
            signal.signal(each, handler)

    with _signals_to(stop, numbers):
        try:
            yield cancel
        except CancelledError as error:
            if cancel.code is ExitCode.TERMINATED:
                raise TerminatedError(error.message, error.hint) from error
            raise


@contextmanager
def _signals_to(handler: Callable[[int, FrameType | None], None], numbers: Sequence[signal.Signals]) -> Iterator[None]:
    """A program that was started with a signal ignored (nohup, a shell's background job) goes on ignoring it."""
    before = {number: signal.getsignal(number) for number in numbers}
    for number, old in before.items():
        if old is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


# What this process talks to: a terminal or not, how wide, UTF-8 or not, colors or not.


def require_terminal() -> None:
    """Raise UsageError where the app has no terminal to read from or (Textual's stderr) to draw on."""
    missing = [name for name in ("stdin", "stderr") if not is_terminal(name)]
    if missing:
        raise UsageError(
            Message("{stream} is not a terminal", stream=missing[0]),
            Message("use --batch to print instead of opening the app"),
        )


def screen(ascii_only: bool, to_file: bool) -> "Screen":
    """What a table is drawn for: stdout, or a file."""
    from sgs_tui.batch.console import Screen

    columns = None if to_file else _columns()
    return Screen(columns, ascii_only or not speaks_utf8(os.environ), not to_file and _colors(os.environ))


def speaks_utf8(environment: Mapping[str, str]) -> bool:
    """Whether the locale's characters are UTF-8: LC_ALL, then LC_CTYPE, then LANG decides."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if value := environment.get(name):
            return "utf8" in value.lower().replace("-", "")
    return False


def _colors(environment: Mapping[str, str]) -> bool:
    """NO_COLOR wins over FORCE_COLOR, and that over what stdout is."""
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return bool(environment.get("FORCE_COLOR")) or is_terminal("stdout")


def is_terminal(name: str) -> bool:
    """Python sets a stream that was closed from outside to None."""
    stream = getattr(sys, name)
    return stream is not None and stream.isatty()


def _columns() -> int | None:
    """COLUMNS, else the terminal's width, else None: a pipe or a file has none."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    if not is_terminal("stdout"):
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80
