"""What becomes of a user's input_config.ini when its INT16 tensors change, and how is it told in the journal?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.compare.baseline import Regression
from sgs_tui.engine.configs.inputconfig import SPACES, parse, set_tensor_arrays
from sgs_tui.engine.configs.inputconfig_check import lint
from sgs_tui.engine.configs.textlines import Finding, difference
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.files import read_bytes, write_with_backup
from sgs_tui.engine.journal import Kind, append, entry, journal_of, read_journal
from sgs_tui.engine.numbers import count
from sgs_tui.language import Message, joined


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
        return self.old != self.new

    def diff(self, name: str) -> tuple[str, ...]:
        return tuple(difference(self.old, self.new, name))


def ini_change(
    old: bytes, add: Sequence[str], remove: Sequence[str] = (), conv_inputs: Sequence[str] | None = None
) -> IniChange:
    """The file with `add` among its INT16 tensors and without `remove`; every other byte stays.

    Names that are there are kept; where the line changes anyway, blanks round them are taken away, with which they
    would name nothing. `conv_inputs`: first inputs of all convolutions, by which the findings judge names. Raises
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
        raise InputError(
            Message("{path}: changed meanwhile; nothing is written", path=path), Message("look at it and try again")
        )
    return write_with_backup(path, change.new) if change.changes else None


def journal_change(sample: Path, ini: Path, change: IniChange) -> None:
    """Note beside a dump which tensors became INT16, or no more, because of it. Raises InputError."""
    append(journal_of(sample), [entry(change_text(ini, change), Kind.TRIED, sample=sample.name)])


def change_text(ini: Path, change: IniChange) -> str:
    """The change in words: `input_config.ini: INT16 for cat; no more for pool (tensor_arrays='cat')`."""
    parts = [Message("INT16 for {names}", names=", ".join(change.added))] if change.added else []
    parts += [Message("no more for {names}", names=", ".join(change.removed))] if change.removed else []
    said = joined(parts, "; ") if parts else Message("nothing changed")
    now = ",".join(change.names) or Message("none")
    return Message("{file}: {changes} (tensor_arrays: {names})", file=ini.name, changes=said, names=now)


def outcome_text(regression: Regression, before: int, after: int) -> str:
    """What it did: layers that fail before and after, and which ones changed sides."""
    fixed, failing = regression.newly_fixed, regression.newly_failing
    parts = [Message("{layers} failed before, {after} after", layers=count(before, "layer"), after=after)]
    parts += [Message("newly fixed: {names}", names=", ".join(step.name for step in fixed[:8]))] if fixed else []
    parts += [Message("newly failing: {names}", names=", ".join(step.name for step in failing[:8]))] if failing else []
    return joined(parts, "; ")


def journal_result(sample: Path, regression: Regression, before: int, after: int) -> None:
    """Note beside a new dump what it shows: `before` and `after` layers fail. Raises InputError."""
    append(journal_of(sample), [entry(outcome_text(regression, before, after), Kind.RESULT, sample=sample.name)])


def journal_request(new: Path, old: Path, names: str) -> None:
    """Begin the journal of a requantized run with `names` (joined by commas) in INT16. Raises InputError."""
    carry_over(old, new)
    append(journal_of(new), [entry(Message("INT16 for {names}", names=names or Message("nothing")), Kind.TRIED)])


def carry_over(old: Path, new: Path) -> None:
    """Begin the journal of a new folder with that of the state before: one folder then tells the whole story."""
    entries = read_journal(journal_of(old))
    if entries and journal_of(old) != journal_of(new):
        append(journal_of(new), entries)
