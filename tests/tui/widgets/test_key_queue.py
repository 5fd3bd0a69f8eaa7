"""Keys typed ahead: in their order, to what they were typed for, none lost."""

import pytest
from textual import events
from textual.pilot import Pilot

from sgs_tui.tui.screen import MainScreen
from sgs_tui.tui.widgets.key_queue import key_queue
from tests.tui.stage import FOLDER, main_screen, make_app, text_of, until, until_compared, until_followed

pytestmark = pytest.mark.usefixtures("on_stage")
NAMES = {
    "?": "question_mark",
    "/": "slash",
    ":": "colon",
    "\r": "enter",
    "\x1b": "escape",
    " ": "space",
    ">": "greater_than_sign",
}


async def _burst(pilot: Pilot[int], text: str) -> None:
    """All of it at once, as a slow line delivers it."""
    for char in text:
        pilot.app.post_message(events.Key(NAMES.get(char, char), char if char.isprintable() else None))
    await until(pilot, lambda: not pilot.app._message_queue.qsize())
    await until(pilot, lambda: key_queue(pilot.app).quiet)


async def test_letters_and_enter_go_to_the_filter_and_what_follows_to_the_table() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await until_compared(pilot)
        await _burst(pilot, "/op:conv\rj")
        pane = screen.layer_table.pane
        assert pane.model.query.text == "op:conv" and not pane.prompt.display
        assert pane.table.has_focus and pane.table.cursor == 1


async def test_the_palette_does_what_was_typed_for_it() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await until_compared(pilot)
        await _burst(pilot, ":names in full\rG")
        await until(pilot, lambda: screen.layer_table.pane.wide)
        assert isinstance(app.screen, MainScreen) and screen.layer_table.pane.table.cursor == 19


async def test_a_path_typed_ahead_is_the_path() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await until_compared(pilot)
        await _burst(pilot, "4G .q\rgj")  # in the place of the dot that is there
        pane = screen.debugconfig.pane
        assert pane.document.path == ".q" and not pane.prompt.display and pane.keys.cursor == 1


async def test_what_is_typed_before_the_first_picture_waits_for_the_screen() -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=(80, 24)) as pilot:
        for key in "5":
            app.post_message(events.Key(key, key))
        await until(pilot, lambda: len(app.screen_stack) > 1 and main_screen(app).current is main_screen(app).log_pane)


async def test_escape_and_a_letter_right_behind_it_are_two_keys() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await until_compared(pilot)
        await _burst(pilot, "/gate")
        await until_followed(pilot)
        for key, character in (("alt+d", "d"), ("alt+shift+g", "G")):
            app.post_message(events.Key(key, character))
        await until(pilot, lambda: screen.current is screen.layer_table.details and key_queue(app).quiet)
        assert not screen.layer_table.pane.prompt.display and len(screen.layer_table.pane.model) == 20
        await until(pilot, lambda: screen.layer_table.details.view.top > 0)


async def test_windows_opened_and_closed_in_one_go() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await until_compared(pilot)
        await _burst(pilot, "?JJqnc\x1bu\x1b2")
        await until_followed(pilot)
        assert screen.comparison.layer == "gate" and screen.current is screen.histogram.pane
        assert "✗ gate" in text_of(app)


async def test_a_held_key_is_given_out_before_anything_is_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sgs_tui.tui.widgets.key_queue._UNSEEN", 600.0)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("g")
        await until_followed(pilot)
        queue, painted = key_queue(app), set[int]()
        before = queue.given
        monkeypatch.setattr(app, "post_display_hook", lambda: painted.add(queue.given - before))
        await _burst(pilot, "j" * 12)
        assert screen.layer_table.pane.table.cursor == 12
        await until(pilot, lambda: 12 in painted)
        assert painted <= {0, 1, 12}
