"""`sgs-tui compare` and `sgs-tui --batch`; the same for `run` and `runs compare`, which compare what runs have left."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sgs_tui.batch.formats import Format
from sgs_tui.batch.output import FailOn, ListFormat, check_target, emit
from sgs_tui.cli import options, stderr
from sgs_tui.cli.exits import ExitCode, first_of
from sgs_tui.cli.open import open_app
from sgs_tui.cli.stderr import require_terminal
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.language import Message

if TYPE_CHECKING:
    from sgs_tui.batch.report import Report
    from sgs_tui.engine.runs.run_list import Run

_IN_THE_APP = frozenset({"ranges", "shapes", "profile", "text", "sort", "ascii_only", "no_mouse"})
"""Options that mean the same in the app; any other one makes `compare` print."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What `sgs-tui compare` is given besides the dumps."""

    ranges: options.Ranges = None
    shapes: options.Shapes = None
    profile: options.ProfileName = None
    wanted: Annotated[Format | None, options.option("--format", "How to print (default table).")] = None
    output: options.Output = None
    fail_on: Annotated[
        FailOn | None,
        options.option("--fail-on", "What gives exit code 1 (default fail); regression: only against --baseline."),
    ] = None
    text: Annotated[str | None, options.option("--filter TEXT", "Layers to show: words, op:conv, rmse>0.1, !word.")] = (
        None
    )
    sort: Annotated[
        str | None,
        options.option(
            "--sort COLUMN,...", "Worst first by rmse, cos, ...; -COLUMN turns it around; A,B: B where A is equal."
        ),
    ] = None
    top: Annotated[int | None, options.option("--top N", "Only the first N layers.", min=1)] = None
    no_diagnosis: Annotated[bool, options.option("--no-diagnosis", "Leave out the causes; figures only.")] = False
    seconds: Annotated[
        float | None, options.option("--diagnosis-seconds N", "The causes may take (default 30; 0: no limit).", min=0)
    ] = None
    baseline: Annotated[
        Path | None, options.option("--baseline OLD", "Say what has changed since: a JSON report, or a run folder.")
    ] = None
    bundle: Annotated[
        Path | None, options.option("--bundle FILE.zip", "Also pack what support asks for; each part is named first.")
    ] = None
    batch: options.Batch = False
    ascii_only: options.Ascii = False
    no_mouse: options.NoMouse = False

    @property
    def prints(self) -> bool:
        """Whether the comparison is printed; otherwise the app opens on it."""
        return any(getattr(self, each.name) != each.default for each in fields(self) if each.name not in _IN_THE_APP)


def compare(
    sample: Annotated[Path, options.argument("SAMPLE", "The dump that is judged (fixed).")],
    benchmark: Annotated[Path, options.argument("BENCHMARK", "The reference (float or original).")],
    report: ReportOptions,
    original: Annotated[
        Path | None, options.argument("[ORIGINAL]", "The original model's dump: is conversion to blame?")
    ] = None,
    exact: Annotated[
        bool, options.option("--exact", "Element by element: which differs first, where, by what; exit code 1.")
    ] = False,
    outputs: Annotated[
        list[str] | None, options.option("--outputs NAME,...", "Tensors in a file of a board's bare bytes, in order.")
    ] = None,
) -> int:
    """Compare two dumps layer by layer.

    Opens the app; --batch, or any of --format, --output, --fail-on, --top, --baseline, --bundle, --no-diagnosis,
    --exact and --outputs, prints instead: the layers, and below them which layer is to blame, why, what proves it and
    what to do. A tensor_min_max.txt beside the dumps is used unless --ranges names another file.
    --filter and --sort (here and in the app) and --top choose what is shown; exit code and summary are about all
    layers. Exit code 3 (damaged input) goes before 5 (nothing comparable), and that before 1 (layers over the limits).

    A third dump, of the original model, is held against both: columns float against original, fixed against float and
    fixed against original, and whether conversion or quantization is to blame.

    Either side may also be what a board or the offline simulator gave as outputs: the text of `simulator.py -c
    Unknown`, or the bare bytes of the output tensors, whose names, shapes and types are then the other side's. Padding
    is taken out, codes are dequantized, and only the network's outputs are compared.

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
      sgs-tui compare output/unknown_net_sgsimg.img_cat.jpg.txt fixed.bin --batch
      sgs-tui compare board.bin fixed.bin --exact --outputs boxes,scores
      sgs-tui --batch fixed.bin float.bin --profile sop
      sgs-tui --batch fixed.bin float.bin original.bin
    """
    names = options.names(outputs or ())
    if exact and original is not None:
        raise UsageError(Message("--exact compares two dumps"), Message("leave the original out"))
    if exact:
        return _print_exactly(sample, benchmark, report, names)
    if report.prints or names:
        return _print(sample, benchmark, report, names, original)
    return _open((sample, benchmark) if original is None else (sample, benchmark, original), report)


