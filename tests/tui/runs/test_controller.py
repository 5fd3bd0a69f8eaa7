"""The run pane by its keys, on the stand-in SDK through the real supervisor."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from textual.pilot import Pilot

from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.numbers import clock
from sgs_tui.engine.runs.run_folder import Product, RunRequest, RunState, create_run_folder
from sgs_tui.engine.runs.run_list import list_runs
from sgs_tui.engine.runs.runs import cancel_run, wait_run
from sgs_tui.tui.app import SgsApp
from sgs_tui.tui.frame.dialogs import ConfirmDialog
from sgs_tui.tui.runs.form import EMBEDDED, FIXED, Refusal, RunForm, RunFormDialog, form_of
from sgs_tui.tui.runs.jobs import requests_of
from sgs_tui.tui.screen import MainScreen
from sgs_tui.tui.widgets.prompt import complete
from tests.tui import run_stage
from tests.tui.stage import FOLDER, main_screen, make_app, text_of, until, until_shown

SMALL, LARGE = (80, 24), (160, 50)
PATIENCE = 60.0


@pytest.fixture
def place(on_stage: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the app is started; whatever still runs at the end of the test is ended."""
    for name, value in run_stage.environment(on_stage).items():
        monkeypatch.setenv(name, value)
    yield on_stage
    for run in list_runs(on_stage / "sgs_runs"):
        with suppress(InputError):
            cancel_run(run.folder.path)
            wait_run(run.folder.path, PATIENCE)


async def _opened(pilot: Pilot[int], form: RunForm | None = None) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SgsApp)
    await until(pilot, lambda: any(isinstance(screen, MainScreen) for screen in app.screen_stack))
    screen = main_screen(app)
    await until(pilot, lambda: screen.runs.pane.listed)
    screen.runs.form = form or screen.runs.form
    await pilot.press("7")
    return screen


def _states(screen: MainScreen) -> list[str]:
    return [str(row.run.state) for row in screen.runs.pane.rows]


async def test_one_key_runs_both_stages_and_one_compares_them(place: Path) -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        screen = await _opened(pilot, run_stage.set_up(place / "p"))
        assert "no runs here yet" in text_of(app)
        await pilot.press("r")
        await until(pilot, lambda: _states(screen) == ["ok", "ok"])
        await until_shown(pilot, "Run evaluation OK.")
        config = (screen.runs.pane.rows[0].path / "DebugConfig.txt").read_text()
        assert {"dumpTensor", "eliminateGarbage", "dequantFixed"} <= set(config.split()), "pane 4 feeds it"
        await pilot.press("c")
        await until(pilot, lambda: screen.comparison.summary is not None)
        assert screen.current is screen.layer_table.pane and len(screen.layer_table.pane.model) == 20
        assert screen.comparison.picks.sample is not None and "net_fixed" in screen.comparison.picks.sample.parent.name
        assert any("ok; 7 and c" in entry.text for entry in screen.log_pane.entries)


async def test_the_debugconfig_pane_feeds_the_switches(place: Path) -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        screen = await _opened(pilot, run_stage.set_up(place / "p").with_value("stage", FIXED))
        await pilot.press("4", "j", "j", "space", "7", "r")
        await until(pilot, lambda: _states(screen) == ["ok"])
        config = (screen.runs.pane.rows[0].path / "DebugConfig.txt").read_text().split()
        assert "eliminateGarbage" in config and "dequantFixed" not in config


async def test_enter_and_roles_open_a_run(place: Path) -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=LARGE) as pilot:
        screen = await _opened(pilot, run_stage.set_up(place / "p"))
        await pilot.press("r")
        await until(pilot, lambda: _states(screen) == ["ok", "ok"])
        await pilot.press("G", "b")
        assert (
            screen.comparison.picks.benchmark is not None and "float" in screen.comparison.picks.benchmark.parent.name
        )
        await pilot.press("g", "s")
        await until(pilot, lambda: screen.comparison.summary is not None)
        assert screen.comparison.picks.sample is not None and "fixed" in screen.comparison.picks.sample.parent.name
        await pilot.press("7", "G", "enter")
        assert screen.current is screen.layer_table.pane


async def test_a_failed_run_says_why_and_what_to_do(place: Path) -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        screen = await _opened(pilot, run_stage.set_up(place / "p", "crash").with_value("stage", FIXED))
        await pilot.press("r")
        await until(pilot, lambda: _states(screen) == ["failed"])
        await until_shown(pilot, "✗ failed")
        row = screen.runs.pane.rows[0]
        assert row.message and row.message[:30] in text_of(app)
        await pilot.press("enter")
        await until_shown(pilot, "this run has no dump")
        await pilot.press("c")
        await until_shown(pilot, "no two good runs of one network")


