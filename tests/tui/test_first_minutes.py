"""What every user meets first: nothing is lost by a key, dumps given the wrong way round, files that are at hand."""

from pathlib import Path
from threading import Event

import pytest

from sgs_tui.engine.compare.limits import BUILT_IN, judged
from sgs_tui.engine.compare.results import RangeSource, Verdict
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.events import Row
from sgs_tui.engine.session import CompareRequest, Comparison, open_comparison, with_profile
from sgs_tui.tui.actions import PANES
from sgs_tui.tui.app import LaunchOptions, SgsApp, start_of
from sgs_tui.tui.comparison.jobs import RowsArrived, rows
from sgs_tui.tui.debugconfig.pane import LeaveDialog
from sgs_tui.tui.dumps.pane import RecordDialog
from sgs_tui.tui.frame.dialogs import Ask, ConfirmDialog
from sgs_tui.tui.int16.pane import Int16Dialog, LoseMarksDialog
from sgs_tui.tui.text import plain
from tests.tui.stage import (
    BENCHMARK,
    FOLDER,
    RANGES,
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
CONFIG = FOLDER / "DebugConfig.txt"


async def test_quitting_with_unsaved_edits_asks_and_can_save() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("4", "j", "space", "1", "q")
        assert isinstance(app.screen, LeaveDialog) and "Not saved: dumps/DebugConfig.txt" in text_of(app)
        await pilot.press("q")
        assert app.screen is screen and screen.debugconfig.pane.file.edited
        await pilot.press("ctrl+q", "w")
        await until(pilot, lambda: not app.is_running)
    assert app.return_code == 0
    assert CONFIG.read_bytes() == screen.debugconfig.pane.document.render()


async def test_quitting_can_lose_the_edits_and_two_interrupts_ask_as_well() -> None:
    CONFIG.write_bytes(b"dequantFixed\n")
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("4", "space", "ctrl+c", "ctrl+c")
        assert isinstance(app.screen, LeaveDialog)
        await pilot.press("d")
        await until(pilot, lambda: not app.is_running)
    assert CONFIG.read_bytes() == b"dequantFixed\n"


async def test_a_file_that_can_not_be_saved_keeps_the_app_open() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("4", "space")
        CONFIG.mkdir()
        await pilot.press("q", "w")
        await until(pilot, lambda: app.screen is screen)
        assert app.is_running and any(entry.level == "fail" for entry in screen.log_pane.entries)


async def test_quitting_with_marks_that_stand_in_no_file_asks() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("n", "i", "q")
        assert isinstance(app.screen, LoseMarksDialog)
        assert "Quit, and lose the INT16 marks?" in text_of(app) and "INT16  gate" in text_of(app)
        await pilot.press("ctrl+q", "escape")  # asked once; no is the answer that loses nothing
        assert app.screen is screen and screen.int16.marks.marked == ("gate",)
        await pilot.press("i", "q")
        await until(pilot, lambda: not app.is_running)


async def test_marks_that_are_written_are_not_asked_about(on_stage: Path) -> None:
    ini = on_stage / "input_config.ini"
    ini.write_text("[CONV_CONFIG]\ninput_format=ALL_UINT8;\n")
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await until(pilot, lambda: screen.comparison.diagnosis is not None)
        screen.int16.ini, screen.int16.marks = ini, screen.int16.marks.flipped("sq888")
        await pilot.press("I")
        await until(pilot, lambda: (window := screen.opened(Int16Dialog)) is not None and window.plan is not None)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press("y")
        await until(pilot, lambda: b"tensor_arrays" in ini.read_bytes())
        await until(pilot, lambda: isinstance(app.screen, Int16Dialog))
        await pilot.press("escape", "q")
        await until(pilot, lambda: not app.is_running)


async def test_another_file_is_edited_only_after_the_question() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("4", "j", "space", "o")
        assert isinstance(app.screen, LeaveDialog)
        await pilot.press("d")
        assert isinstance(app.screen, Ask)
        await pilot.press("escape")
        assert app.screen is screen


async def test_without_edits_quitting_quits() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("4", "space", "space", "q")
        await until(pilot, lambda: not app.is_running)
    assert not CONFIG.exists()


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_swapped_dumps_are_told_on_every_pane_and_x_swaps(size: tuple[int, int]) -> None:
    app = make_app((BENCHMARK, SAMPLE))
    async with app.run_test(size=size) as pilot:
        screen = await until_compared(pilot)
        for pane in PANES:
            await pilot.press(pane.key)
            await until_shown(pilot, "~ sample and benchmark look swapped: x")
            assert ("x in another pane swaps them" if pane.name == "runs" else "x swaps them") in screen.notice_bar.text
            assert "(float against fixed)" in screen.notice_bar.text
        assert "vendor" not in text_of(app)
        await pilot.press("6")
        await until_shown(pilot, "sample and benchmark are swapped")
        await pilot.press("5", "x")
        await until(pilot, lambda: screen.comparison.picks.sample == SAMPLE and screen.comparison.summary is not None)
        assert "look swapped" not in text_of(app)


async def test_there_is_nothing_to_swap_before_dumps_are_chosen() -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "bad_float.bin")
        await pilot.press("x")
        await until_shown(pilot, "no dumps are chosen")


