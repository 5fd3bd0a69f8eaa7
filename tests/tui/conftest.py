"""Every test of the app plays on the same stage, and presses a key only when all that came before has happened."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from sgs_tui.tui.widgets.key_queue import key_queue
from tests.tui import stage
from tests.tui.diagnosed import kept


@pytest.fixture(autouse=True, scope="session")
def copies_of_dumps_go_in_the_end() -> Iterator[None]:
    yield
    kept.cleanup()


@pytest.fixture
def on_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the app runs in; dumps are in `dumps/`."""
    monkeypatch.chdir(tmp_path)
    stage.set_up(tmp_path, monkeypatch.setattr)
    return tmp_path


@pytest.fixture(autouse=True)
def keys_are_handled_when_press_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual's pilot goes on when the process is idle, which on a busy machine it is before it has done anything.

    Nothing is slept for then: neither textual's 40 ms a key until it may be idle, nor the app's own until a single key
    has been painted.
    """
    press = Pilot.press

    async def at_once(*_: float) -> None:
        await asyncio.sleep(0)

    for module in ("textual.app", "textual.pilot"):
        monkeypatch.setattr(f"{module}.wait_for_idle", at_once)
    monkeypatch.setattr("sgs_tui.tui.widgets.key_queue._PAINTING", 0)

    async def pressed(pilot: Pilot[int], *keys: str) -> None:
        for key in keys:
            await press(pilot, key)
            await stage.until(pilot, lambda: key_queue(pilot.app).quiet or not pilot.app.is_running)

    monkeypatch.setattr(Pilot, "press", pressed)
