"""`sgs-tui sweep`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sgs_tui.batch.output import FailOn
from sgs_tui.batch.sweeps import SweepFormat
from sgs_tui.cli import options, stderr
from sgs_tui.cli.exits import ExitCode, first_of
from sgs_tui.cli.options import option
from sgs_tui.engine.errors import UsageError

if TYPE_CHECKING:
    from sgs_tui.batch.sweeps.report import SweepReport
    from sgs_tui.engine.compare.limits import Profile
    from sgs_tui.engine.sweep.sweep import SweepRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keeping:
    """What is kept on disk of a sweep."""

    journal: Annotated[
        Path | None, option("--journal FILE", "Where finished pictures are kept (default ./sgs_sweeps).")
    ] = None
    no_journal: Annotated[bool, option("--no-journal", "Keep nothing; a sweep that is stopped begins again.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Printing:
    """How a sweep is reported."""

    wanted: Annotated[SweepFormat, option("--format", "How to print.")] = SweepFormat.TABLE
    output: options.Output = None
    top: Annotated[int | None, option("--top N", "Pictures and layers in a table (default 20).", min=1)] = None
    fail_on: Annotated[FailOn, option("--fail-on", "What gives exit code 1; regression: only against --baseline.")] = (
        FailOn.FAIL
    )
    baseline: Annotated[Path | None, option("--baseline OLD", "Say what has changed since that JSON report.")] = None
    batch: options.Batch = False
    ascii_only: options.Ascii = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """A sweep as it was asked for: in words, and the files that no output may replace."""

    request: "SweepRequest"
    what: str
    notes: tuple[str, ...] = ()
    inputs: tuple[Path, ...] = ()


def sweep(
    folders: Annotated[
        list[Path] | None, options.argument("[SAMPLES BENCHMARKS]", "Two folders of dumps, paired by name.")
    ] = None,
    pairs: Annotated[Path | None, option("--list FILE", "Pairs of dumps instead: SAMPLE, BENCHMARK a line.")] = None,
    *,
    ranges: options.Ranges = None,
    shapes: options.Shapes = None,
    profile: options.ProfileName = None,
    jobs: Annotated[int | None, option("--jobs -j N", "Pictures at a time (default one a core).", min=1)] = None,
    keeping: _Keeping,
    printing: _Printing,
) -> int:
    """Compare many pictures and say what they have in common.

    Over pairs of dumps: two folders, in which a picture's dumps are named alike (cat.bin and cat.bin, or
    cat_fixed.bin and cat_float.bin), or a list. Per layer: the worst, the 95 % and the median picture, the share that
    fails, values beyond the calibrated limits; pictures ranked; outputs; groups that fail alike, and why.
    A picture that can not be measured is a row with its reason (exit code 3, or 4 where a run failed). What is finished
    is kept in a journal: a sweep that was stopped goes on where it was when it is started again.

    \b
    Examples:
      sgs-tui sweep fixed_dumps float_dumps --ranges tensor_min_max.txt
      sgs-tui sweep --list pairs.txt --format json -o sweep.json
    """
    from sgs_tui.engine.compare.limits import load_profile

    limits = load_profile(profile or options.DEFAULT_PROFILE)
    asked = _pairs(folders or [], pairs, ranges, shapes, limits)
    return _print(asked, limits.name, jobs, keeping, printing)


def _pairs(
    folders: Sequence[Path], pairs: Path | None, ranges: Path | None, shapes: Path | None, limits: "Profile"
) -> _Asked:
    from sgs_tui.engine.calibration.ranges import load_ranges
    from sgs_tui.engine.sweep.pairs import DumpPairs
    from sgs_tui.engine.sweep.pictures import listed_dumps, paired_dumps
    from sgs_tui.engine.sweep.sweep import SweepRequest

    notes: tuple[str, ...] = ()
    if pairs is not None and not folders:
        pictures, what = listed_dumps(pairs), f"pairs of {pairs}"
    elif len(folders) == 2:
        pictures, notes = paired_dumps(*folders)
        what = f"{folders[0]} against {folders[1]}"
    else:
        raise UsageError(
            "expected two folders of dumps, SAMPLES and BENCHMARKS, or --list FILE",
            "`sgs-tui sweep --help` has examples",
        )
    if ranges is not None:
        load_ranges(ranges)
    inputs = tuple(path for picture in pictures for path in picture.files)
    return _Asked(SweepRequest(DumpPairs(ranges, shapes, limits), pictures), what, notes, inputs)


def _print(asked: _Asked, profile: str, jobs: int | None, keeping: _Keeping, printing: _Printing) -> ExitCode:
    from sgs_tui.batch.sweep import SweepPrinting, print_sweep
    from sgs_tui.engine.sweep.sweep import Sweep, default_journal, processes

    how = SweepPrinting(
        printing.wanted,
        printing.output,
        stderr.screen(printing.ascii_only, to_file=printing.output is not None),
        printing.top,
        printing.baseline,
        printing.fail_on,
        asked.inputs,
    )
    journal = None if keeping.no_journal else keeping.journal or default_journal(asked.request.how)
    stderr.note(*asked.notes)
    with stderr.cancelling_interrupts() as cancel:
        sweep = Sweep(replace(asked.request, journal=journal), processes(jobs))
        report = print_sweep(sweep, asked.what, profile, how, stderr.note, cancel, asked.notes)
    return _verdict(report, journal)


def _verdict(report: "SweepReport", journal: Path | None) -> ExitCode:
    from sgs_tui.engine.sweep.results import Failure, Status

    codes = {Failure.INPUT: ExitCode.INPUT, Failure.RUN: ExitCode.RUN_FAILED}
    if report.stopped:
        kept = f"the same command goes on from {journal}" if journal is not None else "nothing was kept"
        stderr.error("interrupted: what was measured until then is printed", kept)
        return ExitCode.INTERRUPTED
    for row in report.result.pictures:
        if row.status is Status.ERROR:
            stderr.error(f"{row.name}: {row.reason}", "the other pictures were measured")
    found = [codes.get(each, ExitCode.NOTHING_COMPARABLE) for each in report.result.failures]
    return first_of([*found, *([ExitCode.OVER_LIMITS] if report.over else [])])
