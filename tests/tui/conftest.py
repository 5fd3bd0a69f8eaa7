"""Every test of the app plays on the same stage, and presses a key only when all that came before has happened."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.message_pump import MessagePump
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
        queue = key_queue(pilot.app)
        for key in keys:
            await press(pilot, key)
            while queue._giving is not None and not queue._giving.done() and pilot.app.is_running:
                await asyncio.wait([queue._giving], timeout=0.1)  # an app that ends gives no more keys out
            await stage.until(pilot, lambda: queue.quiet or not pilot.app.is_running)

    monkeypatch.setattr(Pilot, "press", pressed)
    monkeypatch.setattr(Pilot, "_wait_for_screen", _handled)


async def _handled(pilot: Pilot[int], timeout: float = 30.0) -> bool:
    """All that was sent to a widget of the screen has been handled, and what came of that as well.

    Textual's own sends each widget a message and waits for all answers, a sixth of the processor time of a test of the
    app. Here only those are asked that have something to handle.
    """
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
        if not pilot.app.screen_stack:
            return False
        pumps = (pilot.app, *pilot.app.screen.walk_children(with_self=True))
        if not await _answered([pump for pump in pumps if not _waits_for_messages(pump)], pilot, timeout):
            return False
    return True


_ROUNDS = 3
"""What a message sends on is handled some turns of the loop later."""


async def _answered(pumps: list[MessagePump], pilot: Pilot[int], timeout: float) -> bool:
    asked, answered = 0, asyncio.Event()

    def answer() -> None:
        nonlocal asked
        asked -= 1
        if not asked:
            answered.set()

    asked += sum(pump.call_later(answer) for pump in pumps)
    if asked:
        ends = [asyncio.ensure_future(event.wait()) for event in (answered, pilot.app._exception_event)]
        done, pending = await asyncio.wait(ends, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        for end in pending:
            end.cancel()
        assert done, "widgets handle no messages"
    return not asked


def _waits_for_messages(pump: MessagePump) -> bool:
    """It has none, and handles none."""
    queue = pump._message_queue
    return queue.empty() and pump._pending_message is None and bool(queue.ready_event._waiters)
