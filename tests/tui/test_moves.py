"""What is sent leaves the terminal as all that Textual writes would, and shows what the widgets are to show."""

import random
from pathlib import Path
from typing import Any

import pyte
import pytest
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from sgs_tui.tui.app import SgsApp
from sgs_tui.tui.shown import Shown
from sgs_tui.tui.text import Span
from sgs_tui.tui.widgets.line_widget import LineWidget
from tests.tui.stage import main_screen, make_app, text_of, until, until_compared

_KEYS = (
    *"jjknNJGgsSoLzlh912345678dftevmuH",
    *("escape", "escape", "question_mark", "enter", "tab"),
)
"""Moves, panes, orders, zooms, pictures, windows and what closes them, themes."""
_SIZES = ((160, 50), (80, 24), (120, 40), (70, 16), (3, 2))


class TwoTerminals(HeadlessDriver):
    """One is sent all that Textual writes, the other what is left of it by `Shown`."""

    def __init__(self, app: SgsApp, **others: Any) -> None:
        super().__init__(app, **others)
        self._shown: Shown = app.shown
        self.whole, self.lean = (pyte.Screen(*self._get_terminal_size()) for _ in range(2))
        self._whole, self._lean = pyte.Stream(self.whole), pyte.Stream(self.lean)

    @property
    def is_headless(self) -> bool:
        """No: the app is to write."""
        return False

    def write(self, data: str) -> None:
        width, height = self._get_terminal_size()
        if (self.whole.columns, self.whole.lines) != (width, height):
            self.whole.resize(height, width)
            self.lean.resize(height, width)
        self._whole.feed(data)
        self._lean.feed(self._shown.changes(data))

    def write_for_others(self, data: str) -> None:
        """What the app knows nothing of."""
        self._whole.feed(data)
        self._lean.feed(data)

    @property
    def differences(self) -> list[tuple[int, int, str, str]]:
        """Cells that look different on the two."""
        rows = [(y, self.whole.buffer[y], self.lean.buffer[y]) for y in range(self.whole.lines)]
        return [
            (x, y, str(one[x]), str(other[x]))
            for y, one, other in rows
            if one != other
            for x in range(self.whole.columns)
            if _seen(one[x]) != _seen(other[x])
        ]


def _seen(cell: pyte.screens.Char) -> tuple[object, ...]:
    """A cell as the eye takes it: of a blank, what is behind it."""
    if cell.data == " " and not (cell.reverse or cell.underscore or cell.strikethrough):
        return (cell.bg,)
    return tuple(cell)


def _outdated(app: SgsApp) -> list[str]:
    """Lines on the screen that are not what their widget says now."""
    seen = [
        widget
        for widget in app.screen.query(LineWidget)
        if widget.is_on_screen and app.screen.region.contains_region(widget.region)
    ]
    return [f"{widget}: {lines}" for widget in seen if (lines := widget.outdated())]


async def _agrees(pilot: Pilot[int], said: object, resized: bool = False) -> None:
    """Both terminals show the same, at any moment unless they were just `resized`; and soon what is to be seen."""
    app = pilot.app
    assert isinstance(app, SgsApp)
    driver = app._driver
    assert isinstance(driver, TwoTerminals)

    def wrong() -> list[str]:
        differing, shown, wanted = driver.differences, driver.lean.display, text_of(app).split("\n")
        assert resized or not differing, (said, differing[:5])
        pairs = enumerate(zip(shown, wanted, strict=False))
        lines = [f"{y}: {one!r}, not {other!r}" for y, (one, other) in pairs if one != other]
        return [*map(str, differing[:5]), *_outdated(app), *lines]

    try:
        await until(pilot, lambda: not wrong())
    except AssertionError as error:
        raise AssertionError(f"{wrong()} after {said}") from error


@pytest.mark.parametrize("seed", range(2))
async def test_after_random_keys_the_terminal_shows_what_is_to_be_seen(seed: int, on_stage: Path) -> None:
    dice, pressed = random.Random(seed), list[str]()
    app = make_app()
    app.driver_class = TwoTerminals
    async with app.run_test(headless=False, size=_SIZES[seed % 2]) as pilot:
        await until_compared(pilot)
        await _agrees(pilot, "at the start")
        for _ in range(5):
            keys = dice.choices(_KEYS, k=8)
            pressed += keys
            await pilot.press(*keys)
            await _agrees(pilot, pressed)
            if dice.random() < 0.3:
                pressed.append(str(size := dice.choice(_SIZES)))
                await pilot.resize_terminal(*size)
                await _agrees(pilot, pressed, resized=True)
        while app.screen is not main_screen(app):
            await pilot.press("escape")
        terminal = app._driver
        assert isinstance(terminal, TwoTerminals)
        for keys in (("1",), ("question_mark",)):
            await pilot.press(*keys)
            await _agrees(pilot, keys)
            terminal.write_for_others("\x1b[2;3Hwritten by another program")
            await pilot.press("ctrl+l")
            await _agrees(pilot, "ctrl+l", resized=True)


async def test_what_moved_while_somebody_asked_where_it_is_gets_painted_and_told(on_stage: Path) -> None:
    """Textual works places out on the spot once a hidden widget changed; what moved by then has moved all the same."""
    app = make_app()
    app.driver_class = TwoTerminals
    async with app.run_test(headless=False, size=(80, 24)) as pilot:
        screen = await until_compared(pilot)
        await _agrees(pilot, "at the start")
        height = screen.layer_table.pane.table.size.height
        screen.verdict_bar.say([(Span(f"line {number}"),) for number in range(5)])
        screen.verdict_bar._check_refresh()  # what Textual does when it has nothing else to do, and then
        screen._compositor.update_widgets({screen.runs.pane})
        assert screen.layer_table.pane.region.height < height  # asked, and by that laid out
        await _agrees(pilot, "five lines above the tabs")
        assert screen.layer_table.pane.table.size.height < height


class Pictures(TwoTerminals):
    """Every picture that was painted."""

    def __init__(self, app: SgsApp, **others: Any) -> None:
        super().__init__(app, **others)
        self.seen: list[tuple[str, ...]] = []

    def write(self, data: str) -> None:
        super().write(data)
        self.seen.append(tuple(self.whole.display))


async def test_a_typed_key_changes_prompt_table_title_and_status_line_in_one_picture(on_stage: Path) -> None:
    """Over a slow line half a picture is what one looks at; and the other half came a frame later."""
    app = make_app()
    app.driver_class = Pictures
    async with app.run_test(headless=False, size=(80, 24)) as pilot:
        await until_compared(pilot)
        terminal = app._driver
        assert isinstance(terminal, Pictures)
        await pilot.press("/", "z", "backspace")
        await _agrees(pilot, "an empty filter")
        for key in ("g", "q"):  # some layers fit, then none
            before, terminal.seen = terminal.seen[-1], []
            await pilot.press(key)
            await _agrees(pilot, key)
            after = tuple(terminal.whole.display)
            changed = [y for y in range(24) if before[y] != after[y]]
            assert len(changed) > 3  # title, rows, prompt
            half = [seen for seen in terminal.seen if {seen[y] for y in changed} - {after[y] for y in changed}]
            assert all(seen == before for seen in half)
