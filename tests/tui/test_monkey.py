"""A thousand documented keys at random, on terminals of any size: the app stays alive and finds its way back."""

import random
from pathlib import Path

import pytest
from textual.widget import Widget

from sgs_tui.tui import screen as screen_module
from sgs_tui.tui.actions import ACTIONS
from sgs_tui.tui.widgets.prompt import Prompt
from tests.tui.stage import BENCHMARK, REAL, SAMPLE, main_screen, make_app, text_of, until_compared

KEYS = 1000
_LEAVING = frozenset({"app.quit", "app.interrupt", "app.suspend"})
"""Actions that end the app or stop its process."""
_TYPED = (*"abcxyz059.*>!", "space", "backspace")
_SIZES = ((80, 24), (160, 50), (120, 40), (60, 15), (40, 10), (1, 1), (200, 2), (3, 60))


def documented() -> list[str]:
    """Every key of every action, without those that leave."""
    leaving = {key for action in ACTIONS if action.id in _LEAVING for key in action.keys.split(",")}
    keys = {key for action in ACTIONS for key in action.keys.split(",")} - leaving
    return sorted(keys)


@pytest.mark.parametrize("seed", range(5))
async def test_a_thousand_keys(seed: int, on_stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen_module, "edit_file", lambda app, path: "")
    monkeypatch.delenv("SGS_IPU_DIR", raising=False)
    dice, keys = random.Random(seed), documented()
    original = on_stage / "original.bin"
    original.write_bytes((REAL / "onnx" / "onnx_NHWC_outtensor_dump.bin").read_bytes())
    app = make_app((SAMPLE, BENCHMARK, original) if seed % 2 else (SAMPLE, BENCHMARK))
    pressed: list[str] = []
    async with app.run_test(size=_SIZES[seed % 3]) as pilot:
        await until_compared(pilot)
        for _ in range(KEYS):
            focused: Widget | None = app.screen.focused
            typing = isinstance(focused, Prompt) and dice.random() < 0.7
            pressed.append(dice.choice(_TYPED if typing else keys))
            await pilot.press(pressed[-1])
            if dice.random() < 0.02:
                size = dice.choice(_SIZES)
                pressed.append(f"{size[0]}x{size[1]}")
                await pilot.resize_terminal(*size)
            assert app.crash is None and app.is_running, pressed[-30:]
        await pilot.resize_terminal(80, 24)
        while app.screen is not main_screen(app):
            await pilot.press("escape")
        await pilot.press("escape", "1")
        assert "[1 Layers]" in text_of(app), pressed[-30:]
