"""What a key costs on the line, and that the screen after many of them is what the app would paint anew."""

import random
from collections.abc import Iterator

import pytest

from tests.tui.terminal import Terminal, compared

MOST = 350 + 2_000
"""Bytes of a cursor move at 160x50, and of all that follows it: histogram, details, status line."""


@pytest.fixture(scope="module")
def large() -> Iterator[Terminal]:
    """The app at 160x50, compared and at rest."""
    with Terminal(columns=160, lines=50, environment={"LC_ALL": "C.UTF-8"}) as terminal:
        terminal.wait_for(compared)
        terminal.settle(2.0)
        yield terminal


def test_a_move_sends_only_cells_that_changed(large: Terminal) -> None:
    large.press("gjj")
    large.settle(1.0)
    costs = []
    for key in "jjjk":
        before = len(large.output)
        large.press(key)
        large.settle(1.0)
        costs.append(len(large.output) - before)
    assert min(costs) > 100
    assert max(costs) < MOST


def test_after_random_keys_the_screen_is_what_is_painted_anew(large: Terminal) -> None:
    keys = random.Random(15)
    for _ in range(4):
        large.press(
            "".join(keys.choices(["j", "k", "J", "n", "s", "o", "L", "9", "1", "2", "6", "d", "f", "\t"], k=12))
        )
        large.settle(2.0)
        _repainted(large)
    large.press("?")
    large.settle(1.0)
    large.press("\x1b")
    large.settle(1.0)
    _repainted(large)


def _repainted(terminal: Terminal) -> None:
    """ctrl+l sends all of it, and changes nothing."""
    text, looks, before = terminal.text, _cells(terminal), len(terminal.output)
    terminal.press("\x0c")
    while len(terminal.output) - before <= 50 * 100:
        assert terminal.read_some(), "never painted anew"
    terminal.settle(1.0)
    assert terminal.text == text
    assert _cells(terminal) == looks


def _cells(terminal: Terminal) -> list[list[object]]:
    """Every cell as it is seen: of a blank that is not reversed, what is behind it."""
    buffer, size = terminal.screen.buffer, terminal.screen
    rows = [[buffer[y][x] for x in range(size.columns)] for y in range(size.lines)]
    plain = [[cell.data == " " and not (cell.reverse or cell.underscore) for cell in row] for row in rows]
    return [
        [cell.bg if p else cell for cell, p in zip(row, ps, strict=True)] for row, ps in zip(rows, plain, strict=True)
    ]
