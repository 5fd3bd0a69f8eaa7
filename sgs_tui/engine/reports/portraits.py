"""Histograms of the tensors of one dump, with the same tensors of another stage beside them where asked."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from threading import Event

import numpy as np

from sgs_tui.engine.calibration.ranges import Bounds, Ranges
from sgs_tui.engine.compare.match import match
from sgs_tui.engine.compare.sides import PLAIN, SideReader, unpadding
from sgs_tui.engine.configs.nearest import nearest
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import Direction, FloatArray, Record
from sgs_tui.engine.errors import CancelledError, UsageError
from sgs_tui.engine.reports.tally import Tallier, Tally
from sgs_tui.engine.text import visible

_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Subject:
    """What one picture shows: a record, the record of the other stage (None: there is none), calibrated bounds."""

    record: Record
    other: Record | None
    bounds: Bounds | None

    @property
    def size(self) -> int:
        """Payload bytes to read."""
        return self.record.size + (self.other.size if self.other else 0)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A subject with its values counted."""

    subject: Subject
    tally: Tally
    other: Tally | None


def subjects_of(
    dump: Dump, against: Dump | None, ranges: Ranges | None, layers: Collection[str] = ()
) -> tuple[Subject, ...]:
    """Every layer of `dump` in network order, or the tensors named by `layers` (constants and inputs too).

    Partners in `against` are found as for a comparison, so graph inputs and constants, which stages keep in different
    forms, have none. Raises UsageError for a name that is not there.
    """
    records = _named(dump, layers) if layers else list(dump.outputs())
    pairs = match(dump, against).pairs if against is not None else ()
    partners = {pair.sample.name: pair.benchmark for pair in pairs}
    return tuple(
        Subject(record, partners.get(record.name), ranges.find(record.name) if ranges else None) for record in records
    )


def _named(dump: Dump, names: Collection[str]) -> list[Record]:
    """A record for each name, as written in the file or as shown on a screen; the output where it is also an input."""
    known: dict[str, Record] = {}
    for record in sorted(dump.records, key=lambda record: record.direction is Direction.IN):
        known.setdefault(record.name, record)
        known.setdefault(visible(record.name), record)
    for name in names:
        if name not in known:
            close = nearest(name, known)
            hint = f"did you mean {visible(close)}?" if close else "`sgs-tui inspect` lists the names"
            raise UsageError(f"{dump.path}: no tensor is called {visible(name)}", hint)
    return list({known[name].number: known[name] for name in names}.values())


def portray(subject: Subject, dump: Dump, against: Dump | None, cancel: Event | None = None) -> Portrait:
    """Count the values of both stages. Raises SgsError (file changed, text that is no number, cancelled)."""
    other = None
    if against is not None and subject.other is not None:
        other = tally_record(against, subject.other, subject.bounds, cancel)
    return Portrait(subject, tally_record(dump, subject.record, subject.bounds, cancel), other)


def tally_record(dump: Dump, record: Record, bounds: Bounds | None = None, cancel: Event | None = None) -> Tally:
    """One pass over a record's values: dequantised where the dump holds codes, padding left out where it is known.

    `bounds` with a NaN count nothing as outside. Raises SgsError as `portray` does.
    """
    tallier = Tallier(bounds if bounds is not None and not np.isnan(bounds).any() else None)
    for values in _pieces(dump, record):
        if cancel is not None and cancel.is_set():
            raise CancelledError("stopped")
        tallier.add(values)
    dump.check_unchanged()
    return tallier.tally()


def _pieces(dump: Dump, record: Record) -> Iterator[FloatArray]:
    reader = SideReader(dump, record, unpadding(record, record.shape) or PLAIN)
    for start in range(0, reader.count, _CHUNK):
        with np.errstate(invalid="ignore"):  # signalling NaNs are data here
            values = reader.take(start, min(_CHUNK, reader.count - start)).astype(np.float64)
        dump.dequantise(record, values)
        yield values
