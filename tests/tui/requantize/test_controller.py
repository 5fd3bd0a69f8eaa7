"""One key makes the models again and shows before and after: by the user's commands, and without an SDK."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from textual import events
from textual.pilot import Pilot

from sgs_tui.engine.backends.embedded import EmbeddedRequest
from sgs_tui.engine.backends.jobs import WORK, local_run
from sgs_tui.engine.backends.start import start_run
from sgs_tui.engine.configs.inputconfig import load
from sgs_tui.engine.demo.demo import DemoFiles, build_demo
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.journal import Kind, entry, journal_of, read_journal
from sgs_tui.engine.requantize.ini_change import ini_change
from sgs_tui.engine.requantize.network import NAME, IterateConfig, example
from sgs_tui.engine.requantize.propose import Begun, Commands, EmbeddedRun, Int16Edit, Proposal, propose
from sgs_tui.engine.runs.run_folder import RunRequest, RunState
from sgs_tui.engine.runs.run_list import Run, list_runs
from sgs_tui.engine.runs.runs import cancel_run, wait_run
from sgs_tui.tui import screen as screen_module
from sgs_tui.tui.app import LaunchOptions, SgsApp, start_of
from sgs_tui.tui.baseline.view import BaselineDialog
from sgs_tui.tui.frame.dialogs import Chooser, ConfirmDialog, TextDialog
from sgs_tui.tui.int16.controller import Case
from sgs_tui.tui.int16.marks import Marks
from sgs_tui.tui.int16.pane import Int16Dialog
from sgs_tui.tui.journal.view import journal_lines, note_lines
from sgs_tui.tui.requantize import controller
from sgs_tui.tui.requantize.view import proposal_lines, refusal_lines
from sgs_tui.tui.screen import MainScreen
from sgs_tui.tui.text import plain
from sgs_tui.tui.widgets.key_queue import key_queue
from tests.standin_sdk.iterating import Network, build_network
from tests.tui.stage import BENCHMARK, FOLDER, SAMPLE, main_screen, make_app, text_of, until, until_shown

SMALL, LARGE = (80, 24), (160, 50)
PATIENCE = 60.0


@pytest.fixture
def network(on_stage: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """A network whose models the stand-in SDK makes; what still runs at the end of the test is ended."""
    found = build_network(on_stage / "n", monkeypatch)
    yield found
    for run in list_runs(found.root):
        with suppress(InputError):
            cancel_run(run.folder.path)
            wait_run(run.folder.path, PATIENCE)


def app_on(*paths: Path) -> SgsApp:
    return SgsApp(start_of(LaunchOptions(paths), ""))


async def opened(pilot: Pilot[int]) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SgsApp)
    await until(pilot, lambda: any(isinstance(screen, MainScreen) for screen in app.screen_stack))
    screen = main_screen(app)
    await until(pilot, lambda: screen.runs.pane.listed)
    return screen


async def diagnosed(pilot: Pilot[int]) -> MainScreen:
    screen = await opened(pilot)
    await until(pilot, lambda: screen.comparison.summary is not None and screen.triage.pane.diagnosis is not None)
    return screen


async def asked(pilot: Pilot[int]) -> str:
    """The question that `A` leads to; what it says."""
    await pilot.press("A")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
    await until_shown(pilot, "enter yes")
    assert isinstance(pilot.app, SgsApp)
    return text_of(pilot.app)


@pytest.mark.parametrize("key", ["enter", "i"])
async def test_a_key_right_behind_the_key_that_asks_is_meant_for_the_question(
    key: str, on_stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, may, looking = controller.look, Event(), Event()

    def slowly(case: Case, cancel: Event) -> object:
        looking.set()
        assert may.wait(PATIENCE)
        return look(case, cancel)

    monkeypatch.setattr(controller, "look", slowly)
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await diagnosed(pilot)
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, Int16Dialog) and app.screen.plan is not None)
        window = app.screen
        assert isinstance(window, Int16Dialog)
        app.post_message(events.Key("A", "A"))
        app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, looking.is_set)
        await until_shown(pilot, "looking at what requantizing comes to")  # the window hides the status line
        assert not key_queue(app).quiet and app.screen is window
        may.set()
        await until(pilot, lambda: app.screen is not window and key_queue(app).quiet)
        assert screen.int16.marks == Marks()


async def test_escape_stops_looking_and_drops_what_was_typed(on_stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may, looking = Event(), Event()

    def slowly(case: Case, cancel: Event) -> object:
        looking.set()
        assert may.wait(PATIENCE)
        raise InputError("too late to be heard")

    monkeypatch.setattr(controller, "look", slowly)
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await diagnosed(pilot)
        table = screen.layer_table.pane.table
        before = table.cursor
        app.post_message(events.Key("A", "A"))
        app.post_message(events.Key("j", "j"))
        await until(pilot, looking.is_set)
        app.post_message(events.Key("escape", None))
        await until(pilot, lambda: "stopped" in screen.status_bar.text)
        await until(pilot, lambda: key_queue(app).quiet)
        assert app.screen is screen and table.cursor == before
        may.set()
        await pilot.press("j")
        await until(pilot, lambda: table.cursor != before)
        assert "too late" not in logged(screen)


async def test_keys_go_on_where_looking_fails(on_stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(case: Case, cancel: Event) -> object:
        raise InputError("the drive is gone")

    monkeypatch.setattr(controller, "look", fails)
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await diagnosed(pilot)
        before = screen.layer_table.pane.table.cursor
        app.post_message(events.Key("A", "A"))
        app.post_message(events.Key("j", "j"))
        await until(pilot, lambda: "the drive is gone" in logged(screen))
        await until(pilot, lambda: screen.layer_table.pane.table.cursor != before)


async def ended(pilot: Pilot[int], screen: MainScreen, *states: str) -> None:
    """Until the newest runs stand like that, newest first."""
    await until(pilot, lambda: tuple(str(row.run.state) for row in screen.runs.pane.rows) == states)


def solid(text: str) -> str:
    """Without frame, blanks and line breaks: paths of tests break anywhere."""
    return "".join(char for char in text if not char.isspace() and char != "│")


def logged(screen: MainScreen) -> str:
    return "\n".join(f"{entry.text} {entry.hint}" for entry in screen.log_pane.entries)


def newest(network: Network) -> Run:
    return list_runs(network.root)[0]


async def test_the_loop_closes_from_an_empty_folder_to_newly_fixed(network: Network) -> None:
    app = app_on(network.folder)
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened(pilot)
        text = await asked(pilot)
        for part in (
            "stays as it is",
            "ConvertTool.py onnx",
            "calibrator.py",
            f"run in {network.folder}",
            "bad_fixed.sim on",
        ):
            assert solid(part) in solid(text), text
        assert not network.root.exists(), "nothing before yes"
        await pilot.press("enter")
        await until(pilot, lambda: screen.current is screen.runs.pane and bool(screen.runs.pane.rows))
        await ended(pilot, screen, "ok")
        await diagnosed(pilot)
        assert screen.comparison.summary is not None and screen.comparison.summary.failed == 1
        assert "nothing is known of the state before" in logged(screen)

        text = await asked(pilot)
        assert "+tensor_arrays='cat';" in text and f"comparewith{newest(network).folder.path}" in solid(text)
        assert load(network.ini).tensor_arrays == ()
        await pilot.press("y")
        await ended(pilot, screen, "ok", "ok")
        await until(pilot, lambda: isinstance(app.screen, BaselineDialog))
        await until_shown(pilot, "1 newly fixed")
        assert "✓ gate" in text_of(app) and screen.comparison.summary.failed == 0
        await pilot.press("r")
        assert isinstance(app.screen, Chooser)
        await pilot.press("enter")
        await until(pilot, lambda: logged(screen).count("1 newly fixed") == 2)
        await pilot.press("escape", "H")
        await until_shown(pilot, "newly fixed: gate")
        assert "INT16 for cat" in text_of(app) and "requantized" in text_of(app)
    assert load(network.ini).tensor_arrays == ("cat",)
    assert b"cat" not in network.ini.with_name("input_config.ini.bak").read_bytes()


async def test_from_the_window_and_with_a_tensor_taken_out(network: Network) -> None:
    """`i` in the INT16 window decides what the run is made with; other dumps looked at meanwhile stay on the screen."""
    app = make_app((SAMPLE, BENCHMARK))
    async with app.run_test(size=SMALL) as pilot:
        screen = await diagnosed(pilot)
        screen.comparison.network = network.folder
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, Int16Dialog) and app.screen.plan is not None)
        window = app.screen
        assert isinstance(window, Int16Dialog)
        await until(pilot, lambda: "A writes this" in plain(window.text.lines))
        text = await asked(pilot)
        assert "+tensor_arrays='cat';" in text
        await pilot.press("escape", "i")
        await until(pilot, lambda: screen.int16.marks.unmarked == ("cat",))
        text = await asked(pilot)
        assert "stays as it is" in text and "tensor_arrays='cat'" not in text
        await pilot.press("y")
        await until(pilot, lambda: app.screen is screen)
        screen.comparison.picks = replace(screen.comparison.picks, sample=BENCHMARK)
        await ended(pilot, screen, "ok")
        await until_shown(pilot, "7 and enter show what it did")
        await pilot.press("7", "enter")
        await until(
            pilot, lambda: screen.comparison.request is not None and "sgs_runs" in str(screen.comparison.request.sample)
        )


async def test_a_failed_calibrator_is_told_and_nothing_is_compared(network: Network) -> None:
    network.behave("calibration_fails")
    app = app_on(network.folder)
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        screen.int16.marks = screen.int16.marks.flipped("cat")
        await pilot.press("escape")
        await asked(pilot)
        await pilot.press("y")
        await ended(pilot, screen, "failed")
        await until_shown(pilot, "calibrate failed")
        await until(pilot, lambda: "keeps the change" in logged(screen))
        assert "input_config.ini.bak" in logged(screen) and "calibrate failed" in logged(screen)
        assert screen.comparison.current is None
        await pilot.press("7", "H")
        await until_shown(pilot, "calibrate failed")
    assert "Calibration Fixed" in newest(network).folder.log_path.read_text(), "the step's own words are in the log"


async def test_it_is_cancelled_in_the_middle_and_refused_meanwhile(network: Network) -> None:
    network.behave("hang")
    app = app_on(network.folder)
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await asked(pilot)
        await pilot.press("y")
        await until_shown(pilot, "now it hangs")
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await until_shown(pilot, "x there ends it")
        await pilot.press("escape")
        assert "1 run goes on" in screen.runs.farewell
        await pilot.press("7", "x", "y")
        await ended(pilot, screen, "cancelled")
    assert newest(network).state is RunState.CANCELLED


async def test_it_survives_the_app_and_the_next_start_holds_it_against_before(network: Network) -> None:
    app = app_on(network.folder)
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        await asked(pilot)
        await pilot.press("y")
        await until(pilot, lambda: bool(list_runs(network.root)))
    assert wait_run(newest(network).folder.path, PATIENCE).state is RunState.OK
    os.chdir(network.folder.parent)
    app = app_on(network.folder)
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await ended(pilot, screen, "ok")
        screen.int16.marks = screen.int16.marks.flipped("cat")
        await asked(pilot)
        await pilot.press("y")
        await until(pilot, lambda: len(list_runs(network.root)) == 2)
    assert wait_run(newest(network).folder.path, PATIENCE).state is RunState.OK
    app = app_on(network.folder)
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.press("7", "enter")
        await until(pilot, lambda: "1 newly fixed" in logged(screen))
        await pilot.press("B")
        await until_shown(pilot, "✓ gate")


async def test_an_ini_that_changes_behind_the_question_is_not_overwritten(network: Network) -> None:
    app = app_on(network.folder)
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        screen.int16.marks = screen.int16.marks.flipped("cat")
        assert "+tensor_arrays='cat';" in await asked(pilot)
        network.ini.write_bytes(network.ini.read_bytes() + b"; mine\n")
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await until_shown(pilot, "changed meanwhile")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert "+tensor_arrays='cat';" in await asked(pilot), "it can be tried again"
    assert not network.root.exists() and network.ini.read_bytes().endswith(b"; mine\n")


async def test_a_mistake_in_the_commands_is_shown_with_the_file_and_mended(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = network.folder / NAME
    good = toml.read_text()
    toml.write_text(good.replace("calibrate =", "calibrat ="))
    monkeypatch.setattr(screen_module, "edit_file", lambda app, path: path.write_text(good) and "")
    app = app_on(network.folder)
    async with app.run_test(size=LARGE) as pilot:
        await opened(pilot)
        text = " ".join(
            (await asked(pilot)).replace("│", " ").split()
        )  # where lines break depends on how long the folder's name is
        assert "unknown key `calibrat`" in text and "did you mean calibrate?" in text and "calibrat = " in text
        await pilot.press("y")
        await until_shown(pilot, "ConvertTool.py onnx")
        await until_shown(pilot, "run in ")


async def test_an_editor_that_fails_is_told(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    (network.folder / NAME).write_text("[iterate\n")
    monkeypatch.setattr(screen_module, "edit_file", lambda app, path: "vi ended with exit code 1")
    app = app_on(network.folder)
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert "not TOML" in await asked(pilot)
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await until_shown(pilot, "exit code 1")


async def test_without_commands_an_example_is_shown_and_written(
    on_stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited: list[Path] = []
    monkeypatch.setattr(screen_module, "edit_file", lambda app, path: edited.append(path) or "")
    monkeypatch.delenv("SGS_IPU_DIR", raising=False)
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await diagnosed(pilot)
        await pilot.press("A")
        await until_shown(pilot, "which folder is the network's?")
        await pilot.press("ctrl+u", *"nowhere", "enter")
        await until_shown(pilot, "no such folder")
        await pilot.press("escape", "A")
        await until_shown(pilot, "which folder is the network's?")
        await pilot.press("enter")
        await until_shown(pilot, "# From the original model to the float one.")
        assert not (on_stage / "dumps" / NAME).exists(), "a look first"
        await pilot.press("y")
        await until_shown(pilot, "Fill in your commands now")
        assert (on_stage / "dumps" / NAME).read_text() == example()
        await pilot.press("y")
        await until_shown(pilot, "no SDK is named")
        assert edited == [FOLDER / NAME] and screen.comparison.network == FOLDER


async def test_the_demo_is_healed_at_once(on_stage: Path) -> None:
    files = build_demo(on_stage / "demo")
    app = app_on(files.fixed_dump, files.float_dump)
    async with app.run_test(size=SMALL) as pilot:
        screen = await diagnosed(pilot)
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, Int16Dialog) and app.screen.foreseen is not None)
        text = await asked(pilot)
        assert "tensor_arrays='expand'" in text and "requantize, expand in INT16" in text
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, BaselineDialog))
        await until_shown(pilot, "newly fixed")
        await until_shown(pilot, "foreseen within")
        assert "RMSE was foreseen RMSE is" in " ".join(text_of(app).split())
        assert screen.comparison.summary is not None and screen.comparison.summary.failed == 0
        await until(pilot, lambda: len(read_journal(journal_of(files.fixed_dump))) == 2)
        await pilot.press("escape")
        await until(pilot, lambda: screen.triage.pane.diagnosis is not None)
        await pilot.press("A")
        await until_shown(pilot, "There is nothing to requantize")
    assert load(DemoFiles.below(on_stage / "demo").ini).tensor_arrays == ("expand",)
    tried, result = read_journal(journal_of(files.fixed_dump))
    assert (tried.kind, result.kind) == (Kind.TRIED, Kind.RESULT)
    assert result.text.startswith("8 layers failed before, 0 after")


async def test_a_run_that_was_quantized_here_is_made_again_as_another_run(on_stage: Path) -> None:
    files = build_demo(on_stage / "demo")
    job = EmbeddedRequest(files.model, tuple((image,) for image in files.images), WORK)
    old = wait_run(start_run(local_run(job), on_stage / "sgs_runs").path, PATIENCE)
    assert old.state is RunState.OK, old.status
    app = app_on(old.dumps[1], old.dumps[0])
    async with app.run_test(size=SMALL) as pilot:
        screen = await diagnosed(pilot)
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, Int16Dialog) and app.screen.foreseen is not None)
        assert "input_config.ini:" not in text_of(app), "no file is needed for that"
        text = await asked(pilot)
        assert "expand in INT16" in text and old.name in solid(text)
        await pilot.press("y")
        await ended(pilot, screen, "ok", "ok")
        await until(pilot, lambda: isinstance(app.screen, BaselineDialog))
        await until_shown(pilot, "newly fixed")
        new = screen.runs.pane.rows[0].run
        await until(pilot, lambda: len(read_journal(journal_of(new.folder.path))) == 2)
    assert new.request.details["int16"] == "expand" and new.request.details["before"] == str(old.folder.path)
    assert [each.kind for each in read_journal(journal_of(new.folder.path))] == [Kind.TRIED, Kind.RESULT]
    assert old.dumps[1].is_file() and not journal_of(old.folder.path).exists()


async def test_a_run_that_ends_before_it_is_seen_is_opened_all_the_same(on_stage: Path) -> None:
    files = build_demo(on_stage / "demo")
    job = EmbeddedRequest(files.model, tuple((image,) for image in files.images), WORK)
    run = wait_run(start_run(local_run(job), on_stage / "sgs_runs").path, PATIENCE)
    app = app_on(run.dumps[1], run.dumps[0])
    async with app.run_test(size=SMALL) as pilot:
        screen = await diagnosed(pilot)
        proposal = propose(EmbeddedRun(run), Int16Edit(("expand",)))
        screen.runs.pane.table.fill(())
        screen.requantize.take_begun(proposal, Begun(run.folder.path))
        await until(pilot, lambda: "nothing is held against it" in logged(screen))
        await until(pilot, lambda: screen.current is screen.layer_table.pane)


def test_what_files_and_commands_say_is_data() -> None:
    escape = "\x1b[31m[red]"
    config = IterateConfig(
        folder=Path(f"/n/{escape}"),
        calibrate=f"make {escape}",
        float_model=Path("/n/a_float.sim"),
        fixed_model=Path(f"/n/a{escape}_fixed.sim"),
        image=f"/n/{escape}.jpg",
    )
    change = ini_change(b"; \x1b[31m[red]\n[CONV_CONFIG]\n", ["[red]"])
    request = RunRequest(("x",), "iterate", "x", "iteration", (), details={"sdk": escape})
    proposal = Proposal(Commands(config), (escape,), Path(f"/n/{escape}.ini"), change, request, warnings=(escape,))
    lines = [
        *proposal_lines(proposal, None, 0, 60),
        *refusal_lines(escape, escape, Path(escape), f"calibrate = '{escape}'\n", 60),
        *journal_lines([entry(escape, layer=escape)], Path(escape), "", 60),
        *note_lines([entry(escape)], 60),
    ]
    text = "".join(span.text for line in lines for span in line)
    assert "\x1b" not in text and text.count("[red]") >= 10
