"""What tables show: cells, columns, and where rows come from."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sgs_tui.tui.lines import Tone


class Cell(NamedTuple):
    """What stands in a cell and what it means."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `width` 0: takes what the others leave (at least `least`)."""

    id: str
    title: str
    width: int = 0
    right: bool = False
    least: int = 12
    prose: bool = False
    """Cut at the end, not in the middle."""


class Source(Protocol):
    """Where a table's rows come from."""

    def __len__(self) -> int: ...

    def cell(self, row: int, column: str) -> Cell:
        """What stands at `row` in the column of that id."""
        ...

    def row_tone(self, row: int) -> Tone:
        """The tone of a whole row."""
        ...


class Empty:
    """No rows."""

    def __len__(self) -> int:
        return 0

    def cell(self, row: int, column: str) -> Cell:
        """Never asked for."""
        raise IndexError(row)

    def row_tone(self, row: int) -> Tone:
        """Never asked for."""
        raise IndexError(row)
