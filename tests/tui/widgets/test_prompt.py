"""Lines that start with something: typing replaces it, an arrow key keeps it, tab goes on with it."""

from pathlib import Path

import pytest

from sgs_tui.tui.frame.dialogs import Ask, AskPath
from sgs_tui.tui.runs.form import RunFormDialog, form_of
from tests.tui.stage import FOLDER, main_screen, make_app, text_of, until, until_compared, until_shown

pytestmark = pytest.mark.usefixtures("on_stage")
SMALL = (80, 24)


async def test_what_an_answer_starts_with_is_replaced_by_typing_and_kept_by_an_arrow() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("E", "enter")
        await until(pilot, lambda: isinstance(app.screen, AskPath))
        window = app.screen
        assert isinstance(window, AskPath)
        prefilled = window.prompt.value
        assert prefilled.endswith(".csv") and window.prompt.selected_text == prefilled
        await pilot.press("right", "x")
        await until(pilot, lambda: window.prompt.value == prefilled + "x")
        await pilot.press("escape", "E", "enter")
        await until(pilot, lambda: app.screen is not window and isinstance(app.screen, AskPath))
        again = app.screen
        assert isinstance(again, AskPath)
        await pilot.press(*"my.csv")
        await until(pilot, lambda: again.prompt.value == "my.csv")
        await pilot.press("enter")
        await until_shown(pilot, "written: my.csv")
        assert Path("my.csv").is_file() and not Path(prefilled).exists()


async def test_tab_completes_where_a_path_is_asked_for() -> None:
    Path("apart").mkdir()
    for name in ("one.csv", "other.csv"):
        Path("apart", name).touch()
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("E", "enter", *"apa", "tab")
        await until(pilot, lambda: isinstance(app.screen, AskPath) and app.screen.prompt.value == "apart/")
        await pilot.press("tab")
        await until_shown(pilot, "one.csv  other.csv")
        await pilot.press("z", "tab")
        await until_shown(pilot, "no file's name begins so")
        assert "esc cancel" in text_of(app), "its keys are there at 80x24 too"


async def test_nothing_typed_is_no_answer_and_says_so() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("#", "enter")
        await until_shown(pilot, "nothing is typed")
        assert isinstance(app.screen, Ask)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is main_screen(app))


async def test_a_field_of_the_runs_form_is_typed_anew_or_gone_on_with() -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: len(app.screen_stack) > 1)
        screen = main_screen(app)
        await until(pilot, lambda: screen.runs.pane.listed)
        screen.runs.form = form_of({"simulator": "sdk", "float": "old.sim"})
        await pilot.press("7", "e")
        await until(pilot, lambda: isinstance(app.screen, RunFormDialog))
        window = app.screen
        assert isinstance(window, RunFormDialog)
        await pilot.press("enter", *"new.sim", "enter")
        await until(pilot, lambda: window.form.value("float") == "new.sim")
        await pilot.press("k", "enter", "end", "2", "enter")
        await until(pilot, lambda: window.form.value("float") == "new.sim2")


async def test_the_filter_that_is_on_is_replaced_by_typing() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("/", *"gate", "enter", "/", *"pool", "enter")
        await until(pilot, lambda: screen.layer_table.pane.model.query.text == "pool")
