"""Every window of the app in every look, as pictures: one start of the app a look, which walks through all of them.

Update with --snapshot-update and look at each.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy import SnapshotAssertion
from textual.pilot import Pilot

from sgs_tui.tui.frame.dialogs import Dialog
from sgs_tui.tui.settings import Settings
from sgs_tui.tui.tensor.windows import HeatWindow
from tests.tui.stage import (
    BENCHMARK,
    FOLDER,
    REAL,
    SAMPLE,
    make_app,
    until,
    until_compared,
    until_followed,
    until_shown,
)


@dataclass(frozen=True, slots=True)
class Page:
    """What is pressed from the layer table on, what is awaited then, and what is pressed to be back there."""

    name: str
    keys: tuple[str, ...]
    awaited: str
    back: tuple[str, ...] = ()
    least: int = 0
    """Columns from which it is there."""


PAGES = (
    Page("verdict", (), "6 why"),
    Page("histogram", ("2", "o"), "benchmark only", ("o", "1")),
    Page("triage", ("6",), "measured on the whole dump", ("1",)),
    Page("details", ("d",), "the error begins here", ("1",)),
    Page("network", ("9",), "error begins", ("1",)),
    Page("scatter", ("v",), "correlation", ("escape",)),
    Page("map", ("m",), "by share of error", ("escape",)),
    Page("heat", ("e",), "channels not known", ("escape",)),
    Page("whatif", ("I",), "self-check", ("escape",)),
    Page("count", ("F",), "values in 20 layers", ("escape",)),
    Page("export", ("E",), "PNG", ("escape",)),
    Page("baseline", ("M", "B"), "20 same", ("escape",)),
    Page("pictures", ("8",), "no sweep", ("1",)),
    Page("run-form", ("7", "e"), "before it can start", ("escape", "1")),
    Page("run-form-refused", ("7", "e", "enter", *"none.onnx", "enter", "r"), "no such file", ("escape", "1")),
    Page("columns", ("c",), "wider by", ("escape",)),
    Page("help", ("question_mark",), "keys of this pane", ("escape",)),
    Page("help-beside", ("question_mark", "b"), "keys of this pane", ("question_mark",), least=120),
    Page("sorted", ("s", "left", "semicolon"), "2", ("o",)),
)


@dataclass(frozen=True, slots=True)
class Look:
    """A terminal."""

    size: tuple[int, int] = (80, 24)
    theme: str = "sgs-dark"
    ascii_only: bool = False
    no_color: bool = False
    left_out: frozenset[str] = frozenset()
    """Pages that differ from those of another look by blanks only."""

    @property
    def pages(self) -> list[Page]:
        return [page for page in PAGES if page.least <= self.size[0] and page.name not in self.left_out]


_WINDOWS = frozenset({"count", "export", "baseline", "run-form", "run-form-refused", "columns", "help", "sorted"})
LOOKS = {
    "120x40": Look((120, 40)),
    "160x50": Look((160, 50), left_out=_WINDOWS),
    "light": Look(theme="sgs-light"),
    "ascii": Look(theme="ansi-dark", ascii_only=True),
    "no-color": Look(theme="ansi-dark", no_color=True),
}


async def picture(pilot: Pilot[int]) -> str:
    """The screen once nothing changes any more."""
    svg, before = pilot.app.export_screenshot(), ""
    while svg != before:
        await pilot.pause()
        before, svg = svg, pilot.app.export_screenshot()
    return svg


async def shown(pilot: Pilot[int], page: Page) -> str:
    await pilot.press(*page.keys)
    await until_shown(pilot, page.awaited)
    window = pilot.app.screen
    if isinstance(window, HeatWindow):
        await until(pilot, lambda: window.done)
    if not isinstance(window, Dialog):
        await until_followed(pilot)
    return await picture(pilot)


@pytest.mark.parametrize("look", LOOKS)
async def test_every_window(
    look: str,
    on_stage: Path,
    monkeypatch: pytest.MonkeyPatch,
    snapshot: SnapshotAssertion,
) -> None:
    chosen = LOOKS[look]
    monkeypatch.delenv("SGS_IPU_DIR", raising=False)
    if chosen.no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    original = FOLDER / "original.bin"
    original.write_bytes((REAL / "onnx" / "onnx_NHWC_outtensor_dump.bin").read_bytes())
    app = make_app((SAMPLE, BENCHMARK), Settings(theme=chosen.theme), ascii_only=chosen.ascii_only)
    kept = snapshot.use_extension(SVGImageExtension)
    different = []
    async with app.run_test(size=chosen.size) as pilot:
        screen = await until_compared(pilot)
        await until(pilot, lambda: screen.runs.pane.listed)
        for page in chosen.pages:
            if await shown(pilot, page) != kept(name=page.name):
                different.append(page.name)
            await pilot.press(*page.back)
            await until(pilot, lambda: pilot.app.screen is screen and screen.current is screen.layer_table.pane)
        await pilot.press("3")
        files = screen.dumps.pane.files
        files.go(next(n for n, entry in enumerate(files.items) if entry.path.name == original.name))
        await pilot.press("o")
        await until(pilot, lambda: screen.layer_table.pane.model.three is not None)
        await until_compared(pilot)
        await until(pilot, lambda: screen.comparison.diagnosis is not None)
        await until(pilot, lambda: any("is to blame" in entry.text for entry in screen.log_pane.entries))
        if await shown(pilot, Page("three-way", ("1", "k"), "breaks")) != kept(name="three-way"):
            different.append("three-way")
    assert not different
