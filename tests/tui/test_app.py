"""Every action of the app, by its keys, on real dumps."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from sgs_tui.engine.dumps.format import Stage
from sgs_tui.tui.app import LaunchOptions, SgsApp, start_of
from sgs_tui.tui.dumps.pane import RecordDialog
from sgs_tui.tui.dumps.view import Kind
from sgs_tui.tui.frame.dialogs import Chooser, ConfirmDialog, TableDialog
from sgs_tui.tui.frame.help import HelpDialog
from sgs_tui.tui.layers.columns import ColumnsDialog
from sgs_tui.tui.screen import MainScreen
from sgs_tui.tui.settings import Settings
from tests.tui.stage import (
    BENCHMARK,
    FOLDER,
    SAMPLE,
    main_screen,
    make_app,
    text_of,
    until,
    until_compared,
    until_followed,
    until_shown,
)

pytestmark = pytest.mark.usefixtures("on_stage")
SMALL, LARGE = (80, 24), (160, 50)


async def test_table_fills_with_every_layer() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        assert len(screen.layer_table.pane.model) == 20
        text = text_of(app)
        assert "1 fail" in text and "0.9991!" in text and "✗  9 gate" in text


async def test_four_keys_from_start_to_the_failing_layer_its_histogram_and_worst_channel() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("n", "2", "l")
        await until_followed(pilot)
        await until_shown(pilot, "[ch 3 24 % of error, RMSE 1.000")
        text = text_of(app)
        assert "✗ gate" in text and "channel 3 only" in text and "cal max" in text


async def test_moving_in_the_table() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        table = screen.layer_table.pane.table
        moves = (("g", 0), ("j", 1), ("down", 2), ("k", 1), ("up", 0), ("G", 19), ("g", 0), ("end", 19), ("home", 0))
        for key, place in moves:
            await pilot.press(key)
            assert table.cursor == place, key
        await pilot.press("J")
        assert table.cursor == table.page
        await pilot.press("K", "l", "l", "h")
        assert table.cursor == 0 and table.column_id == "cos"


async def test_next_and_previous_failing_go_round() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("n")
        assert screen.comparison.layer == "gate"
        await pilot.press("n")
        await until_shown(pilot, "this is the only failing layer")
        await pilot.press("G", "N")
        assert screen.comparison.layer == "gate"


async def test_sorting_keeps_the_layer_under_the_cursor() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("n", "s")
        model, table = screen.layer_table.pane.model, screen.layer_table.pane.table
        assert model.sort_key == "rmse" and screen.comparison.layer == "gate" and table.cursor == 0
        assert "RMSE▾" in text_of(app)
        await pilot.press("S")
        assert table.cursor == 19 and screen.comparison.layer == "gate"
        await pilot.press("o")
        assert model.order == list(range(20)) and screen.comparison.layer == "gate"


@pytest.mark.parametrize("column", ["sign", "index", "name", "op", "cos", "range", "verdict", "max_abs_error"])
async def test_every_column_sorts(column: str) -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        screen.layer_table.pane.table.at_column(column)
        await pilot.press("s", "s")
        assert screen.layer_table.pane.model.reverse
        assert sorted(screen.layer_table.pane.model.order) == list(range(20))


async def test_filter_as_you_type() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press(*"/rmse>0.5")
        assert len(screen.layer_table.pane.model) == 1
        await pilot.press("enter")
        assert screen.layer_table.pane.table.has_focus and "1 of 20 layers" in text_of(app)
        await pilot.press("escape")
        assert len(screen.layer_table.pane.model) == 20


async def test_a_filter_that_can_not_be_read_says_why_and_keeps_the_rows() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press(*"/op:conv")
        assert len(screen.layer_table.pane.model) == 2
        await pilot.press("space", "exclamation_mark")
        await until_shown(pilot, "nothing stands behind !")
        assert len(screen.layer_table.pane.model) == 2
        await pilot.press("escape")
        assert len(screen.layer_table.pane.model) == 20


async def test_wide_names_and_columns_picker() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        assert "/backbone/relu1/Relu_output_0" not in text_of(app).split("\n")[5]
        await pilot.press("w")
        assert "/backbone/relu1/Relu_output_0" in text_of(app).split("\n")[5]
        await pilot.press("w", "c")
        assert isinstance(app.screen, ColumnsDialog)
        await pilot.press(*"jjjjj", "space", "j", "plus", "d", "escape")
        columns = [column.id for column in screen.layer_table.pane.table.columns]
        assert columns[:6] == ["sign", "index", "name", "part", "cos", "rmse"]


async def test_unmatched_outputs_are_shown_with_their_reason() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("u")
        assert isinstance(app.screen, TableDialog)
        await until_shown(pilot, "only in benchmark")
        await pilot.press("q")
        assert isinstance(app.screen, MainScreen)


async def test_histogram_keys() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        pane = screen.histogram.pane
        await pilot.press("n", "2", "D")
        await until_shown(pilot, "error: sample - benchmark")
        await pilot.press("D", "L")
        await until_shown(pilot, "(log counts)")
        await pilot.press("z", "z", "z")
        await until(pilot, lambda: pane.view.counted is not None and pane.view.counted.benchmark.below > 0)
        assert "middle 95 %" in text_of(app)
        await pilot.press("z")
        await until(pilot, lambda: pane.view.counted is not None and pane.view.counted.benchmark.below == 0)
        await pilot.press("l", "l", "h")
        assert pane.view.place == 0
        await pilot.press("a")
        assert pane.view.place is None
        await pilot.press("j")
        assert screen.comparison.layer == "sq888"
        await pilot.press("k")
        assert screen.comparison.layer == "gate"


async def test_details_follow_and_scroll() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("n", "enter")
        await until_followed(pilot)
        assert screen.current is screen.layer_table.details
        assert "fails > 0.5" in text_of(app)
        await pilot.press("J")
        await until_shown(pilot, "(35,5)")
        await pilot.press("question_mark", "J")
        await until_shown(pilot, "Σ|s-b| / Σ|b|")


async def test_dump_browser_records_values() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("3")
        text = text_of(app)
        assert "S bad_fixed_dq.bin" in text and "B bad_float.bin" in text and "R tensor_min_max.txt" in text
        assert "3 min" in text and "complete" in text
        await pilot.press("enter")
        await until_shown(pilot, "conv1.weight")
        await pilot.press("j", "j", "j", "enter")
        assert isinstance(app.screen, RecordDialog)
        await until(pilot, lambda: isinstance(app.screen, RecordDialog) and app.screen.facts is not None)
        await until_shown(pilot, "mean")
        await pilot.press("q", "escape")
        assert screen.dumps.pane.opened is None
        await pilot.press("t")
        assert screen.dumps.pane.entries[0].stage is Stage.OFFLINE


async def test_two_keys_pick_sample_and_benchmark() -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "bad_float.bin")
        screen = main_screen(app)
        assert screen.current is screen.dumps.pane
        await pilot.press("s")
        await until_shown(pilot, "b on another dump takes the benchmark")
        await pilot.press("j", "b")
        await until(pilot, lambda: screen.comparison.summary is not None)
        assert screen.comparison.picks.sample == SAMPLE and screen.comparison.picks.benchmark == BENCHMARK
        await pilot.press("x")
        await until(
            pilot, lambda: screen.comparison.picks.sample == BENCHMARK and screen.comparison.summary is not None
        )


async def test_calibration_file_is_taken_and_left_by_enter() -> None:
    app = make_app((FOLDER / "bad_float.bin", FOLDER / "bad_fixed_dq.bin"))
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("3", "G", "enter")
        await until(pilot, lambda: screen.comparison.picks.ranges is None and screen.comparison.summary is not None)
        await pilot.press("enter")
        await until(pilot, lambda: screen.comparison.picks.ranges is not None and screen.comparison.summary is not None)


async def test_folders_open_and_lead_back(on_stage: Path) -> None:
    (on_stage / FOLDER / "inner").mkdir()
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "inner/")
        await pilot.press("G", "enter")
        await until_shown(pilot, "no dumps here")
        await pilot.press("U")
        await until_shown(pilot, "bad_float.bin")


async def test_a_changed_dump_is_noticed_and_reloaded(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        path = on_stage / SAMPLE
        path.write_bytes((on_stage / BENCHMARK).read_bytes())
        await until_shown(pilot, "R reads it again")
        await pilot.press("R")
        await until(pilot, lambda: screen.comparison.summary is not None and screen.comparison.summary.failed == 0)


async def test_profiles_judge_the_same_rows() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("p")
        await until(
            pilot, lambda: screen.comparison.summary is not None and screen.comparison.picks.profile.name == "sop"
        )
        await until_shown(pilot, "sop")
        row = screen.layer_table.pane.model.rows[6]
        assert row is not None and "cos" in row.over


async def test_palette_finds_and_does_any_action() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("colon", *"whole names")
        assert isinstance(app.screen, Chooser)
        await pilot.press("escape", "colon", *"names in full")
        await pilot.press("enter")
        await until(pilot, lambda: screen.layer_table.pane.wide)
        await pilot.press("colon", *"go to the log", "enter")
        await until(pilot, lambda: screen.current is screen.log_pane)


async def test_help_shows_the_focused_pane_first() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        for key, title in (("1", "Layers"), ("2", "Histogram"), ("3", "Dumps"), ("4", "DebugConfig"), ("5", "Log")):
            await pilot.press(key, "question_mark")
            assert isinstance(app.screen, HelpDialog)
            await until_shown(pilot, f"{title}: keys of this pane")
            await pilot.press("escape")


async def test_tab_goes_through_all_panes_and_back() -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        names = []
        for _ in range(9):
            await pilot.press("tab")
            names.append(screen.current.NAME)
        assert names == ["histogram", "dumps", "log", "triage", "runs", "pictures", "network", "details", "layers"]
        await pilot.press("shift+tab")
        assert screen.current is screen.layer_table.details


async def test_fill_shows_one_pane_and_comes_back() -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("2", "f")
        await pilot.pause(0.1)
        assert screen.histogram.pane.canvas.size.width == 160 and not screen.layer_table.pane.display
        await pilot.press("f")
        await pilot.pause(0.1)
        assert screen.layer_table.pane.display


async def test_theme_key_goes_round() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        seen = [app.theme]
        for _ in range(4):
            await pilot.press("T")
            seen.append(app.theme)
        assert seen == ["sgs-dark", "sgs-light", "ansi-dark", "ansi-light", "sgs-dark"]


async def test_stop_and_interrupt() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("X")
        await until_shown(pilot, "nothing is running")
        await pilot.press("ctrl+c")
        await until_shown(pilot, "ctrl+c again quits")
        await pilot.press("ctrl+c")
        await pilot.pause()
    assert app.return_value == 0


async def test_q_quits_with_zero() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("q")
    assert app.return_value == 0 and app.crash is None


async def test_copying_keeps_a_file_too(on_stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(on_stage / "state"))
    kept = on_stage / "state" / "sgs-tui" / "clipboard.txt"
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("n", "y")
        await until(pilot, lambda: kept.exists() and kept.read_text() == "0.9991")
        await pilot.press("Y")
        await until(pilot, lambda: kept.read_text().split("\t")[2:5] == ["gate", "◆", "MUL"])


async def test_debugconfig_switches_presets_path_and_saves_with_backup(on_stage: Path) -> None:
    path = on_stage / FOLDER / "DebugConfig.txt"
    path.write_bytes(b"dumpTensor\r\nfoo=1\r\npath=/nowhere\r\n")
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        pane = screen.debugconfig.pane
        await pilot.press("4")
        await until_shown(pilot, "CRLF")
        assert not pane.file.changed
        await pilot.press("m", "j", "space", "a", *"dump fixed", "enter")
        await until(pilot, lambda: pane.document.is_on("dequantFixed"))
        await pilot.press("G", "space", "ctrl+u", "full_stop", "enter")
        assert pane.document.path == "." and pane.keys.has_focus
        await pilot.press("w")
        assert isinstance(app.screen, ConfirmDialog)
        await until_shown(pilot, "+path=.")
        await pilot.press("enter")
        await until(pilot, lambda: not pane.file.changed)
    text = path.read_bytes()
    assert b"\r" not in text and b"foo=1\n" in text and b"path=.\n" in text
    assert path.with_name("DebugConfig.txt.bak").read_bytes() == b"dumpTensor\r\nfoo=1\r\npath=/nowhere\r\n"


async def test_debugconfig_undo_and_open(on_stage: Path) -> None:
    other = on_stage / "other" / "DebugConfig.txt"
    other.parent.mkdir()
    other.write_bytes(b"dequantFixed\npath=.\n")
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        pane = screen.debugconfig.pane
        before = pane.document
        await pilot.press("4", "space")
        assert pane.document != before
        await pilot.press("u")
        assert pane.document == before
        await pilot.press("o", "ctrl+u", *"other", "enter")
        await until(pilot, lambda: pane.file.path == Path("other/DebugConfig.txt"))
        await until_shown(pilot, "dequantFixed without")
        await pilot.press("w")
        await until_shown(pilot, "nothing to save")


async def test_what_cannot_be_opened_is_said_with_a_hint() -> None:
    app = make_app((FOLDER / "absent.bin", BENCHMARK))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "absent.bin")
        await until_shown(pilot, "✗")
        await pilot.press("5")
        assert "absent.bin" in text_of(app)


async def test_keys_of_the_settings_win(on_stage: Path) -> None:
    app = make_app(settings=Settings(keys={"layers.wide": "ctrl+t,E", "app.quit": "Q"}))
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("w", "q")
        assert not screen.layer_table.pane.wide
        await pilot.press("E")
        assert screen.layer_table.pane.wide
        assert "Q quit" in text_of(app)


async def test_the_view_comes_back_with_its_folder() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("n", "w", "s", *"/gate", "enter", "2", "L", "q")
    again = make_app()
    async with again.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        assert screen.layer_table.pane.wide and screen.layer_table.pane.model.sort_key == "rmse"
        assert screen.comparison.layer == "gate" and screen.histogram.pane.view.log_counts
        assert len(screen.layer_table.pane.model) == 20


async def test_keys_typed_ahead_reach_the_filter() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await _burst(pilot, "/gate")
        await until(pilot, lambda: screen.layer_table.pane.model.query.text == "gate")
        assert app.is_running and screen.layer_table.pane.prompt.value == "gate"


async def _burst(pilot: Pilot[int], text: str) -> None:
    from textual import events

    for char in text:
        key = {"/": "slash"}.get(char, char)
        pilot.app.post_message(events.Key(key, char))
    await pilot.pause(0.3)


async def test_saving_shows_what_changed_on_disk_meanwhile(on_stage: Path) -> None:
    path = on_stage / FOLDER / "DebugConfig.txt"
    path.write_bytes(b"dumpTensor\npath=.\n")
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("4", "j", "space")
        path.write_bytes(b"dumpTensor\nsomebody=else\npath=.\n")
        await pilot.press("w")
        await until_shown(pilot, "-somebody=else")
        await pilot.press("q")
    assert path.read_bytes() == b"dumpTensor\nsomebody=else\npath=.\n"


async def test_comparing_other_dumps_leaves_the_folder_being_examined() -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "bad_float.bin")
        await pilot.press("s", "j", "b")
        screen = main_screen(app)
        await until(pilot, lambda: screen.comparison.summary is not None)
        dumps = [entry for entry in screen.dumps.pane.entries if entry.kind is Kind.DUMP]
        await until(pilot, lambda: all(entry.records is not None for entry in screen.dumps.pane.entries[: len(dumps)]))


async def test_the_command_line_can_say_filter_and_order() -> None:
    options = LaunchOptions((SAMPLE, BENCHMARK), query="rmse>0.01", sort="-sqnr")
    app = SgsApp(start_of(options, ""))
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        model = screen.layer_table.pane.model
        assert (model.query.text, model.sort_key, model.reverse) == ("rmse>0.01", "sqnr_db", True)
        assert screen.layer_table.pane.row is not None and "of 20 layers" in text_of(app)


async def test_the_title_follows_the_width() -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        await until_compared(pilot)
        await pilot.resize_terminal(60, 15)
        await until(pilot, lambda: text_of(app).split("\n")[0].rstrip().endswith("2 warn"))
        await pilot.press("question_mark")
        await pilot.resize_terminal(100, 30)
        await pilot.press("escape")
        await until(pilot, lambda: text_of(app).split("\n")[0].rstrip().endswith("manual  20 layers  1 fail  2 warn"))
        assert len(text_of(app).split("\n")[0].rstrip()) == 99
