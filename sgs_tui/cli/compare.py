"""`sgs-tui compare`, and `sgs-tui --batch`."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from sgs_tui.batch.output import FailOn, Format, check_target, emit
from sgs_tui.cli import stderr
from sgs_tui.cli.main import ExitCode
from sgs_tui.cli.open import open_app
from sgs_tui.cli.options import DEFAULT_PROFILE, Ascii, Batch, NoMouse, Output, ProfileName, Ranges, Shapes
from sgs_tui.cli.stderr import require_terminal
from sgs_tui.engine.errors import InputError, UsageError

if TYPE_CHECKING:
    from sgs_tui.batch.compare import View
    from sgs_tui.batch.report import Report
    from sgs_tui.engine.runs.run_list import Run
    from sgs_tui.engine.session import CompareRequest


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare")(compare)


def compare(
    sample: Annotated[Path, typer.Argument(metavar="SAMPLE", help="The dump that is judged (fixed).")],
    benchmark: Annotated[Path, typer.Argument(metavar="BENCHMARK", help="The reference (float or original).")],
    ranges: Ranges = None,
    shapes: Shapes = None,
    profile: ProfileName = None,
    wanted: Annotated[Format | None, typer.Option("--format", help="How to print (default table).")] = None,
    output: Output = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option("--fail-on", help="What gives exit code 1 (default fail); regression: only against --baseline."),
    ] = None,
    text: Annotated[
        str | None, typer.Option("--filter", metavar="TEXT", help="Layers to show: words, op:conv, rmse>0.1, !word.")
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option("--sort", metavar="COLUMN", help="Worst first by rmse, cos, range, ...; -COLUMN turns it around."),
    ] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, metavar="N", help="Only the first N layers.")] = None,
    no_diagnosis: Annotated[bool, typer.Option("--no-diagnosis", help="Leave out the causes; figures only.")] = False,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="OLD", help="Say what has changed since: a JSON report, or a run folder."),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", metavar="FILE.zip", help="Also pack what support asks for; each part is named first."),
    ] = None,
    batch: Batch = False,
    ascii_only: Ascii = False,
    no_mouse: NoMouse = False,
) -> int:
    """Compare two dumps layer by layer.

    Opens the app; --batch, or any of --format, --output, --fail-on, --top, --baseline, --bundle and
    --no-diagnosis, prints instead: the layers, and below them which layer is to blame, why, what proves it and
    what to do.
    --filter and --sort (here and in the app) and --top choose what is shown; exit code and summary are about all
    layers. Exit code 3 (damaged input) goes before 5 (nothing comparable), and that before 1 (layers over the limits).

    \b
    Examples:
      sgs-tui compare fixed.bin float.bin --ranges log/tensor_min_max.txt
      sgs-tui compare fixed.bin float.bin --batch --sort rmse --top 10
      sgs-tui compare fixed.bin float.bin --format json -o new.json --fail-on warn
      sgs-tui compare fixed.bin float.bin --format csv --filter "op:conv rmse>0.1"
      sgs-tui compare fixed.bin float.bin --format html --output report.html
      sgs-tui compare fixed.bin float.bin --format junit --output layers.xml
      sgs-tui compare fixed.bin float.bin --baseline old.json --fail-on regression
      sgs-tui compare fixed.bin float.bin --bundle for_support.zip
      sgs-tui --batch fixed.bin float.bin --profile sop
    """
    printing = (wanted, output, fail_on, top, baseline, bundle)
    if not batch and not no_diagnosis and all(option is None for option in printing):
        _check_view(text, sort)
        return open_app(
            (sample, benchmark),
            ranges=ranges,
            shapes=shapes,
            profile=profile or "",
            ascii_only=ascii_only,
            mouse=not no_mouse,
            query=text or "",
            sort=sort or "",
        )
    view = _view(text, sort, top)
    diagnosing = not no_diagnosis and wanted is not Format.VENDOR
    if fail_on is FailOn.REGRESSION and baseline is None:
        raise UsageError("--fail-on regression: there is nothing to compare with", "name it with --baseline OLD.json")
    request = _request(sample, benchmark, ranges, shapes, profile or DEFAULT_PROFILE)
    inputs = (sample, benchmark, *([baseline] if baseline else []))
    check_target(output, inputs)
    report = _run(request, view, diagnosing, baseline)
    _write(report, wanted or Format.TABLE, output, ascii_only, inputs=inputs, fail_on=fail_on)
    if bundle is not None:
        _bundle(report, bundle)
    return verdict(report, fail_on or FailOn.FAIL)


def verdict(report: "Report", fail_on: FailOn) -> ExitCode:
    """Say on stderr what a script must not miss, and the exit code."""
    for line in report.incomplete:
        stderr.error(line, "what can be read was compared")
    if report.incomplete:
        return ExitCode.INPUT
    if report.nothing_comparable:
        stderr.error("nothing comparable: the dumps share no layer with figures", "the unmatched list says why")
        return ExitCode.NOTHING_COMPARABLE
    over = {
        FailOn.FAIL: report.summary.failed,
        FailOn.WARN: report.summary.failed + report.summary.warned,
        FailOn.REGRESSION: _got_worse(report),
    }
    return ExitCode.OVER_LIMITS if over.get(fail_on) else ExitCode.OK


def _got_worse(report: "Report") -> int:
    """Layers that the gate is about: failing now and not before, or not comparable any more."""
    from sgs_tui.batch.words import regressions

    return len(regressions(report.since.regression)) if report.since else 0


def _check_view(text: str | None, sort: str | None) -> None:
    """What the app could not begin with is said before it begins; nothing is loaded where nothing was asked for."""
    if text or sort:
        _view(text, sort, None)


def _view(text: str | None, sort: str | None, top: int | None) -> "View":
    from sgs_tui.batch.compare import View
    from sgs_tui.engine.compare.select import check_sort_key, parse_query

    key = (sort or "network").removeprefix("-")
    check_sort_key(key)
    return View(parse_query(text or ""), key, (sort or "").startswith("-"), top)


def _request(sample: Path, benchmark: Path, ranges: Path | None, shapes: Path | None, profile: str) -> "CompareRequest":
    from sgs_tui.engine.compare.limits import load_profile
    from sgs_tui.engine.session import CompareRequest

    return CompareRequest(sample, benchmark, ranges, shapes, load_profile(profile))


def _run(request: "CompareRequest", view: "View", diagnosing: bool, baseline: Path | None) -> "Report":
    from sgs_tui.batch import compare as front

    if baseline is None:
        return front.compare(request, view, diagnosing)
    from sgs_tui.engine.requantize.state import load_state

    return front.compare(request, view, diagnosing, load_state(baseline, request.profile))


def _write(
    report: "Report",
    wanted: Format,
    output: Path | None,
    ascii_only: bool,
    inputs: tuple[Path, ...],
    fail_on: FailOn | None,
) -> None:
    from sgs_tui.batch.compare import write
    from sgs_tui.batch.words import headline
    from sgs_tui.cli.stderr import screen

    page = screen(ascii_only, to_file=output is not None)
    emit(write(report, wanted, page, fail_on or FailOn.FAIL), output, inputs)
    if output is not None and output != Path("-"):
        stderr.note(f"{output}: {headline(report.summary)}")
    if wanted is Format.VENDOR:
        _say_what_vendor_leaves_out(report)


def _bundle(report: "Report", path: Path) -> None:
    from sgs_tui.batch.printed.small import bundle
    from sgs_tui.engine.numbers import size

    written = bundle(report, path, stderr.note)
    stderr.note(f"{written}: {size(written.stat().st_size)} written")


def _say_what_vendor_leaves_out(report: "Report") -> None:
    from sgs_tui.batch.formats.vendor import without_line
    from sgs_tui.engine.numbers import count

    lost = [(without_line(report), "layer without figures", "layers without figures")]
    lost += [(len(report.unmatched), "unmatched output", "unmatched outputs")]
    if words := " and ".join(count(*entry) for entry in lost if entry[0]):
        stderr.note(f"this format has no line for {words}")


# The options of `sgs-tui compare` for commands that compare what they have just made: the same, defined once.

_DUMPS = ("sample", "benchmark")
_NOT_PRINTING = frozenset({"ranges", "shapes", "profile", "ascii_only", "no_mouse"})
"""Options that mean the same in the app; any other one makes `compare` print."""

Command = Callable[..., int]


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What `sgs-tui compare` is given besides the dumps, by the names of its parameters."""

    values: Mapping[str, Any]

    @property
    def prints(self) -> bool:
        """Whether the comparison is printed; otherwise the app opens on it."""
        return any(
            self.values[name] != parameter.default
            for name, parameter in _parameters().items()
            if name not in _NOT_PRINTING
        )

    @property
    def output(self) -> Path | None:
        """--output; None for stdout, however it was said."""
        return None if self.values["output"] in (None, Path("-")) else Path(self.values["output"])

    @property
    def wanted(self) -> str:
        """--format."""
        return str(self.values["wanted"] or "table")

    @property
    def ascii_only(self) -> bool:
        """--ascii."""
        return bool(self.values["ascii_only"])

    @property
    def baseline(self) -> Path | None:
        """--baseline."""
        return None if self.values["baseline"] is None else Path(self.values["baseline"])

    @property
    def bundle(self) -> Path | None:
        """--bundle."""
        return None if self.values["bundle"] is None else Path(self.values["bundle"])

    def to(self, output: Path | None, bundle: Path | None) -> "ReportOptions":
        """The same with another --output and another --bundle."""
        return replace(self, values={**self.values, "output": output, "bundle": bundle})

    def check(self) -> None:
        """Raise now what would otherwise be raised after the runs."""
        from sgs_tui.engine.calibration.ranges import load_ranges
        from sgs_tui.engine.compare.limits import load_profile
        from sgs_tui.engine.compare.select import check_sort_key, parse_query
        from sgs_tui.engine.requantize.state import check_state

        if not self.prints:
            require_terminal()
        check_sort_key((self.values["sort"] or "network").removeprefix("-"))
        parse_query(self.values["text"] or "")
        load_profile(self.values["profile"] or DEFAULT_PROFILE)
        if self.baseline is not None:
            check_state(self.baseline)
        elif self.values["fail_on"] is FailOn.REGRESSION:
            raise UsageError("--fail-on regression needs --baseline", "name an earlier comparison: --baseline OLD.json")
        if self.values["ranges"] is not None:
            load_ranges(self.values["ranges"])
        for path in (self.output, self.bundle):
            if path is not None and not path.absolute().parent.is_dir():
                raise InputError(f"{path}: there is no such folder", "make it first")

    def compare(self, sample: Path, benchmark: Path, ranges: Path | None) -> int:
        """Compare as `sgs-tui compare` does; `ranges` where none were given. The exit code."""
        values = {**self.values, "ranges": self.values["ranges"] or ranges}
        return compare(sample, benchmark, **values)


