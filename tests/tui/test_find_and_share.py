"""The palette, help, going to a layer, counting, sorting by several columns, copying, exporting, the mouse."""

import csv
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sgs_tui.batch.compare import view_of
from sgs_tui.engine.session import CompareRequest
from sgs_tui.tui import hints
from sgs_tui.tui.actions import ACTIONS, PANES
from sgs_tui.tui.app import LaunchOptions, SgsApp, start_of
from sgs_tui.tui.export import as_markdown, report, shown_as
from sgs_tui.tui.frame.dialogs import Ask, Chooser, TableDialog
from sgs_tui.tui.frame.help import HelpDialog
from tests.tui.stage import (
    BENCHMARK,
    RANGES,
    SAMPLE,
    main_screen,
    make_app,
    text_of,
    until,
    until_compared,
    until_shown,
)

pytestmark = pytest.mark.usefixtures("on_stage")
SMALL, LARGE = (80, 24), (160, 50)
REALLY_SEEN = hints.seen


async def test_the_palette_has_every_action_of_every_pane_and_goes_there() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("colon")
        window = app.screen
        assert isinstance(window, Chooser)
        listed = {choice.key for choice in window.table.items}
        groups = {"app", "pair", *(name for pane in screen.panes for name in pane.GROUPS)}
        assert {action.id for action in ACTIONS if action.group in groups} - listed == {"app.palette"}
        await pilot.press(*"logarithmic", "enter")
        await until(pilot, lambda: screen.histogram.pane.view.log_counts)
        assert screen.current is screen.histogram.pane


async def test_help_is_searched_and_stays_beside_the_panes() -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("question_mark", *"/int16 marked")
        window = app.screen
        assert isinstance(window, HelpDialog)
        await until(pilot, lambda: 0 < len(window.view.lines) < 4)
        await pilot.press("escape", "b")
        assert app.screen is screen
        await until_shown(pilot, "Layers: keys of this pane")
        await pilot.press("2")
        await until_shown(pilot, "Histogram: keys of this pane")
        await pilot.press("question_mark")
        await until(pilot, lambda: "keys of this pane" not in text_of(app))


async def test_going_to_a_layer_by_number_and_name() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        for typed, name in (("13", "res"), ("SIG", "sig"), ("gate", "gate")):
            await pilot.press("number_sign")
            assert isinstance(app.screen, Ask)
            await pilot.press(*typed, "enter")
            assert screen.comparison.layer == name
        await pilot.press("number_sign", *"logits", "backspace", "enter")
        assert isinstance(app.screen, Chooser)
        await pilot.press("down", "enter")
        assert screen.comparison.layer == "logits"
        await pilot.press("number_sign", *"nowhere", "enter")
        await until_shown(pilot, "no layer has that number")


async def test_values_of_a_column_are_counted() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        screen.layer_table.pane.table.at_column("op")
        await pilot.press("F")
        assert isinstance(app.screen, TableDialog)
        await until_shown(pilot, "op type: 13 values in 20 layers")
        assert app.screen.table.items[0] == ("TRANSPOSE", 3)


async def test_sorting_by_several_columns() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        pane = screen.layer_table.pane
        pane.table.at_column("op")
        await pilot.press("s")
        pane.table.at_column("rmse")
        await pilot.press("semicolon")
        rows = [pane.model.rows[number] for number in pane.model.order]
        keys = [(row.op_type, -row.metrics.rmse) for row in rows if row is not None and row.metrics is not None]
        assert len(keys) == 20 and keys == sorted(keys)
        assert pane.table.marks.keys() == {"op", "rmse"}
        await pilot.press("semicolon")
        rows = [pane.model.rows[number] for number in pane.model.order]
        keys = [(row.op_type, row.metrics.rmse) for row in rows if row is not None and row.metrics is not None]
        assert keys == sorted(keys)
        assert shown_as(pane.model) == ["--sort=op,-rmse"]
        seen = [row.name for row in rows if row is not None]
        every = [row for row in pane.model.rows if row is not None]
        assert [row.name for row in view_of(None, "op,-rmse").choose(every)] == seen
        await pilot.press("o")
        assert pane.table.marks == {} and pane.model.then == () and shown_as(pane.model) == []


async def test_a_start_is_sorted_by_several_columns() -> None:
    app = SgsApp(start_of(LaunchOptions((SAMPLE, BENCHMARK), sort="op,-rmse"), ""))
    async with app.run_test(size=SMALL) as pilot:
        model = (await until_compared(pilot)).layer_table.pane.model
        assert (model.sort_key, model.reverse, model.then) == ("op", False, (("rmse", True),))


