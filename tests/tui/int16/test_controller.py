"""INT16 marks, advice and input_config.ini by their keys, on real dumps."""

import shutil
from pathlib import Path

import pytest
from textual.pilot import Pilot

from sgs_tui.engine.configs.inputconfig import load
from sgs_tui.engine.journal import Kind, journal_of, read_journal
from sgs_tui.tui.frame.dialogs import ConfirmDialog
from sgs_tui.tui.int16.pane import Int16Dialog
from sgs_tui.tui.int16.view import Marks
from tests.tui.stage import FOLDER, REAL, SAMPLE, make_app, text_of, until, until_compared, until_shown

SMALL, LARGE = (80, 24), (160, 50)
INI = FOLDER / "input_config.ini"


async def _window(pilot: Pilot[int]) -> Int16Dialog:
    await until(pilot, lambda: isinstance(pilot.app.screen, Int16Dialog) and pilot.app.screen.plan is not None)
    assert isinstance(pilot.app.screen, Int16Dialog)
    return pilot.app.screen


async def test_the_advised_set_is_shown_and_written_with_a_backup(on_stage: Path) -> None:
    before = INI.read_bytes()
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("I")
        window = await _window(pilot)
        assert window.plan is not None and window.plan.advice.chosen == ("cat",)
        text = text_of(app)
        assert "[x] cat" in text and "in INT16: cat" in text and "gate" in text
        await pilot.press("w")
        await until_shown(pilot, "+tensor_arrays='cat';")
        assert isinstance(app.screen, ConfirmDialog) and INI.read_bytes() == before, "nothing before yes"
        await pilot.press("y")
        await until(pilot, lambda: INI.read_bytes() != before)
        await until_shown(pilot, "nothing changes")
    assert load(INI).tensor_arrays == ("cat",)
    (tried,) = read_journal(journal_of(SAMPLE))
    assert (tried.kind, "INT16 for cat" in tried.text) == (Kind.TRIED, True)
    assert (FOLDER / "input_config.ini.bak").read_bytes() == before


async def test_i_marks_a_layer_and_the_window_follows_it_to_its_convolution(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        assert screen.layer_table.pane.go_to("flat#46")
        await pilot.press("i")
        await until_shown(pilot, "flat#46: marked for INT16")
        await pilot.press("I")
        window = await _window(pilot)
        assert window.plan is not None and set(window.plan.advice.chosen) == {"cat", "flat#46"}
        await pilot.press("escape", "i")
        assert screen.int16.marks == Marks()


async def test_i_in_the_window_takes_a_tensor_out_and_in(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("I")
        window = await _window(pilot)
        await pilot.press("i")
        await until(pilot, lambda: window.plan is not None and "cat" not in window.plan.advice.chosen)
        assert screen.int16.marks.unmarked == ("cat",) and window.tensor == "cat"
        await pilot.press("i")
        await until(pilot, lambda: window.plan is not None and "cat" in window.plan.advice.chosen)


async def test_another_file_and_one_that_is_not_there(on_stage: Path) -> None:
    INI.unlink()
    other = on_stage / "other"
    other.mkdir()
    shutil.copy(REAL / "bad_int16" / "cat_input_config.ini", other / "input_config.ini")
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("I")
        window = await _window(pilot)
        assert window.plan is not None and window.plan.change is None and "input_config.ini" in window.plan.problem
        await pilot.press("w")
        assert app.screen is window
        await pilot.press("o", "ctrl+u", *"other", "enter")
        await until(pilot, lambda: window.plan is not None and window.plan.change is not None)
        assert screen.int16.ini == Path("other/input_config.ini")
        assert window.plan.change is not None and not window.plan.change.changes, "cat is there already"


async def test_without_a_diagnosis_it_says_so(on_stage: Path) -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "newest first")
        await pilot.press("I")
        await until_shown(pilot, "needs the diagnosis")
        await pilot.press("i")
        await until_shown(pilot, "no layer here")


@pytest.mark.parametrize(("chosen", "wanted"), [(True, Marks(("a",), ("b",))), (False, Marks(("a", "b"), ()))])
def test_marks(chosen: bool, wanted: Marks) -> None:
    assert Marks(("a",)).toggled("b", chosen) == wanted
    assert Marks(("a",)).flipped("a") == Marks() and Marks().flipped("a") == Marks(("a",))
