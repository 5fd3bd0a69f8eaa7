"""Runs and the app in a real terminal: a dropped line, coming back, silence on the wire."""

import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import list_runs
from sgs_tui.engine.runs.runs import cancel_run, wait_run
from sgs_tui.tui.settings import ViewState, save_state
from tests.tui import run_stage
from tests.tui.terminal import REPOSITORY, Terminal

PATIENCE = 60.0
IN_FOLDER = """
import os, sys
folder, repository = sys.argv[1:3]
sys.path.insert(0, repository)
os.chdir(folder)
from sgs_tui.__main__ import main
sys.argv = ["sgs-tui", *sys.argv[3:]]
sys.exit(main())
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where the app is started; whatever still runs at the end of the test is ended."""
    yield tmp_path
    for run in list_runs(tmp_path / "sgs_runs"):
        with suppress(InputError):
            cancel_run(run.folder.path)
            wait_run(run.folder.path, PATIENCE)


def _terminal(place: Path) -> Terminal:
    command = (sys.executable, "-c", IN_FOLDER, str(place), str(REPOSITORY))
    return Terminal((), environment=run_stage.environment(place), command=command)


def _remember(place: Path, behave: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The form as it was left in an earlier start."""
    values = run_stage.set_up(place, behave).values
    monkeypatch.setenv("XDG_STATE_HOME", run_stage.environment(place)["XDG_STATE_HOME"])
    save_state(place, ViewState(run=dict(values)))


def _start(terminal: Terminal) -> None:
    terminal.wait_for("no dumps chosen")
    terminal.press("7")
    terminal.wait_for("no runs here yet")
    terminal.press("r")
    terminal.wait_for("running")


def test_runs_survive_a_dropped_line_and_the_next_start_shows_and_opens_them(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _remember(place, "slow", monkeypatch)
    with _terminal(place) as terminal:
        _start(terminal)
        terminal.signal(signal.SIGHUP)
        assert terminal.finish() == 128 + signal.SIGHUP
    runs = list_runs(place / "sgs_runs")
    assert len(runs) == 2 and any(run.state.active for run in runs)
    with _terminal(place) as terminal:
        terminal.wait_for("no dumps chosen")
        terminal.press("7")
        terminal.wait_for("fixed-fixed")  # more of it goes where both began in one second
        ended = [wait_run(run.folder.path, PATIENCE) for run in runs]
        assert [run.state for run in ended] == [RunState.OK, RunState.OK]
        terminal.wait_for(lambda text: text.count(" ok, ") >= 2)
        terminal.press("c")
        terminal.wait_for("20 layers")
        terminal.press("q")
        assert terminal.finish() == 0


def test_a_path_typed_ahead_is_completed_and_kept(place: Path) -> None:
    run_stage.set_up(place)
    with _terminal(place) as terminal:
        terminal.wait_for("no dumps chosen")
        terminal.press("7")
        terminal.wait_for("no runs here yet")
        terminal.press("e")
        terminal.wait_for("What to run")
        terminal.press("k\x1b[D")
        terminal.wait_for("[sdk]")
        terminal.press("r\rnet_fl\t\r")  # r goes to what is missing first
        terminal.wait_for("float model  net_float.sim")
        terminal.wait_for("*_fixed.sim")


def test_quitting_says_what_goes_on(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _remember(place, "hang", monkeypatch)
    with _terminal(place) as terminal:
        _start(terminal)
        terminal.wait_for("now it hangs")
        terminal.press("q")
        assert terminal.finish() == 0
        after = terminal.output[terminal.output.rfind(b"\x1b[?1049l") :].decode()
    assert "2 runs go on" in after and "sgs-tui runs" in after
    assert any(run.state is RunState.RUNNING for run in list_runs(place / "sgs_runs"))


def test_a_silent_run_sends_nothing_down_the_line(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _remember(place, "hang", monkeypatch)
    with _terminal(place) as terminal:
        _start(terminal)
        terminal.wait_for("now it hangs")
        terminal.settle(2.0)
        assert terminal.read(4.0) == b""
