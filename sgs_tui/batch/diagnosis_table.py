"""The diagnosis below a table: where, why, the numbers that prove it, what to do; all in a screen's width."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.columns import Cell, Column, table_of
from sgs_tui.batch.diagnosis_text import MOST, course, further_layers, headline, left_out
from sgs_tui.batch.drawing import cut, hanging
from sgs_tui.batch.phrases import figure_text
from sgs_tui.batch.report import Report
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.diagnosis.results import Finding, Recovered
from sgs_tui.engine.diagnosis.wording import proof
from sgs_tui.engine.journal import moment, words
from sgs_tui.engine.numbers import count

_LABEL = 11
"""Cells of the words in front of a line, their blanks included."""
_NAME = 30
_ENTRIES = 10
"""Journal entries below a table; the newest ones count."""


def diagnosis_section(report: Report, screen: Screen) -> Iterator[RenderableType]:
    """Nothing where no diagnosis was made."""
    found = report.diagnosis
    if found is None:
        return
    yield Text()
    yield Text("diagnosis", style="bold")
    for number, finding in enumerate(found.findings[:MOST], 1):
        yield from _finding(number, finding, screen)
    if more := left_out(found):
        yield Text(more)
    for what, text in course(report):
        yield _labelled(what, text, screen)
    yield from _recovered(found.recovered, screen)


def journal_section(report: Report, screen: Screen) -> Iterator[RenderableType]:
    """The newest entries of the triage journal; nothing where there is none."""
    if not report.journal:
        return
    yield Text()
    left = len(report.journal) - _ENTRIES
    yield Text(
        "journal" + (f", {count(left, 'older entry', 'older entries')} in --format json" if left > 0 else ""), "bold"
    )
    for each in report.journal[-_ENTRIES:]:
        yield hanging(f"{moment(each)}  ", words(each), 22, screen)


def _finding(number: int, finding: Finding, screen: Screen) -> Iterator[RenderableType]:
    yield hanging(f"{number}. ", headline(finding), 3, screen, "bold")
    label, others = further_layers(finding)
    if others:
        yield hanging(f"   {label:<9}", others, 12, screen)
    for label, lines in (("because", [fact.text for fact in proof(finding)]), ("do", finding.advice)):
        for first, line in enumerate(lines):
            yield hanging(f"   {'' if first else label:<9}", line, 12, screen)


def _labelled(label: str, text: str, screen: Screen) -> RenderableType:
    return hanging(f"{label:<{_LABEL}} ", text, _LABEL + 1, screen)


def _recovered(found: tuple[Recovered, ...], screen: Screen) -> Iterator[RenderableType]:
    """The layers that were put back in order. Verdicts and the exit code stay about the file as it is."""
    if not found:
        return
    yield Text()
    what = f"recovered: {count(len(found), 'layer')} with the stored order undone; verdicts are about the file as it is"
    yield Text(f"{what}; kept: share of the values that the file still holds")
    yield table_of(_columns(found, screen))


def _columns(found: tuple[Recovered, ...], screen: Screen) -> list[Column]:
    rows = [each.row for each in found]
    room = _NAME if screen.columns else max(len(screen.text(row.name)) for row in rows)
    return [
        Column("#", [Cell(str(row.index)) for row in rows], right=True),
        Column("name", [Cell(cut(row.name, room, screen)) for row in rows]),
        Column("RMSE", [Cell(figure_text(row, "rmse")) for row in rows], right=True),
        Column("COS", [Cell(figure_text(row, "cos")) for row in rows], right=True),
        Column("kept", [Cell(f"{each.kept:.0%}") for each in found], right=True),
        Column("order", [Cell(each.layout) for each in found]),
    ]
