"""`--format table`: for people, in 80 columns; wider screens show more figures, a pipe shows whole names."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import RenderableType
from rich.segment import Segments
from rich.text import Text

from sgs_tui.batch.columns import LONGEST_NAME, NARROWEST, PIPED, Cell, Column, table_of, taken
from sgs_tui.batch.diagnosis_table import diagnosis_section, journal_section
from sgs_tui.batch.diagnosis_text import shares
from sgs_tui.batch.drawing import cut, render
from sgs_tui.batch.phrases import LEGEND, figure_text, headline, mark, ranges_from
from sgs_tui.batch.regression_table import regression_section
from sgs_tui.batch.remarks import remarks, unmatched
from sgs_tui.batch.report import Report
from sgs_tui.batch.screen import Screen
from sgs_tui.engine.compare.catalogue import FIGURES
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.numbers import count

_WIDE = 120
_ROOMY = 100
"""Columns from which a layer's part in the error has a column of its own; below, the diagnosis names the layers."""
_READABLE_NAME, _COMFORTABLE_NAME, _LONGEST_OP = 18, 40, 14
_ALWAYS = ("rmse", "cos", "range")
_WHEN_WIDER = (
    *("sqnr_db", "mse", "max_abs_error", "sample_min", "sample_max", "benchmark_min", "benchmark_max"),
    *("relative_l2", "mean_error"),
)
_VERDICTS = {Verdict.OK: "ok", Verdict.WARN: "warn", Verdict.FAIL: "FAIL", Verdict.NOT_COMPARABLE: "n/c"}
_STYLES = {"FAIL": "bold red", "warn": "yellow", "n/c": "magenta", "!": "bold red", "~": "yellow"}


def write_table(report: Report, screen: Screen) -> bytes:
    """The whole report as text: sources, layers, legend, summary, remarks, what has no partner, the diagnosis."""
    longest = max((cell_len(screen.text(row.name)) for row in report.shown), default=0)
    name = max(len("name"), min(LONGEST_NAME, longest))
    columns, parts = _columns(report, screen), _shares(report, screen)
    width = max(NARROWEST, screen.columns or max(PIPED, taken([*columns, *parts]) + name))
    columns = _without_the_least(columns, width)
    room = width - taken([*columns, *parts])
    columns += _extra(report, room, min(name, _COMFORTABLE_NAME) if screen.columns else name)
    names = _names(report, screen, min(name, width - taken([*columns, *parts])))
    return render(_parts(report, screen, table_of([*columns[:2], names, *columns[2:], *parts])), screen, width)


def _parts(report: Report, screen: Screen, table: Segments) -> Iterator[RenderableType]:
    yield from _sources(report, screen)
    yield from (Text(), table, Text())
    yield Text(LEGEND, style="dim")
    if len(report.shown) < len(report.rows):
        yield Text(f"{len(report.shown)} of {count(len(report.rows), 'layer')} shown")
    yield Text(screen.text(headline(report.summary)), style="bold")
    yield from remarks(report, screen)
    yield from unmatched(report, screen)
    yield from regression_section(report, screen)
    yield from diagnosis_section(report, screen)
    yield from journal_section(report, screen)


def _sources(report: Report, screen: Screen) -> Iterator[Text]:
    for side, source in (("sample   ", report.sample), ("benchmark", report.benchmark)):
        health = Text(str(source.health.state), style="" if source.health.ok else "bold red")
        yield Text.assemble(f"{side}  {source.stage}, ", health, "  ", screen.text(source.path), overflow="fold")
    yield Text(f"profile    {screen.text(report.profile.name)}")
    yield Text(f"ranges     {ranges_from(report)}")


def _columns(report: Report, screen: Screen) -> list[Column]:
    """What is always shown, but the name."""
    rows = report.shown
    op_room = _LONGEST_OP if screen.columns and screen.columns < _WIDE else LONGEST_NAME
    return [
        Column("#", [Cell(str(row.index)) for row in rows], right=True),
        Column("verdict", [Cell(word := _VERDICTS[row.verdict], _STYLES.get(word, "")) for row in rows]),
        Column("op", [Cell(cut(row.op_type, op_room, screen)) for row in rows]),
        *(_figure(report, key) for key in _ALWAYS),
    ]


def _shares(report: Report, screen: Screen) -> list[Column]:
    """What each layer does to the error, where there is anything to say and the screen is not of the narrow kind."""
    known = shares(report)
    words = [known.get(row.name, "") for row in report.shown]
    if not any(words) or (screen.columns is not None and screen.columns < _ROOMY):
        return []
    return [Column("error", [Cell(word, "bold" if word == "introduced" else "") for word in words])]


def _without_the_least(columns: list[Column], width: int) -> list[Column]:
    """On screens narrower than promised the op goes first, then the range, before names become unreadable."""
    for title in ("op", "range "):
        if width - taken(columns) < _READABLE_NAME:
            columns = [column for column in columns if column.title != title]
    return columns


def _names(report: Report, screen: Screen, room: int) -> Column:
    return Column("name", [Cell(cut(row.name, room, screen)) for row in report.shown], room=room)


def _extra(report: Report, room: int, name: int) -> list[Column]:
    """More figures, in their order, while `name` cells are left for the name."""
    columns: list[Column] = []
    for key in _WHEN_WIDER:
        column = _figure(report, key)
        if room - taken([*columns, column]) < name:
            break
        columns.append(column)
    return columns


def _figure(report: Report, key: str) -> Column:
    """A column of numbers, each with its mark behind it."""
    cells = []
    for row in report.shown:
        sign = mark(row, key, report.profile)
        cells.append(Cell(f"{figure_text(row, key)}{sign or ' '}", _STYLES.get(sign, "")))
    return Column(f"{FIGURES[key].title} ", cells, right=True)