async def test_cancel_and_delete_ask_first(place: Path) -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        screen = await _opened(pilot, run_stage.set_up(place / "p", "hang").with_value("stage", FIXED))
        await pilot.press("r")
        await until_shown(pilot, "now it hangs")
        assert "1 run goes on" in screen.runs.farewell
        await pilot.press("x")
        assert isinstance(app.screen, ConfirmDialog)
        await pilot.press("escape", "x", "y")
        await until(pilot, lambda: _states(screen) == ["cancelled"])
        assert screen.runs.farewell == ""
        folder = screen.runs.pane.rows[0].path
        await pilot.press("D", "y")
        await until(pilot, lambda: _states(screen) == [])
        assert not folder.exists()


async def test_runs_that_are_there_are_listed_at_start_lost_ones_as_lost(place: Path) -> None:
    request = RunRequest(("sleep", "60"), "sdk", "net_fixed.sim", "fixed", (Product("dump.bin"),))
    folder = create_run_folder(request, place / "sgs_runs")
    status = folder.read_status()
    folder.status_path.write_text(folder.status_path.read_text().replace(str(status.created), "1000.0"))
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        screen = await _opened(pilot)
        assert _states(screen) == [str(RunState.LOST)]
        await until(pilot, lambda: "✗ lost" in text_of(app) and "supervisor is gone" in text_of(app))


async def test_the_form_completes_paths_and_is_remembered(place: Path) -> None:
    run_stage.set_up(place / "p")
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        screen = await _opened(pilot)
        screen.runs.form = form_of({"simulator": "sdk"})
        await pilot.press("r")
        assert isinstance(app.screen, RunFormDialog), "something is missing: it asks"
        await pilot.press("enter", *"p/net", "tab")
        await until_shown(pilot, "net_fixed.sim  net_float.sim")
        await pilot.press(*"fl", "tab", "enter", "enter", *"p/net_fi", "tab", "escape", "k", "x", "j", "r", "escape")
        assert screen.runs.form.value("fixed") == ""
        await pilot.press("e", "enter", *"p/net_fl", "tab", "enter", "q")
        assert screen.runs.form.value("float") == "p/net_float.sim"
    again = make_app((FOLDER,))
    async with again.run_test(size=SMALL) as pilot:
        assert (await _opened(pilot)).runs.form.value("float") == "p/net_float.sim"


async def test_choices_turn_and_change_the_fields(place: Path) -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        await _opened(pilot, form_of({"simulator": "sdk"}))
        await pilot.press("e", "g", "space")
        await until_shown(pilot, "[onnxruntime]")
        assert "ONNX model" in text_of(app) and "SDK folder" not in text_of(app)


async def test_what_can_not_be_started_is_said(place: Path) -> None:
    form = run_stage.set_up(place / "p").with_value("sdk", str(place))
    app = make_app((FOLDER,))
    async with app.run_test(size=(240, 50)) as pilot:  # the temporary folder's name may be long
        screen = await _opened(pilot, form)
        await pilot.press("r")
        await until_shown(pilot, "is no SDK")
        window = app.screen
        assert isinstance(window, RunFormDialog) and window.field.key == "sdk", "it asks, at the field that is to blame"
        (row,) = (line for line in text_of(app).split("\n") if "SDK folder   " in line)
        assert "✗ is no SDK" in row
        await pilot.press("g", "r")
        await until(pilot, lambda: window.field.key == "sdk")
        assert app.screen is window and _states(screen) == []
        assert "not started" in screen.log_pane.entries[-1].text
        await pilot.press("x")
        await until(pilot, lambda: "is no SDK" not in text_of(app))
        await pilot.press("escape")
        assert screen.runs.form.value("sdk") == ""


@pytest.mark.parametrize(
    ("said", "key", "shown"),
    [
        ("/nets/a_float.sim: is empty", "float", "is empty"),
        ("/home/me/b_fixed.sim is an offline model", "fixed", "is an offline model"),
        ("can not read a.png", "image", "can not read a.png"),
        ("/nets: there is no such folder", "", ""),
        ("the disk is full", "", ""),
    ],
)
def test_a_reason_is_told_at_the_field_that_it_names(said: str, key: str, shown: str) -> None:
    form = form_of({"simulator": "sdk", "float": "/nets/a_float.sim", "fixed": "~/b_fixed.sim", "image": "a.png"})
    refusal = Refusal(form, said)
    assert (refusal.key, refusal.at(form, key)) == (key, shown)
    assert not refusal.at(form.with_value("image", "b.png"), key)


