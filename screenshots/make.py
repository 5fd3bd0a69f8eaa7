"""Make the pictures of this folder from the real app on real dumps: `python screenshots/make.py [FOLDER]`.

Clocks are stopped and paths are relative, so the same code gives the same bytes; a test says when they are outdated.
"""

import asyncio
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
sys.path.insert(0, str(REPOSITORY))

from sgs_tui.tui.app import SgsApp  # noqa: E402
from sgs_tui.tui.launch import LaunchOptions, start_of  # noqa: E402

BAD = Path("tests/data/sgs/bad")
PAIR = (BAD / "bad_fixed_dq.bin", BAD / "bad_float.bin")


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: terminal size, keys pressed on the compared pair, what is awaited on the screen."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...]
    awaited: str


SHOTS = (
    Shot("triage-160x50", (160, 50), ("n",), "ch 0"),
    Shot("triage-80x24", (80, 24), ("n",), "RMSE 0.9991"),
    Shot("histogram-80x24", (80, 24), ("n", "2"), "ch 0"),
    Shot("debugconfig-120x40", (120, 40), ("4", "f"), "byte for byte"),
    Shot("help-80x24", (80, 24), ("n", "question_mark"), "keys of this pane"),
)


async def take(shot: Shot) -> str:
    """The SVG of one shot."""
    app = SgsApp(start_of(LaunchOptions(PAIR, ranges=BAD / "tensor_min_max.txt"), ""))
    app.theme = "sgs-dark"
    async with app.run_test(size=shot.size) as pilot:
        await settled(pilot.pause, lambda: "COS" in text_of(app) and "%" not in app.screen.query("#title").first().text)
        for key in shot.keys:
            await pilot.press(key)
            await pilot.pause(0.2)
        await settled(pilot.pause, lambda: shot.awaited in text_of(app))
        await pilot.pause(0.3)
        svg = app.export_screenshot(title="sgs-tui")
        return re.sub(r"terminal-\d+", "terminal", svg).replace("<text class", "<text xml:space=\"preserve\" class")


def text_of(app: SgsApp) -> str:
    """Everything on the screen."""
    width, height = app.size
    return "\n".join("".join(s.text for s in strip) for strip in app.screen._compositor.render_strips())


async def settled(pause: Callable[[float], object], done: Callable[[], bool]) -> None:
    """Wait until it is so; ten seconds at most."""
    for _ in range(200):
        if done():
            return
        await pause(0.05)
    raise TimeoutError("the screen never showed what was awaited")


def main(folder: Path) -> None:
    """Write every picture."""
    os.chdir(REPOSITORY)
    for shot in SHOTS:
        svg = asyncio.run(take(shot))
        (folder / f"{shot.name}.svg").write_text(svg, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else HERE)
