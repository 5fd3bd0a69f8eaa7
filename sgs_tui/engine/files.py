"""A user's files, without harm: written whole (temp file in the same folder, fsync, rename) or not at all, what was
there is kept, and whatever the operating system refuses is one clear line.
"""

import errno
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sgs_tui.engine.errors import InputError, UsageError, reason
from sgs_tui.language import Message


@contextmanager
def replacing(path: Path, mode: int | None = None) -> Iterator[BinaryIO]:
    """A binary file that takes `path`'s place when the block ends well, and vanishes otherwise.

    Permissions of an existing file are kept, a new one gets `mode` or the usual ones; a symbolic link is followed, not
    replaced.
    Raises InputError when the folder is missing or not writable, or the disk is full.
    """
    from tempfile import mkstemp  # loads random and hashes: not needed where nothing is written

    target = real(path)
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise InputError(
            Message("{path}: is no regular file, so it can not be replaced", path=path), Message("name a file to write")
        )
    try:
        descriptor, name = mkstemp(prefix=f".{target.name[:64]}.", dir=target.parent)
    except OSError as error:
        raise InputError(
            Message("{path}: cannot write: {why}", path=path, why=reason(error)),
            Message("check the folder and its rights"),
        ) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        new = 0o666 & ~_umask() if mode is None else mode
        os.chmod(temporary, target.stat().st_mode & 0o7777 if target.exists() else new)
        os.replace(temporary, target)
    except OSError as error:
        raise InputError(
            Message("{path}: cannot write: {why}", path=path, why=reason(error)),
            Message("check free space and rights"),
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes, mode: int | None = None) -> None:
    """Write `data` so that readers see the old file or the new one, never half of it."""
    with replacing(path, mode) as file:
        file.write(data)


def write_with_backup(path: Path, data: bytes) -> Path | None:
    """Write `data` to `path`; what was there is first kept as `path.bak` (`.bak.1`, ...), which is returned.

    The backup is open to nobody to whom the file was not.
    """
    backup = None
    if path.exists():
        backup = free_name(path.with_name(path.name + ".bak"))
        write_atomically(backup, path.read_bytes(), path.stat().st_mode & 0o7777)
    write_atomically(path, data)
    return backup


def at_home(path: Path | str) -> Path:
    """The path with `~` resolved; that of a user who is not known here stays, and no file will be called so."""
    with suppress(ValueError):
        return Path(os.path.expanduser(path))
    return Path(path)


def settings_path() -> Path:
    """Where the user's settings are, whether the file exists or not."""
    from platformdirs import user_config_path  # not needed by commands that print

    return user_config_path("sgs-tui") / "settings.toml"


def real(path: Path) -> Path:
    """Where a path leads, absolute; a link that leads to itself stays one."""
    return Path(os.path.realpath(path))  # Path.resolve raises for such a link


def beside(name: str, *paths: Path) -> Path | None:
    """The file of that name in the folder of the first of these paths that has one."""
    return next((found for path in paths if (found := path.parent / name).is_file()), None)


def free_name(path: Path, keep_suffix: bool = False) -> Path:
    """`path`, or the first of `path.1`, `path.2`, ... (`name.1.zip` with `keep_suffix`) that does not exist."""
    stem, suffix = (path.stem, path.suffix) if keep_suffix else (path.name, "")
    candidate, number = path, 0
    while candidate.exists() or candidate.is_symlink():
        number += 1
        candidate = path.with_name(f"{stem}.{number}{suffix}")
    return candidate


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


SMALL = 64 << 20
"""No configuration, range file, profile or report is larger; a device or a sparse file has no end."""

_read: set[tuple[int, int]] = set()
"""Device and inode of every file that this process has read: what no output may replace."""


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """The open file, remembered as an input of this process (`was_read`).

    Raises InputError when it is no regular file (opening a FIFO would wait for ever), or can not be opened or read
    inside the block.
    """
    if "\0" in str(path):
        raise InputError(
            Message("{path}: holds a NUL character, no file is called so", path=path), Message("name a file")
        )
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError(
                    Message("{path}: is {kind}, expected a regular file", path=path, kind=_kind(status.st_mode)),
                    Message("name a file"),
                )
            mark_read(status)
            yield file
    except OSError as error:
        if error.errno == errno.ENXIO and (kind := odd_kind(path)):  # a socket can not be opened at all
            raise InputError(
                Message("{path}: is {kind}, expected a regular file", path=path, kind=kind), Message("name a file")
            ) from error
        raise InputError(
            Message("{path}: cannot read: {why}", path=path, why=reason(error)),
            Message("check the name and its rights"),
        ) from error


def _without_waiting(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def odd_kind(path: Path) -> str | None:
    """What a path leads to where that is there and no regular file, in words."""
    with suppress(OSError):
        mode = path.stat().st_mode
        return None if stat.S_ISREG(mode) else _kind(mode)
    return None


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: Message("a FIFO"), stat.S_IFSOCK: Message("a socket"), stat.S_IFDIR: Message("a folder")}
    return kinds.get(stat.S_IFMT(mode), Message("a device"))


def read_bytes(path: Path, limit: int = SMALL) -> bytes:
    """The whole file. Raises InputError when it can not be read, is no regular file or is over `limit` bytes."""
    with reading(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise InputError(
            Message("{path}: over {limit} MB, too large for what it should be", path=path, limit=limit >> 20),
            Message("is it the right file?"),
        )
    return data


def mark_read(status: os.stat_result) -> None:
    """Remember an open file as an input of this process."""
    _read.add((status.st_dev, status.st_ino))


def mark_named(path: Path) -> None:
    """Remember a file that the user names as an input, before it is read; nothing where it is none."""
    with suppress(OSError):
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            mark_read(status)


def forget_read() -> None:
    """A command line begins: no file is an input of it yet."""
    _read.clear()


def was_read(path: Path) -> bool:
    """Whether `path` is, by any name or link, a file that this process has read."""
    try:
        status = path.stat()
    except OSError:
        return False
    return (status.st_dev, status.st_ino) in _read


def make_folder(folder: Path) -> None:
    """Make `folder` with its parents, or accept that it is there. Raises InputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise InputError(
            Message("{folder}: is a file, expected a folder", folder=folder), Message("name another folder")
        ) from error
    except OSError as error:
        raise InputError(
            Message("{folder}: cannot write: {why}", folder=folder, why=reason(error)),
            Message("check the folder and its rights"),
        ) from error


def claim_folder(folder: Path, inputs: Collection[Path] = ()) -> Path | None:
    """Make `folder`, empty; where its old content went, None where there was none.

    Raises UsageError where moving would take away the working folder or one of `inputs`, InputError where the
    folder can not be made.
    """
    target = real(folder)
    try:
        moved = _move_aside(folder, target, inputs) if target.exists() and _holds_something(target) else None
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            Message("{folder}: cannot write: {why}", folder=folder, why=reason(error)),
            Message("check the folder and its rights"),
        ) from error
    return moved


def _holds_something(target: Path) -> bool:
    return not target.is_dir() or next(target.iterdir(), None) is not None


def _move_aside(folder: Path, target: Path, inputs: Collection[Path]) -> Path:
    if not target.is_dir():
        raise UsageError(
            Message("{folder}: is a file, expected a folder", folder=folder), Message("name another folder")
        )
    for inside in (Path.cwd(), *map(real, inputs)):
        if inside.is_relative_to(target):
            raise UsageError(
                Message(
                    "{folder}: its content would be moved aside, and {inside} is in it", folder=folder, inside=inside
                ),
                Message("name a new folder"),
            )
    aside = free_name(target)
    target.rename(aside)
    return aside
