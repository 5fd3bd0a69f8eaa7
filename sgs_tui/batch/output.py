"""Where data goes: one binary stream, so that no locale and no newline translation touches it. And how it is asked for:
by names that the command line knows without loading what writes them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from itertools import islice
from pathlib import Path

from sgs_tui.engine.errors import InputError, UsageError, reason
from sgs_tui.engine.files import real, replacing, was_read
from sgs_tui.language import Message


class AdviceFormat(StrEnum):
    """How advice, and what came of it, is written."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


class ListFormat(StrEnum):
    """How a list of records or values is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class RunFormat(StrEnum):
    """How started or finished runs are printed."""

    TEXT = "text"
    JSON = "json"


class RunsFormat(StrEnum):
    """How a list of runs is printed."""

    TABLE = "table"
    JSON = "json"


class FailOn(StrEnum):
    """What makes the command end with exit code 1; REGRESSION: only what got worse than the baseline."""

    FAIL = "fail"
    WARN = "warn"
    REGRESSION = "regression"
    NEVER = "never"


Data = bytes | Iterator[bytes]
"""What a command writes: all of it, or piece by piece where that may be much."""


def joined(data: Data) -> bytes:
    """All of it."""
    return data if isinstance(data, bytes) else b"".join(data)


def emit(data: Data, output: Path | None, inputs: tuple[Path, ...] = ()) -> None:
    """Write to `output`, whole or not at all, or to stdout (None or `-`).

    Raises UsageError where an input would be lost, InputError where writing is impossible.
    """
    pieces = iter([data]) if isinstance(data, bytes) else data
    if output is None or output == Path("-"):
        _to_stdout(pieces)
    elif output.exists() and not output.is_file():
        _to_device(pieces, output)
    else:
        _spare(inputs, output)
        with replacing(output) as file:
            file.writelines(pieces)


def check_target(output: Path | None, inputs: tuple[Path, ...] = ()) -> None:
    """Raise before work that takes minutes what `emit` would raise after it."""
    if output is not None and output.is_dir():
        raise InputError(
            Message("{output}: is a folder, expected a file to write", output=output), Message("name a file in it")
        )
    if output is None or output == Path("-") or (output.exists() and not output.is_file()):
        return
    _spare(inputs, output)
    folder = real(output).parent
    if not folder.is_dir():
        raise InputError(
            Message("{output}: there is no folder {folder}", output=output, folder=folder),
            Message("make it first, or name another file to write"),
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(
            Message("{output}: the folder {folder} can not be written to", output=output, folder=folder),
            Message("name another file to write"),
        )


def _spare(inputs: tuple[Path, ...], output: Path) -> None:
    named = any(output.exists() and path.exists() and output.samefile(path) for path in inputs)
    if named or was_read(output):
        raise UsageError(
            Message("{output}: is an input of this command", output=output), Message("name another file to write")
        )


_AT_ONCE = 5
"""Pieces that are not held back: who wants no more than the start is seen to be gone before the rest is made."""


def _to_stdout(pieces: Iterator[bytes]) -> None:
    if sys.stdout is None:
        raise InputError(Message("stdout is closed"), Message("redirect it, or use --output"))
    with _explained("stdout"):
        for piece in islice(pieces, _AT_ONCE):
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        sys.stdout.buffer.writelines(pieces)
        sys.stdout.buffer.flush()


def _to_device(pieces: Iterator[bytes], output: Path) -> None:
    """A pipe or a device takes the bytes; replacing it by a file, as is done with files, would destroy it."""
    with _explained(str(output)), output.open("wb") as file:
        file.writelines(pieces)


@contextmanager
def _explained(where: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(
            Message("{where}: cannot write: {why}", where=where, why=reason(error)),
            Message("check free space and rights there"),
        ) from error
