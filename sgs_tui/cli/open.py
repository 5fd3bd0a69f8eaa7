"""`sgs-tui [PATH...]`: the way into the app."""

from pathlib import Path
from typing import Annotated

import typer

from sgs_tui.cli import OPEN
from sgs_tui.cli.options import Ascii, NoMouse, ProfileName, Ranges, Shapes
from sgs_tui.cli.stderr import require_terminal
from sgs_tui.engine.dumps.mistaken import refuse_other_files
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.language import Message


def open_app(
    paths: tuple[Path, ...],
    *,
    ranges: Path | None = None,
    shapes: Path | None = None,
    profile: str = "",
    ascii_only: bool = False,
    mouse: bool = True,
    query: str = "",
    sort: str = "",
) -> int:
    """Run the app on `paths`; its exit code. An empty `profile` is the one of the user's settings.

    Raises UsageError where there is no terminal.
    """
    require_terminal()
    from sgs_tui.tui.app import LaunchOptions, launch

    return launch(LaunchOptions(paths, ranges, shapes, profile, ascii_only, mouse, query, sort))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(OPEN)(open_)


def open_(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Sample and benchmark (and the original), or a folder."),
    ] = None,
    ranges: Ranges = None,
    shapes: Shapes = None,
    profile: ProfileName = None,
    ascii_only: Ascii = False,
    no_mouse: NoMouse = False,
) -> int:
    """Open the app; the same as `sgs-tui [PATH]...`.

    \b
    Examples:
      sgs-tui fixed.bin float.bin --ranges tensor_min_max.txt
      sgs-tui fixed.bin float.bin original.bin
      sgs-tui ~/dumps
      sgs-tui open fixed.bin float.bin --no-mouse
    """
    require_terminal()
    chosen = tuple(paths or ())
    _check(chosen)
    return open_app(
        chosen, ranges=ranges, shapes=shapes, profile=profile or "", ascii_only=ascii_only, mouse=not no_mouse
    )


def _check(paths: tuple[Path, ...]) -> None:
    """Say before the app is drawn what it could not open."""
    if len(paths) > 3:
        raise UsageError(
            Message("{paths} paths given, expected fixed, float and original at most", paths=len(paths)),
            Message("or one folder"),
        )
    for path in paths:
        if not path.exists():
            raise InputError(Message("{path}: no such file or folder", path=path), Message("check the path"))
        if path.is_file():
            refuse_other_files(path)
