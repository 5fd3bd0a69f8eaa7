"""`compare --batch`: run the comparison, choose what to show, write it in the format asked for."""

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from sgs_tui.batch.console import Screen
from sgs_tui.batch.formats import Format
from sgs_tui.batch.journal import journal_beside
from sgs_tui.batch.output import FailOn, check_target, emit
from sgs_tui.batch.progress import Meter
from sgs_tui.batch.report import Report, Since, Source
from sgs_tui.batch.words import headline
from sgs_tui.engine.compare.baseline import Baseline, regress
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.compare.select import Query, orders_of, parse_query, sort_rows
from sgs_tui.engine.diagnosis.results import Diagnosis
from sgs_tui.engine.dumps.index import guess_stage
from sgs_tui.engine.errors import FileChangedError, InputError, UsageError
from sgs_tui.engine.events import Progress, Row
from sgs_tui.engine.files import free_name
from sgs_tui.engine.numbers import size
from sgs_tui.engine.reports.bundle import Part, plan_bundle, write_bundle
from sgs_tui.engine.runs.hand_over import debug_config_of
from sgs_tui.engine.session import CompareRequest, Comparison, open_comparison, summarize
from sgs_tui.language import Message, shown

Say = Callable[[str], None]

if TYPE_CHECKING:
    from sgs_tui.engine.diagnosis.flow import Wiring
    from sgs_tui.engine.diagnosis.original import ThreeWay


@dataclass(frozen=True, slots=True)
class View:
    """Which layers are shown and in which order; verdicts and exit codes are about all of them."""

    query: Query = field(default=Query(""))
    orders: tuple[tuple[str, bool], ...] = ()
    """Keys to sort by and whether each is turned round, the first first; none: the network's order."""
    top: int | None = None

    def choose(self, rows: list[LayerDiff]) -> tuple[LayerDiff, ...]:
        """Filter, then sort, then cut."""
        found = sort_rows(self.query.select(rows), "network")
        for key, reverse in reversed(self.orders):
            found = sort_rows(found, key, reverse)
        return tuple(found[: self.top])


EVERYTHING = View()


def view_of(text: str | None, sort: str | None, top: int | None = None) -> View:
    """What --filter, --sort (`-` in front turns a key around) and --top ask for. Raises UsageError."""
    return View(parse_query(text or "", said=shown), orders_of(sort or ""), top)


@dataclass(frozen=True, slots=True)
class Printing:
    """How a comparison is printed: on `screen` or into the file `output`; `bundle`: a zip for support beside it.

    `baseline`: what to compare with, a JSON report or a run folder; `fail_on`: which layers make the command fail.
    """

    wanted: Format = Format.TABLE
    output: Path | None = None
    screen: Screen = field(default=Screen())
    view: View = EVERYTHING
    diagnosing: bool = True
    baseline: Path | None = None
    fail_on: FailOn = FailOn.FAIL
    bundle: Path | None = None


_WITH_ORIGINAL = (Format.TABLE, Format.MARKDOWN, Format.JSON)


def print_comparison(request: CompareRequest, how: Printing, say: Say) -> Report:
    """Compare, print, bundle; `say` takes what stdout has no place for, a line each. Raises SgsError."""
    if how.fail_on is FailOn.REGRESSION and how.baseline is None:
        raise UsageError(
            Message("--fail-on regression: there is nothing to compare with"),
            Message("name it with --baseline OLD.json"),
        )
    others = [path for path in (how.baseline, request.original) if path is not None]
    inputs = (request.sample, request.benchmark, *others)
    check_target(how.output, inputs)
    check_target(how.bundle, inputs)
    baseline = _load(how.baseline, request) if how.baseline else None
    found = compare(request, how.view, how.diagnosing and how.wanted.explains, baseline, how.wanted.wires)
    report = replace(found, fail_on=how.fail_on)
    emit(how.wanted.pieces(report, how.screen), how.output, inputs)
    if how.output not in (None, Path("-")):
        say(Message("{output}: {headline}", output=how.output, headline=headline(report.summary)))
    if how.wanted is Format.VENDOR:
        _say_what_is_left_out(report, say)
    if report.three_way is not None and how.wanted not in _WITH_ORIGINAL:
        say(Message("{wanted} has no place for the original: {text}", wanted=how.wanted, text=report.three_way.text))
    if how.bundle is not None:
        bundle(report, how.bundle, say)
    return report


def _load(baseline: Path, request: CompareRequest) -> Baseline:
    from sgs_tui.engine.requantize.state import load_state

    return load_state(baseline, request.profile)


def _say_what_is_left_out(report: Report, say: Say) -> None:
    from sgs_tui.batch.formats.vendor import left_out

    if words := left_out(report):
        say(Message("this format has no line for {words}", words=words))


def bundle(report: Report, path: Path, say: Say) -> Path:
    """Plan, list with `say`, write; the path that was written, which is `path` unless that was taken.

    The reports in it are of all layers, whatever --filter and --top leave. Raises InputError where a part can not be
    read or the zip not be written.
    """
    whole = replace(report, shown=report.rows)
    made = (
        ("comparison.json", Message("the comparison for programs"), Format.JSON),
        ("vendor_report.txt", Message("the comparison in the vendor's lines"), Format.VENDOR),
        ("report.html", Message("the comparison for people"), Format.HTML),
    )
    written = [(name, what, form.write(whole, Screen())) for name, what, form in made]
    parts = [Part(name, what, len(data), data) for name, what, data in written]
    target = free_name(path, keep_suffix=True)
    plan = plan_bundle(report.request, report.rows, parts, report.culprits)
    for part in plan.parts:
        say(
            Message(
                "{target}: {name}, {size}: {what}", target=target, name=part.name, size=size(part.size), what=part.what
            )
        )
    for line in plan.left_out:
        say(Message("{target}: not in it: {line}", target=target, line=line))
    with Meter(Message("bundling"), rate=True) as meter:
        write_bundle(plan, report.request, target, meter.report)
    say(Message("{target}: {size} written", target=target, size=size(target.stat().st_size)))
    return target


