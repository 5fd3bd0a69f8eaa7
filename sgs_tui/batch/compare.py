"""`compare --batch`: run the comparison, choose what to show, write it in the format asked for."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from threading import Event

from sgs_tui.batch.console import Screen
from sgs_tui.batch.journal import journal_beside
from sgs_tui.batch.output import FailOn, Format
from sgs_tui.batch.progress import Meter
from sgs_tui.batch.report import Explained, Report, Since, Source, explain
from sgs_tui.engine.compare.baseline import Baseline, regress
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.compare.select import Query, sort_rows
from sgs_tui.engine.dumps.index import guess_stage
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.errors import FileChangedError
from sgs_tui.engine.events import Progress, Row
from sgs_tui.engine.session import CompareEvent, CompareRequest, Comparison, open_comparison, summarize


@dataclass(frozen=True, slots=True)
class View:
    """Which layers are shown and in which order; verdicts and exit codes are about all of them."""

    query: Query = field(default=Query(""))
    sort: str = "network"
    reverse: bool = False
    top: int | None = None

    def choose(self, rows: list[LayerDiff]) -> tuple[LayerDiff, ...]:
        """Filter, then sort, then cut."""
        return tuple(sort_rows(self.query.select(rows), self.sort, self.reverse)[: self.top])


def compare(request: CompareRequest, view: View, diagnosing: bool = True, baseline: Baseline | None = None) -> Report:
    """Compare the dumps of `request`, explain the result and hold it against `baseline`.

    Raises SgsError; Ctrl-C stops the work and passes on.
    """
    with compared(request, diagnosing) as done:
        return report_of(done, view, baseline)


@dataclass(frozen=True, slots=True)
class Compared:
    """A finished comparison whose dumps are still open."""

    comparison: Comparison
    rows: list[LayerDiff]
    explained: Explained


@contextmanager
def compared(request: CompareRequest, diagnosing: bool = True) -> Iterator[Compared]:
    """Compare and explain; the dumps are closed when the block ends."""
    comparison = open_comparison(request)
    try:
        rows = list(_rows(comparison))
        yield Compared(comparison, rows, explain(comparison, rows, diagnosing))
    finally:
        comparison.close()


def write(report: Report, wanted: Format, screen: Screen, fail_on: FailOn = FailOn.FAIL) -> bytes:
    """The report's bytes; only the table depends on the screen, and only JUnit on `fail_on`.

    HTML reads the dumps again, for its pictures and checksums.
    """
    match wanted:
        case Format.TABLE:
            from sgs_tui.batch.formats.table import write_table

            return write_table(report, screen)
        case Format.JUNIT:
            from sgs_tui.batch.formats.junit import write_junit

            return write_junit(report, fail_on)
        case _:
            return _write_plainly(report, wanted)


def _write_plainly(report: Report, wanted: Format) -> bytes:
    """The formats that look the same wherever they go."""
    match wanted:
        case Format.CSV:
            from sgs_tui.batch.formats.csv import write_csv

            return write_csv(report)
        case Format.JSON:
            from sgs_tui.batch.formats.json import write_json

            return write_json(report)
        case Format.MARKDOWN:
            from sgs_tui.batch.formats.markdown import write_markdown

            return write_markdown(report)
        case Format.HTML:
            from sgs_tui.batch.formats.html import html_report

            return html_report(report)
        case _:
            from sgs_tui.batch.formats.vendor import write_vendor

            return write_vendor(report)


def _rows(comparison: Comparison) -> Iterator[LayerDiff]:
    with Meter("comparing") as meter, closing(_events(comparison)) as events:
        for event in events:
            if isinstance(event, Row):
                yield event.value
            elif isinstance(event, Progress):
                meter.report(event.done, event.total)


def _events(comparison: Comparison) -> Generator[CompareEvent]:
    """The comparison's events; leaving early, as Ctrl-C does, ends its processes."""
    cancel = Event()
    try:
        yield from comparison.run(cancel)
    finally:
        cancel.set()


def report_of(done: Compared, view: View, baseline: Baseline | None = None) -> Report:
    """Everything that formats show of it; the values stay when the dumps are closed."""
    comparison, rows, explained = done.comparison, done.rows, done.explained
    journal, problem = journal_beside(comparison.sample.path)
    return Report(
        request=comparison.request,
        sample=_source(comparison.sample),
        benchmark=_source(comparison.benchmark),
        profile=comparison.request.profile,
        rows=tuple(rows),
        shown=view.choose(rows),
        unmatched=comparison.matching.unmatched,
        summary=summarize(rows, comparison.matching),
        notes=(*comparison.notes, *explained.notes, *problem),
        incomplete=tuple(_incomplete(comparison)),
        diagnosed=explained.asked,
        diagnosis=explained.diagnosis,
        journal=journal,
        since=Since(baseline.source, baseline.profile, regress(rows, baseline.layers)) if baseline else None,
    )


def _incomplete(comparison: Comparison) -> Iterator[str]:
    """Why a side can not be trusted to be whole: damaged when it was opened, or changed since."""
    for dump in (comparison.sample, comparison.benchmark):
        if not dump.health.ok:
            yield f"{dump.path}: {dump.health}"
        try:
            dump.check_unchanged()
        except FileChangedError as error:
            yield error.message


def _source(dump: Dump) -> Source:
    return Source(str(dump.path), guess_stage(dump.index), dump.health)