async def test_the_form_says_what_the_checks_find(place: Path) -> None:
    form = run_stage.set_up(place / "p")
    (place / "p" / "pre.py").write_text(
        "import numpy as np\n\ndef image_preprocess(path, norm=True):\n"
        "    raw = np.arange(3072, dtype=np.uint8).reshape(1, 32, 32, 3)\n"
        "    return (raw - np.float32(104)) / 255 if norm else raw\n"
    )
    ini = "[INPUT_CONFIG]\ninputs='data';\ntraining_input_formats=RGB;\nmean=127:127:127;\nstd_value=255;\n"
    (place / "p" / "input_config.ini").write_text(ini)
    app = make_app((FOLDER,))
    async with app.run_test(size=(240, 50)) as pilot:
        await _opened(pilot, form)
        await pilot.press("e")
        await until_shown(pilot, "subtracts 104:104:104")
        await pilot.press("escape")
        await _opened(pilot, form.with_value("via", "docker exec -it box"))
        await pilot.press("e")
        await until_shown(pilot, "leave -it out")


def test_form_counts_only_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SGS_IPU_DIR", str(tmp_path))
    form = form_of({"simulator": EMBEDDED, "stage": "nonsense", "unknown": "x", "image": str(tmp_path / "no.jpg")})
    assert form.value("stage") == "both" and "unknown" not in form.values
    assert form.problems == ("ONNX model: needed", "image: no such file", "calibration: needed")
    assert len(form.fields) == 7
    assert [each.key for each in RunForm({"stage": FIXED}).fields] == [
        *("simulator", "stage", "fixed", "image", "preprocess", "sdk", "via", "chip", "python"),
    ]
    with pytest.raises(UsageError, match="not everything is there"):
        requests_of(form, b"")


def test_one_embedded_run_makes_both(tmp_path: Path) -> None:
    model = run_stage.REAL / "onnx" / "tiny.onnx"
    (tmp_path / "a.npy").write_bytes(b"x")
    form = form_of({"simulator": EMBEDDED, "model": str(model), "calibrate": str(tmp_path / "a.npy")})
    (request,) = requests_of(form, b"")
    assert request.stage == "float and fixed" and request.backend == "onnxruntime"


@pytest.mark.parametrize(
    ("typed", "certain", "names"),
    [
        ("", "a", ("ab/", "abc.sim", "ac")),
        ("ab", "ab", ("ab/", "abc.sim")),
        ("abc", "abc.sim", ("abc.sim",)),
        ("x,ac", "x,ac", ("ac",)),
        ("ab/", "ab/in", ("in",)),
        (".h", ".hidden", (".hidden",)),
        ("no", "no", ()),
        ("missing/x", "missing/x", ()),
    ],
)
def test_paths_complete_as_in_a_shell(typed: str, certain: str, names: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "ab").mkdir()
    for name in ("abc.sim", "ac", ".hidden", "ab/in"):
        (tmp_path / name).touch()
    assert complete(typed, tmp_path) == (certain, names)


def test_times_are_short() -> None:
    assert [clock(value) for value in (None, 7, 750, 3723)] == ["", "0:07", "12:30", "1:02:03"]


async def test_the_form_turns_choices_with_arrows_and_its_footer_tells_the_keys_of_the_field(place: Path) -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        await _opened(pilot, form_of({"simulator": "sdk"}))
        await pilot.press("e", "g", "right")
        await until_shown(pilot, "[onnxruntime]")
        assert "right next choice" in text_of(app) and "type" not in text_of(app).split("\n")[-1]
        await pilot.press("left")
        await until_shown(pilot, "[sdk]")
        await pilot.press("h", "j", "j")
        await until_shown(pilot, "space type")
        await pilot.press("tab")
        await until_shown(pilot, "dumps/")  # the files that there are
        assert "esc cancel" in text_of(app)


async def test_a_form_with_something_missing_stays_and_shows_what(place: Path) -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        screen = await _opened(pilot, form_of({"simulator": "sdk"}))
        await pilot.press("e", "G", "r")
        window = app.screen
        assert isinstance(window, RunFormDialog) and window.field.key == "float"
        await until_shown(pilot, "before it can start: float model: needed")
        await pilot.press("escape")
        assert screen.runs.pane.rows == ()


def test_hints_are_those_of_the_simulator() -> None:
    image = next(field for field in form_of({"simulator": EMBEDDED}).fields if field.key == "image")
    assert "empty: the first to calibrate with" in image.hint(EMBEDDED) and "a folder" in image.hint("sdk")


def test_the_default_simulator_is_one_that_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SGS_IPU_DIR", raising=False)
    assert RunForm().value("simulator") == EMBEDDED
    monkeypatch.setenv("SGS_IPU_DIR", str(tmp_path))
    assert RunForm().value("simulator") == "sdk"
