"""`sgs-tui core`: the text on stdout and in a file of its own."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.engine.test_coredump import Crash, crash

__all__ = ["crash"]


def test_the_text_is_printed_and_written(command: Command, crash: Crash, tmp_path: Path) -> None:
    target = tmp_path / "send.txt"
    ended = command("core", str(crash.program), str(crash.core), "--output", str(target))
    assert ended.code == 0
    assert ended.out == target.read_bytes()
    assert "SIGSEGV" in ended.err
    again = command("core", str(crash.program), str(crash.core), "--output", str(target))
    assert again.code == 0
    assert (tmp_path / "send.1.txt").read_bytes() == again.out
    assert target.read_bytes() == ended.out


def test_the_default_name_tells_program_and_time(
    command: Command, crash: Crash, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("core", str(crash.program), str(crash.core)).code == 0
    (written,) = tmp_path.iterdir()
    assert written.name.startswith("core_report-crash-2")


def test_without_arguments_it_says_how_to_get_a_core(command: Command) -> None:
    ended = command("core")
    assert ended.code == 0
    assert "run the simulator again" in ended.text


def test_a_missing_core_brings_the_steps(command: Command, crash: Crash) -> None:
    ended = command("core", str(crash.program), "nowhere")
    assert ended.code == 3
    assert "run the simulator again" in ended.err
    assert ended.err.splitlines()[-1] == "sgs-tui: error: nowhere: no such core file; see the steps above"
    assert command("core", str(crash.program)).code == 2


def test_a_missing_gdb_is_said(command: Command, crash: Crash, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sgs_tui.engine.coredump.shutil.which", lambda name: None)
    ended = command("core", str(crash.program), str(crash.core))
    assert ended.code == 4
    assert (
        ended.err
        == "sgs-tui: error: gdb is not installed; install it (apt-get install gdb, yum install gdb) and try again\n"
    )
