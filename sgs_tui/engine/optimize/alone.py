"""One search at a time in a folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sgs_tui.engine.errors import InputError


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder while the block runs. Raises InputError where another search does."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{folder}: another search is at work there", "wait for it, or stop it") from error
        yield
    finally:
        os.close(descriptor)
