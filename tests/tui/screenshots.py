"""Make the pictures of screenshots/ from the real app on real dumps: `python -m tests.tui.screenshots [FOLDER [NAME]]`.

The same code gives the same bytes; a test says when the pictures in the repository are outdated.
"""

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np

from sgs_tui.engine.backends.samples import image_samples
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.sweep.background import SweepJob
from sgs_tui.engine.sweep.results import SweepResult
from sgs_tui.engine.sweep.sweep import Sweep, processes
from sgs_tui.language import CHINESE, ENGLISH, speak
from sgs_tui.tui.export import picture_of
from tests.tui import stage

FOLDER = stage.REPOSITORY / "screenshots"


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: terminal size, keys pressed on the compared pair, what is awaited on the screen."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...]
    awaited: str
    swept: bool = False
    """A sweep over some pictures is there."""
    language: str = ENGLISH


SHOTS = (
    Shot("triage-160x50", (160, 50), (), "ch 3"),
    Shot("triage-80x24", (80, 24), (), "RMSE 0.9991 >"),
    Shot("histogram-80x24", (80, 24), ("2",), "ch 0"),
    Shot("debugconfig-120x40", (120, 40), ("4", "f"), "byte for byte"),
    Shot("network-120x40", (120, 40), ("9", "f"), "error begins"),
    Shot("whatif-80x24", (80, 24), ("I",), "self-check"),
    Shot("scatter-80x24", (80, 24), ("v",), "both are equal"),
    Shot("map-80x24", (80, 24), ("m",), "by share of error"),
    Shot("pictures-120x40", (120, 40), ("8", "f"), "error over the pictures", swept=True),
    Shot("help-80x24", (80, 24), ("2", "question_mark"), "keys of this pane"),
    Shot("triage-160x50.zh", (160, 50), (), "通道 3", language=CHINESE),
    Shot("triage-80x24.zh", (80, 24), (), "RMSE 0.9991 >", language=CHINESE),
    Shot("histogram-80x24.zh", (80, 24), ("2",), "通道 0", language=CHINESE),
    Shot("network-120x40.zh", (120, 40), ("9", "f"), "误差起点", language=CHINESE),
    Shot("whatif-80x24.zh", (80, 24), ("I",), "自检", language=CHINESE),
    Shot("pictures-120x40.zh", (120, 40), ("8", "f"), "各图片的误差", swept=True, language=CHINESE),
    Shot("help-80x24.zh", (80, 24), ("2", "question_mark"), "本窗格的按键", language=CHINESE),
)


def sweep() -> tuple[SweepJob, SweepResult]:
    """Twelve pictures by the twin, in this process: that of the dumps darker and brighter, some with noise."""
    folder, noise = Path("pictures").absolute(), np.random.default_rng(0)
    folder.mkdir()
    with open_dump(stage.BENCHMARK) as dump:
        own = dump.read(dump.find("data")[0]).reshape(1, 32, 32, 3)
    for number, gain in enumerate((1, 0.9, 0.6, 1.1, 0.3, 2.5, 1.2, 0.8, 1.6, 0.5, 4, 0.1)):
        picture = own * np.float32(gain) + (noise.normal(0, 0.2, own.shape).astype(np.float32) if number % 3 else 0)
        np.save(folder / f"cam{number:02}.npy", picture.astype(np.float32))
    files = (stage.SAMPLE.absolute(), stage.BENCHMARK.absolute(), stage.RANGES.absolute())
    job = SweepJob(image_samples(str(folder)), fixed_dump=files[0], float_dump=files[1], ranges=files[2])
    asked = Sweep(replace(job.request(), journal=None), processes(1))
    for _ in asked.run():
        pass
    return job, asked.result()


async def take(shot: Shot) -> str:
    """The SVG of one shot, taken on the stage."""
    speak(shot.language)
    app = stage.make_app()
    async with app.run_test(size=shot.size) as pilot:
        screen = await stage.until_compared(pilot)
        if shot.swept:
            await pilot.pause()
            screen.pictures.pane.show_sweep(*sweep(), "")
        for key in shot.keys:
            await pilot.press(key)
            await stage.until_followed(pilot)
        await stage.until_shown(pilot, shot.awaited)
        svg, before = picture_of(app), ""
        while svg != before:  # what else has changed with it is drawn, too
            await pilot.pause()
            before, svg = svg, picture_of(app)
    return re.sub(r"terminal-\d+", "terminal", svg)


def main(folder: Path, names: Sequence[str] = ()) -> None:
    """Write every picture, or those of these names, each on a stage and in a home folder of its own."""
    for shot in (shot for shot in SHOTS if not names or shot.name in names):
        with tempfile.TemporaryDirectory() as root, ExitStack() as undo:
            home = dict.fromkeys(("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), f"{root}/home")
            undo.enter_context(patch.dict("os.environ", home))
            undo.callback(os.chdir, Path.cwd())
            stage.set_up(Path(root), lambda target, new: undo.enter_context(patch(target, new)))
            (folder / f"{shot.name}.svg").write_text(asyncio.run(take(shot)), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else FOLDER, sys.argv[2:])
