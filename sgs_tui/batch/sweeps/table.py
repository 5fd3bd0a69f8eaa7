"""`--format table`: pictures worst first, layers worst first, outputs, what the set shows, the summary."""

from collections.abc import Iterator, Sequence
from itertools import islice
from math import isnan

from rich.console import RenderableType
from rich.text import Text

from sgs_tui.batch.console import (
    LONGEST_NAME,
    PIPED,
    Cell,
    Column,
    Screen,
    hanging,
    name_column,
    page_width,
    render,
    table_of,
)
from sgs_tui.batch.sweeps.report import SweepReport, headline, output_line
from sgs_tui.engine.numbers import count, decibel, ratio
from sgs_tui.engine.sweep.results import Kind, LayerRow, PictureRow, SetFinding, Status
from sgs_tui.engine.text import some
from sgs_tui.language import Message, _, shown

_STYLES = {Status.FAIL: "bold red", Status.WARN: "yellow", Status.ERROR: "magenta", Status.OK: ""}
_WORDS = {
    Status.FAIL: Message("FAIL"),
    Status.WARN: Message("warn"),
    Status.ERROR: Message("error"),
    Status.OK: Message("ok"),
}
_INDENT = 11
_SHORTEST = 10
_GROUPS = 5
"""Groups of pictures that are shown; JSON has all."""
TOP = 20
"""Pictures and layers that a table shows where nothing else is asked for."""


