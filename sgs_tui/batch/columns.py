"""Columns of ready cells and the table made of them: no lines, two blanks between columns."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

GAP = 2
PIPED = 80
"""Columns that a pipe or a file gets at least; more where a whole name needs them."""
NARROWEST = 40
LONGEST_NAME = 160
"""Cells of the longest name that is shown whole where there is no screen to fit."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column with its cells already made; as wide as its widest cell unless `room` says otherwise."""

    title: str
    cells: Sequence[Text]
    right: bool = False
    room: int | None = None

    @property
    def width(self) -> int:
        """Cells it takes, without the gap."""
        if self.room is not None:
            return self.room
        return max(cell_len(self.title), max((cell.cell_len for cell in self.cells), default=0))


def taken(columns: Sequence[Column]) -> int:
    """Cells of these columns with the gap behind each; what is left of the width is the name's."""
    return sum(column.width + GAP for column in columns)


def table_of(columns: Sequence[Column]) -> Table:
    """The columns side by side under their titles."""
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        justify = "right" if column.right else "left"
        table.add_column(Text(column.title), width=column.width, no_wrap=True, justify=justify)  # type: ignore[arg-type]
    for cells in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*cells)
    return table
