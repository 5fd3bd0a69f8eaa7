"""Bars by plotext 5, the only module that knows it (version 6 is another library of the same name).

plotext keeps one figure in module globals: draw on the screen's thread only. It is given whole sub-cell columns and
no axes, so that what it draws is exactly as wide as asked; captions and axes are ours.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sgs_tui.tui.text import Line, Span, Tone

_SGR = re.compile(r"\x1b\[([\d;]*)m")
_BARS, _LIMITS = "blue", "red"
_LIMIT_CODE = "38;5;1"
FULL, QUARTERS, PLAIN = "█", "hd", "#"


def columns_of(cells: int, plain: bool) -> int:
    """How many bars fit side by side: two a cell with quarter blocks, one in ASCII."""
    return cells if plain else 2 * cells


def bars(
    heights: Sequence[float], cells: int, rows: int, tone: Tone, limits: Sequence[float] = (), plain: bool = False
) -> list[Line]:
    """`heights` (one a column of `columns_of`) as `rows` lines; `limits` are vertical lines, as parts of the width."""
    import plotext

    figure: Any = plotext
    figure.clear_figure()
    figure.limitsize(False, False)
    figure.plotsize(cells, rows)
    figure.theme("clear")
    figure.frame(False)
    figure.xaxes(False, False)
    figure.yaxes(False, False)
    grid = _Grid(cells, rows, 1 if plain else 2)
    _put(figure, grid, _steps(heights, rows * grid.parts), PLAIN if plain else FULL)
    for limit in limits:
        figure.vline(grid.x(round(limit * (cells - 1))), color=_LIMITS)
    figure.xlim(0, grid.right)
    figure.ylim(0, grid.top)
    figure.xticks([], [])
    figure.yticks([], [])
    return [_line(text, tone) for text in figure.build().split("\n")[:rows]]


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


def _line(text: str, tone: Tone) -> Line:
    """One line of plotext's color codes as spans."""
    spans: list[Span] = []
    code, start = "", 0
    for match in _SGR.finditer(text):
        spans.append(_span(text[start : match.start()], code, tone))
        code, start = match[1], match.end()
    spans.append(_span(text[start:], code, tone))
    return tuple(part for part in spans if part.text)


def _span(text: str, code: str, tone: Tone) -> Span:
    if code.startswith(_LIMIT_CODE):
        return Span(text, "fail")
    return Span(text, tone if code and code != "0" else "")