async def test_copies_have_no_sign_and_a_heading_where_wanted(on_stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(on_stage / "state"))
    kept = on_stage / "state" / "sgs-tui" / "clipboard.txt"
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("y")
        await until(pilot, lambda: kept.exists() and kept.read_text() == "0.9991")
        await pilot.press(*"/verdict:fail", "enter", "V")
        await until(pilot, lambda: kept.read_text().count("\n") == 1)
        head, row = (line.split("\t") for line in kept.read_text().split("\n"))
        assert (
            head[:3] == ["sign of the verdict", "op index", "name"]
            and dict(zip(head, row, strict=True))["RMSE"] == "0.9991"
        )


@pytest.mark.parametrize("kind", ["csv", "md", "svg", "png"])
async def test_what_is_seen_is_written(on_stage: Path, kind: str) -> None:
    if kind == "png" and shutil.which("rsvg-convert") is None:
        pytest.skip("no rsvg-convert here")
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("s", *"/rmse>0.02", "enter", "E", *f"{kind} ", "enter")
        assert isinstance(app.screen, Ask)
        await pilot.press("enter")
        path = on_stage / f"bad_fixed_dq.{kind}"
        await until_shown(pilot, "written: bad_fixed_dq")
        data = path.read_bytes()
        await pilot.press("E", *f"{kind} ", "enter", "ctrl+u", *path.name, "enter")
        await until_shown(pilot, "is there already")
    assert path.read_bytes() == data
    if kind == "csv":
        head, *rows = list(csv.reader(data.decode().splitlines()))
        assert [row[head.index("name")] for row in rows][:3] == ["gate", "lrelu:0", "cat"]
        assert [row[head.index("RMSE")] for row in rows][:1] == ["0.9991"]
    elif kind == "md":
        assert data.decode().split("\n")[2].startswith("| ✗ | 9 | gate |")
    elif kind == "svg":
        root = ElementTree.fromstring(data)
        assert "gate" in "".join(root.itertext())
        texts = list(root.iter("{http://www.w3.org/2000/svg}text"))
        kept = "{http://www.w3.org/XML/1998/namespace}space"
        assert texts and all(each.get(kept) == "preserve" for each in texts), "viewers that drop blanks shift columns"
    else:
        assert data.startswith(b"\x89PNG")


async def test_a_name_without_a_kind_is_refused() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("E", "enter", "ctrl+u", *"what.doc", "enter")
        await until_shown(pilot, "has to end in .csv")


def test_the_report_is_that_of_the_command() -> None:
    from threading import Event

    page = report(CompareRequest(SAMPLE, BENCHMARK, RANGES), ["--filter=verdict:fail"], Event()).decode()
    assert page.lstrip().startswith("<!") and "gate" in page


def test_markup_stays_text() -> None:
    assert as_markdown([["name", "op"], ["a|b\\c\nd", "X"]]).decode().split("\n")[2] == "| a\\|b\\\\c d | X |"


async def test_keys_and_headings_can_be_clicked() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        x = text_of(app).split("\n")[-1].index("/ filter")
        await pilot.click("#keys", offset=(x, 0))
        await until(pilot, lambda: screen.layer_table.pane.prompt.has_focus)
        await pilot.press("escape")
        head = text_of(app).split("\n")[4]
        await pilot.click("#layer-table", offset=(head.index("COS"), 0))
        await until(pilot, lambda: screen.layer_table.pane.model.sort_key == "cos")
        assert main_screen(app) is screen


async def test_a_pane_met_for_the_first_time_says_what_it_is_for(
    on_stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(on_stage / "state"))
    monkeypatch.setattr("sgs_tui.tui.hints.seen", REALLY_SEEN)
    assert await _met() and not await _met()  # the second start knows the user
    assert all(len(hint) <= 77 for hint in hints.HINTS.values())
    assert hints.HINTS.keys() <= {pane.name for pane in PANES}


async def _met() -> bool:
    """Whether the histogram is explained when it is gone to; it never is when it is gone to again."""
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("2")
        await pilot.pause(0.2)
        told = "new here? h l walk" in text_of(app)
        await pilot.press("1", "2", "j")
        assert "new here?" not in text_of(app)
        await pilot.press("q")
        return told


async def test_without_layers_only_the_screen_is_written(on_stage: Path) -> None:
    app = make_app((Path("dumps"),))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "167.9 KB")
        await pilot.press("E", *"csv", "enter")
        await until_shown(pilot, "nothing is compared yet: only the screen")
        await pilot.press("E", *"svg", "enter", *"table.md", "enter")
        await until_shown(pilot, "nothing is compared yet: only the screen")
        await pilot.press("E", *"svg", "enter", *"now.svg", "enter")
        await until_shown(pilot, "written: now.svg")
    assert Path("now.svg").is_file() and not list(Path().glob("*.csv")) and not Path("table.md").exists()
