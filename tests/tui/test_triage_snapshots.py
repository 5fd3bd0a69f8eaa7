"""Triage, runs, INT16 and baseline as pictures. Update with --snapshot-update and look at the report."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.stage import REAL, main_screen, make_app, until, until_compared, until_followed, until_shown

SIZES = [(80, 24), (160, 50)]
SCREENS: dict[str, tuple[tuple[str, ...], str]] = {
    "triage": (("6",), "measured on the whole dump"),
    "details-with-part": (("d",), "the error begins here"),
    "runs-none": (("7",), "no runs here yet"),
    "run-form": (("7", "e", "enter", *"net", "enter"), "no such file"),
    "int16": (("I",), "foreseen: 1 layer fails -> 0"),
    "int16-write": (("I",), "foreseen: 1 layer fails -> 0"),
    "baseline-same": (("M", "B"), "20 same"),
}
THEN: dict[str, tuple[tuple[str, ...], str]] = {"int16-write": (("w",), "the old file is kept")}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
def test_screen(
    name: str,
    size: tuple[int, int],
    on_stage: Path,
    monkeypatch: pytest.MonkeyPatch,
    snap_compare: Callable[..., bool],
) -> None:
    monkeypatch.delenv("SGS_IPU_DIR", raising=False)
    keys, awaited = SCREENS[name]

    async def play(pilot: Pilot[int]) -> None:
        screen = await until_compared(pilot)
        await until(pilot, lambda: screen.runs.pane.listed)
        await pilot.press(*keys)
        await until_shown(pilot, awaited)
        if name in THEN:
            more, awaited_then = THEN[name]
            await pilot.press(*more)
            await until_shown(pilot, awaited_then)
        await until_followed(pilot)

    assert snap_compare(make_app(), terminal_size=size, run_before=play)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_recovered(size: tuple[int, int], on_stage: Path, snap_compare: Callable[..., bool]) -> None:
    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: len(pilot.app.screen_stack) > 1)
        screen = main_screen(pilot.app)  # type: ignore[arg-type]
        await until(pilot, lambda: screen.triage.pane.diagnosis is not None)
        await pilot.press("6", "r")
        await until_shown(pilot, "padded rows")

    for name in ("fixed_dq_keepgarbage.bin", "float.bin"):
        (on_stage / name).write_bytes((REAL / "tiny" / name).read_bytes())
    paths = (Path("fixed_dq_keepgarbage.bin"), Path("float.bin"))
    assert snap_compare(make_app(paths), terminal_size=size, run_before=play)
