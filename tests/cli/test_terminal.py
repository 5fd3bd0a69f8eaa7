"""What the command line makes of the environment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sgs_tui.cli import stderr
from sgs_tui.cli.exits import ExitCode, exit_code
from sgs_tui.cli.stderr import screen, speaks_utf8
from sgs_tui.engine import errors
from tests.cli.conftest import Command


@pytest.mark.parametrize(
    ("environment", "utf8"),
    [
        ({"LANG": "en_US.UTF-8"}, True),
        ({"LANG": "zh_CN.utf8"}, True),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, False),
        ({"LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "zh_CN.GB18030"}, False),
        ({}, False),
    ],
)
def test_locale(environment: dict[str, str], utf8: bool) -> None:
    assert speaks_utf8(environment) is utf8


@pytest.mark.parametrize(
    ("environment", "color"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, False),
    ],
)
def test_color(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], color: bool) -> None:
    monkeypatch.delenv("TERM", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert screen(ascii_only=False, to_file=False).color is color
    assert screen(ascii_only=False, to_file=True).color is False


def test_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert screen(ascii_only=False, to_file=False).columns is None
    monkeypatch.setenv("COLUMNS", "132")
    assert screen(ascii_only=False, to_file=False).columns == 132
    assert screen(ascii_only=False, to_file=True).columns is None
    monkeypatch.setenv("COLUMNS", "wide")
    assert screen(ascii_only=False, to_file=False).columns is None


def _all(kind: type[errors.SgsError]) -> Iterator[type[errors.SgsError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _all(below)


def test_every_error_has_its_code() -> None:
    codes = {kind.__name__: exit_code(kind("message")) for kind in _all(errors.SgsError)}
    assert codes["UsageError"] is ExitCode.USAGE
    assert codes["FileChangedError"] is ExitCode.INPUT
    assert codes["RunError"] is ExitCode.RUN_FAILED
    assert codes["NothingComparableError"] is ExitCode.NOTHING_COMPARABLE
    assert codes["CancelledError"] is ExitCode.INTERRUPTED
    assert codes["TerminatedError"] is ExitCode.TERMINATED
    assert all(code in (2, 3, 4, 5, 130, 143) for code in codes.values())


def test_complaints_are_one_harmless_line(capsys: pytest.CaptureFixture[str]) -> None:
    stderr.error("bad \x1b[2J name\nsecond [red]line\u202e", "mend\rit")
    assert capsys.readouterr().err == "sgs-tui: error: bad \\x1b[2J name\\x0asecond [red]line\\u202e; mend\\x0dit\n"


def test_complaints_never_reach_stdout(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with monkeypatch.context() as closed:
        closed.setattr("sys.stderr", None)
        stderr.error("nobody reads this")
    assert capsys.readouterr() == ("", "")


def test_output_to_a_device_keeps_the_device(command: Command, tmp_path: Path) -> None:
    assert command("compare", "tiny/float.bin", "tiny/float.bin", "--output", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()
    assert command("compare", "tiny/float.bin", "tiny/float.bin", "--output", str(tmp_path)).code == 3


def test_a_dash_is_stdout(command: Command) -> None:
    arguments = ("compare", "tiny/float.bin", "tiny/float.bin", "--format", "csv")
    assert command(*arguments, "--output", "-").out == command(*arguments).out