def with_report_options(command: Command) -> Command:
    """`command` with the options of compare, which reach it as its parameter `report`."""
    own = {name: entry for name, entry in inspect.signature(command).parameters.items() if name != "report"}
    added = _parameters()

    @wraps(command)
    def wrapper(**given: Any) -> int:
        report = ReportOptions({name: given.pop(name) for name in added})
        return command(**given, report=report)

    parameters = [*own.values(), *added.values()]
    wrapper.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {entry.name: entry.annotation for entry in parameters}
    del wrapper.__wrapped__  # or the signature above would be looked for behind it
    return wrapper


def _parameters() -> dict[str, inspect.Parameter]:
    hints = get_type_hints(compare, include_extras=True)
    found = inspect.signature(compare).parameters
    return {name: entry.replace(annotation=hints[name]) for name, entry in found.items() if name not in _DUMPS}


# Compare what runs have left: the app on one pair, or a printed comparison for each.

_SUFFIXES = {"csv": ".csv", "json": ".json", "markdown": ".md", "html": ".html", "junit": ".xml"}
_ORDER = (
    *(ExitCode.INTERRUPTED, ExitCode.RUN_FAILED, ExitCode.USAGE, ExitCode.INPUT),
    *(ExitCode.NOTHING_COMPARABLE, ExitCode.OVER_LIMITS),
)
"""Which code speaks for several, see cli/exits.py."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two dumps that belong together; `label` tells several pairs apart."""

    label: str
    sample: Path
    benchmark: Path
    ranges: Path | None = None