def compare(
    request: CompareRequest,
    view: View = EVERYTHING,
    diagnosing: bool = True,
    baseline: Baseline | None = None,
    wired: bool = False,
) -> Report:
    """Compare the dumps of `request`, explain the result and hold it against `baseline`; `wired`: tell who reads whom.

    Raises SgsError; Ctrl-C stops the work and passes on.
    """
    with compared(request, diagnosing) as done:
        report = done.report(view, baseline)
        report = replace(report, wiring=_wiring(done.comparison)) if wired else report
        return replace(report, three_way=_three_way(done)) if request.original is not None else report


def _three_way(done: "Compared") -> "ThreeWay":
    from sgs_tui.engine.diagnosis.original import compare_original

    assert done.comparison.request.original is not None
    with Meter(Message("against the original")):
        return compare_original(done.comparison, done.rows, done.comparison.request.original)


def _wiring(comparison: Comparison) -> "Wiring":
    from sgs_tui.engine.diagnosis.flow import wiring_of

    return wiring_of(comparison)


@dataclass(frozen=True, slots=True)
class Compared:
    """A finished comparison whose dumps are still open.

    `diagnosis` is None where none was asked for (`diagnosed`) or none could be made: `notes` then say why.
    """

    comparison: Comparison
    rows: list[LayerDiff]
    diagnosed: bool = False
    diagnosis: Diagnosis | None = None
    notes: tuple[str, ...] = ()

    def report(self, view: View = EVERYTHING, baseline: Baseline | None = None) -> Report:
        """Everything that formats show of it; the values stay when the dumps are closed."""
        comparison, rows = self.comparison, self.rows
        journal, problem = journal_beside(comparison.sample.path)
        dumps = (comparison.sample, comparison.benchmark)
        sample, benchmark = (Source(str(dump.path), guess_stage(dump.index), dump.health) for dump in dumps)
        return Report(
            request=comparison.request,
            sample=sample,
            benchmark=benchmark,
            profile=comparison.request.profile,
            rows=tuple(rows),
            shown=view.choose(rows),
            unmatched=comparison.matching.unmatched,
            summary=summarize(rows, comparison.matching),
            notes=tuple(filter(None, (*comparison.notes, *self.notes, *problem, comparison.request.remark))),
            incomplete=tuple(_incomplete(comparison)),
            diagnosed=self.diagnosed,
            diagnosis=self.diagnosis,
            journal=journal,
            since=Since(baseline.source, baseline.profile, regress(rows, baseline.layers)) if baseline else None,
        )


@contextmanager
def compared(request: CompareRequest, diagnosing: bool = True) -> Iterator[Compared]:
    """Compare and explain; the dumps are closed when the block ends."""
    comparison = open_comparison(request)
    try:
        rows = list(_rows(comparison))
        yield _explained(comparison, rows) if diagnosing else Compared(comparison, rows)
    finally:
        comparison.close()


def _rows(comparison: Comparison) -> Iterator[LayerDiff]:
    """The rows as they come; leaving early, as Ctrl-C does, ends the comparison's processes."""
    cancel = Event()
    try:
        with Meter(Message("comparing")) as meter, closing(comparison.run(cancel)) as events:
            for event in events:
                if isinstance(event, Row):
                    yield event.value
                elif isinstance(event, Progress):
                    meter.report(event.done, event.total)
    finally:
        cancel.set()


def _explained(comparison: Comparison, rows: Sequence[LayerDiff]) -> Compared:
    """Diagnose. A file that changes meanwhile, or a defect of ours, costs the diagnosis, not the figures."""
    from sgs_tui.engine.crash import write_crash_report

    gc.set_threshold(150_000)  # what is imported and computed now is hardly ever garbage: looking for it took 0.02 s
    from sgs_tui.engine.diagnosis.diagnose import diagnose

    found = None
    try:
        found = diagnose(comparison, rows, debug_config_of(comparison.sample.path))
        notes = found.notes
    except InputError as error:
        notes = (Message("no diagnosis: {message}", message=error.message),)
    except Exception as error:  # damaged dumps have more ways to be odd than anybody thinks of
        defect = Message("this is a defect of sgs-tui ({name})", name=type(error).__name__)
        notes = (
            Message(
                "no diagnosis: {defect}; the report is in {path}",
                defect=defect,
                path=write_crash_report(error, sys.argv[1:]),
            ),
        )
    return Compared(comparison, list(rows), True, found, notes)


def _incomplete(comparison: Comparison) -> Iterator[str]:
    """Why a side can not be trusted to be whole: damaged when it was opened, or changed since."""
    for dump in (comparison.sample, comparison.benchmark):
        if not dump.health.ok:
            yield Message("{path}: {health}", path=dump.path, health=dump.health.text)
        try:
            dump.check_unchanged()
        except FileChangedError as error:
            yield error.message
