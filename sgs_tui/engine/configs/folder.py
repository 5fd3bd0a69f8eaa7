"""What can be said about a folder before a simulator writes into it."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.configs.switches import DUMP_NAME


@dataclass(frozen=True, slots=True)
class FolderState:
    """`free` is in bytes; `has_dump`: a dump is there already."""

    exists: bool
    is_folder: bool
    writable: bool
    free: int
    has_dump: bool


def look(path: Path) -> FolderState:
    """The state of `path` now. What can not be found out counts as not there, not writable, no space."""
    is_folder = os.path.isdir(path)
    writable = is_folder and os.access(path, os.W_OK | os.X_OK)
    return FolderState(os.path.exists(path), is_folder, writable, _free(path), os.path.exists(path / DUMP_NAME))


def _free(path: Path) -> int:
    try:
        return shutil.disk_usage(path).free
    except (OSError, ValueError):
        return 0
