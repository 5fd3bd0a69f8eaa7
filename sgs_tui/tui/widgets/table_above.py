"""A short table with a long text below it."""

from collections.abc import Sequence

from sgs_tui.tui.widgets.rows import Column
from sgs_tui.tui.widgets.table import Table
from sgs_tui.tui.widgets.text_view import TextView


class TableAbove(Table):
    """Its rows fit, the text does not: page keys move the text."""

    def __init__(
        self, text: TextView, columns: Sequence[Column], frozen: int = 2, empty: str = "", identity: str | None = None
    ) -> None:
        super().__init__(columns, frozen, empty, identity)
        self._text = text

    def action_page_down(self) -> None:
        """A page of the text."""
        self._text.action_page_down()

    def action_page_up(self) -> None:
        """A page of the text."""
        self._text.action_page_up()
