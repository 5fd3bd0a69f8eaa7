"""Which command is meant when none is named."""

from pathlib import Path

import pytest

from sgs_tui.cli import COMMANDS as ALL
from sgs_tui.cli.main import with_command
from sgs_tui.engine.errors import UsageError

COMMANDS = {"compare", "inspect", "open"}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ([], ["open"]),
        (["a", "b"], ["open", "a", "b"]),
        (["--ranges", "r", "a", "b"], ["open", "--ranges", "r", "a", "b"]),
        (["--batch", "a", "b"], ["compare", "--batch", "a", "b"]),
        (["a", "b", "--batch"], ["compare", "a", "b", "--batch"]),
        (["--top", "3", "a", "b", "--batch"], ["compare", "--top", "3", "a", "b", "--batch"]),
        (["--batch", "inspect", "a"], ["inspect", "--batch", "a"]),
        (["--batch", "./inspect", "b"], ["compare", "--batch", "./inspect", "b"]),
        (["compare", "a", "b"], ["compare", "a", "b"]),
        (["--", "--batch", "b"], ["open", "--", "--batch", "b"]),
        (["--batch", "--", "compare", "b"], ["compare", "--batch", "--", "compare", "b"]),
        (["--help"], ["--help"]),
        (["--version"], ["--version"]),
        (["--show-completion=bash"], ["--show-completion=bash"]),
    ],
)
def test_spelled_out(given: list[str], meant: list[str]) -> None:
    assert with_command(given, COMMANDS) == meant


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["cmpare", "a", "b"], "compare"),
        (["cmpare", "a", "b", "--format", "json"], "compare"),
        (["--batch", "cmpare", "a", "b"], "compare"),
        (["Compare", "a", "b"], "compare"),
        (["histgram", "a"], "histogram"),
        (["inspct"], "inspect"),
        (["debug-config", "show"], "debugconfig"),
    ],
)
def test_a_mistyped_command_is_asked_about(given: list[str], meant: str) -> None:
    with pytest.raises(UsageError, match="no file or command is called") as raised:
        with_command(given, ALL)
    assert raised.value.hint == f"did you mean `sgs-tui {meant}`?"


def test_a_file_that_is_named_like_a_command_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cmpare").touch()
    assert with_command(["cmpare", "b"], ALL) == ["open", "cmpare", "b"]
