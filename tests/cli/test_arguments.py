"""Which command is meant when none is named."""

import pytest

from sgs_tui.cli.main import with_command

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
