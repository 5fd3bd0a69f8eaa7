"""Every screen as a picture, at the three sizes that matter. Update with --snapshot-update and look at the report."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.stage import BENCHMARK, FOLDER, make_app, until_compared, until_followed, until_shown

SIZES = [(80, 24), (120, 40), (160, 50)]
SCREENS: dict[str, tuple[tuple[str, ...], str]] = {
    "layers": ((), "gate"),
    "sorted-and-filtered": (("s", *"/rmse>0.02", "enter"), "of 20 layers"),
    "typing-a-filter": ((*"/op:conv",), "op:conv"),
    "histogram": (("2",), "of error"),
    "histogram-error-log": (("2", "D", "L"), "error"),
    "histogram-overlay": (("2", "o"), "benchmark only"),
    "histogram-channel": (("2", "l"), "[ch "),
    "details": (("d",), "the error begins here"),
    "dumps": (("3",), "newest first"),
    "records": (("3", "enter"), "62 records"),
    "debugconfig": (("4",), "no problems"),
    "debugconfig-trap": (("4", "j", "space"), "dequantFixed without"),
    "debugconfig-save": (("4", "j", "space", "w"), "still to mind"),
    "log": (("5",), "diagnosis"),
    "help": (("2", "question_mark"), "keys of this pane"),
    "palette": (("colon", *"sort"), "layers.sort"),
    "columns": (("c",), "wider by"),
    "unmatched": (("u",), "graph input"),
    "filled": (("2", "f"), "values"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
def test_screen(name: str, size: tuple[int, int], on_stage: Path, snap_compare: Callable[..., bool]) -> None:
    keys, awaited = SCREENS[name]

    async def play(pilot: Pilot[int]) -> None:
        await until_compared(pilot)
        await pilot.press(*keys)
        await until_shown(pilot, awaited)
        await until_followed(pilot)

    assert snap_compare(make_app(), terminal_size=size, run_before=play)


@pytest.mark.parametrize("theme", ["sgs-light", "ansi-dark", "ansi-light"])
def test_theme(theme: str, on_stage: Path, snap_compare: Callable[..., bool]) -> None:
    async def play(pilot: Pilot[int]) -> None:
        await until_compared(pilot)
        pilot.app.theme = theme
        await pilot.press("n")
        await until_followed(pilot)

    assert snap_compare(make_app(), terminal_size=(160, 50), run_before=play)


def test_too_small(on_stage: Path, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(make_app(), terminal_size=(50, 12), run_before=until_compared_anywhere)


async def until_compared_anywhere(pilot: Pilot[int]) -> None:
    await until_shown(pilot, "needs 60x15")


def test_a_folder_to_choose_from(on_stage: Path, snap_compare: Callable[..., bool]) -> None:
    async def play(pilot: Pilot[int]) -> None:
        await until_shown(pilot, "167.9 KB")
        await until_shown(pilot, "74")

    assert snap_compare(make_app((FOLDER,)), terminal_size=(80, 24), run_before=play)


def test_a_file_that_is_not_there(on_stage: Path, snap_compare: Callable[..., bool]) -> None:
    async def play(pilot: Pilot[int]) -> None:
        await until_shown(pilot, "cannot open")
        await until_shown(pilot, "no layers yet")

    assert snap_compare(make_app((FOLDER / "absent.bin", BENCHMARK)), terminal_size=(80, 24), run_before=play)
