"""Compare what runs have left: the app on one pair, or a printed comparison for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.cli import complaints
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.report_options import ReportOptions
from sgs_tui.engine.errors import UsageError

if TYPE_CHECKING:
    from sgs_tui.engine.simulate.runs import Run

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
            complaints.note(f"{pair.label}: {pair.sample} against {pair.benchmark}")
        bundle = options.bundle if len(pairs) == 1 else _bundle(pair, options.bundle)
        own = options.to(_output(pair, options), bundle)
        codes.append(own.compare(pair.sample, pair.benchmark, pair.ranges))
    return first_of(codes)


def first_of(codes: Sequence[int]) -> ExitCode:
    """The code that speaks for all."""
    return next((code for code in _ORDER if code in codes), ExitCode.OK)


def _bundle(pair: Pairing, path: Path | None) -> Path | None:
    """One zip an image: `FILE-cat.zip`."""
    return None if path is None else path.with_name(f"{path.stem}-{Path(pair.label).stem}{path.suffix}")


def _output(pair: Pairing, options: ReportOptions) -> Path | None:
    if options.output is None or not options.output.is_dir():
        return options.output
    return options.output / (Path(pair.label).stem + _SUFFIXES.get(options.wanted, ".txt"))
