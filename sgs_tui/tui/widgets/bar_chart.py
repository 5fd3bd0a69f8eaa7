"""Bars by plotext 5, the only module that knows it (version 6 is another library of the same name).

plotext keeps one figure in module globals: draw on the screen's thread only. It is given whole sub-cell columns and
no axes, so that what it draws is exactly as wide as asked; captions and axes are ours.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from sgs_tui.tui.text import Line, Span, Tone

_SGR = re.compile(r"\x1b\[([\d;]*)m")
_BARS, _LIMITS = "blue", "red"
_LIMIT_CODE = "38;5;1"
FULL, QUARTERS, PLAIN = "█", "hd", "#"


def columns_of(cells: int, plain: bool) -> int:
    """How many bars fit side by side: two a cell with quarter blocks, one in ASCII."""
    return cells if plain else 2 * cells


class _Column(NamedTuple):
    """One cell's width of a picture: what its bars reach to in parts of a cell, whether a limit stands in it."""

    steps: tuple[int, ...]
    is_limit: bool
    rows: int
    plain: bool


_Mark = tuple[str, str]
"""What plotext drew in a cell, and in which color."""
_DRAWN: dict[_Column, tuple[_Mark, ...]] = {}
_KEPT = 20_000
"""Columns drawn before: a picture of others' heights is made of the same few."""


def bars(
    heights: Sequence[float], cells: int, rows: int, tone: Tone, limits: Sequence[float] = (), plain: bool = False
) -> list[Line]:
    """`heights` (one a column of `columns_of`) as `rows` lines; `limits` are vertical lines, as parts of the width."""
    parts = 1 if plain else 2
    steps, lines = _steps(heights, rows * parts), {round(limit * (cells - 1)) for limit in limits}
    columns = [
        _Column(tuple(steps[cell * parts : (cell + 1) * parts]), cell in lines, rows, plain) for cell in range(cells)
    ]
    if len(_DRAWN) > _KEPT:
        _DRAWN.clear()
    if new := [column for column in dict.fromkeys(columns) if column not in _DRAWN]:
        _DRAWN.update(zip(new, _draw(new, rows, plain), strict=True))
    return [_line(row, tone) for row in zip(*(_DRAWN[column] for column in columns), strict=True)]


def _draw(columns: Sequence[_Column], rows: int, plain: bool) -> list[tuple[_Mark, ...]]:
    """Columns that were never drawn, side by side in one figure; each from top to bottom."""
    import plotext

    figure: Any = plotext
    figure.clear_figure()
    figure.limitsize(False, False)
    figure.plotsize(len(columns), rows)
    figure.theme("clear")
    figure.frame(False)
    figure.xaxes(False, False)
    figure.yaxes(False, False)
    grid = _Grid(len(columns), rows, 1 if plain else 2)
    _put(figure, grid, [step for column in columns for step in column.steps], PLAIN if plain else FULL)
    for cell, column in enumerate(columns):
        if column.is_limit:
            figure.vline(grid.x(cell), color=_LIMITS)
    figure.xlim(0, grid.right)
    figure.ylim(0, grid.top)
    figure.xticks([], [])
    figure.yticks([], [])
    return list(zip(*map(_marks, figure.build().split("\n")[:rows]), strict=True))


@dataclass(frozen=True, slots=True)
class _Grid:
    """Cells of the picture, each of `parts` x `parts` quarters; coordinates are those of the quarters."""

    cells: int
    rows: int
    parts: int

    @property
    def right(self) -> int:
        return max(1, self.cells * self.parts - 1)

    @property
    def top(self) -> int:
        return max(1, self.rows * self.parts - 1)

    def x(self, cell: int) -> float:
        """Where plotext finds exactly that cell."""
        return cell * self.right / max(1, self.cells - 1)

    def y(self, row: int) -> float:
        """Where plotext finds exactly that row, 0 at the bottom."""
        return row * self.top / max(1, self.rows - 1)


def _steps(heights: Sequence[float], steps: int) -> list[int]:
    """Heights in quarters of a cell; whatever is there at all gets one."""
    highest = max(heights, default=0) or 1
    return [max(1, round(height / highest * steps)) if height > 0 else 0 for height in heights]


def _put(figure: Any, grid: _Grid, steps: Sequence[int], marker: str) -> None:
    """Whole cells by one marker, only the ragged top by quarters: quarters cost plotext ten times as much."""
    whole: list[tuple[float, float]] = []
    ragged: list[tuple[int, int]] = []
    for cell in range(grid.cells):
        columns = range(cell * grid.parts, (cell + 1) * grid.parts)
        full = min(steps[column] for column in columns) // grid.parts
        whole += [(grid.x(cell), grid.y(row)) for row in range(full)]
        ragged += [(column, step) for column in columns for step in range(full * grid.parts, steps[column])]
    for points, mark in ((whole, marker), (ragged, QUARTERS)):
        if points:
            figure.scatter([x for x, _ in points], [y for _, y in points], marker=mark, color=_BARS)


def _marks(text: str) -> list[_Mark]:
    """One line of plotext's color codes, cell by cell."""
    marks: list[_Mark] = []
    code, start = "", 0
    for match in _SGR.finditer(text):
        marks += [(char, code) for char in text[start : match.start()]]
        code, start = match[1], match.end()
    return marks + [(char, code) for char in text[start:]]


def _line(marks: Iterable[_Mark], tone: Tone) -> Line:
    """Neighbors of one color as one span."""
    return tuple(
        Span("".join(char for char, _ in same), _tone_of(code, tone)) for code, same in groupby(marks, lambda m: m[1])
    )


def _tone_of(code: str, tone: Tone) -> Tone:
    if code.startswith(_LIMIT_CODE):
        return "fail"
    return tone if code and code != "0" else ""
