"""Every test of the app plays on the same stage."""

from pathlib import Path

import pytest

from tests.tui import stage


@pytest.fixture
def on_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the app runs in; dumps are in `dumps/`."""
    monkeypatch.chdir(tmp_path)
    stage.set_up(tmp_path, monkeypatch.setattr)
    return tmp_path
