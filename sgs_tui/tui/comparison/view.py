"""Which dumps are chosen, and how the title and the status line tell of their comparison."""

from dataclasses import dataclass, replace
from pathlib import Path

from rich.cells import cell_len

from sgs_tui.engine.clock import SECONDS
from sgs_tui.engine.compare.limits import MANUAL, Profile
from sgs_tui.engine.compare.results import LayerDiff, Pair, Verdict
from sgs_tui.engine.session import CompareRequest
from sgs_tui.engine.text import visible
from sgs_tui.language import _, joined, shown
from sgs_tui.tui.settings import Start
from sgs_tui.tui.short_names import ShortNames
from sgs_tui.tui.text import Line, Span, clip, span, width
from sgs_tui.tui.widgets.table import Cell

ROOMY = 72
"""Below so many cells, or where it would take half of them, the profile gives way to the names of the dumps."""


_STEP = 4
"""Names are cut to so many cells more or less, not to each width that a reason leaves: each width takes its time."""


SIGNS: dict[Verdict, Cell] = {
    Verdict.FAIL: Cell("✗", "fail"),
    Verdict.WARN: Cell("~", "warn"),
    Verdict.OK: Cell(" "),
    Verdict.NOT_COMPARABLE: Cell("-", "muted"),
}


@dataclass(frozen=True, slots=True)
class Picks:
    """The files that are chosen so far; a comparison needs sample and benchmark."""

    sample: Path | None = None
    benchmark: Path | None = None
    ranges: Path | None = None
    shapes: Path | None = None
    profile: Profile = MANUAL
    original: Path | None = None
    seconds: float = SECONDS

    @classmethod
    def of(cls, start: Start) -> "Picks":
        """What the command line chose."""
        profile = start.profile or MANUAL
        return cls(start.sample, start.benchmark, start.ranges, start.shapes, profile, start.original, start.seconds)

    @property
    def request(self) -> CompareRequest | None:
        """What to compare, once both dumps are chosen."""
        if self.sample is None or self.benchmark is None:
            return None
        known = (self.sample, self.benchmark, self.ranges, self.shapes, self.profile)
        return CompareRequest(*known, original=self.original, seconds=self.seconds)

    def with_file(self, role: str, path: Path | None) -> "Picks":
        """One choice changed."""
        known = {**self.roles(), role: path}
        return replace(self, **known)  # type: ignore[arg-type]

    @property
    def words(self) -> str:
        """Which two dumps."""
        sample, benchmark = (path.name if path else "?" for path in (self.sample, self.benchmark))
        return _("{sample} against {benchmark}", sample=sample, benchmark=benchmark)

    def swapped(self) -> "Picks":
        """Sample and benchmark exchanged."""
        return replace(self, sample=self.benchmark, benchmark=self.sample)

    def roles(self) -> dict[str, Path | None]:
        """The files by what they are for."""
        return {name: getattr(self, name) for name in ("sample", "benchmark", "ranges", "shapes", "original")}


def title(request: CompareRequest | None, summary: Line, cells: int) -> Line:
    """Which dumps, judged by what, and how it stands."""
    if request is None:
        return (Span(" sgs-tui", "strong"), Span("  " + _("no dumps chosen"), "muted"))
    right: Line = (*summary, Span(" "))
    for said in (_("limits: {name}", name=request.profile.name), request.profile.name):
        profiled: Line = (span(said, "muted"), Span("  "), *right)
        if cells >= ROOMY and width(profiled) <= cells // 2:
            right = profiled
            break
    room = max(8, (cells - width(right) - 12) // 2)
    names = _names(request.sample, request.benchmark)
    sample, benchmark = (ShortNames(names)(name, room) for name in names)
    left: Line = (Span(" " + sample, "sample"), Span(" " + _("against") + " ", "muted"), Span(benchmark, "benchmark"))
    return (*left, Span(" " * max(2, cells - width(left) - width(right))), *right)


def _names(sample: Path, benchmark: Path) -> tuple[str, str]:
    """File names, with as many of their folders as it takes to tell them apart."""
    first, second = sample.absolute().parts, benchmark.absolute().parts
    same = next((n for n in range(1, min(len(first), len(second)) + 1) if first[-n:] != second[-n:]), 1)
    return "/".join(first[-same:]), "/".join(second[-same:])


def status(pair: Pair | None, row: LayerDiff | None, cells: int, short: ShortNames) -> Line:
    """The layer under the cursor in a line: its whole name as far as it fits, and what is wrong with it.

    A longer name is cut so that it is no other layer's.
    """
    if pair is None:
        return ()
    if row is None:
        return (Span("   " + short(pair.name, cells - 4), "muted"),)
    sign = SIGNS[row.verdict]
    reason = str(shown(joined(row.reasons, "; ")))
    room = max(20, cells - 6 - min(cell_len(reason), cells // 2))
    name = short(pair.name, room if cell_len(visible(pair.name)) <= room else room - room % _STEP)
    return (
        Span(f" {sign.text} ", sign.tone),
        Span(name, "strong"),
        Span("  " + clip(reason, max(0, cells - 6 - width((Span(name),)))), sign.tone or "muted"),
    )