def pairing(sample: "Run", benchmark: "Run") -> Pairing | None:
    """The dumps of two runs, or the two of one; None unless both can be trusted."""
    if sample is benchmark:
        dumps = sample.dumps[:2]
        float_, fixed = dumps if len(dumps) == 2 else (None, None)
    else:
        fixed, float_ = sample.dump, benchmark.dump
    if fixed is None or float_ is None:
        return None
    image = Path(sample.request.details.get("image", "").split(",")[0]).name or sample.name
    return Pairing(image, fixed, float_, sample.ranges or benchmark.ranges)


def check_report(options: ReportOptions, pairs: int) -> None:
    """Raise before anything is started what would be in the way of the reports afterwards."""
    options.check()
    if pairs > 1 and not options.prints:
        raise UsageError(f"{pairs} images give {pairs} comparisons, the app shows one", "use --batch, or one image")
    if pairs > 1 and options.output is not None and not options.output.is_dir():
        raise UsageError(f"{pairs} comparisons for one --output {options.output}", "name an existing folder")
    if pairs > 1 and options.baseline is not None:
        raise UsageError(f"{pairs} comparisons against one --baseline", "compare image by image: `sgs-tui compare`")


def compare_all(pairs: Sequence[Pairing], options: ReportOptions) -> ExitCode:
    """Compare each pair; the code of the worst end."""
    codes = []
    for pair in pairs:
        if len(pairs) > 1:
            stderr.note(f"{pair.label}: {pair.sample} against {pair.benchmark}")
        bundle = options.bundle if len(pairs) == 1 else _write_bundle(pair, options.bundle)
        own = options.to(_output(pair, options), bundle)
        codes.append(own.compare(pair.sample, pair.benchmark, pair.ranges))
    return first_of(codes)


def first_of(codes: Sequence[int]) -> ExitCode:
    """The code that speaks for all."""
    return next((code for code in _ORDER if code in codes), ExitCode.OK)


def _write_bundle(pair: Pairing, path: Path | None) -> Path | None:
    """One zip an image: `FILE-cat.zip`."""
    return None if path is None else path.with_name(f"{path.stem}-{Path(pair.label).stem}{path.suffix}")


def _output(pair: Pairing, options: ReportOptions) -> Path | None:
    if options.output is None or not options.output.is_dir():
        return options.output
    return options.output / (Path(pair.label).stem + _SUFFIXES.get(options.wanted, ".txt"))
