"""The triage journal in reports and by itself; its JSON is described by cfg/schemas/journal-1.json."""

from collections.abc import Sequence
from pathlib import Path

from sgs_tui.batch.output import ListFormat
from sgs_tui.batch.values import Json, dump_json, exact
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.journal import Entry, journal_of, moment, read_journal, words
from sgs_tui.engine.text import visible

SCHEMA = "sgs-tui/journal/1"


def journal_beside(sample: Path) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """(entries, why there are none): a journal that can not be read is no reason not to compare."""
    try:
        return read_journal(journal_of(sample), sample.name), ()
    except InputError as error:
        return (), (f"no journal: {error.message}",)


def entry_json(each: Entry) -> Json:
    """An entry as `journal[]` has it."""
    return {
        "time": f"{each.time:%Y-%m-%dT%H:%M:%SZ}",
        "kind": str(each.kind),
        "text": exact(each.text),
        "layer": None if each.layer is None else exact(each.layer),
        "sample": None if each.sample is None else exact(each.sample),
    }


def write_journal(entries: Sequence[Entry], wanted: ListFormat) -> bytes:
    """A journal by itself: a line an entry, or JSON of schema `sgs-tui/journal/1`."""
    if wanted is ListFormat.JSON:
        return dump_json({"schema": SCHEMA, "journal": [entry_json(each) for each in entries]})
    if wanted is ListFormat.CSV:
        return _csv(entries)
    return "".join(f"{moment(each)}  {visible(words(each))}\n" for each in entries).encode()


def _csv(entries: Sequence[Entry]) -> bytes:
    import csv
    import io

    from sgs_tui.batch.formats.csv import cell

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("time", "kind", "layer", "text", "sample"))
    for each in entries:
        about = (cell(each.layer or ""), cell(each.text), cell(each.sample or ""))
        writer.writerow((f"{each.time:%Y-%m-%dT%H:%M:%SZ}", str(each.kind), *about))
    return text.getvalue().encode()
