"""Where data goes: one binary stream, so that no locale and no newline translation touches it."""

import sys
from pathlib import Path

from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.files import write_atomically


def emit(data: bytes, output: Path | None, inputs: tuple[Path, ...] = ()) -> None:
    """Write to `output`, whole or not at all, or to stdout. Raises UsageError where an input would be lost."""
    if output is None:
        _to_stdout(data)
        return
    if any(output.exists() and path.exists() and output.samefile(path) for path in inputs):
        raise UsageError(f"{output}: is an input of this command", "give --output another name")
    write_atomically(output, data)


def _to_stdout(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"stdout: cannot write: {error.strerror}", "check free space where it leads") from error
