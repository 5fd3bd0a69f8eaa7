"""What stands where from 120 columns on, sizes that are kept, the way back to the dumps before, and the focus."""

import shutil
from pathlib import Path

import pytest

from sgs_tui.engine.numbers import small
from sgs_tui.tui.settings import load_state
from tests.tui.stage import (
    BENCHMARK,
    FOLDER,
    SAMPLE,
    main_screen,
    make_app,
    text_of,
    until,
    until_compared,
    until_shown,
)

pytestmark = pytest.mark.usefixtures("on_stage")
SMALL, MIDDLE, LARGE = (80, 24), (120, 40), (160, 50)


@pytest.mark.parametrize("size", [MIDDLE, LARGE])
async def test_triage_stands_on_the_left_and_debugconfig_behind_the_dumps(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        screen = await until_compared(pilot)
        assert screen.triage.pane.region.x == 0 and screen.triage.pane.region.height > screen.dumps.pane.region.height
        assert "MSE" in text_of(app) and "4 DebugConfig" not in text_of(app)
        await pilot.press("4")
        await until_shown(pilot, "recommended")
        assert not screen.dumps.pane.display and screen.triage.pane.display
        await pilot.press("5")
        await until_shown(pilot, "diagnosis: gate")
        assert not screen.debugconfig.pane.display


async def test_debugconfig_is_a_tab_where_there_is_one_or_it_was_asked_for(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        assert "4 Config" not in text_of(app)
        await pilot.press("3", "tab")
        assert main_screen(app).current is main_screen(app).log_pane
        await pilot.press("4")
        await until_shown(pilot, "[4 Config]")
        await pilot.press("1")
        assert "4 Config" not in text_of(app)
    (on_stage / FOLDER / "DebugConfig.txt").write_text("dumpTensor\n")
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await until_shown(pilot, "4 Config")


async def test_parts_can_be_sized_and_stay_so() -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        side, lower = (screen.query_one(f"#{name}") for name in ("side", "lower"))
        width, height = side.outer_size.width, lower.outer_size.height
        await pilot.press(*"))(", *"}}}{")
        await until(pilot, lambda: (side.outer_size.width, lower.outer_size.height) == (width + 4, height + 4))
        await pilot.press("f")
        await until(pilot, lambda: screen.layer_table.pane.region.width == 160)
        await pilot.press("f", *"(" * 15)
        await until(pilot, lambda: side.outer_size.width == 20)
        await pilot.press(*")" * 25, *"}" * 15)
        await until(pilot, lambda: screen.layer_table.pane.table.size.width >= 59)
        assert screen.layer_table.pane.table.size.height >= 8
        kept = screen.splits
    state = load_state(FOLDER)
    assert {"side": state.side, "lower": state.lower} == kept
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        assert screen.splits == kept and screen.layer_table.pane.table.size.width >= 59
        await pilot.resize_terminal(*SMALL)
        await until(pilot, lambda: screen.layer_table.pane.region.width == 80)
        await pilot.press("(")
        await until_shown(pilot, "from 120x30 on")


@pytest.mark.parametrize("size", [MIDDLE, LARGE])
async def test_an_order_by_several_columns_and_dragged_splits_are_there_after_a_restart(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        screen = await until_compared(pilot)
        pane, side, lower = screen.layer_table.pane, screen.query_one("#side"), screen.query_one("#lower")
        pane.table.at_column("op")
        await pilot.press("s")
        pane.table.at_column("cos")
        await pilot.press("semicolon", "semicolon")
        pane.table.at_column("name")
        await pilot.press("semicolon")
        for start, end in (
            ((side.region.right, 15), (side.region.right + 5, 15)),
            ((side.region.right + 20, lower.region.y), (side.region.right + 20, lower.region.y - 3)),
        ):
            await pilot.mouse_down(offset=start)
            await pilot.hover(offset=end)
            await pilot.mouse_up(offset=end)
        await until(pilot, lambda: screen.splits["side"] > 0 and screen.splits["lower"] > 0)
        kept, order = dict(screen.splits), (pane.model.sort_key, pane.model.reverse, pane.model.then)
        names, arrows = [pair.name for pair in pane.model.pairs], pane.model.arrows
        places = list(pane.model.order)
        assert set(arrows) == {"op", "cos", "name"}
    app = make_app()
    async with app.run_test(size=size) as pilot:
        screen = await until_compared(pilot)
        pane = screen.layer_table.pane
        assert (pane.model.sort_key, pane.model.reverse, pane.model.then) == order and pane.model.arrows == arrows
        assert [pair.name for pair in pane.model.pairs] == names and list(pane.model.order) == places
        sizes = screen.query_one("#side").outer_size.width, screen.query_one("#lower").outer_size.height
        assert screen.splits == kept and sizes == (kept["side"], kept["lower"])


async def test_splits_are_dragged_by_the_mouse() -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        side, lower = (screen.query_one(f"#{name}") for name in ("side", "lower"))

        async def drag(start: tuple[int, int], end: tuple[int, int]) -> None:
            await pilot.mouse_down(offset=start)
            await pilot.hover(offset=end)
            await pilot.mouse_up(offset=end)

        border, top, bottom = side.region.right, lower.region.y, lower.region.bottom
        await drag((border, 20), (border - 9, 25))
        await until(pilot, lambda: side.region.right == border - 9)
        await drag((100, top), (90, top - 5))
        await until(pilot, lambda: lower.region.height == bottom - top + 5)
        await drag((border - 9, 20), (1, 20))
        await until(pilot, lambda: side.outer_size.width == 20)
        kept = screen.splits
        await drag((100, 10), (50, 30))  # no border is there
        await pilot.hover(offset=(70, 40))
        await pilot.press("f")
        await until(pilot, lambda: screen.layer_table.pane.region.width == 160)
        await drag((20, 20), (60, 20))  # nor where one pane fills the screen
        assert screen.splits == kept and kept["lower"] == bottom - top + 5
    state = load_state(FOLDER)
    assert {"side": state.side, "lower": state.lower} == kept


async def test_the_pane_with_the_keys_has_a_sign() -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        await until_compared(pilot)
        assert "▸1 Layers" in text_of(app)
        await pilot.press("2")
        await until_shown(pilot, "▸2 Histogram")
        assert text_of(app).count("▸") == 1


async def test_another_sample_can_be_undone(on_stage: Path) -> None:
    shutil.copy(SAMPLE, on_stage / FOLDER / "other_fixed.bin")
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("3", "u")
        await until_shown(pilot, "nothing was compared before")
        await until_shown(pilot, "other_fixed.bin")
        place = next(n for n, entry in enumerate(screen.dumps.pane.entries) if entry.path.name == "other_fixed.bin")
        screen.dumps.pane.files.go(place)
        await pilot.press("s")
        await until_shown(pilot, "u goes back to the dumps before")
        await until(pilot, lambda: screen.comparison.summary is not None)
        assert screen.comparison.picks.sample == FOLDER / "other_fixed.bin"
        await pilot.press("u")
        await until(pilot, lambda: screen.comparison.summary is not None)
        picks = screen.comparison.picks
        assert (picks.sample, picks.benchmark) == (SAMPLE, BENCHMARK) and picks.ranges is not None
        await pilot.press("x")
        await until_shown(pilot, "look swapped: x swaps them")


def test_figures_of_a_column_have_one_style() -> None:
    assert [small(value) for value in (0.63, 42.6, 1e-9, 0.0)] == ["6.30e-01", "4.26e+01", "1.00e-09", "0"]
