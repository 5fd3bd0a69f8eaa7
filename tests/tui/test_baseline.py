"""A comparison against an earlier one, by its keys, on real dumps before and after raising `cat` to 16 bit."""

from dataclasses import replace
from pathlib import Path

import pytest

from sgs_tui.engine.compare.baseline import layers_json
from sgs_tui.engine.compare.regression import Change, Regression, Snapshot, Step, snapshot
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.events import Row
from sgs_tui.engine.session import CompareRequest, open_comparison
from sgs_tui.tui.models.baseline import StepRows, headline, in_order, step_lines
from sgs_tui.tui.screens.baseline_window import BaselineDialog
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
    until_shown,
)

SMALL = (80, 24)
AFTER = (REAL / "bad_int16" / "cat_fixed_dq.bin", REAL / "bad_int16" / "cat_float.bin")


@pytest.fixture
def before(on_stage: Path) -> Path:
    """The comparison before the change, as a file."""
    comparison = open_comparison(CompareRequest(SAMPLE, BENCHMARK))
    rows = [event.value for event in comparison.run() if isinstance(event, Row)]
    comparison.close()
    path = on_stage / "before.json"
    path.write_bytes(layers_json([snapshot(row) for row in rows], "manual"))
    return path


async def test_a_baseline_shows_what_is_fixed(before: Path) -> None:
    app = make_app(AFTER)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: len(app.screen_stack) > 1)
        screen = main_screen(app)
        await until(pilot, lambda: screen.bench.summary is not None)
        await pilot.press("B", *"before.json", "enter")
        await until_shown(pilot, "newly fixed")
        assert isinstance(app.screen, BaselineDialog)
        text = text_of(app)
        assert "1 newly fixed" in text and "newly failing" not in text
        assert "✓ gate" in text and "before: fail, RMSE 0.9991" in text
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen)
        assert screen.layer_name == "gate"
        assert any("1 newly fixed" in entry.text for entry in screen.log_pane.log_.entries)


async def test_a_comparison_is_kept_for_the_next_one(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("M")
        await until_shown(pilot, "kept: B shows")
        screen._pick(replace(screen.picks, sample=AFTER[0], benchmark=AFTER[1], ranges=None))
        await until(pilot, lambda: any("1 newly fixed" in entry.text for entry in screen.log_pane.log_.entries))
        await pilot.press("B")
        await until_shown(pilot, "1 newly fixed")
        await pilot.press("M")
        await until_shown(pilot, "20 same")


async def test_what_is_no_baseline_is_said(on_stage: Path) -> None:
    (FOLDER / "x.json").write_text("{}")
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("B", *"dumps/x.json", "enter")
        await until_shown(pilot, "is no comparison")


async def test_without_a_comparison_it_says_so(on_stage: Path) -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "newest first")
        await pilot.press("B")
        await until_shown(pilot, "a finished comparison is needed")
        await pilot.press("M")
        await until_shown(pilot, "a finished comparison is needed")


def _step(name: str, change: Change, was: Verdict | None, now: Verdict | None) -> Step:
    def side(verdict: Verdict | None) -> Snapshot | None:
        return None if verdict is None else Snapshot(name, "ADD", verdict, 0.5, 0.9, 6.0, 0.5)

    return Step(name, change, side(was), side(now), "by its name")


def test_what_matters_stands_first() -> None:
    steps = (
        _step("same", Change.SAME, Verdict.OK, Verdict.OK),
        _step("gone", Change.GONE, Verdict.OK, None),
        _step("fixed", Change.BETTER, Verdict.FAIL, Verdict.OK),
        _step("broken", Change.WORSE, Verdict.OK, Verdict.FAIL),
        _step("worse", Change.WORSE, Verdict.OK, Verdict.OK),
    )
    regression = Regression(steps)
    ordered = in_order(regression)
    assert [step.name for step in ordered] == ["broken", "fixed", "worse", "gone", "same"]
    rows = StepRows(ordered)
    assert [rows.cell(n, "change").text for n in range(5)] == ["newly failing", "newly fixed", "worse", "gone", "same"]
    assert [rows.cell(n, "sign").text for n in range(3)] == ["✗", "✓", ""]
    assert rows.cell(3, "after").text == "" and rows.cell(0, "sqnr").text == "6.0 → 6.0"
    assert headline(regression).startswith("1 newly failing, 1 newly fixed")
    assert "by its name" in step_lines(ordered[0], 60)[-1][0].text
