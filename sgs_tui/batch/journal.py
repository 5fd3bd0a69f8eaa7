"""The triage journal in reports and by itself; its JSON is described by cfg/schemas/journal-1.json."""

from collections.abc import Sequence
from pathlib import Path

from sgs_tui.batch.output import Data, ListFormat
from sgs_tui.batch.values import Json, cell, exact, exact_or_null, in_format
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.journal import Entry, journal_of, moment, read_journal, words
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, shown

SCHEMA = "sgs-tui/journal/1"


def journal_beside(sample: Path) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """(entries, why there are none): a journal that can not be read is no reason not to compare."""
    try:
        return read_journal(journal_of(sample), sample.name), ()
    except InputError as error:
        return (), (Message("no journal: {problem}", problem=error.message),)


def entry_json(each: Entry) -> Json:
    """An entry as `journal[]` has it."""
    return {
        "time": f"{each.time:%Y-%m-%dT%H:%M:%SZ}",
        "kind": str(each.kind),
        "text": exact(each.text),
        "layer": exact_or_null(each.layer),
        "sample": exact_or_null(each.sample),
    }


def write_journal(entries: Sequence[Entry], wanted: ListFormat) -> Data:
    """A journal by itself: a line an entry, or JSON of schema `sgs-tui/journal/1`."""
    return in_format(
        wanted,
        json=lambda: {"schema": SCHEMA, "journal": [entry_json(each) for each in entries]},
        csv=lambda: (("time", "kind", "layer", "text", "sample"), [_cells(each) for each in entries]),
        table=lambda: "".join(f"{moment(each)}  {visible(shown(words(each)))}\n" for each in entries).encode(),
    )


def _cells(each: Entry) -> list[str]:
    about = (cell(each.layer or ""), cell(each.text), cell(each.sample or ""))
    return [f"{each.time:%Y-%m-%dT%H:%M:%SZ}", str(each.kind), *about]
