"""Histograms of the tensors of one dump, with the same tensors of another stage beside them where asked."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from threading import Event

import numpy as np

from sgs_tui.engine.calibration.ranges import Bounds, Ranges
from sgs_tui.engine.compare.match import match
from sgs_tui.engine.compare.results import LayerDiff, Pair, RangeSource
from sgs_tui.engine.compare.sides import PLAIN, Layout, SideReader, unpadding
from sgs_tui.engine.configs.nearest import nearest
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import Direction, FloatArray, Record
from sgs_tui.engine.errors import CancelledError, UsageError
from sgs_tui.engine.reports.tally import Tallier, Tally
from sgs_tui.engine.text import visible

_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Subject:
    """What one picture shows: a record, the record of the other stage (None: there is none), calibrated bounds.

    `shape`: of both, where only one of them tells it.
    """

    record: Record
    other: Record | None
    bounds: Bounds | None
    shape: tuple[int, ...] | None = None

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
    partners = {pair.sample.name: pair for pair in pairs}
    return tuple(_subject(record, partners.get(record.name), ranges) for record in records)


def _subject(record: Record, pair: Pair | None, ranges: Ranges | None) -> Subject:
    bounds = ranges.find(record.name) if ranges else None
    return Subject(record, pair.benchmark, bounds, pair.shape) if pair else Subject(record, None, bounds, record.shape)


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


def subject_of(row: LayerDiff) -> Subject:
    """The two records of a compared layer, with its range where that is calibrated."""
    known = row.range if row.range is not None and row.range.source is RangeSource.CALIBRATION else None
    bounds = (known.minimum, known.maximum) if known else None
    return Subject(row.pair.sample, row.pair.benchmark, bounds, row.pair.shape)


def portray(subject: Subject, dump: Dump, against: Dump | None, cancel: Event | None = None) -> Portrait:
    """Count the values of both stages: dequantised where a dump holds codes, padding left out where it is known.

    Bounds with a NaN count nothing as outside. Raises SgsError (file changed, text that is no number, cancelled).
    """
    other = None
    if against is not None and subject.other is not None:
        other = _tally(against, subject.other, subject, cancel)
    return Portrait(subject, _tally(dump, subject.record, subject, cancel), other)


def _tally(dump: Dump, record: Record, subject: Subject, cancel: Event | None) -> Tally:
    """One pass over a record's values."""
    bounds = subject.bounds
    tallier = Tallier(bounds if bounds is not None and not np.isnan(bounds).any() else None)
    for values in _pieces(dump, record, unpadding(record, subject.shape) or PLAIN):
        if cancel is not None and cancel.is_set():
            raise CancelledError("stopped")
        tallier.add(values)
    dump.check_unchanged()
    return tallier.tally()


def _pieces(dump: Dump, record: Record, layout: Layout) -> Iterator[FloatArray]:
    reader = SideReader(dump, record, layout)
    for start in range(0, reader.count, _CHUNK):
        with np.errstate(invalid="ignore"):  # signalling NaNs are data here
            values = reader.take(start, min(_CHUNK, reader.count - start)).astype(np.float64)
        dump.dequantise(record, values)
        yield values
