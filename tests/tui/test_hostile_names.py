"""Names that break terminal programs: shown, aligned and harmless in every widget."""

from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.writer import Draft, create_dump
from sgs_tui.tui.jobs import Said
from sgs_tui.tui.terminal import to_ascii
from tests.tui.stage import main_screen, make_app, text_of, until, until_followed, until_shown

NAMES = (
    "a[/b]",
    "[red]x",
    "[/]",
    "blk.1[attn]/q",
    "x[",
    "\\[bold]",
    "long" * 1250,
    "esc\x1b[31mred\x1b]0;title\x07",
    "tab\there",
    "卷积层/输出:0",
    "שלום/עולם",
    "\u202eevil\u2066",
    "nul\x7fdel",
    b"bad\xffutf8".decode("utf-8", "surrogateescape"),
    "emoji😀é",
    "%s{0}$HOME`id`",
)


def _write(path: Path, noise: float) -> Path:
    random = np.random.default_rng(3)
    with create_dump(path) as writer:
        for number, name in enumerate(NAMES):
            values = (random.normal(size=64) + noise * random.normal(size=64)).astype(np.float32)
            writer.write(Draft(Direction.OUT, 0, number, "CONV_2D", name, values, shape=(1, 4, 4, 4)))
    return path


@pytest.fixture
def dumps(on_stage: Path) -> tuple[Path, Path]:
    folder = on_stage / "hostile [red]dir"
    folder.mkdir()
    _write(folder / "sam[red]ple[.bin", 3.0)
    _write(folder / "bench\x1bmark.bin", 0.0)
    return Path(folder.name) / "sam[red]ple[.bin", Path(folder.name) / "bench\x1bmark.bin"


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_shown_aligned_and_harmless_everywhere(dumps: tuple[Path, Path], size: tuple[int, int]) -> None:
    app = make_app(dumps)
    async with app.run_test(size=size) as pilot:
        await until_shown(pilot, "a[/b]")
        screen = main_screen(app)
        await until(pilot, lambda: screen.comparison.summary is not None)
        text = text_of(app)
        for shown in ("a[/b]", "[red]x", "[/]", "blk.1[attn]/q", "x[", "\\[bold]", "卷积层/输出:0", "esc\\x1b"):
            assert shown in text
        for _ in NAMES:
            await until_followed(pilot)
            await pilot.press("2")
            _assert_aligned(text_of(app), size[0])
            await pilot.press("d")
            _assert_aligned(text_of(app), size[0])
            await pilot.press("1", "y", "j")
        await pilot.press("3", "enter")
        await until_shown(pilot, "16 records")
        _assert_aligned(text_of(app), size[0])
        await pilot.press("j", "enter")
        await until_shown(pilot, "min ")
        _assert_aligned(text_of(app), size[0])
    assert app.crash is None


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_harmless_in_every_window_and_message(dumps: tuple[Path, Path], size: tuple[int, int]) -> None:
    app = make_app((dumps[0], dumps[1]))
    async with app.run_test(size=size) as pilot:
        await until_shown(pilot, "a[/b]")
        screen = main_screen(app)
        await until(pilot, lambda: screen.comparison.summary is not None and screen.triage.pane.settled)
        for keys in (("6",), ("5",), ("1", "i", "I"), ("M", "B"), ("u",), ("colon",), ("c",), ("7", "e"), ("4", "o")):
            await pilot.press(*keys)
            _assert_aligned(text_of(app), size[0])
            if app.screen is not screen:
                await pilot.press("escape")
        for name in NAMES:
            screen.post_message(Said(f"{name} is said", "fail", name))
        await pilot.press("5")
        await until_shown(pilot, "$HOME`id` is said")
        _assert_aligned(text_of(app), size[0])
    assert app.crash is None


def _assert_aligned(text: str, width: int) -> None:
    """Every line takes exactly the width, and holds nothing that a terminal would obey."""
    for row in text.split("\n"):
        assert cell_len(row) == width, row
        assert len(to_ascii(row)) == width
        assert row.isprintable(), row


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_typed_into_filter_and_path(on_stage: Path, name: str) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "gate")
        screen = main_screen(app)
        typed = "".join(char for char in name[:40] if char.isprintable())
        await pilot.press("slash")
        screen.layer_table.pane.prompt.value = typed
        await pilot.pause()
        await pilot.press("escape", "4", "G", "space")
        screen.debugconfig.pane.prompt.value = typed
        await pilot.pause()
        _assert_aligned(text_of(app), 80)
    assert app.crash is None