async def test_another_profile_reads_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("n")
        await until_followed(pilot)
        found = screen.comparison.diagnosis
        for name in ("read", "chunks"):
            monkeypatch.setattr(Dump, name, refuse)
        monkeypatch.setattr("sgs_tui.engine.session.measure_all", refuse)
        for profile in ("sop", "strict", "manual"):
            await pilot.press("p")
            await until(pilot, lambda name=profile: name in screen.title_bar.text and screen.comparison.summary)
            summary = screen.comparison.summary
            assert summary is not None and summary.layers == 20
            verdicts = [judged(row, BUILT_IN[profile]).verdict for row in screen.comparison.rows]
            assert summary.failed == verdicts.count(Verdict.FAIL) > 0
            assert screen.triage.pane.diagnosis is found and screen.comparison.layer == "gate"
        await until_followed(pilot)
    assert app.crash is None


def refuse(*given: object, **options: object) -> None:
    raise AssertionError("the dumps are read again")


async def test_another_profile_in_the_middle_reads_only_what_is_left() -> None:
    comparison = open_comparison(CompareRequest(SAMPLE, BENCHMARK))
    rows_there = [event.value for event in comparison.run(workers=1) if isinstance(event, Row)]
    strict = with_profile(comparison, BUILT_IN["strict"])
    messages = list(rows(strict, Event(), rows_there[::2]))
    comparison.close()
    arrived = [row for message in messages if isinstance(message, RowsArrived) for row in message.rows]
    assert sorted(row.pair.number for row in arrived) == list(range(20))
    assert {row.name: row.verdict for row in arrived} == {
        row.name: judged(row, BUILT_IN["strict"]).verdict for row in rows_there
    }
    assert messages[-1].summary.first_failing.name == next(
        row.name for row in rows_there if judged(row, BUILT_IN["strict"]).verdict is Verdict.FAIL
    )


async def test_an_empty_table_says_why_while_opening_after_an_error_and_for_a_filter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Event()

    def slowly(request: CompareRequest) -> Comparison:
        gate.wait(20)
        return open_comparison(request)

    monkeypatch.setattr("sgs_tui.tui.comparison.jobs.open_comparison", slowly)
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "opening bad_fixed_dq.bin and bad_float.bin ...")
        assert "pick the two dumps" not in text_of(app)
        gate.set()
        screen = await until_compared(pilot)
        await pilot.press(*"/nothing", "enter")
        await until_shown(pilot, "no layer fits the filter")
        await pilot.press("escape")
        SAMPLE.unlink()
        await pilot.press("R")
        await until_shown(pilot, "no layers yet: dumps/bad_fixed_dq.bin: cannot open")
        assert not len(screen.layer_table.pane.model) and "0.9991" not in text_of(app)
        await pilot.press("u")
        await until_shown(pilot, "no dumps are open")


async def test_a_stopped_opening_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Event()
    monkeypatch.setattr("sgs_tui.tui.comparison.jobs.open_comparison", lambda _: gate.wait(20))
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "opening bad_fixed_dq.bin and")
        await pilot.press("X")
        await until_shown(pilot, "no layers yet: stopped while opening; R opens the dumps again")
        gate.set()


async def test_dumps_that_share_nothing_say_so(on_stage: Path) -> None:
    path = on_stage / "other.bin"
    path.write_bytes(BENCHMARK.read_bytes().replace(b" name: ", b" name: x"))
    app = make_app((SAMPLE, path))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "the dumps share no layer that can be compared: u says why")
        assert "no layers yet" not in text_of(app)


async def test_folders_records_and_values_that_can_not_be_read(on_stage: Path) -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "bad_float.bin")
        pane = main_screen(app).dumps.pane
        SAMPLE.unlink()
        await pilot.press("enter")
        await until(pilot, lambda: "cannot open" in pane.records.empty)
        await pilot.press("escape")
        pane.browse(on_stage / "absent")
        await until(pilot, lambda: "cannot be read" in pane.files.empty)
        pane.browse(FOLDER)
        await until(pilot, lambda: len(pane.entries) == 2)
        await pilot.press("g", "enter")
        await until_shown(pilot, "conv1.weight")
        BENCHMARK.unlink()
        await pilot.press("j", "enter")
        await until_shown(pilot, "That did not work")
        window = next(each for each in app.screen_stack if isinstance(each, RecordDialog))
        assert "cannot open" in plain(window.view.lines) and "reading" not in plain(window.view.lines)


async def test_the_calibration_file_beside_the_dumps_is_used_and_said() -> None:
    app = SgsApp(start_of(LaunchOptions((SAMPLE, BENCHMARK)), ""))
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        assert screen.comparison.request is not None and screen.comparison.request.ranges == RANGES
        assert any("ranges are those of dumps/tensor_min_max.txt" in entry.text for entry in screen.log_pane.entries)
        row = screen.comparison.rows[0]
        assert row.range is not None and row.range.source is RangeSource.CALIBRATION
        await pilot.press("3", "G", "enter")
        await until(pilot, lambda: screen.comparison.request.ranges is None and screen.comparison.summary is not None)


async def test_a_damaged_calibration_file_beside_the_dumps_is_passed_over_and_said() -> None:
    RANGES.write_text("nothing of the kind")
    app = SgsApp(start_of(LaunchOptions((SAMPLE, BENCHMARK)), ""))
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        assert screen.comparison.request is not None and screen.comparison.request.ranges is None
        assert any("is not used" in entry.text for entry in screen.log_pane.entries)
