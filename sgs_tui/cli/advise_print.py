"""What `sgs-tui advise` prints and writes."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.batch.formats import AdviceFormat
from sgs_tui.cli import complaints
from sgs_tui.engine.errors import InputError

if TYPE_CHECKING:
    from sgs_tui.batch.advice import Advised
    from sgs_tui.batch.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Printing:
    """How and where to."""

    wanted: AdviceFormat = AdviceFormat.TABLE
    output: Path | None = None
    ascii_only: bool = False


def show(
    found: "Advised", how: Printing, written: bool = False, backup: Path | None = None, done: "Outcome | None" = None
) -> None:
    """Print the advice, and what came of it where it was applied."""
    from sgs_tui.batch.output import emit

    inputs = [found.ini, Path(found.report.sample.path), Path(found.report.benchmark.path)]
    emit(_bytes(found, how, written, backup, done), how.output, tuple(path for path in inputs if path is not None))


def write_ini(found: "Advised") -> Path | None:
    """Write the changed file, say so, note it in the journal of the sample; what was there, if anything."""
    from sgs_tui.engine.iterate.ini_change import write_change
    from sgs_tui.engine.iterate.journalling import journal_change

    assert found.change is not None and found.ini is not None
    if not found.change.changes:
        complaints.note(f"{found.ini} stays as it is")
        return None
    backup = write_change(found.ini, found.change)
    complaints.note(f"{found.ini} is written" + (f"; what was there is in {backup}" if backup else ""))
    try:
        journal_change(Path(found.report.sample.path), found.ini, found.change)
    except InputError as error:
        complaints.warning(f"not in the journal: {error.message}")
    return backup


def _bytes(found: "Advised", how: Printing, written: bool, backup: Path | None, done: "Outcome | None") -> bytes:
    match how.wanted:
        case AdviceFormat.JSON:
            from sgs_tui.batch.advice_json import write_advice_json

            return write_advice_json(found, written, backup, done)
        case AdviceFormat.MARKDOWN:
            from sgs_tui.batch.advice_markdown import write_advice_markdown

            return write_advice_markdown(found, done)
        case AdviceFormat.TABLE:
            from sgs_tui.batch.advice_table import write_advice
            from sgs_tui.cli.terminal import screen

            return write_advice(found, screen(how.ascii_only, to_file=how.output is not None), done)
