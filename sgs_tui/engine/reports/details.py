"""What a report shows beyond the table: histograms of the layers that matter, files with checksums, environment."""

import hashlib
import platform
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from math import isnan
from pathlib import Path
from threading import Event

from sgs_tui import __version__
from sgs_tui.engine.calibration.ranges import Bounds, Ranges
from sgs_tui.engine.compare.elements import SideReader, unpadded
from sgs_tui.engine.compare.histogram import Tallier, Tally
from sgs_tui.engine.compare.pairing import match
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.compare.select import worst_first
from sgs_tui.engine.dumps.format import Direction, Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.errors import DumpError, SgsError, UsageError, reason
from sgs_tui.engine.session import CompareRequest, open_sides
from sgs_tui.engine.text import nearest, visible
from sgs_tui.language import Message

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file: what it is to us, the path as the user gave it, bytes, last change (UTC) and SHA-256 (hex).

    `problem`: why it could not be read, where it could not; the other facts are empty then.
    """

    role: str
    path: str
    size: int = 0
    modified: str = ""
    sha256: str = ""
    problem: str = ""


def file_facts(role: str, path: Path, tell: Callable[[int], None] = lambda _: None) -> FileFacts:
    """Read the whole file once, in blocks; `tell` hears the bytes read since the last call.

    A report on a file that is gone by now is still a report.
    """
    digest, size = hashlib.sha256(), 0
    try:
        modified = path.stat().st_mtime
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
                tell(len(block))
    except OSError as error:
        return FileFacts(role, str(path), problem=Message("cannot be read any more: {reason}", reason=reason(error)))
    return FileFacts(role, str(path), size, utc(modified), digest.hexdigest())


def utc(seconds: float) -> str:
    """Seconds since 1970 as `2026-11-22 23:58:07 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def environment() -> tuple[tuple[str, str], ...]:
    """What made the report, as (name, version); nothing that tells who or where."""
    return (
        ("sgs-tui", __version__),
        ("Python", platform.python_version()),
        ("numpy", metadata.version("numpy")),
        (Message("system"), f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}".strip(", ")),
    )


# Histograms of the tensors of one dump, with the same tensors of another stage beside them where asked.


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
        return self.record.size + (self.other.size if self.other else 0)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A subject with its values counted."""

    subject: Subject
    tally: Tally
    other: Tally | None

    @property
    def tallies(self) -> list[Tally]:
        return [self.tally] if self.other is None else [self.tally, self.other]


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
    found = []
    for record in records:
        pair, bounds = partners.get(record.name), ranges.find(record.name) if ranges else None
        other, shape = (pair.benchmark, pair.shape) if pair else (None, record.shape)
        found.append(Subject(record, other, bounds, shape))
    return tuple(found)


def _named(dump: Dump, names: Collection[str]) -> list[Record]:
    """A record for each name, as written in the file or as shown on a screen; the output where it is also an input."""
    known: dict[str, Record] = {}
    for record in sorted(dump.records, key=lambda record: record.direction is Direction.IN):
        known.setdefault(record.name, record)
        known.setdefault(visible(record.name), record)
    for name in names:
        if name not in known:
            close = nearest(name, known)
            hint = (
                Message("did you mean {name}?", name=visible(close))
                if close
                else Message("`sgs-tui inspect` lists the names")
            )
            raise UsageError(Message("{path}: no tensor is called {name}", path=dump.path, name=visible(name)), hint)
    return list({known[name].number: known[name] for name in names}.values())


def portray(subject: Subject, dump: Dump, against: Dump | None, cancel: Event | None = None) -> Portrait:
    """Count the values of both stages: dequantized where a dump holds codes, padding left out where it is known.

    Bounds with a NaN count nothing as outside. Raises SgsError (file changed, text that is no number, cancelled).
    """
    bounds = subject.bounds if subject.bounds is not None and not any(map(isnan, subject.bounds)) else None

    def counted(source: Dump, record: Record) -> Tally:
        tallier = Tallier(bounds)
        for values in SideReader(source, record, unpadded(record, subject.shape)).pieces(cancel):
            tallier.add(values)
        return tallier.tally()

    other = counted(against, subject.other) if against is not None and subject.other is not None else None
    return Portrait(subject, counted(dump, subject.record), other)


_MOST_CLOSEUPS = 40
"""More pictures in one page help nobody; the layers beyond are named."""


@dataclass(frozen=True, slots=True)
class Closeup:
    """A layer looked at closely; `why` says why there is no portrait, where there is none."""

    row: LayerDiff
    portrait: Portrait | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Details:
    """`left_out`: failing layers without a closeup, because there are so many."""

    made: str
    environment: tuple[tuple[str, str], ...]
    files: tuple[FileFacts, ...]
    closeups: tuple[Closeup, ...] = ()
    left_out: tuple[LayerDiff, ...] = ()


def gather_details(
    request: CompareRequest,
    rows: Sequence[LayerDiff],
    report: Callable[[int, int], None] = lambda done, total: None,
    named: Collection[str] = (),
) -> Details:
    """Read what is needed for a report on `rows`, the finished comparison of `request`.

    `report` is told the bytes done and all; `named`: layers that a diagnosis names. What can not be read any more
    is said in its place.
    """
    chosen = noteworthy(rows, named)
    roles = ("sample", "benchmark", "ranges", "shapes")
    paths = [(role, path) for role in roles if (path := getattr(request, role)) is not None]
    sizes = (path.stat().st_size for _, path in paths if path.exists())
    total, done = sum(sizes) + sum(row.pair.size for row in chosen), 0

    def add(number: int) -> None:
        nonlocal done
        done += number
        report(done, total)

    files = tuple(file_facts(role, path, add) for role, path in paths)
    closeups = tuple(_closeups(request, chosen, add))
    seen = {id(row) for row in chosen}
    left_out = tuple(row for row in rows if row.verdict is Verdict.FAIL and id(row) not in seen)
    return Details(utc(time.time()), environment(), files, closeups, left_out)


def _closeups(request: CompareRequest, chosen: Sequence[LayerDiff], add: Callable[[int], None]) -> Iterator[Closeup]:
    try:
        sample, benchmark = open_sides(request)
        with sample, benchmark:
            for row in chosen:
                yield _closeup(row, sample, benchmark)
                add(row.pair.size)
    except DumpError as error:
        yield from (Closeup(row, None, error.message) for row in chosen)


def noteworthy(rows: Sequence[LayerDiff], named: Collection[str] = (), most: int = _MOST_CLOSEUPS) -> list[LayerDiff]:
    """`named` layers, the first failing one, then the worst, at most `most`, in network order.

    Where none fails and none is named it is the worst layer alone.
    """
    measured = [row for row in rows if row.metrics is not None]
    failing = [row for row in measured if row.verdict is Verdict.FAIL]
    asked = [row for row in measured if row.name in named]
    worst = worst_first(failing) or ([] if asked else worst_first(measured)[:1])
    wanted = [*asked, *failing[:1], *worst]
    kept = set(list(dict.fromkeys(map(id, wanted)))[:most])
    return [row for row in measured if id(row) in kept]


def _closeup(row: LayerDiff, sample: Dump, benchmark: Dump) -> Closeup:
    sides = ((sample, row.pair.sample), (benchmark, row.pair.benchmark))
    if not all(_still_there(dump, record) for dump, record in sides):
        return Closeup(row, None, Message("the dump changed after it was compared"))
    try:
        subject = Subject(row.pair.sample, row.pair.benchmark, row.calibrated, row.pair.shape)
        return Closeup(row, portray(subject, sample, benchmark))
    except SgsError as error:
        return Closeup(row, None, error.message)


def _still_there(dump: Dump, record: Record) -> bool:
    if record.number >= len(dump.records):
        return False
    now = dump.records[record.number]
    return (now.name, now.offset, now.size) == (record.name, record.offset, record.size)