def _open(paths: tuple[Path, ...], given: ReportOptions) -> int:
    """What the app could not begin with is said before it begins; nothing is loaded where nothing was asked for."""
    if given.text or given.sort:
        from sgs_tui.batch.compare import view_of

        view_of(given.text, given.sort)
    return open_app(
        paths,
        ranges=given.ranges,
        shapes=given.shapes,
        profile=given.profile or "",
        ascii_only=given.ascii_only,
        mouse=not given.no_mouse,
        query=given.text or "",
        sort=given.sort or "",
    )


def _print(
    sample: Path, benchmark: Path, given: ReportOptions, names: tuple[str, ...], original: Path | None = None
) -> ExitCode:
    from sgs_tui.batch.compare import Printing, print_comparison, view_of
    from sgs_tui.engine.clock import SECONDS
    from sgs_tui.engine.compare.limits import load_profile
    from sgs_tui.engine.session import CompareRequest, with_ranges_beside

    how = Printing(
        wanted=given.wanted or Format.TABLE,
        output=given.output,
        screen=stderr.screen(given.ascii_only, to_file=given.output is not None),
        view=view_of(given.text, given.sort, given.top),
        diagnosing=not given.no_diagnosis,
        baseline=given.baseline,
        fail_on=given.fail_on or FailOn.FAIL,
        bundle=given.bundle,
    )
    limits = load_profile(given.profile or options.DEFAULT_PROFILE)
    request = CompareRequest(sample, benchmark, given.ranges, given.shapes, limits, outputs=names, original=original)
    request = replace(request, seconds=SECONDS if given.seconds is None else given.seconds)
    request, word = with_ranges_beside(request)
    return _verdict(print_comparison(replace(request, remark=word), how, stderr.note))


_WITH_EXACT = frozenset({"shapes", "wanted", "output", "batch", "ascii_only", "no_mouse"})


def _print_exactly(sample: Path, benchmark: Path, given: ReportOptions, names: tuple[str, ...]) -> ExitCode:
    """Bit by bit: no limits and no causes, so none of their options."""
    from sgs_tui.batch.printed.exact import nothing_compared, report_exactly, write_exact
    from sgs_tui.engine.session import CompareRequest

    others = (each for each in fields(given) if each.name not in _WITH_EXACT)
    if any(getattr(given, each.name) != each.default for each in others):
        raise UsageError(
            Message("--exact knows no limits, causes, filters or baselines"), Message("leave those options out")
        )
    if given.wanted not in (None, *_LISTS):
        raise UsageError(
            Message("--exact has no --format {wanted}", wanted=given.wanted),
            Message("it has {formats}", formats=", ".join(_LISTS)),
        )
    check_target(given.output, (sample, benchmark))
    report = report_exactly(CompareRequest(sample, benchmark, shapes=given.shapes, outputs=names))
    page = stderr.screen(given.ascii_only, to_file=given.output is not None)
    emit(write_exact(report, _LISTS[given.wanted or Format.TABLE], page), given.output, (sample, benchmark))
    if report.incomplete:
        return stderr.damaged(report.incomplete, Message("what can be read was compared"))
    if nothing := nothing_compared(report):
        stderr.error(nothing.message, nothing.hint)
        return ExitCode.NOTHING_COMPARABLE
    return ExitCode.OVER_LIMITS if report.different else ExitCode.OK


