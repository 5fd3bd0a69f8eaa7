"""The tensors around one as boxes and lines: figures and signs in the boxes, blame along the lines.

Apart because it draws: it knows places and signs, and nothing of keys or jobs.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import NamedTuple

from rich.cells import cell_len

from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.diagnosis.flow import Flow
from sgs_tui.engine.diagnosis.results import Role
from sgs_tui.engine.numbers import count, ratio
from sgs_tui.language import _, joined, shown
from sgs_tui.tui.comparison.view import SIGNS
from sgs_tui.tui.layers.blame import BLAME_SIGNS
from sgs_tui.tui.network.layout import Columns, Item, Placed, Stack, Through, stack
from sgs_tui.tui.short_names import ShortNames
from sgs_tui.tui.text import BLANK, Line, Span, Tone, clip, cut, fit, width

GAP = 5
"""Cells between two columns; the inner ones are lanes for lines that go up or down."""
_NARROWEST, _MARGIN = 18, 2
_LEGEND = 2
"""Lines below the boxes."""


def steps_in(cells: int) -> int:
    """How many steps each way find room: one at 80 columns, two from 114 on, three from 160."""
    steps = 1
    while steps < 4 and _column(cells, steps + 1) >= _NARROWEST + (steps >= 2):
        steps += 1
    return steps


def _column(cells: int, steps: int) -> int:
    return (cells - 2 * _MARGIN - 2 * steps * GAP) // (2 * steps + 1)


# Signs of a line. Bits of a mask: up, down, left, right.

_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_LIGHT = " │││─┘┐┤─└┌├─┴┬┼"
_HEAVY = " ┃┃┃━┛┓┫━┗┏┣━┻┳╋"
_PLAIN = " |||-++|-++|-+++"
_PLAIN_HEAVY = " ###=###=###=###"
_HEADS: dict[Role, Span] = {
    **{
        role: Span(BLAME_SIGNS[role].text, BLAME_SIGNS[role].tone)
        for role in (Role.INTRODUCED, Role.INHERITED, Role.RECOVERED)
    },
    Role.CLEAN: Span("▸", "muted"),
}
_RANKS = (Role.INTRODUCED, Role.INHERITED, Role.RECOVERED, Role.CLEAN)
_BEARS = frozenset({Role.INHERITED, Role.RECOVERED})
"""An error runs along the edge: its line is heavy."""


class Edge(NamedTuple):
    """A line between two tensors of the picture."""

    source: str
    target: str
    role: Role


class Sheet:
    """Cells of the picture; lines are joined where they meet."""

    def __init__(self, cells: int, lines: int, plain: bool) -> None:
        self.cells, self._plain = cells, plain
        self._rows: list[list[Span]] = [[Span(" ")] * cells for _ in range(lines)]
        self._strokes: dict[tuple[int, int], list[tuple[Edge, int]]] = defaultdict(list)

    def put(self, line: int, cell: int, spans: Iterable[Span]) -> None:
        """Text from a cell on; what does not fit is left out."""
        row = self._rows[line] if 0 <= line < len(self._rows) else []
        for text, tone in spans:
            for char in text:
                wide = cell_len(char)
                if wide and 0 <= cell <= len(row) - wide:
                    row[cell : cell + wide] = [Span(char, tone), *[Span("", tone)] * (wide - 1)]
                cell += wide

    def across(self, edge: Edge, line: int, start: int, end: int) -> None:
        """A stroke from cell `start` to `end`, both included."""
        for cell in range(start, end + 1):
            self._strokes[line, cell].append((edge, (_LEFT if cell > start else 0) | (_RIGHT if cell < end else 0)))

    def down(self, edge: Edge, cell: int, start: int, end: int) -> None:
        for line in range(min(start, end), max(start, end) + 1):
            mask = (_UP if line > min(start, end) else 0) | (_DOWN if line < max(start, end) else 0)
            self._strokes[line, cell].append((edge, mask))

    def lines(self) -> list[Line]:
        """The picture."""
        for (line, cell), strokes in self._strokes.items():
            if 0 <= line < len(self._rows) and 0 <= cell < self.cells and self._rows[line][cell].text == " ":
                self._rows[line][cell] = self._sign(strokes)
        return [tuple(_merged(row)) for row in self._rows]

    def _sign(self, strokes: Sequence[tuple[Edge, int]]) -> Span:
        # Lines of different tensors cross here without touching: the one that runs down is drawn over the others.
        lines = _joined(strokes)
        top = max(lines, key=lambda line: (_mask(line) & (_UP | _DOWN)).bit_count())
        mask, shown = _mask(top), [edge for edge, _ in top]
        role = min((edge.role for edge in shown), key=_RANKS.index)
        heavy = any(edge.role in _BEARS for edge in shown)
        signs = (_PLAIN_HEAVY if heavy else _PLAIN) if self._plain else (_HEAVY if heavy else _LIGHT)
        return Span(signs[mask], _HEADS[role].tone)


def _joined(strokes: Sequence[tuple[Edge, int]]) -> list[list[tuple[Edge, int]]]:
    """Strokes of one cell by the lines that they belong to: edges with a common end run together."""
    lines: list[list[tuple[Edge, int]]] = []
    for edge, mask in strokes:
        touching = [line for line in lines if any(edge.source == e.source or edge.target == e.target for e, _ in line)]
        rest = [line for line in lines if line not in touching]
        lines = [*rest, [(edge, mask), *(stroke for line in touching for stroke in line)]]
    return lines


def _mask(strokes: Sequence[tuple[Edge, int]]) -> int:
    return reduce(or_, (mask for _, mask in strokes))


def _merged(row: Sequence[Span]) -> Iterable[Span]:
    text, tone = "", row[0].tone if row else ""
    for span in row:
        if span.tone != tone:
            yield Span(text, tone)
            text, tone = "", span.tone
        text += span.text
    yield Span(text, tone)


@dataclass(frozen=True, slots=True)
class Look:
    """What is drawn and how: the tensor under the cursor, short names, nothing but ASCII where `plain`."""

    flow: Flow
    columns: Columns
    selected: str
    names: ShortNames
    plain: bool


def network_lines(look: Look, cells: int, lines: int) -> list[Line]:
    """The picture with the facts of the selected tensor and the legend below."""
    steps = max(abs(column) for column in look.columns.items)
    steps = max(steps, steps_in(cells))
    room = max(1, lines - _LEGEND)
    sheet = Sheet(cells, room, look.plain)
    across = _column(cells, steps)
    stacks = {column: stack(items, look.selected, room) for column, items in look.columns.items.items()}
    left = {column: _MARGIN + (column + steps) * (across + GAP) for column in range(-steps, steps + 1)}
    for column, found in stacks.items():
        _put_column(sheet, look, found, left[column], across)
    _put_lines(sheet, look, stacks, left, across)
    return [*sheet.lines(), _facts(look, cells), _legend(look, cells)][-lines:]


# Boxes.


def _put_column(sheet: Sheet, look: Look, found: Stack, cell: int, across: int) -> None:
    for placed in found.placed:
        if isinstance(placed.item, str):
            _put_box(sheet, look, placed.item, placed, cell, across)
    last = max((placed.top + placed.height for placed in found.placed), default=0)
    for line, hidden, sign in ((0, found.above, "▴"), (last, found.below, "▾")):
        if hidden:
            rows = (look.flow.row(name) for name in hidden)
            fail = sum(row is not None and row.verdict is Verdict.FAIL for row in rows)
            known = {"sign": sign, "hidden": len(hidden)}
            more = (
                _("{sign} {hidden} more, {fail} fail", fail=fail, **known)
                if fail
                else _("{sign} {hidden} more", **known)
            )
            sheet.put(line, cell, (Span(clip(more, across), "fail" if fail else "muted"),))


def _put_box(sheet: Sheet, look: Look, name: str, placed: Placed, cell: int, across: int) -> None:
    wiring, drawn = look.flow.wiring, look.columns.drawn
    before = any(each not in drawn for each in wiring.sources.get(name, ()))
    behind = any(each not in drawn for each in wiring.targets.get(name, ()))
    inner = across - 2
    if placed.height == 1:
        ends = Span("◂" if before else "[", "muted"), Span("▸" if behind else "]", "muted")
        sheet.put(placed.top, cell, (ends[0], *_brief(look, name, inner), ends[1]))
        return
    strong = name == look.columns.center
    tone: Tone = "strong" if strong else "muted"
    corners, bar, wall = ("####", "#", "#") if look.plain and strong else ("++++", "-", "|") if look.plain else (
        ("┏┓┗┛", "━", "┃") if strong else ("┌┐└┘", "─", "│")
    )  # fmt: skip
    sheet.put(placed.top, cell, (Span(corners[0] + bar * inner + corners[1], tone),))
    for line, spans in enumerate((_title(look, name, inner), _figures(look, name, inner)), 1):
        ends_of_line = ("◂" if before and line == 1 else wall, "▸" if behind and line == 1 else wall)
        sheet.put(placed.top + line, cell, (Span(ends_of_line[0], tone), *spans, Span(ends_of_line[1], tone)))
    sheet.put(placed.top + 3, cell, (Span(corners[2] + bar * inner + corners[3], tone),))


def _tone(look: Look, name: str, own: Tone) -> Tone:
    return "cursor" if name == look.selected else own


def _title(look: Look, name: str, cells: int) -> Line:
    """Name, and the number of the scale that it shares."""
    number = look.flow.wiring.scales.get(name)
    mark = f" ={number}" if number is not None else ""
    tone = _tone(look, name, "strong" if name == look.columns.center else "")
    text = fit(look.names(name, cells - len(mark)), cells - len(mark))
    return (Span(text, tone), Span(mark, _tone(look, name, "key")))


def _figures(look: Look, name: str, cells: int) -> Line:
    """Sign and RMSE, what the layer does to the error, its op."""
    sign, figure = _judged(look, name)
    role = BLAME_SIGNS[look.flow.role(name)]
    head: Line = (
        Span(sign.text + " ", _tone(look, name, sign.tone)),
        Span(figure + " ", _tone(look, name, sign.tone)),
        Span(role.text + " ", _tone(look, name, role.tone)),
    )
    op = "" if look.flow.wiring.tensors[name].index < 0 else look.flow.wiring.tensors[name].op
    return (*head, Span(fit(op, max(0, cells - width(head))), _tone(look, name, "muted")))


def _brief(look: Look, name: str, cells: int) -> Line:
    """The same in one line."""
    sign, figure = _judged(look, name)
    role = BLAME_SIGNS[look.flow.role(name)]
    tail = f" {figure}"
    room = max(1, cells - 2 - len(tail))
    return (
        Span(sign.text, _tone(look, name, sign.tone)),
        Span(fit(look.names(name, room), room), _tone(look, name, "")),
        Span(tail, _tone(look, name, sign.tone)),
        Span(role.text, _tone(look, name, role.tone)),
    )


def _judged(look: Look, name: str) -> tuple[Span, str]:
    tensor, row = look.flow.wiring.tensors[name], look.flow.row(name)
    if row is None:
        return Span(" ", "muted"), _("input") if tensor.index < 0 else _("n/c") if tensor.why else "..."
    sign = SIGNS[row.verdict]
    figure = "n/c" if row.metrics is None else ratio(row.metrics.rmse).strip()
    return Span(sign.text, sign.tone or "muted"), figure


# Lines.


def _put_lines(sheet: Sheet, look: Look, stacks: dict[int, Stack], left: dict[int, int], across: int) -> None:
    spots = {(column, placed.item): placed for column, found in stacks.items() for placed in found.placed}
    drawn = look.columns.drawn
    edges = [
        Edge(source, target, look.flow.edge(source, target))
        for target in drawn
        for source in look.flow.wiring.sources.get(target, ())
        if source in drawn
    ]
    gaps: dict[int, list[tuple[Edge, int, int, bool]]] = defaultdict(list)
    for edge in edges:
        start, end = drawn[edge.source], drawn[edge.target]
        if start == end:
            _put_bracket(sheet, edge, spots, start, left[start], across)
        for column in range(start, end):
            ends = (_spot(spots, column, edge, start), _spot(spots, column + 1, edge, end, True))
            if None not in ends:
                gaps[column].append((edge, ends[0], ends[1], column + 1 == end))  # type: ignore[arg-type]
            if column > start and (passed := _spot(spots, column, edge, start)) is not None:
                sheet.across(edge, passed, left[column] - 1, left[column] + across)
    for column, strokes in gaps.items():
        _put_gap(sheet, strokes, left[column] + across)


def _spot(spots: dict[tuple[int, Item], Placed], column: int, edge: Edge, end: int, target: bool = False) -> int | None:
    """The line at which an edge meets a column: at its own tensor there, or where it passes."""
    item: Item = (edge.target if target else edge.source) if column == end else Through(edge.source)
    placed = spots.get((column, item))
    return None if placed is None else placed.line


def _put_gap(sheet: Sheet, strokes: Sequence[tuple[Edge, int, int, bool]], cell: int) -> None:
    """The lines between two columns, from cell `cell` on; those of one tensor share a lane."""
    by_source = len({edge.source for edge, *_ in strokes}) <= len({edge.target for edge, *_ in strokes})
    lanes: list[list[tuple[int, int]]] = [[] for _ in range(GAP - 2)]
    groups: dict[str, list[tuple[Edge, int, int, bool]]] = defaultdict(list)
    for stroke in strokes:
        groups[stroke[0].source if by_source else stroke[0].target].append(stroke)
    for group in groups.values():
        ends = [line for _, start, end, _ in group for line in (start, end)]
        low, high = min(ends), max(ends)
        lane = next((n for n, taken in enumerate(lanes) if all(high < a or low > b for a, b in taken)), len(lanes) - 1)
        lanes[lane].append((low, high))
        for edge, start, end, arrives in sorted(group, key=lambda stroke: -_RANKS.index(stroke[0].role)):
            turn = cell + 1 + lane
            if start == end:
                sheet.across(edge, start, cell, cell + GAP - 1)
            else:
                sheet.across(edge, start, cell, turn)
                sheet.down(edge, turn, start, end)
                sheet.across(edge, end, turn, cell + GAP - 1)
            if arrives:
                sheet.put(end, cell + GAP - 1, (_HEADS[edge.role],))


def _put_bracket(
    sheet: Sheet, edge: Edge, spots: dict[tuple[int, Item], Placed], column: int, cell: int, across: int
) -> None:
    """An edge between two tensors of the same column runs beside it."""
    start, end = spots.get((column, edge.source)), spots.get((column, edge.target))
    if start is None or end is None:
        return
    beside = cell - 2 if column < 0 else cell + across + 1
    near = cell - 1 if column < 0 else cell + across
    sheet.across(edge, start.line, min(beside, near), max(beside, near))
    sheet.down(edge, beside, start.line, end.line)
    sheet.across(edge, end.line, min(beside, near), max(beside, near))
    head = _HEADS[edge.role]
    sheet.put(end.line, near, (Span("◂", head.tone) if column > 0 and edge.role is Role.CLEAN else head,))


# Below the boxes.


def _facts(look: Look, cells: int) -> Line:
    """The tensor under the cursor in full: name, op, neighbors, why it has no figures."""
    wiring = look.flow.wiring
    tensor, row = wiring.tensors[look.selected], look.flow.row(look.selected)
    sources, targets = wiring.sources.get(tensor.name, ()), wiring.targets.get(tensor.name, ())
    wired = _("{op}, reads {sources}, read by {targets}", op=tensor.op, sources=len(sources), targets=len(targets))
    parts: list[str] = [wired if wiring.known else tensor.op]
    if look.selected in wiring.scales:
        number = wiring.scales[look.selected]
        parts.append(
            _(
                "={number}: one scale for {tensors}",
                number=number,
                tensors=count(sum(each == number for each in wiring.scales.values()), "tensor"),
            )
        )
    parts += [tensor.why] if tensor.why else [] if row is None else list(row.reasons)
    words = "  " + str(shown(joined(parts, "; ")))
    name = cut(tensor.layer or tensor.name, max(16, cells - min(cell_len(words), cells // 2) - 1))
    return (Span(" "), Span(name, "strong"), Span(clip(words, max(0, cells - 1 - cell_len(name))), "muted"))


def _legend(look: Look, cells: int) -> Line:
    if not look.flow.wiring.known:
        words = " " + _("the dumps hold outputs alone: not who reads whom, only the order of the file")
        return (Span(clip(words, cells), "warn"),)
    heavy = "=" if look.plain else "━"
    parts: list[Line] = [
        (_HEADS[Role.INTRODUCED], Span(" " + _("error begins") + "   ", "muted")),
        (Span(heavy, "warn"), _HEADS[Role.INHERITED], Span(" " + _("comes in") + "   ", "muted")),
        (Span(heavy, "good"), _HEADS[Role.RECOVERED], Span(" " + _("recovers") + "   ", "muted")),
    ]
    scales = {look.flow.wiring.scales[name] for name in look.columns.drawn if name in look.flow.wiring.scales}
    if scales:
        parts.append((Span(f"={min(scales)}", "key"), Span(" " + _("share one scale") + "   ", "muted")))
    parts.append((Span("◂▸", "muted"), Span(" " + _("more beyond"), "muted")))
    found: list[Span] = [Span(" ")]
    for part in parts:
        if width((*found, *part)) <= cells:
            found += part
    return tuple(found) if found else BLANK
