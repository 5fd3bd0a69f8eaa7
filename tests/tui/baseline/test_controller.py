"""A comparison against an earlier one, by its keys, on real dumps before and after raising `cat` to 16 bit."""

from dataclasses import replace
from pathlib import Path

import pytest

from sgs_tui.engine.compare.baseline import Baseline, Change, Regression, Snapshot, Step, layers_json, snapshot
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.events import Row
from sgs_tui.engine.runs.run_folder import Made, Product, RunRequest, RunState, create_run_folder
from sgs_tui.engine.session import CompareRequest, open_comparison
from sgs_tui.tui.baseline.kept import keep, kept_of
from sgs_tui.tui.baseline.view import STEP_COLUMNS, BaselineDialog, headline, in_order, step_lines
from sgs_tui.tui.frame.dialogs import Chooser
from sgs_tui.tui.settings import state_folder
from sgs_tui.tui.widgets.table import Rows
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
RUN = RunRequest(
    ("true",), "onnxruntime", "bad.onnx", "float and fixed", (Product("float.bin"),), details={"image": "x.npy"}
)
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
        await until(pilot, lambda: screen.comparison.summary is not None)
        await pilot.press("B", *"before.json", "enter")
        await until_shown(pilot, "newly fixed")
        assert isinstance(app.screen, BaselineDialog)
        text = text_of(app)
        assert "1 newly fixed" in text and "newly failing" not in text
        assert "✓ gate" in text and "before: fail, RMSE 0.9991" in text
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen)
        assert screen.comparison.layer == "gate"
        assert any("1 newly fixed" in entry.text for entry in screen.log_pane.entries)


async def test_a_comparison_is_kept_for_the_next_one(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("M")
        await until_shown(pilot, "kept: B shows")
        screen.comparison.pick(replace(screen.comparison.picks, sample=AFTER[0], benchmark=AFTER[1], ranges=None))
        await until(pilot, lambda: any("1 newly fixed" in entry.text for entry in screen.log_pane.entries))
        await pilot.press("B")
        await until_shown(pilot, "1 newly fixed")
        await pilot.press("M")
        await until_shown(pilot, "20 same")


async def test_what_was_kept_is_offered_first_after_a_new_start(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("M", "q")
    app = make_app(AFTER)
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("B")
        await until_shown(pilot, " s ago: 1 of 20 layers fail")
        text = text_of(app)
        assert text.index("bad_fixed_dq.bin") < text.index("another file or folder")
        await pilot.press("enter")
        await until_shown(pilot, "1 newly fixed")
        assert screen.baseline.baseline is not None
        assert screen.baseline.baseline.source == str((on_stage / SAMPLE).absolute())


def test_what_is_kept_of_another_network_is_not_offered(on_stage: Path) -> None:
    layers = [Snapshot(name, "ADD", Verdict.OK, 0.1, 0.99, 20.0, 0.1) for name in ("one", "two#7", "three")]
    for number in range(12):
        keep(Baseline("here", "manual", tuple(layers)), on_stage / f"{number}.bin")
    assert next(each.baseline.source for each in kept_of(["two#9", "one", "four"])) == str(on_stage / "11.bin")
    assert len(list(kept_of(["one", "two"]))) == 8 and not list(kept_of(["five", "six"]))
    broken = state_folder() / "baselines" / "broken.json"
    broken.write_bytes(b"{")
    assert len(list(kept_of(["one", "two"]))) == 8


async def test_verdicts_of_another_profile_are_told_apart(before: Path) -> None:
    app = make_app()
    async with app.run_test(size=(160, 50)) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("p")
        await until(pilot, lambda: screen.comparison.summary is not None and screen.triage.pane.settled)
        await pilot.press("B", *"before.json", "enter")
        await until_shown(pilot, "judged by manual then, sop now")


async def test_an_earlier_run_is_the_baseline(on_stage: Path) -> None:
    """A run that dumped both stages, offered by its name; a folder with both dumps is taken by its path."""
    folder = create_run_folder(RUN, on_stage / "sgs_runs")
    for path, name in ((AFTER[1], "float.bin"), (AFTER[0], "fixed.bin")):
        (folder.path / name).write_bytes(path.read_bytes())
    products = tuple(Made(name, size=1, kind="dump") for name in ("float.bin", "fixed.bin"))
    folder.write_status(replace(folder.read_status(), state=RunState.OK, products=products))
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await until(pilot, lambda: len(screen.runs.pane.rows) == 1)
        await pilot.press("B")
        await until(pilot, lambda: isinstance(app.screen, Chooser))
        await until_shown(pilot, "onnxruntime bad.onnx on x.npy")
        await pilot.press("enter")
        await until_shown(pilot, "newly failing")
        assert isinstance(app.screen, BaselineDialog) and screen.baseline.baseline is not None
        assert screen.baseline.baseline.source == str(folder.path)
        await pilot.press("r", "down", "enter")
        await until_shown(pilot, "Against which earlier comparison?")
        await pilot.press(*"sgs_runs", "enter")
        await until_shown(pilot, "is no run and has no fixed.bin")


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
    rows = Rows(STEP_COLUMNS, ordered)
    assert [rows.cell(n, "change").text for n in range(5)] == ["newly failing", "newly fixed", "worse", "gone", "same"]
    assert [rows.cell(n, "sign").text for n in range(3)] == ["✗", "✓", ""]
    assert rows.cell(3, "after").text == "" and rows.cell(0, "sqnr").text == "6.0 → 6.0"
    assert headline(regression).startswith("1 newly failing, 1 newly fixed")
    lost = Rows(STEP_COLUMNS, [_step("lost", Change.SAME, Verdict.OK, Verdict.NOT_COMPARABLE)])
    assert (lost.cell(0, "sign").text, lost.cell(0, "change").text) == ("-", "no figures now")
    assert "1 no longer comparable" in headline(Regression(lost.items))
    assert "by its name" in step_lines(ordered[0], 60)[-1][0].text
