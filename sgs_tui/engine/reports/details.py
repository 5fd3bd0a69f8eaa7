"""What a report shows beyond the table: histograms of the layers that matter, files with checksums, environment."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from math import inf, isnan
from pathlib import Path

from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.records import Record
from sgs_tui.engine.errors import DumpError, SgsError
from sgs_tui.engine.reports.facts import FileFacts, environment, file_facts, utc
from sgs_tui.engine.reports.portraits import Portrait, portray, subject_of
from sgs_tui.engine.session import CompareRequest

MOST_CLOSEUPS = 40
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
    paths = input_files(request)
    meter = _Sum(report, sum(path.stat().st_size for _, path in paths if path.exists()))
    meter.total += sum(row.pair.size for row in chosen)
    files = tuple(file_facts(role, path, meter.add) for role, path in paths)
    closeups = tuple(_closeups(request, chosen, meter))
    seen = {id(row) for row in chosen}
    left_out = tuple(row for row in rows if row.verdict is Verdict.FAIL and id(row) not in seen)
    return Details(utc(time.time()), environment(), files, closeups, left_out)


def _closeups(request: CompareRequest, chosen: Sequence[LayerDiff], meter: "_Sum") -> Iterator[Closeup]:
    try:
        with open_dump(request.sample) as sample, open_dump(request.benchmark) as benchmark:
            for row in chosen:
                yield _closeup(row, sample, benchmark)
                meter.add(row.pair.size)
    except DumpError as error:
        yield from (Closeup(row, None, error.message) for row in chosen)


def input_files(request: CompareRequest) -> list[tuple[str, Path]]:
    """The files of a comparison with their roles."""
    named = (
        ("sample", request.sample),
        ("benchmark", request.benchmark),
        ("ranges", request.ranges),
        ("shapes", request.shapes),
    )
    return [(role, path) for role, path in named if path is not None]


def noteworthy(rows: Sequence[LayerDiff], named: Collection[str] = (), most: int = MOST_CLOSEUPS) -> list[LayerDiff]:
    """`named` layers, the first failing one, then the worst, at most `most`, in network order.

    Where none fails and none is named it is the worst layer alone.
    """
    measured = [row for row in rows if row.metrics is not None]
    failing = [row for row in measured if row.verdict is Verdict.FAIL]
    asked = [row for row in measured if row.name in named]
    pool = failing or ([] if asked else [max(measured, key=_badness)] if measured else [])
    wanted = [*asked, *failing[:1], *sorted(pool, key=_badness, reverse=True)]
    kept = set(list(dict.fromkeys(map(id, wanted)))[:most])
    return [row for row in measured if id(row) in kept]


def _badness(row: LayerDiff) -> float:
    rmse = row.metrics.rmse if row.metrics is not None else 0.0
    return inf if isnan(rmse) else rmse


def _closeup(row: LayerDiff, sample: Dump, benchmark: Dump) -> Closeup:
    sides = ((sample, row.pair.sample), (benchmark, row.pair.benchmark))
    if not all(_still_there(dump, record) for dump, record in sides):
        return Closeup(row, None, "the dump changed after it was compared")
    try:
        return Closeup(row, portray(subject_of(row), sample, benchmark))
    except SgsError as error:
        return Closeup(row, None, error.message)


def _still_there(dump: Dump, record: Record) -> bool:
    """Whether the dump, opened again, has the record where it was."""
    if record.number >= len(dump.records):
        return False
    now = dump.records[record.number]
    return (now.name, now.offset, now.size) == (record.name, record.offset, record.size)


@dataclass(slots=True)
class _Sum:
    """Adds up what was done and tells it."""

    report: Callable[[int, int], None]
    total: int
    done: int = 0

    def add(self, number: int) -> None:
        """More bytes are done."""
        self.done += number
        self.report(self.done, self.total)
