"""The windows inside a tensor: keys, what they show, and how they look on every screen."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from sgs_tui.engine.compare.feature_map import HeatRow
from sgs_tui.tui.tensor.windows import HeatWindow, MapWindow
from tests.tui.stage import main_screen, make_app, text_of, until, until_compared, until_shown

SMALL = (80, 24)
SIZES = [SMALL, (120, 40), (160, 50)]
WINDOWS: dict[str, tuple[str, str]] = {
    "scatter": ("v", "correlation"),
    "map": ("m", "by share of error"),
    "heat": ("e", "prob"),
}


async def opened(pilot: Pilot[int], name: str) -> None:
    """The window over the failing layer, with everything in it."""
    key, awaited = WINDOWS[name]
    await until_compared(pilot)
    await pilot.press("n", key)
    await until_shown(pilot, awaited)
    window = pilot.app.screen
    if isinstance(window, HeatWindow):
        await until(pilot, lambda: window.done)
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", WINDOWS)
def test_screen(name: str, size: tuple[int, int], on_stage: Path, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(make_app(), terminal_size=size, run_before=lambda pilot: opened(pilot, name))


async def test_channels_are_walked_and_the_cursor_tells_both_values(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, "map")
        window = app.screen
        assert isinstance(window, MapWindow)
        assert "channel 3, 1 of 6 by share of error (24 %), 8x8 (a guess" in text_of(app)
        await pilot.press("n")
        await until_shown(pilot, "channel 5, 2 of 6")
        await pilot.press("j", "l", "l")
        await until_shown(pilot, "(1, 2): benchmark ")
        assert window.cursor == (1, 2)
        await pilot.press("N")
        await until_shown(pilot, "channel 3, 1 of 6")
        await pilot.press("N", *"k" * 3, *"h" * 4)
        assert (window.place, window.cursor) == (0, (0, 0))
        await pilot.press("escape")
        assert not isinstance(app.screen, MapWindow)


async def test_from_the_hottest_cell_to_the_layer(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, "heat")
        window = app.screen
        assert isinstance(window, HeatWindow)
        await pilot.press("n")
        first = window.cursor
        await pilot.press("n")
        assert window.cursor != first
        name = window.rows[window.cursor[0]].name
        await pilot.press("enter")
        await until(pilot, lambda: main_screen(app).comparison.layer == name)
        await pilot.press("e")
        again = app.screen
        assert isinstance(again, HeatWindow)
        await until(pilot, lambda: again.done)


async def test_the_heat_map_begins_on_the_worst_channel_of_the_layer_under_the_cursor(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        for name in ("flat#46", "cat"):
            assert screen.layer_table.pane.go_to(name)
            await until(pilot, lambda name=name: screen.comparison.layer == name)  # type: ignore[misc]
            await pilot.press("e")
            await until(pilot, lambda: isinstance(app.screen, HeatWindow) and app.screen.done)
            window = app.screen
            assert isinstance(window, HeatWindow)
            row = next(place for place, each in enumerate(window.rows) if each.name == name)
            await until(pilot, lambda row=row, window=window: window.cursor[0] == row)  # type: ignore[misc]
            rmse = window.rows[row].rmse
            assert rmse[window.cursor[1]] == rmse.max()
            await pilot.press("k")
            assert window.cursor[0] == row - 1
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is screen)
            assert screen.comparison.layer == name


def test_n_leaves_the_hottest_cell_when_the_heat_map_begins_there() -> None:
    window = HeatWindow("", {}, "b")
    window.draw = lambda: None  # type: ignore[method-assign]
    rmse = {"a": [0.1, 0.2], "b": [0.3, 0.9], "c": [0.5, 0.0]}
    window.show(tuple(HeatRow(n, name, np.array(each), False) for n, (name, each) in enumerate(rmse.items())), True)
    window._begin(80)
    assert window.cursor == (1, 1)
    window.action_next_hot()
    assert window.cursor == (2, 0)


async def test_without_a_comparison_there_is_a_word(on_stage: Path) -> None:
    app = make_app((Path("dumps"),))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "167.9 KB")
        await pilot.press("1", "v")
        await until_shown(pilot, "no layer with figures here")
        await pilot.press("e")
        await until_shown(pilot, "nothing is compared yet")
