"""Which DebugConfig.txt a command is about: the same two ways to name it everywhere."""

from pathlib import Path
from typing import Annotated

import typer

from sgs_tui.engine.errors import UsageError

DEFAULT = Path("DebugConfig.txt")
FileArgument = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The file (default ./DebugConfig.txt).")]
FileOption = Annotated[Path | None, typer.Option("--file", "-f", metavar="FILE", help="The same, as an option.")]


def one_of(file: Path | None, option: Path | None) -> Path:
    """The file, named in either way. Raises UsageError where both name one."""
    if file is not None and option is not None:
        raise UsageError(f"{file} and --file {option}: one file at a time", "name it once")
    return file or option or DEFAULT
