"""A DebugConfig.txt that is being edited: what is on disk, and what it would become."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from sgs_tui.engine.configs.debugconfig import DebugConfig, parse
from sgs_tui.engine.configs.debugconfig_check import check
from sgs_tui.engine.configs.findings import Finding
from sgs_tui.engine.configs.presets import PRESETS, template
from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.files import write_with_backup

FILE_NAME = "DebugConfig.txt"


def _new_document() -> DebugConfig:
    """For a file that is not there yet: dump for comparison."""
    return parse(template(PRESETS[1]))


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """`on_disk` is None for a file that does not exist yet."""

    path: Path = field(default_factory=lambda: Path(FILE_NAME))
    on_disk: bytes | None = None
    document: DebugConfig = field(default_factory=_new_document)

    @property
    def changed(self) -> bool:
        """The document is not what is on disk."""
        return self.document.render() != self.on_disk

    @property
    def state(self) -> str:
        """How document and disk stand to each other, in words."""
        if self.on_disk is None:
            return "new, not saved"
        return "changed, not saved" if self.changed else "as on disk"

    def edited(self, document: DebugConfig) -> "ConfigFile":
        """Another document for the same file."""
        return replace(self, document=document)

    def reread(self) -> "ConfigFile":
        """The same document beside what is on disk now. Raises InputError."""
        return replace(self, on_disk=_bytes(self.path))

    def findings(self) -> list[Finding]:
        """What the engine has to say about the document, run in the file's folder."""
        home = os.environ.get("HOME")
        return check(self.document, self.path.absolute().parent, Path(home) if home else None)

    def save(self) -> tuple["ConfigFile", Path | None]:
        """Write it; also the backup of what was there. Raises InputError or OSError."""
        data = self.document.render()
        backup = write_with_backup(self.path, data)
        return replace(self, on_disk=data), backup


def open_config(path: Path) -> ConfigFile:
    """The file to edit; a new one where there is none. Raises InputError when it can not be read."""
    data = _bytes(path)
    return ConfigFile(path, data, _new_document() if data is None else parse(data))


def _bytes(path: Path) -> bytes | None:
    return read_bytes(path) if path.exists() else None
