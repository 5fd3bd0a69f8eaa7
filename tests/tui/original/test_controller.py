"""The original beside fixed and float: columns, details, a third side of the histogram; the dump browser picks it."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot

from sgs_tui.tui.app import SgsApp
from tests.tui.stage import (
    BENCHMARK,
    FOLDER,
    REAL,
    SAMPLE,
    main_screen,
    make_app,
    text_of,
    until,
    until_compared,
    until_followed,
    until_shown,
)

SMALL = (80, 24)
ORIGINAL = FOLDER / "original.bin"


@pytest.fixture
def three(on_stage: Path) -> tuple[Path, ...]:
    """Fixed, float, and an original with other weights from sq888 on."""
    ORIGINAL.write_bytes((REAL / "onnx" / "onnx_NHWC_outtensor_dump.bin").read_bytes())
    return SAMPLE, BENCHMARK, ORIGINAL


async def known(pilot: Pilot[int]) -> None:
    screen = await until_compared(pilot)
    await until(pilot, lambda: screen.layer_table.pane.model.three is not None)


async def looked_at(pilot: Pilot[int]) -> None:
    """All is known, and the user's own move is the last thing the status line tells of."""
    await known(pilot)
    screen = main_screen(cast(SgsApp, pilot.app))
    await until(pilot, lambda: screen.triage.pane.diagnosis is not None)
    await until(pilot, lambda: any("is to blame" in entry.text for entry in screen.log_pane.entries))
    for key in "kj":
        await pilot.press(key)
        await until_followed(pilot)


async def test_columns_details_and_log(three: tuple[Path, ...]) -> None:
    app = make_app(three)
    async with app.run_test(size=SMALL) as pilot:
        await known(pilot)
        text = text_of(app)
        assert "f/orig  x/orig  breaks" in text and "76.825! 77.883! conv" in text and "quant" in text
        await pilot.press("d")
        await until_shown(pilot, "quantization breaks it, not conversion")
        await pilot.press("5")
        await until_shown(pilot, "conversion is to blame")
        await pilot.press("1", *"/float_original>1", "enter")
        await until_shown(pilot, "7 of 20 layers")


async def test_the_histogram_overlays_three(three: tuple[Path, ...]) -> None:
    app = make_app(three)
    async with app.run_test(size=SMALL) as pilot:
        await known(pilot)
        await pilot.press("2", "o")
        await until_shown(pilot, "original  384 values")
        assert "● original" in text_of(app)


async def test_o_in_the_dump_browser_picks_it_and_lets_it_go(three: tuple[Path, ...]) -> None:
    app = make_app(three[:2])
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        assert "f/orig" not in text_of(app)
        await pilot.press("3")
        files = screen.dumps.pane.files
        files.go(next(n for n, entry in enumerate(files.items) if entry.path.name == "original.bin"))
        await pilot.press("o")
        await until(pilot, lambda: screen.layer_table.pane.model.three is not None)
        assert screen.comparison.picks.original is not None and "O original.bin" in text_of(app)
        await pilot.press("o")
        await until(pilot, lambda: screen.comparison.picks.original is None)
        await until(pilot, lambda: screen.layer_table.pane.model.three is None)


async def test_an_original_that_is_no_dump_costs_only_its_columns(three: tuple[Path, ...]) -> None:
    ORIGINAL.write_bytes(b"nothing of the kind")
    app = make_app(three)
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("5")
        await until_shown(pilot, "original.bin")
        assert screen.comparison.summary is not None and screen.comparison.summary.failed == 1


@pytest.mark.parametrize("size", [SMALL, (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_screen(size: tuple[int, int], three: tuple[Path, ...], snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(make_app(three), terminal_size=size, run_before=looked_at)