def write(report: SweepReport, screen: Screen) -> bytes:
    """The whole report as text."""
    top = report.top or TOP
    pictures = [report.result.pictures[place] for place in report.result.order][:top]
    layers = worst_layers(report.result.layers)[:top]
    tables = (_pictures(pictures, screen), _layers(report, layers, screen))
    width = max(page_width(columns, screen) for columns in tables) if screen.columns is None else screen.columns
    return render(_parts(report, tables, (len(pictures), len(layers)), screen), screen, max(width, PIPED // 2))


def worst_layers(rows: Sequence[LayerRow]) -> list[LayerRow]:
    """Layers by how many pictures they fail on, then by their worst RMSE (NaN before all)."""

    def key(row: LayerRow) -> tuple[float, float]:
        worst = row.spreads["rmse"].worst if row.spreads is not None else -1.0
        return -row.failing_share, -(float("inf") if isnan(worst) else worst)

    return sorted(rows, key=key)


def _parts(
    report: SweepReport, tables: Sequence[Sequence[Column]], there: tuple[int, int], screen: Screen
) -> Iterator[RenderableType]:
    result = report.result
    yield hanging("sweep", report.what, _INDENT, screen)
    yield hanging(Message("profile"), report.profile, _INDENT, screen)
    for note in report.notes:
        yield hanging(Message("note"), note, _INDENT, screen)
    yield from (Text(), table_of(tables[0]))
    yield from _left_out(there[0], count(len(result.pictures), "picture"), len(result.pictures))
    if result.layers:
        yield from (Text(), table_of(tables[1]))
        yield from _left_out(there[1], count(len(result.layers), "layer"), len(result.layers))
        yield Text()
        yield Text(_("p95: 95 of 100 pictures are not worse. RMSE is the manual's relative L1 error."), style="dim")
    for row in result.outputs:
        yield hanging(Message("output"), _named(row.name, output_line(report, row)), _INDENT, screen)
    for told in islice(report.alike, _GROUPS):
        yield hanging(Message("group"), told, _INDENT, screen)
    for _rank, each in report.ranked:
        if each.status is Status.ERROR:
            yield hanging(Message("error"), _named(each.name, each.reason), _INDENT, screen, "magenta")
    yield hanging("", headline(report), 0, screen, "bold")
    if report.stopped:
        yield Text(_("stopped: these are the pictures that were measured until then"), style="bold red")
    yield from _since(report, screen)
    if result.findings:
        yield Text()
    for found in result.findings:
        yield from _finding(report, found, screen)


def _named(name: str, text: str) -> Message:
    return Message("{name}: {text}", name=name, text=text)


def _left_out(number: int, things: str, there: int) -> Iterator[Text]:
    if number < there:
        text = _(
            "{number} of {things} shown, the worst; --top {all} shows all", number=number, things=things, all=there
        )
        yield Text(text, style="dim")


def _pictures(rows: Sequence[PictureRow], screen: Screen) -> list[Column]:
    classes = any(row.agreement is not None and row.agreement.top1 is not None for row in rows)
    columns = [
        Column("", [Cell(shown(_WORDS[row.status]), _STYLES[row.status]) for row in rows]),
        Column(_("fails"), [Cell(str(row.failing) if row.compared else "") for row in rows], right=True),
        Column("RMSE", [Cell(ratio(row.worst_rmse)) for row in rows], right=True),
        Column(_("clips"), [Cell(str(row.clipped) if row.compared else "") for row in rows], right=True),
        Column("top-1" if classes else _("output"), [Cell(_agreement(row, classes)) for row in rows], right=True),
    ]
    room = (screen.columns or PIPED) // 4
    longest = LONGEST_NAME if screen.columns is None else room
    worst = name_column(_("worst layer"), [row.worst_layer for row in rows], (), Screen(ascii=screen.ascii), _SHORTEST,
                        longest)  # fmt: skip
    name = name_column(_("picture"), [row.name for row in rows], [*columns, worst], screen, _SHORTEST, LONGEST_NAME)
    return [columns[0], name, *columns[1:3], worst, *columns[3:]]


def _agreement(row: PictureRow, classes: bool) -> str:
    if row.agreement is None:
        return ""
    if not classes:
        return ratio(row.agreement.rmse)
    share = row.agreement.top1
    return "" if share is None else _("same") if share == 1 else _("other") if share == 0 else f"{share:.0%}"


def _layers(report: SweepReport, rows: Sequence[LayerRow], screen: Screen) -> list[Column]:
    def cells(key: str, place: int) -> list[Cell]:
        show = decibel if key == "sqnr_db" else ratio
        return [Cell("" if row.spreads is None else show(row.spreads[key][place])) for row in rows]

    columns = [
        Column("#", [Cell(str(row.layer.op_index)) for row in rows], right=True),
        Column(_("fails"), [_fails(row) for row in rows], right=True),
        Column(_("worst"), cells("rmse", 0), right=True),
        Column("p95", cells("rmse", 1), right=True),
        Column(_("median"), cells("rmse", 2), right=True),
        Column("dB", cells("sqnr_db", 2), right=True),
        Column(
            _("beyond"), [Cell("" if row.beyond is None else f"{row.beyond.excess:.0%}") for row in rows], right=True
        ),
    ]
    room = LONGEST_NAME if screen.columns is None else screen.columns // 6
    on = name_column(_("worst on"), [report.name(row.worst_picture) for row in rows], (), Screen(ascii=screen.ascii), 8,
                     room)  # fmt: skip
    names = [row.layer.name for row in rows]
    return [
        columns[0],
        name_column(_("layer"), names, [*columns, on], screen, _SHORTEST, LONGEST_NAME),
        *columns[1:],
        on,
    ]


def _fails(row: LayerRow) -> Cell:
    if row.spreads is None:
        return Cell(_("n/c"), "magenta")
    if row.failing_on:
        return Cell(f"{row.failing_share:.0%}", "bold red")
    return Cell(_("warn"), "yellow") if row.warned else Cell("-")


def _since(report: SweepReport, screen: Screen) -> Iterator[RenderableType]:
    since = report.since
    if since is None:
        return
    changed = Message(
        "{baseline}: {layers} and {pictures} changed, {worse} for the worse",
        baseline=report.baseline,
        layers=count(len(since.layers), "layer"),
        pictures=count(len(since.pictures), "picture"),
        worse=since.regressions,
    )
    yield hanging(Message("since"), changed, _INDENT, screen)
    if since.both < len(report.result.pictures):
        yield hanging("", _on_which(since.both), _INDENT, screen)
    for layer in since.layers:
        fails = Message("fails on {before:.0%} -> {after:.0%} of the pictures", before=layer.before, after=layer.after)
        yield hanging("", _named(layer.name, Message("gone") if layer.lost else fails), _INDENT, screen)
    for each in since.pictures:
        values = {"name": each.name, "before": Message(str(each.before)), "after": Message(str(each.after))}
        yield hanging("", Message("{name}: {before} -> {after}", **values), _INDENT, screen)


def _on_which(both: int) -> str:
    if not both:
        return Message("no picture is measured in both under one name: all of each are taken")
    return Message("layers on {pictures} that are measured in both", pictures=count(both, "picture"))


def _finding(report: SweepReport, found: SetFinding, screen: Screen) -> Iterator[RenderableType]:
    style = "" if found.kind is Kind.HEALTHY else "bold"
    yield hanging(Message("finding"), _named(found.kind, found.text), _INDENT, screen, style)
    pictures, layers = report.names(found.pictures), found.layers
    for label, listed, most in ((Message("pictures"), pictures, 6), (Message("layers"), layers, 4)):
        if listed:
            yield hanging(f"  {shown(label)}", some(listed, most), _INDENT, screen)
    for text in found.evidence:
        yield hanging(f"  {_('proof')}", text, _INDENT, screen)
    if found.advice:
        yield hanging(f"  {_('do')}", found.advice, _INDENT, screen)
