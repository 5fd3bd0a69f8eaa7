"""What was tried and what it did, written into the triage journal."""

from pathlib import Path

from sgs_tui.engine.compare.regression import Regression
from sgs_tui.engine.iterate.ini_change import IniChange
from sgs_tui.engine.journal import Kind, append, entry, journal_of, read_journal
from sgs_tui.engine.numbers import count


def journal_change(sample: Path, ini: Path, change: IniChange) -> None:
    """Note beside a dump which tensors were raised, or taken back, because of it. Raises InputError."""
    append(journal_of(sample), [entry(change_text(ini, change), Kind.TRIED, sample=sample.name)])


def change_text(ini: Path, change: IniChange) -> str:
    """The change in words: `input_config.ini: 16 bit for cat; no more for pool (tensor_arrays='cat')`."""
    parts = [f"16 bit for {', '.join(change.added)}"] if change.added else []
    parts += [f"no more for {', '.join(change.removed)}"] if change.removed else []
    return f"{ini.name}: {'; '.join(parts) or 'nothing changed'} (tensor_arrays: {','.join(change.names) or 'none'})"


def outcome_text(regression: Regression, before: int, after: int) -> str:
    """What it did: layers that fail before and after, and which ones changed sides."""
    fixed, failing = regression.newly_fixed, regression.newly_failing
    parts = [f"{count(before, 'layer')} failed before, {after} after"]
    parts += [f"newly fixed: {', '.join(step.name for step in fixed[:8])}"] if fixed else []
    parts += [f"newly failing: {', '.join(step.name for step in failing[:8])}"] if failing else []
    return "; ".join(parts)


def journal_result(sample: Path, regression: Regression, before: int, after: int) -> None:
    """Note beside a new dump what it shows: `before` and `after` layers fail. Raises InputError."""
    append(journal_of(sample), [entry(outcome_text(regression, before, after), Kind.RESULT, sample=sample.name)])


def journal_request(new: Path, old: Path, names: str) -> None:
    """Begin the journal of a run that is made again with `names` (joined by commas) in 16 bit. Raises InputError."""
    carry_over(old, new)
    append(journal_of(new), [entry(f"16 bit for {names or 'nothing'}", Kind.TRIED)])


def carry_over(old: Path, new: Path) -> None:
    """Begin the journal of a new folder with that of the state before: one folder then tells the whole story."""
    entries = read_journal(journal_of(old))
    if entries and journal_of(old) != journal_of(new):
        append(journal_of(new), entries)
