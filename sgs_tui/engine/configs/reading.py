"""Reading a user's small file: what the operating system refuses becomes one clear line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sgs_tui.engine.errors import InputError


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """The open file. Raises InputError when it can not be opened or read inside the block."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}", "check the name and its rights") from error


def read_bytes(path: Path) -> bytes:
    """The whole file. Raises InputError when it can not be read."""
    with reading(path) as file:
        return file.read()
