"""Raising tensors to INT16 in a user's input_config.ini: what is there stays, what is wanted comes, with findings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.configs.findings import Finding
from sgs_tui.engine.configs.iniparser import SPACES
from sgs_tui.engine.configs.inputconfig import parse
from sgs_tui.engine.configs.inputconfig_edit import set_tensor_arrays
from sgs_tui.engine.configs.inputconfig_lint import lint
from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.configs.textlines import difference
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.files import write_with_backup


@dataclass(frozen=True, slots=True)
class IniChange:
    """A file before and after. `names`: its tensor_arrays then. `findings`: every trap of the file as it will be."""

    old: bytes
    new: bytes
    names: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return self.old != self.new

    def diff(self, name: str) -> tuple[str, ...]:
        """The lines of a unified diff; none where nothing changes."""
        return tuple(difference(self.old, self.new, name))


def ini_change(
    old: bytes, add: Sequence[str], remove: Sequence[str] = (), conv_inputs: Sequence[str] | None = None
) -> IniChange:
    """The file with `add` among its INT16 tensors and without `remove`; every other byte stays.

    Names that are there are kept; where the line changes anyway, blanks round them are taken away, with which they
    raise nothing. `conv_inputs`: first inputs of all convolutions, by which the findings judge names. Raises
    UsageError for a name that can not be written so that the vendor's tools read it.
    """
    document = parse(old)
    counting = document.tensor_arrays
    there = tuple(dict.fromkeys(name.strip(SPACES) for name in counting if name.strip(SPACES)))
    added = tuple(name for name in dict.fromkeys(add) if name not in counting and name not in remove)
    removed = tuple(name for name in there if name in remove)
    names = tuple(name for name in dict.fromkeys((*there, *added)) if name not in remove)
    new = set_tensor_arrays(document, names) if added or removed else old
    return IniChange(old, new, names, added, removed, tuple(lint(parse(new), conv_inputs)))


def write_change(path: Path, change: IniChange) -> Path | None:
    """Write the file; where what was there is kept. Raises InputError when it changed since it was read."""
    if read_bytes(path) != change.old:
        raise InputError(f"{path}: changed meanwhile; nothing is written", "look at it and try again")
    return write_with_backup(path, change.new) if change.changes else None
