"""Where results go without harm: a folder that a command fills is new or emptied by moving, a file has a free name."""

from collections.abc import Collection
from pathlib import Path

from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.files import free_name


def claim_folder(folder: Path, inputs: Collection[Path] = ()) -> Path | None:
    """Make `folder`, empty; where its old content went, None where there was none.

    Raises UsageError where moving would take away the working folder or one of `inputs`, InputError where the
    folder can not be made.
    """
    target = folder.resolve()
    try:
        moved = _move_aside(folder, target, inputs) if target.exists() and _holds_something(target) else None
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot write: {error.strerror}", "check the folder and its rights") from error
    return moved


def _holds_something(target: Path) -> bool:
    return not target.is_dir() or next(target.iterdir(), None) is not None


def _move_aside(folder: Path, target: Path, inputs: Collection[Path]) -> Path:
    if not target.is_dir():
        raise UsageError(f"{folder}: is a file, expected a folder", "name another folder")
    for inside in (Path.cwd(), *(path.resolve() for path in inputs)):
        if inside.is_relative_to(target):
            raise UsageError(f"{folder}: its content would be moved aside, and {inside} is in it", "name a new folder")
    aside = free_name(target)
    target.rename(aside)
    return aside


def free_file_name(path: Path) -> Path:
    """`path`, or the first of `name.1.zip`, `name.2.zip`, ... that is not there: the suffix stays the suffix."""
    candidate, number = path, 0
    while candidate.exists() or candidate.is_symlink():
        number += 1
        candidate = path.with_name(f"{path.stem}.{number}{path.suffix}")
    return candidate
