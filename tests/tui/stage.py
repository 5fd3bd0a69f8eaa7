"""A stage on which the app looks the same every time: fixed folder, fixed clocks, nothing of this machine."""

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from time import gmtime

from textual.pilot import Pilot

from sgs_tui.engine.configs.debugconfig_check import FolderState, check
from sgs_tui.tui.app import LaunchOptions, SgsApp, start_of
from sgs_tui.tui.dumps.view import Kind
from sgs_tui.tui.hints import HINTS
from sgs_tui.tui.layers.blame import NOTHING
from sgs_tui.tui.screen import MainScreen
from sgs_tui.tui.settings import Settings
from tests.tui.diagnosed import diagnosed

REPOSITORY = Path(__file__).resolve().parents[2]
REAL = REPOSITORY / "tests" / "data" / "sgs"
NOW = 1_760_000_000.0
FOLDER = Path("dumps")
SAMPLE, BENCHMARK, RANGES = (FOLDER / name for name in ("bad_fixed_dq.bin", "bad_float.bin", "tensor_min_max.txt"))
_AGES = {"bad_fixed_dq.bin": 180, "bad_float.bin": 300, "tensor_min_max.txt": 7200}


def set_up(root: Path, patch: Callable[[str, object], object]) -> None:
    """Copy the dumps of `bad` to `root`/dumps with fixed ages, go there, stop every clock the screen shows.

    What takes long and is proven elsewhere is shortened: the diagnosis of dumps that were diagnosed before, the time
    between two looks at runs under way.
    """
    shutil.copytree(REAL / "bad", root / FOLDER)
    for path in (root / FOLDER).iterdir():
        moment = NOW - _AGES.get(path.name, 86_400)
        os.utime(path, (moment, moment))
    os.chdir(root)
    patch("sgs_tui.tui.dumps.pane.time", lambda: NOW)
    patch("sgs_tui.tui.log.pane.time", lambda: NOW)
    patch("sgs_tui.tui.log.pane.localtime", gmtime)
    patch("sgs_tui.tui.triage.controller.diagnose", diagnosed)
    patch("sgs_tui.tui.runs.jobs.BUSY", 0.1)
    patch("sgs_tui.tui.journal.view.ZONE", UTC)
    patch("sgs_tui.tui.hints.seen", lambda: frozenset(HINTS))
    patch("sgs_tui.tui.debugconfig.view.check", lambda *asked: check(*asked, look_at=_roomy))


def _roomy(path: Path) -> FolderState:
    return FolderState(exists=True, is_folder=True, writable=True, free=1 << 40, has_dump=False)


def make_app(
    paths: tuple[Path, ...] = (SAMPLE, BENCHMARK), settings: Settings | None = None, ascii_only: bool = False
) -> SgsApp:
    """The app as `sgs-tui` starts it, in the dark theme."""
    settings = replace(settings or Settings(), theme=(settings and settings.theme) or "sgs-dark")
    ranges = RANGES if len(paths) == 2 and paths[0] == SAMPLE else None
    return SgsApp(start_of(LaunchOptions(paths, ranges=ranges), settings.profile), settings, ascii_only)


def text_of(app: SgsApp) -> str:
    """Everything on the screen."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)


async def until(pilot: Pilot[int], done: Callable[[], bool]) -> None:
    """Wait until it is so; a busy machine may take its time."""
    for attempt in range(1200):
        if done():
            await pilot.pause()  # what comes of it is painted
            return
        await asyncio.sleep(min(0.005 * (attempt + 1), 0.05))
    assert isinstance(pilot.app, SgsApp)
    raise AssertionError(f"never so; the screen says:\n{text_of(pilot.app)}")


async def until_shown(pilot: Pilot[int], wanted: str) -> None:
    """Wait until the screen shows it."""
    assert isinstance(pilot.app, SgsApp)
    await until(pilot, lambda: wanted in text_of(pilot.app))


def main_screen(app: SgsApp) -> MainScreen:
    """The main screen, whatever is open over it."""
    return next(screen for screen in app.screen_stack if isinstance(screen, MainScreen))


async def until_compared(pilot: Pilot[int]) -> MainScreen:
    """Wait until every row is there and histogram and details have followed."""
    app = pilot.app
    assert isinstance(app, SgsApp)
    await until(pilot, lambda: any(isinstance(screen, MainScreen) for screen in app.screen_stack))
    screen = main_screen(app)
    await until(pilot, lambda: screen.comparison.summary is not None)
    await until(pilot, lambda: screen.triage.pane.settled)
    table = screen.layer_table.pane
    await until(pilot, lambda: screen.comparison.diagnosis is None or table.model.parts is not NOTHING)
    dumps = screen.dumps.pane
    await until(pilot, lambda: all(entry.records is not None for entry in dumps.entries if entry.kind is Kind.DUMP))
    await until_followed(pilot)
    return screen


async def until_followed(pilot: Pilot[int]) -> None:
    """Wait until histogram, channels and details show the layer under the cursor."""
    assert isinstance(pilot.app, SgsApp)
    screen = main_screen(pilot.app)

    def followed() -> bool:
        histogram, details = screen.histogram.pane.view, screen.layer_table.details
        pairs = (histogram.pair, details.pair)
        same = all(pair is not None and pair.number == screen.layer_table.pane.number for pair in pairs)
        return same and histogram.counted is not None and not details.closeup.counting

    await until(pilot, followed)
    await pilot.pause(0.05)
