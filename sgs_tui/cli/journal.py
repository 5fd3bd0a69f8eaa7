"""`sgs-tui journal`."""

from pathlib import Path
from typing import Annotated

from sgs_tui.batch.output import ListFormat, emit
from sgs_tui.cli import stderr
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.options import Output, argument, option
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.language import Message


def journal(
    place: Annotated[Path, argument("PATH", "A dump (the sample), or a run folder.")],
    text: Annotated[str | None, option("--add TEXT", "Write this down.")] = None,
    layer: Annotated[
        str | None, option("--layer NAME", "What is added is about this layer; else show its notes.")
    ] = None,
    wanted: Annotated[ListFormat, option("--format", "How to print.")] = ListFormat.TABLE,
    output: Output = None,
) -> int:
    """Show or continue the triage journal of a dump or a run.

    Notes on layers, what was tried, what it did.

    It lies as triage.jsonl beside the dump, goes into every report of it, and iterate writes into it by itself.

    \b
    Examples:
      sgs-tui journal fixed.bin --add "saturates only at night" --layer gate
      sgs-tui journal sgs_runs/20260301-021409-net-fixed
      sgs-tui journal fixed.bin --format json --output journal.json
    """
    from sgs_tui.batch.journal import write_journal
    from sgs_tui.engine.journal import append, entry, journal_of, read_journal

    if not place.exists():
        raise InputError(
            Message("{place}: no such file or folder", place=place), Message("name the sample's dump or a run folder")
        )
    sample = None if place.is_dir() else place.name
    path = journal_of(place)
    if text is not None:
        if not text.strip():
            raise UsageError(
                Message("--add: there is nothing to write down"), Message("give the note as one quoted text")
            )
        append(path, [entry(text, layer=layer, sample=sample)])
        stderr.note(Message("written to {path}", path=path))
        return ExitCode.OK
    found = [each for each in read_journal(path, sample) if layer is None or each.layer == layer]
    emit(write_journal(found, wanted), output)
    return ExitCode.OK
