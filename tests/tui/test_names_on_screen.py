"""Long names, long file names and long messages on a small terminal."""

from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.writer import Draft, create_dump
from sgs_tui.tui.jobs import Flash, Said
from tests.tui.stage import main_screen, make_app, text_of, until, until_compared, until_shown

SMALL, LARGE = (80, 24), (160, 50)
LONG = "/backbone/" + "a_very_long_part/" * 12 + "Conv_output_0"
NAMES = [f"/model.22/cv{j}.{k}/cv{j}.{k}.{m}/conv/Conv_output_0" for j in (2, 3) for k in range(3) for m in range(3)]


def _pair(folder: Path, names: list[str], ends: tuple[str, str] = ("fixed", "float")) -> tuple[Path, Path]:
    random = np.random.default_rng(3)
    for end in ends:
        with create_dump(folder / f"a_network_with_a_long_name_2026_{end}_dump.bin") as writer:
            for number, name in enumerate(names):
                values = random.normal(size=64).astype(np.float32)
                writer.write(Draft(Direction.OUT, 0, number, "CONV_2D", name, values, shape=(1, 4, 4, 4)))
    first, second = (folder / f"a_network_with_a_long_name_2026_{end}_dump.bin" for end in ends)
    return first, second


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_w_with_a_long_name_shows_names_and_figures(on_stage: Path, size: tuple[int, int]) -> None:
    app = make_app(_pair(on_stage, [LONG, "gate"]))
    async with app.run_test(size=size) as pilot:
        await until_shown(pilot, "2 layers")
        await until(pilot, lambda: main_screen(app).comparison.summary is not None)
        await pilot.press("w")
        row = next(line for line in text_of(app).splitlines()[4:] if "/backbone/" in line)
        assert row.count("a_very_long_part") >= 2
        table = main_screen(app).layer_table.pane.table
        for column in table.columns[3:]:
            table.at_column(column.id)
            assert column.title.strip() in text_of(app), column.id
            assert "/backbone/" in text_of(app)


async def test_layers_are_told_apart_at_80x24(on_stage: Path) -> None:
    app = make_app(_pair(on_stage, NAMES))
    async with app.run_test(size=SMALL) as pilot:
        table = (await until_compared(pilot)).layer_table.pane.table
        cells = dict(table._placed())
        shown = [table.columns[2].fitted(name, cells[2]).strip() for name in NAMES]
        assert len(set(shown)) == len(NAMES)
        await until(pilot, lambda: all(name in text_of(app) for name in shown[: table.page]))


@pytest.mark.parametrize("keys", [(), ("/", *"op:conv rmse>0.00001 !relu", "enter")])
async def test_file_names_in_the_title_stay_different(on_stage: Path, keys: tuple[str, ...]) -> None:
    app = make_app(_pair(on_stage, NAMES))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "18 layers")
        await until(pilot, lambda: main_screen(app).comparison.summary is not None)
        await pilot.press(*keys)
        sample, _, rest = main_screen(app).title_bar.text.partition(" against ")
        benchmark = rest.split("  ")[0]
        assert sample.strip() != benchmark.strip()
        assert len(main_screen(app).title_bar.text) <= 80


async def test_dumps_of_one_name_in_folders_of_one_name(on_stage: Path) -> None:
    paths = []
    for side in ("new", "old"):
        (on_stage / side / "out").mkdir(parents=True)
        paths.append(_pair(on_stage / side / "out", NAMES)[1])
    app = make_app((paths[0], paths[1]))
    async with app.run_test(size=LARGE) as pilot:
        await until_shown(pilot, "18 layers")
        text = main_screen(app).title_bar.text
        assert "new/out/" in text and "old/out/" in text


async def test_a_message_that_is_too_long_says_so(on_stage: Path) -> None:
    app = make_app(_pair(on_stage, NAMES))
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        for message in (Flash("word " * 30 + "end"), Said("word " * 30 + "end", "warn")):
            main_screen(app).post_message(message)
            await until_shown(pilot, "word word")
            line = next(each for each in text_of(app).splitlines() if "word word" in each)
            assert line.endswith("…") and len(line) == 80
        main_screen(app).post_message(Flash("short", "fail"))  # nothing less takes a warning's place
        await until_shown(pilot, "short")
        assert "…" not in next(each for each in text_of(app).splitlines() if "short" in each)
