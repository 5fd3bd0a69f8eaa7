"""Below the table: what a figure does not say, and every output without a partner. Nothing is left out."""

from collections.abc import Iterable, Iterator, Set

from rich.padding import Padding
from rich.text import Text

from sgs_tui.batch.report import Report
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.compare.results import LayerDiff, RangeSource, SideStats, Unmatched, Verdict

_Renderable = Text | Padding


def remarks(report: Report, screen: Screen) -> Iterator[_Renderable]:
    """Notes on the comparison, and layers with something to say beyond a limit: grouped by what is said."""
    for note in report.notes:
        yield Text(screen.text(f"note: {note}"))
    mixed = len({row.range.source for row in report.rows if row.range is not None}) > 1
    groups = _grouped((text, f"{row.index} {row.name}") for row in report.shown for text in _said(row, mixed))
    for text, names in groups.items():
        yield _heading(text, names, screen)
        yield _names(names, screen)


def unmatched(report: Report, screen: Screen) -> Iterator[_Renderable]:
    """Outputs of either side that are in no pair, grouped by reason and side, all named."""
    if not report.unmatched:
        return
    yield Text(f"unmatched: {len(report.unmatched)}")
    said = {(item.side, item.name, item.reason) for item in report.unmatched}
    both = {(name, why) for side, name, why in said if side == "sample" and ("benchmark", name, why) in said}
    groups = _grouped((_why(item, both), f"{item.record.op_index} {item.name}") for item in report.unmatched)
    for reason, names in groups.items():
        yield Padding(_heading(reason, names, screen), (0, 0, 0, 2))
        yield _names(names, screen)


def _why(item: Unmatched, both: Set[tuple[str, str]]) -> str:
    """The reason, and whose output it is where the reason does not say; `both`: what is said of both sides."""
    if any(side in item.reason for side in ("sample", "benchmark")):
        return item.reason
    return f"{'both' if (item.name, item.reason) in both else item.side}: {item.reason}"


def _said(row: LayerDiff, mixed: bool) -> Iterator[str]:
    """Reasons that are no limit (not comparable, NaN, all zero), how the pair was made, an unusual range."""
    telling = row.verdict is Verdict.NOT_COMPARABLE or row.has_non_finite or _one_is_zero(row)
    yield from row.reasons if telling else ()
    yield from (*row.pair.notes, *row.notes)
    if mixed and row.range is not None and row.range.source is RangeSource.BENCHMARK:
        yield "range from the benchmark's data, not in the calibration file"


def _one_is_zero(row: LayerDiff) -> bool:
    return any(_is_zero(side) for side in (row.sample, row.benchmark)) and row.verdict is Verdict.FAIL


def _is_zero(side: SideStats | None) -> bool:
    return side is not None and side.all_zero


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Names by what is said of them; what is said of both sides at once is one entry."""
    groups: dict[str, dict[str, None]] = {}
    for text, name in pairs:
        groups.setdefault(text, {})[name] = None
    return {text: list(names) for text, names in groups.items()}


def _heading(text: str, names: list[str], screen: Screen) -> Text:
    return Text(f"{screen.text(text)} ({len(names)}):")


def _names(names: list[str], screen: Screen) -> Padding:
    return Padding(Text(", ".join(map(screen.text, names)), overflow="fold"), (0, 0, 0, 4))
