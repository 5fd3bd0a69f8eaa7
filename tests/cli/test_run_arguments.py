"""NAME=VALUE arguments, sizes, the options shared with compare, Ctrl-C at a bad moment, the status line."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.batch.console import Screen
from sgs_tui.batch.progress import StatusLine
from sgs_tui.batch.watch import standing
from sgs_tui.cli import options
from sgs_tui.cli.compare import ReportOptions
from sgs_tui.cli.options import with_options
from sgs_tui.cli.stderr import Stop, cancelling_interrupts, held_interrupts
from sgs_tui.engine.backends.samples import open_shapes
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.numbers import clock
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.runs import Snapshot
from tests.cli.conftest import Command

PAIR = ("bad/bad_fixed_dq.bin", "bad/bad_float.bin")


def test_input_files() -> None:
    assert options.input_files(["x=/a=b.npy"]) == {"x": Path("/a=b.npy")}
    for wrong in (["x"], ["=a"], ["x="], ["x=a", "x=b"]):
        with pytest.raises(UsageError):
            options.input_files(wrong)


def test_shapes() -> None:
    assert open_shapes(["x:0=1,3, 224,224", "a=b=4"]) == {"x:0": (1, 3, 224, 224), "a=b": (4,)}
    assert open_shapes(["scalar=", "none=0,3"]) == {"scalar": (), "none": (0, 3)}
    for wrong in (["x"], ["x=,"], ["x=-1"], ["x=1,,2"], ["=1"], ["x=\u0663"], ["x=1", "x=2"]):
        with pytest.raises(UsageError):
            open_shapes(wrong)


def test_names_in_lists_and_repetitions() -> None:
    assert options.names(["a, b", "", "b,c"]) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("text", "size"),
    [("500M", 500_000_000), ("2g", 2 * 10**9), ("1.5GB", 1_500_000_000), ("64KiB", 64_000), ("123", 123)],
)
def test_memory(text: str, size: int) -> None:
    assert options.memory(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1G", "0", "1e400", "many", "inf", "nan"])
def test_memory_that_is_none(text: str) -> None:
    with pytest.raises(UsageError):
        options.memory(text)


def test_any_printing_option_of_compare_prints() -> None:
    seen: list[ReportOptions] = []

    def command(*, report: ReportOptions) -> int:
        seen.append(report)
        return 0

    wrapped = with_options(command)
    defaults = {name: entry.default for name, entry in wrapped.__signature__.parameters.items()}  # type: ignore[attr-defined]
    for changes in ({}, {"profile": "sop"}, {"ranges": Path("x")}, {"batch": True}, {"top": 3}, {"output": Path("-")}):
        wrapped(**{**defaults, **changes})
    assert [report.prints for report in seen] == [False, False, False, True, True, True]


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C as in a shell's foreground, wherever the tests were started."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_program_that_ignores_ctrl_c_goes_on_ignoring_it(ctrl_c: None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with held_interrupts() as held, cancelling_interrupts() as cancel:
        os.kill(os.getpid(), signal.SIGINT)
    assert not held.is_set() and not cancel.is_set()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_ctrl_c_is_held_back_and_remembered(ctrl_c: None) -> None:
    before = signal.getsignal(signal.SIGINT)
    with held_interrupts() as held:
        os.kill(os.getpid(), signal.SIGINT)
    assert held.is_set() and signal.getsignal(signal.SIGINT) is before


def test_the_second_ctrl_c_is_a_real_one(ctrl_c: None) -> None:
    with pytest.raises(KeyboardInterrupt), cancelling_interrupts() as cancel:
        os.kill(os.getpid(), signal.SIGINT)
        assert cancel.is_set()
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("whatif", *PAIR), "the prediction was stopped"),
        (("twin", PAIR[1], "--run", "picture.npy", "--dumps", "."), "the run was stopped"),
        (("optimize", "twin", *PAIR), "the search was stopped; the same command goes on where it stopped"),
    ],
)
def test_a_job_that_is_terminated_says_so(
    sgs: Path,
    tmp_path: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("picture.npy", np.zeros((1, 32, 32, 3), np.float32))
    asked, sent = Stop.is_set, []

    def terminated(stop: Stop) -> bool:
        if not sent:
            sent.append(os.kill(os.getpid(), signal.SIGTERM))
        return asked(stop)

    monkeypatch.setattr(Stop, "is_set", terminated)
    ended = command(*(str(sgs / word) if word in PAIR else word for word in arguments))
    assert (ended.code, ended.out) == (143, b"") and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert ended.err.splitlines()[-1] == f"sgs-tui: error: {said}"
    assert not list(tmp_path.glob("*.bin"))


def test_a_run_in_words() -> None:
    assert [clock(None), clock(7.9), clock(750), clock(3723)] == ["", "0:07", "12:30", "1:02:03"]
    now = Snapshot(RunState.RUNNING, 12.0, 12_300_000, 171_600_000, "", "")
    assert standing(now) == "running 0:12, dump 12.3 MB of 171.6 MB"
    assert standing(Snapshot(RunState.RUNNING, 12.0, 12_300_000, None, "", "")) == "running 0:12, dump 12.3 MB"
    assert standing(Snapshot(RunState.QUEUED, None, None, None, "", "", 40.0)) == "queued"
    assert standing(Snapshot(RunState.RUNNING, 12.0, None, None, "", "", 40.0)) == "running 0:12 of about 0:40"


def test_the_status_line_keeps_to_its_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sgs_tui.batch.progress._columns", lambda: 40)
    with StatusLine(Screen(), wanted=True) as line:
        line.show("net.sim, float: running 0:01", "a last line that is much too long to be shown")
        line.show("short", "\x1b[31mred\n")
    written = capsys.readouterr().err
    first, second, cleared = written.split("\r")[1::2]
    assert len(first) == 39 and first.startswith("net.sim, float: running 0:01  ")
    assert second.rstrip() == "short  \\x1b[31mred\\x0a" and len(second) == 39
    assert cleared.strip() == "" and "\n" not in written and "\x1b" not in written


def test_no_terminal_no_status_line(capsys: pytest.CaptureFixture[str]) -> None:
    with StatusLine(Screen()) as line:
        line.show("anything")
    assert capsys.readouterr().err == ""
