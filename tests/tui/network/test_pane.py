"""Pane 9: how it looks, and that its cursor and that of the layer table are one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.stage import REAL, main_screen, make_app, until, until_compared, until_followed, until_shown

SMALL = (80, 24)
SIZES = [SMALL, (120, 40), (160, 50)]


async def opened(pilot: Pilot[int]) -> None:
    """On the failing layer."""
    screen = await until_compared(pilot)
    await pilot.press("n", "9")
    await until(pilot, lambda: screen.network.pane.selected == "gate")
    await until_shown(pilot, "error begins")
    await until_followed(pilot)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_screen(size: tuple[int, int], on_stage: Path, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(make_app(), terminal_size=size, run_before=opened)


async def test_edges_are_walked_and_the_table_follows(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        screen = main_screen(app)
        pane, table = screen.network.pane, screen.layer_table.pane

        async def at(key: str, name: str) -> None:
            await pilot.press(key)
            await until(pilot, lambda: pane.selected == name)
            number = next((n for n, pair in enumerate(table.model.pairs) if pair.name == name), table.number)
            await until(pilot, lambda: table.number == number)

        await at("left", "sig")
        await at("down", "sp_b")
        await at("left", "pool")
        await at("right", "sp_b")
        await at("right", "gate")
        await at("right", "cat")
        await at("right", "res")
        await at("c", "res")
        await at("left", "cat")
        await at("left", "gate")
        await at("down", "sq888")
        await pilot.press("1", "n")
        await until(pilot, lambda: pane.selected == "gate")
        await pilot.press("9", "enter")
        await until(pilot, lambda: screen.current is table)


async def test_keys_right_behind_a_move_of_the_table_begin_at_its_layer(
    on_stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture follows a cursor that rests; whoever goes there before that finds it there as well."""
    monkeypatch.setattr("sgs_tui.tui.network.controller.REST", 3600.0)
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        pane = screen.network.pane
        await until(pilot, lambda: pane.flow is not None)
        await pilot.press("G", "9")
        await until(pilot, lambda: pane.selected == "prob")
        await pilot.press("left")
        await until(pilot, lambda: pane.selected == "logits")
        await pilot.press("1", "g", "9", "right")
        await until(pilot, lambda: pane.selected == "lrelu:0")  # read by the first layer, not by `logits`


async def test_the_ends_of_the_network_are_said(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("g", "9")
        await until(pilot, lambda: screen.network.pane.selected == "/backbone/relu1/Relu_output_0")
        await until_followed(pilot)
        await pilot.press("left")
        await until_shown(pilot, "data: an input of the network")
        assert screen.network.pane.selected == "data"
        await pilot.press("left")
        await until_shown(pilot, "nothing is before it")
        await pilot.press("1", "G", "9")
        await until(pilot, lambda: screen.network.pane.selected == "prob")
        await until_followed(pilot)
        await pilot.press("right")
        await until_shown(pilot, "nothing reads it")


async def test_on_a_large_screen_the_table_stays_in_sight(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=(160, 50)) as pilot:
        await opened(pilot)
        screen = main_screen(app)
        assert screen.layer_table.pane.region and screen.network.pane.region and not screen.histogram.pane.region
        await pilot.press("1", "G")
        await until(pilot, lambda: screen.network.pane.selected == "prob")
        await pilot.press("2")
        await until(pilot, lambda: bool(screen.histogram.pane.region) and not screen.network.pane.region)


async def test_dumps_without_edges_say_so(on_stage: Path) -> None:
    path = on_stage / "onnx.bin"
    path.write_bytes((REAL / "onnx" / "onnx_NHWC_outtensor_dump.bin").read_bytes())
    app = make_app((path, path))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: len(app.screen_stack) > 1)
        await until(pilot, lambda: main_screen(app).comparison.summary is not None)
        await pilot.press("9")
        await until_shown(pilot, "only the order of the file")
