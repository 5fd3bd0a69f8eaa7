"""Tensors that were not compared, as table rows."""

from collections.abc import Sequence

from sgs_tui.engine.compare.results import Unmatched
from sgs_tui.tui.lines import Tone
from sgs_tui.tui.widgets.table import Cell, Column

UNMATCHED_COLUMNS = (
    Column("side", "only in", 9),
    Column("name", "name", least=24),
    Column("reason", "why", least=24, prose=True),
)


class UnmatchedRows:
    """One row each."""

    def __init__(self, unmatched: Sequence[Unmatched]) -> None:
        self._unmatched = unmatched

    def __len__(self) -> int:
        return len(self._unmatched)

    def row_tone(self, row: int) -> Tone:
        """No row stands out."""
        return ""

    def cell(self, row: int, column: str) -> Cell:
        """Side, name, reason."""
        one = self._unmatched[row]
        match column:
            case "side":
                return Cell(one.side, one.side)
            case "name":
                return Cell(one.name)
        return Cell(one.reason)
