"""Running the command line in this process, on bytes."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sgs_tui.__main__ import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def words(self) -> str:
        """The text wherever its lines were broken, which a longer path above moves."""
        return " ".join(self.text.split())


Command = Callable[..., Ended]


@pytest.fixture
def command(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, sgs: Path) -> Command:
    """Runs `sgs-tui ARGUMENTS` from the folder of the real dumps, so that paths in its output are short."""
    monkeypatch.chdir(sgs)
    # threads of other tests, Dask's among them, would have it end this process
    monkeypatch.setattr("sgs_tui.__main__._leave_at_once", lambda code: None)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["sgs-tui", *arguments])
        code = main()
        captured = capsysbinary.readouterr()
        return Ended(code, captured.out, captured.err.decode())

    return run
