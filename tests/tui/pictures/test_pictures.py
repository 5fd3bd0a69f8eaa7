"""The pane of pictures by its keys: a sweep of the twin in the background, one picture compared, the sweep again."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.runs.run_list import list_runs
from sgs_tui.engine.runs.runs import cancel_run, wait_run
from sgs_tui.engine.sweep.results import PictureRow, Status, SweepResult
from sgs_tui.tui.pictures.view import WAITING, Pace, state_of, strip
from sgs_tui.tui.screen import MainScreen
from tests.tui.stage import BENCHMARK, make_app, text_of, until, until_compared, until_shown

LARGE = (120, 40)


@pytest.fixture
def place(on_stage: Path) -> Iterator[Path]:
    folder = on_stage / "pictures"
    folder.mkdir()
    with open_dump(BENCHMARK) as dump:
        own = dump.read(dump.find("data")[0]).reshape(1, 32, 32, 3)
    for number, gain in enumerate((1, 0.9, 5)):
        np.save(folder / f"p{number}.npy", own * np.float32(gain))
    (folder / "p3.npy").write_bytes(b"no array")
    yield on_stage
    for run in list_runs(on_stage / "sgs_runs"):
        with suppress(InputError):
            cancel_run(run.folder.path)
            wait_run(run.folder.path, 60)


async def swept(pilot: Pilot[int], screen: MainScreen) -> None:
    await pilot.press("8")
    await until_shown(pilot, "no sweep here yet")
    await sweep_of(pilot, "twin", "Sweep over which pictures?", "pictures")
    pane = screen.pictures.pane
    await until(pilot, lambda: pane.result is not None and not pane.state and not _waiting(screen))


async def sweep_of(pilot: Pilot[int], kind: str, question: str, answer: str) -> None:
    await pilot.press("r")
    await until_shown(pilot, "what makes the two sides")
    await pilot.press(*kind, "enter")
    await until_shown(pilot, question)
    await pilot.press(*answer, "enter")


def _waiting(screen: MainScreen) -> bool:
    return any(shown.waiting for shown in screen.pictures.pane.table.items)


@pytest.mark.timeout(110)
async def test_a_sweep_and_one_picture_of_it(place: Path) -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        await swept(pilot, screen)
        pane = screen.pictures.pane
        assert pane.table.items[0].row.name == "p2" and pane.table.items[-1].row.name == "p3"
        shown = text_of(app)
        assert "4 of 4 pictures" in shown and "error over the pictures" in shown
        assert pane.result is not None and len(strip(pane.result, 0, 40)) == 4
        swept_layers = screen.layer_table.pane.model.swept
        assert len(swept_layers) == 20 and swept_layers["gate"].fails == 3
        assert {"set_worst", "set_median", "set_fails"} <= {each.id for each in screen.layer_table.pane.table.columns}
        await pilot.press("e")
        await until_shown(pilot, "What the set shows")
        await pilot.press("escape", "g", "enter")
        await until(pilot, lambda: screen.comparison.picks.benchmark != BENCHMARK)
        await until_compared(pilot)
        assert screen.comparison.picks.sample is not None and screen.comparison.picks.sample.name == "p2_fixed.bin"
        worst = max(row.metrics.rmse for row in screen.comparison.rows if row.metrics is not None)
        assert worst == pane.table.items[0].row.worst_rmse
        await pilot.press("8", "c")
        await until(pilot, lambda: len(list_runs(place / "sgs_runs")) == 2)


def test_what_a_sweep_does_is_said_with_its_rate() -> None:
    rows = [PictureRow(f"p{place}", Status.OK if place < 6 else Status.ERROR, "") for place in range(12)]
    rows = [replace(row, reason=WAITING) if row.status is Status.ERROR else row for row in rows]
    result = SweepResult(tuple(rows), (), (), (), (), (), np.zeros((0, 12)), np.zeros((0, 12), np.uint8), ())
    pace = Pace(Path("run"), 100.0, 2)
    assert state_of(result, True, pace, 108.0) == "under way  0.5/s  0:12 left"
    assert state_of(result, True, replace(pace, done=6), 108.0) == state_of(result, True, None, 108.0) == "under way"
    assert state_of(result, False, None, 0.0) == "stopped, c goes on"
    done = replace(result, pictures=result.pictures[:6])
    assert state_of(done, False, None, 0.0) == "" and "INT16 is tried" in state_of(done, True, pace, 108.0)


@pytest.mark.timeout(110)
async def test_a_sweep_over_dumps_that_are_there(place: Path, sgs: Path) -> None:
    """Two folders: one picture is the pair on show, the other compares to it; nothing is made by the twin."""
    for side, name in (("fixed", "bad_fixed_dq.bin"), ("float", "bad_float.bin")):
        (place / side).mkdir()
        for number in (1, 2):
            (place / side / f"p{number}.bin").write_bytes((sgs / "bad" / name).read_bytes())
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("8")
        await sweep_of(pilot, "pairs", "Sweep over which dumps?", "fixed, float")
        pane = screen.pictures.pane
        await until(pilot, lambda: pane.result is not None and not pane.state and not _waiting(screen))
        assert pane.job is not None and pane.job.names == ("p1", "p2")
        assert not screen.layer_table.pane.model.swept, "it is of other files than those on show"
        await pilot.press("enter")
        await until(pilot, lambda: screen.comparison.picks.benchmark == place / "float" / "p1.bin")
        await until_compared(pilot)
        await until(pilot, lambda: "gate" in screen.layer_table.pane.model.swept)
        assert screen.layer_table.pane.model.swept["gate"].fails == 2
