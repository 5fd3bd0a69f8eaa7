"""What makes a result traceable: the files it was made from, by content, and what made it."""

import hashlib
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sgs_tui import __version__
from sgs_tui.engine.errors import InputError

_BLOCK = 1 << 20
Tell = Callable[[int], None]
"""Called with the number of bytes that were read since the last call."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file: what it is to us, the path as the user gave it, bytes, last change (UTC) and SHA-256 (hex)."""

    role: str
    path: str
    size: int
    modified: str
    sha256: str


def file_facts(role: str, path: Path, tell: Tell = lambda _: None) -> FileFacts:
    """Read the whole file once, in blocks. Raises InputError where it can not be read."""
    digest, size = hashlib.sha256(), 0
    try:
        modified = path.stat().st_mtime
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
                tell(len(block))
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}", "check the path and its rights") from error
    return FileFacts(role, str(path), size, utc(modified), digest.hexdigest())


def utc(seconds: float) -> str:
    """Seconds since 1970 as `2026-11-22 23:58:07 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def environment() -> tuple[tuple[str, str], ...]:
    """What made the report, as (name, version); nothing that tells who or where."""
    return (
        ("sgs-tui", __version__),
        ("Python", platform.python_version()),
        ("numpy", metadata.version("numpy")),
        ("system", f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}".strip(", ")),
    )
