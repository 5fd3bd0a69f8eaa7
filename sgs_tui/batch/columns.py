"""Columns of ready cells, laid side by side: no lines, two blanks between columns, ten thousand rows in a blink."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment, Segments
from rich.style import Style

GAP = 2
PIPED = 80
"""Columns that a pipe or a file gets at least; more where a whole name needs them."""
NARROWEST = 40
LONGEST_NAME = 160
"""Cells of the longest name that is shown whole where there is no screen to fit."""


class Cell(NamedTuple):
    """Text that is already harmless, and Rich's name of a style."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column under its title; as wide as its widest cell unless `room` says otherwise."""

    title: str
    cells: Sequence[Cell]
    right: bool = False
    room: int | None = None

    @property
    def width(self) -> int:
        """Cells it takes, without the gap."""
        if self.room is not None:
            return self.room
        return max(cell_len(self.title), max((cell_len(cell.text) for cell in self.cells), default=0))


def taken(columns: Sequence[Column]) -> int:
    """Cells of these columns with the gap behind each; what is left of the width is the name's."""
    return sum(column.width + GAP for column in columns)


def table_of(columns: Sequence[Column]) -> Segments:
    """The columns side by side under their titles. Rich's own Table takes a millisecond a row."""
    return Segments(_segments(columns))


def _segments(columns: Sequence[Column]) -> Iterator[Segment]:
    widths = [column.width for column in columns]
    heads = [Cell(column.title, "bold") for column in columns]
    for cells in [heads, *zip(*(column.cells for column in columns), strict=True)]:
        for column, width, cell in zip(columns, widths, cells, strict=True):
            yield from _padded(cell, width, column.right)
        yield Segment.line()


def _padded(cell: Cell, width: int, right: bool) -> Iterator[Segment]:
    """The cell in its width and the gap behind it; only the text has the style."""
    blanks = " " * (width - cell_len(cell.text))
    text = Segment(cell.text, Style.parse(cell.style) if cell.style else None)
    gap = " " * GAP
    yield from (Segment(blanks), text, Segment(gap)) if right else (text, Segment(blanks + gap))
