"""The title line and the status line."""

from pathlib import Path

from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.engine.session import CompareRequest
from sgs_tui.tui.lines import Line, Span, clip, cut, span, width
from sgs_tui.tui.models.columns import SIGNS

ROOMY = 72
"""Below so many cells the profile gives way to the names of the dumps."""


def title(request: CompareRequest | None, summary: Line, cells: int) -> Line:
    """Which dumps, judged by what, and how it stands."""
    if request is None:
        return (Span(" sgs-tui", "strong"), Span("  no dumps chosen", "muted"))
    right: Line = (*summary, Span(" "))
    if cells >= ROOMY:
        right = (span(request.profile.name, "muted"), Span("  "), *right)
    room = max(8, (cells - width(right) - 12) // 2)
    sample, benchmark = shown_names(request.sample, request.benchmark)
    left: Line = (
        Span(" " + cut(sample, room), "sample"),
        Span(" against ", "muted"),
        Span(cut(benchmark, room), "benchmark"),
    )
    return (*left, Span(" " * max(2, cells - width(left) - width(right))), *right)


def shown_names(sample: Path, benchmark: Path) -> tuple[str, str]:
    """File names, with their folders where the names alone would be the same."""
    if sample.name != benchmark.name:
        return sample.name, benchmark.name
    return f"{sample.parent.name}/{sample.name}", f"{benchmark.parent.name}/{benchmark.name}"


def status(pair: Pair | None, row: LayerDiff | None, cells: int) -> Line:
    """The layer under the cursor in a line: its whole name as far as it fits, and what is wrong with it."""
    if pair is None:
        return ()
    if row is None:
        return (Span("   " + cut(pair.name, cells - 4), "muted"),)
    sign = SIGNS[row.verdict]
    reason = "; ".join(row.reasons)
    name = cut(pair.name, max(20, cells - 6 - min(len(reason), cells // 2)))
    return (
        Span(f" {sign.text} ", sign.tone),
        Span(name, "strong"),
        Span("  " + clip(reason, max(0, cells - 6 - width((Span(name),)))), sign.tone or "muted"),
    )
