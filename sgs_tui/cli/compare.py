"""`sgs-tui compare`, and `sgs-tui --batch`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.batch.formats import FailOn, Format
from sgs_tui.batch.output import check_target, emit
from sgs_tui.cli import complaints
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.front import open_app
from sgs_tui.cli.options import Ascii, Batch, NoMouse, Output, ProfileName, Ranges, Shapes
from sgs_tui.engine.errors import UsageError

if TYPE_CHECKING:
    from sgs_tui.batch.compare import View
    from sgs_tui.batch.report import Report
    from sgs_tui.engine.session import CompareRequest


DEFAULT_PROFILE = "manual"
"""Whatever the user's settings say: a script must mean the same on every machine."""


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
        complaints.error(line, "what can be read was compared")
    if report.incomplete:
        return ExitCode.INPUT
    if report.nothing_comparable:
        complaints.error("nothing comparable: the dumps share no layer with figures", "the unmatched list says why")
        return ExitCode.NOTHING_COMPARABLE
    over = {
        FailOn.FAIL: report.summary.failed,
        FailOn.WARN: report.summary.failed + report.summary.warned,
        FailOn.REGRESSION: _got_worse(report),
    }
    return ExitCode.OVER_LIMITS if over.get(fail_on) else ExitCode.OK


def _got_worse(report: "Report") -> int:
    """Layers that the gate is about: failing now and not before, or not comparable any more."""
    from sgs_tui.batch.regression_text import regressions

    return len(regressions(report.since.regression)) if report.since else 0


def _check_view(text: str | None, sort: str | None) -> None:
    """What the app could not begin with is said before it begins; nothing is loaded where nothing was asked for."""
    if text or sort:
        _view(text, sort, None)


def _view(text: str | None, sort: str | None, top: int | None) -> "View":
    from sgs_tui.batch.compare import View
    from sgs_tui.engine.compare.order import check_sort_key
    from sgs_tui.engine.compare.query import parse_query

    key = (sort or "network").removeprefix("-")
    check_sort_key(key)
    return View(parse_query(text or ""), key, (sort or "").startswith("-"), top)


def _request(sample: Path, benchmark: Path, ranges: Path | None, shapes: Path | None, profile: str) -> "CompareRequest":
    from sgs_tui.engine.configs.profile_files import load_profile
    from sgs_tui.engine.session import CompareRequest

    return CompareRequest(sample, benchmark, ranges, shapes, load_profile(profile))


def _run(request: "CompareRequest", view: "View", diagnosing: bool, baseline: Path | None) -> "Report":
    from sgs_tui.batch import compare as front

    if baseline is None:
        return front.compare(request, view, diagnosing)
    from sgs_tui.engine.iterate.state import load_state

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
    from sgs_tui.batch.phrases import headline
    from sgs_tui.cli.terminal import screen

    page = screen(ascii_only, to_file=output is not None)
    emit(write(report, wanted, page, fail_on or FailOn.FAIL), output, inputs)
    if output is not None and output != Path("-"):
        complaints.note(f"{output}: {headline(report.summary)}")
    if wanted is Format.VENDOR:
        _say_what_vendor_leaves_out(report)


def _bundle(report: "Report", path: Path) -> None:
    from sgs_tui.batch.bundle import bundle
    from sgs_tui.engine.numbers import size

    written = bundle(report, path, complaints.note)
    complaints.note(f"{written}: {size(written.stat().st_size)} written")


def _say_what_vendor_leaves_out(report: "Report") -> None:
    from sgs_tui.batch.vendor import without_line
    from sgs_tui.engine.numbers import count

    lost = [(without_line(report), "layer without figures", "layers without figures")]
    lost += [(len(report.unmatched), "unmatched output", "unmatched outputs")]
    if words := " and ".join(count(*entry) for entry in lost if entry[0]):
        complaints.note(f"this format has no line for {words}")
