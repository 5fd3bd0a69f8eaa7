"""What makes a result traceable: the files it was made from, by content, and what made it."""

import hashlib
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sgs_tui import __version__

_BLOCK = 1 << 20
Tell = Callable[[int], None]
"""Called with the number of bytes that were read since the last call."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file: what it is to us, the path as the user gave it, bytes, last change (UTC) and SHA-256 (hex).

    `problem`: why it could not be read, where it could not; the other facts are empty then.
    """

    role: str
    path: str
    size: int = 0
    modified: str = ""
    sha256: str = ""
    problem: str = ""


def file_facts(role: str, path: Path, tell: Tell = lambda _: None) -> FileFacts:
    """Read the whole file once, in blocks. A report on a file that is gone by now is still a report."""
    digest, size = hashlib.sha256(), 0
    try:
        modified = path.stat().st_mtime
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
                tell(len(block))
    except OSError as error:
        return FileFacts(role, str(path), problem=f"cannot be read any more: {error.strerror}")
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
