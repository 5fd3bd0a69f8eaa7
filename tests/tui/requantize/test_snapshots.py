"""Making models again, the journal and notes as pictures. Update with --snapshot-update and look at the report."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from sgs_tui.engine.demo.demo import build_demo
from sgs_tui.engine.journal import Entry, Kind, append, journal_of
from sgs_tui.engine.requantize.ini_change import ini_change
from sgs_tui.engine.requantize.network import NAME, IterateConfig
from sgs_tui.engine.requantize.propose import Commands, Proposal
from sgs_tui.engine.runs.run_folder import RunRequest
from sgs_tui.tui.frame.dialogs import ConfirmDialog
from sgs_tui.tui.requantize.jobs import Refused
from sgs_tui.tui.requantize.view import TITLE, proposal_lines
from tests.tui.stage import FOLDER, SAMPLE, main_screen, make_app, until, until_compared, until_followed, until_shown

SIZES = [(80, 24), (120, 40), (160, 50)]
NET = Path("/nets/bad")
CONFIG = IterateConfig(
    folder=NET,
    convert="python3 $SGS_IPU_DIR/Scripts/ConvertTool/ConvertTool.py onnx --model_file bad.onnx \\\n"
    "  --input_config input_config.ini --output_file bad_float.sim",
    calibrate="python3 $SGS_IPU_DIR/Scripts/calibrator/calibrator.py -i images -m bad_float.sim -n pre.py",
    float_model=NET / "bad_float.sim",
    fixed_model=NET / "bad_fixed.sim",
    image=str(NET / "images" / "0001.jpg"),
    ini=NET / "input_config.ini",
)
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
Snap = Callable[..., bool]


def _entry(minute: int, kind: Kind, text: str, layer: str | None = None) -> Entry:
    return Entry(datetime(2026, 3, 1, 2, minute, tzinfo=UTC), kind, text, layer, SAMPLE.name)


def _journal() -> None:
    entries = (
        _entry(14, Kind.NOTE, "saturates only at night: see the pictures of camera 3", "gate"),
        _entry(20, Kind.TRIED, "input_config.ini: INT16 for cat (tensor_arrays: cat)"),
        _entry(55, Kind.RESULT, "1 layer failed before, 0 after; newly fixed: gate"),
    )
    append(journal_of(SAMPLE), entries)


@sizes
def test_what_will_be_done(size: tuple[int, int], on_stage: Path, snap_compare: Snap) -> None:
    change = ini_change((FOLDER / "input_config.ini").read_bytes(), ["cat"])
    request = RunRequest(("x",), "iterate", "x", "iteration", (), details={"sdk": "/opt/SGS_IPU_SDK"})
    warned = "/nets/bad/DebugConfig.txt has dumpTensor: the calibrator runs in that folder and obeys it"
    before = NET / "sgs_runs" / "20260301-021409-bad_fixed-iteration"
    proposal = Proposal(Commands(CONFIG), change.names, CONFIG.ini, change, request, NET, before, (warned,))

    async def play(pilot: Pilot[int]) -> None:
        screen = await until_compared(pilot)
        await until(pilot, lambda: screen.triage.pane.diagnosis is not None)
        advice = screen.int16.case.advice()
        lines = partial(proposal_lines, proposal, advice, 1)
        pilot.app.push_screen(ConfirmDialog(TITLE, lines, screen.keymap))
        await until_shown(pilot, "ConvertTool.py")

    assert snap_compare(make_app(), terminal_size=size, run_before=play)


@sizes
def test_what_will_be_done_to_the_demo(size: tuple[int, int], on_stage: Path, snap_compare: Snap) -> None:
    files = build_demo(Path("demo"))

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: len(pilot.app.screen_stack) > 1)
        screen = main_screen(pilot.app)  # type: ignore[arg-type]
        await until(pilot, lambda: screen.triage.pane.diagnosis is not None)
        await pilot.press("A")
        await until_shown(pilot, "requantize,")

    assert snap_compare(make_app((files.fixed_dump, files.float_dump)), terminal_size=size, run_before=play)


@sizes
def test_no_commands_yet(size: tuple[int, int], on_stage: Path, snap_compare: Snap) -> None:
    async def play(pilot: Pilot[int]) -> None:
        await until_compared(pilot)
        await pilot.press("A")
        await until_shown(pilot, "which folder is the network's?")
        await pilot.press("enter")
        await until_shown(pilot, "Write this example")

    assert snap_compare(make_app(), terminal_size=size, run_before=play)


@sizes
def test_a_mistake_in_the_commands(
    size: tuple[int, int], on_stage: Path, monkeypatch: pytest.MonkeyPatch, snap_compare: Snap
) -> None:
    monkeypatch.setenv("VISUAL", "/usr/bin/vim")
    file = NET / NAME
    text = '[iterate]\n# ours\ncalibrat = "make fixed"\nfloat_model = "bad_float.sim"\n'
    refused = Refused(f"{file}: unknown key `calibrat` in [iterate]", "did you mean calibrate?", file, text)

    async def play(pilot: Pilot[int]) -> None:
        screen = await until_compared(pilot)
        screen.requantize.answer(refused)
        await until_shown(pilot, "did you mean calibrate?")

    assert snap_compare(make_app(), terminal_size=size, run_before=play)


@sizes
@pytest.mark.parametrize("keys", ["H", "d"], ids=["journal", "note"])
def test_journal(keys: str, size: tuple[int, int], on_stage: Path, snap_compare: Snap) -> None:
    _journal()

    async def play(pilot: Pilot[int]) -> None:
        screen = await until_compared(pilot)
        await until(pilot, lambda: "gate" in screen.layer_table.pane.model.noted)
        await pilot.press("n", keys)
        await until_followed(pilot)
        await until_shown(pilot, "camera 3")

    assert snap_compare(make_app(), terminal_size=size, run_before=play)