_LISTS = {Format.TABLE: ListFormat.TABLE, Format.CSV: ListFormat.CSV, Format.JSON: ListFormat.JSON}


def _verdict(report: "Report") -> ExitCode:
    if report.incomplete:
        return stderr.damaged(report.incomplete, Message("what can be read was compared"))
    if report.three_way is not None and not report.three_way.health.ok:
        original = report.three_way
        return stderr.damaged(
            [Message("{path}: {health}", path=original.path, health=original.health.text)],
            Message("what can be read was compared"),
        )
    if report.nothing_comparable:
        stderr.error(
            Message("nothing comparable: the dumps share no layer with figures"), Message("the unmatched list says why")
        )
        return ExitCode.NOTHING_COMPARABLE
    return ExitCode.OVER_LIMITS if report.over else ExitCode.OK


# Compare what runs have left: the app on one pair, or a printed comparison for each.


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


def check_report(given: ReportOptions, pairs: int) -> None:
    """Raise before anything is started what would be in the way of the reports afterwards."""
    _check_values(given)
    if pairs > 1 and not given.prints:
        raise UsageError(
            Message("{pairs} images give {pairs} comparisons, the app shows one", pairs=pairs),
            Message("use --batch, or one image"),
        )
    if pairs > 1 and (file := _file(given)) is not None and not file.is_dir():
        raise UsageError(
            Message("{pairs} comparisons for one --output {output}", pairs=pairs, output=given.output),
            Message("name an existing folder"),
        )
    if pairs > 1 and given.baseline is not None:
        raise UsageError(
            Message("{pairs} comparisons against one --baseline", pairs=pairs),
            Message("compare image by image: `sgs-tui compare`"),
        )


def _check_values(given: ReportOptions) -> None:
    from sgs_tui.batch.compare import view_of
    from sgs_tui.engine.calibration.ranges import load_ranges
    from sgs_tui.engine.compare.limits import load_profile
    from sgs_tui.engine.requantize.state import check_state

    if not given.prints:
        require_terminal()
    view_of(given.text, given.sort)
    load_profile(given.profile or options.DEFAULT_PROFILE)
    if given.baseline is not None:
        check_state(given.baseline)
    elif given.fail_on is FailOn.REGRESSION:
        raise UsageError(
            Message("--fail-on regression needs --baseline"), Message("name an earlier comparison: --baseline OLD.json")
        )
    if given.ranges is not None:
        load_ranges(given.ranges)
    for path in (_file(given), given.bundle):
        if path is not None and not path.absolute().parent.is_dir():
            raise InputError(Message("{path}: there is no such folder", path=path), Message("make it first"))


def compare_all(pairs: Sequence[Pairing], given: ReportOptions) -> ExitCode:
    """Compare each pair; the code of the worst end. Several pairs get a report and a bundle (`FILE-cat.zip`) each."""
    codes = []
    for pair in pairs:
        own = replace(given, ranges=given.ranges or pair.ranges, output=_file(given))
        if own.output is not None and own.output.is_dir():
            name = Path(pair.label).stem + (given.wanted or Format.TABLE).suffix
            own = replace(own, output=own.output / name)
        if len(pairs) > 1:
            stderr.note(
                Message(
                    "{label}: {sample} against {benchmark}",
                    label=pair.label,
                    sample=pair.sample,
                    benchmark=pair.benchmark,
                )
            )
            if zip_ := given.bundle:
                own = replace(own, bundle=zip_.with_name(f"{zip_.stem}-{Path(pair.label).stem}{zip_.suffix}"))
        codes.append(compare(pair.sample, pair.benchmark, own))
    return first_of(codes)


def _file(given: ReportOptions) -> Path | None:
    """--output; None for stdout, however it was said."""
    return None if given.output == Path("-") else given.output
