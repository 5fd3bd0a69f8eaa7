"""A long table is drawn piece by piece, and looks as if it were drawn at once."""

import pytest

from sgs_tui.batch.console import Cell, Column, Screen, render, slices_of, table_of


@pytest.mark.parametrize("color", [False, True])
def test_pieces_of_a_long_table_are_the_table(color: bool) -> None:
    """A piece that ended within a line lost the blanks at its end: the column behind it moved to the left."""
    styles = ["", "bold red", "", "yellow", ""]
    cells = [Cell(f"{number}äx"[: 1 + number % 7], styles[number % 5]) for number in range(2100)]
    columns = [Column("#", cells, right=True), Column("name", cells, room=9), Column("c", cells, right=True)]
    screen = Screen(color=color)
    pieces, whole = render(slices_of(columns), screen, 60), render([table_of(columns)], screen, 60)
    assert pieces == whole
    assert len(whole.splitlines()) == 2101
