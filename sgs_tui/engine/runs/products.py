"""The files that a run was to leave: are they there and new, and where they go once they are found good."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.runs.run_folder import Product, ProductKind, RunFolder, RunRequest, working_directory

FileStates = Mapping[str, tuple[int, int, int]]
"""Path to (size, mtime in ns, inode), for files that existed."""


@dataclass(frozen=True, slots=True)
class Found:
    """The files that answer to one product: new ones, and old ones that the run left untouched."""

    product: Product
    new: tuple[Path, ...]
    stale: tuple[Path, ...]


def file_states(request: RunRequest, folder: RunFolder) -> FileStates:
    """What the products' files are now. Taken before the child starts: clocks of file servers differ, so
    a new file is one that changed, not one with a later time."""
    directory = working_directory(folder, request)
    paths = [path for product in request.products for path in _matches(product, directory)]
    return {str(path): _state(path) for path in paths}


def find_products(request: RunRequest, folder: RunFolder, before: FileStates) -> tuple[Found, ...]:
    """The products of a run that ended."""
    directory, found = working_directory(folder, request), []
    for product in request.products:
        paths = _matches(product, directory)
        new = tuple(path for path in paths if before.get(str(path)) != _state(path))
        found.append(Found(product, new, tuple(path for path in paths if path not in new)))
    return tuple(found)


def publish(path: Path, folder: RunFolder) -> Path:
    """Move a good product out of the working directory to the run folder; elsewhere it stays where it is."""
    if not path.is_relative_to(folder.work_path):
        return path
    target = folder.path / path.name
    os.replace(path, target)
    return target


def growing_size(request: RunRequest, folder: RunFolder) -> int | None:
    """Bytes of the first product so far; None while there is none, and for files outside the run folder."""
    product = request.products[0] if request.products else None
    if product is None or request.cwd or Path(product.path).is_absolute():
        return None
    with suppress(OSError):
        for path in (*_matches(product, folder.work_path), folder.path / product.path):
            if path.exists():
                return path.stat().st_size
    return None


def _matches(product: Product, directory: Path) -> tuple[Path, ...]:
    path = directory / product.path
    if product.kind is ProductKind.PATTERN:
        return tuple(sorted(entry for entry in path.parent.glob(path.name) if entry.is_file()))
    return (path,) if path.is_file() else ()


def _state(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino
