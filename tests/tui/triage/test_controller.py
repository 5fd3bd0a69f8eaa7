"""The triage pane and what the diagnosis says in the other panes, by their keys, on real dumps."""

from dataclasses import replace
from math import inf, nan
from pathlib import Path
from threading import Event

import pytest

from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.results import Blame, Cause, Course, Diagnosis, Evidence, Finding, Role, Trend
from sgs_tui.engine.errors import CancelledError
from sgs_tui.engine.session import Comparison
from sgs_tui.tui.frame.dialogs import TableDialog
from sgs_tui.tui.layers.blame import NOTHING, parts_of
from sgs_tui.tui.screen import MainScreen
from sgs_tui.tui.text import Line
from sgs_tui.tui.triage import controller
from sgs_tui.tui.triage.view import headline, triage_lines
from tests.tui.stage import REAL, main_screen, make_app, text_of, until, until_compared, until_shown

pytestmark = pytest.mark.usefixtures("on_stage")
SMALL, LARGE = (80, 24), (160, 50)
KEEPGARBAGE = (REAL / "tiny" / "fixed_dq_keepgarbage.bin", REAL / "tiny" / "float.bin")


def _blame(name: str, role: Role, jump: bool = False) -> Blame:
    return Blame(name, role, 0.5, 0.1, 0.4, 0.3, True, jump)


def _diagnosis(*roles: tuple[str, Role, bool]) -> Diagnosis:
    finding = Finding(
        Cause.SHARED_SCALE,
        ("gate", "cat"),
        0.9,
        (Evidence("gate spans 1 of 255 steps", 1.0),),
        ("raise cat",),
        "nothing changes",
        behind=("gate", "after"),
    )
    blame = tuple(_blame(*each) for each in roles)
    return Diagnosis((finding,), blame, Trend(Course.JUMP, "gate", "jumps at gate"), True)


def _text(lines: list[Line]) -> str:
    return "\n".join("".join(part.text for part in line) for line in lines)


def test_signs_say_each_layers_part() -> None:
    parts = parts_of(
        _diagnosis(
            *(("a", Role.CLEAN, False), ("b", Role.INTRODUCED, False), ("c", Role.INHERITED, False)),
            *(("d", Role.RECOVERED, False), ("e", Role.INHERITED, True)),
        ),
        "abcde",
    )
    assert [parts.cell(name).text for name in "abcdef"] == [" ", "↑", "→", "↓", "J", ""]
    assert [parts.place(name) for name in "bcdaf"] == [0, 1, 2, 4, 5]


def test_a_layers_part_in_words() -> None:
    parts = parts_of(_diagnosis(("b", Role.INTRODUCED, True), ("a", Role.CLEAN, False)), "ab")
    text = _text(parts.lines("b", 200))
    assert "the error begins here" in text and "50.0% of its signal" in text and "0.3 steps" in text and "jump" in text
    assert parts.lines("a", 80) == [] and NOTHING.lines("b", 80) == []


@pytest.mark.parametrize(
    ("inherited", "words"),
    [
        (0.125, "its error has no finite size; 12.5% of the signal came in"),
        (inf, "its error has no finite size, nor has what came in"),
    ],
)
def test_an_error_without_a_size_has_no_share(inherited: float, words: str) -> None:
    found = _diagnosis()
    found = replace(found, blame=(Blame("b", Role.INTRODUCED, inf, inherited, nan, nan, False),))
    text = _text(parts_of(found, "b").lines("b", 200))
    assert words in text and "its own" not in text and "times" not in text


def test_a_finding_in_full() -> None:
    text = _text(triage_lines(_diagnosis(("b", Role.INTRODUCED, False)), 0, 60))
    for part in (
        "shared_scale, by the figures",
        "raise cat",
        "gate spans 1 of",
        "refuted if nothing changes",
        "jumps at gate",
    ):
        assert part in text
    spoiled = next(line for line in text.split("\n") if line.startswith("spoils"))
    assert "after" in spoiled and "gate" not in spoiled


@pytest.mark.parametrize("width", [24, 43, 79, 150])
def test_lines_fit_the_width(width: int) -> None:
    lines = triage_lines(_diagnosis(("b", Role.INTRODUCED, True)), 0, width)
    assert max(len("".join(part.text for part in line)) for line in lines) <= width


def test_whole_dumps_blame_no_layer() -> None:
    assert headline(Finding(Cause.LAYOUT, ("a",), 1.0, ())).startswith("the two sides")


async def test_the_diagnosis_follows_the_comparison() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("6")
        text = text_of(app)
        assert "[6 Triage]" in text and "gate: tensors of very different size share one scale" in text
        assert "tensor_arrays='cat'" in text and "sets the scale of all" in text and "refuted" in text
        assert any("diagnosis: gate" in entry.text for entry in screen.log_pane.entries)


async def test_enter_goes_to_the_layer() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("/", *"cat", "enter", "6", "enter")
        assert screen.current is screen.layer_table.pane and screen.comparison.layer == "gate"
        assert len(screen.layer_table.pane.model) == 20, "the filter that hid it is off"


async def test_o_walks_the_layers_of_the_finding_and_stays() -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("6")
        names = []
        for _ in range(4):
            await pilot.press("o")
            names.append(screen.comparison.layer)
        assert names == ["gate", "cat", "sq888", "gate"] and screen.current is screen.triage.pane


async def test_signs_are_in_the_table_and_words_in_the_details() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        rows = text_of(app).split("\n")
        assert any(row.startswith("✗  9 gate ") and "◆" in row for row in rows)
        assert any(row.startswith("~ 11 cat ") and "↓" in row for row in rows)
        await pilot.press("n", "d")
        await until_shown(pilot, "↑ the error begins here")


async def test_sorting_by_part() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        screen.layer_table.pane.table.at_column("part")
        await pilot.press("s", "g")
        assert screen.comparison.layer == "gate"
        await pilot.press("p")
        await until(pilot, lambda: screen.comparison.summary is not None and screen.triage.pane.diagnosis is not None)
        assert screen.layer_table.pane.model.order[0] == 6


async def test_details_stay_beside_triage_on_a_large_screen() -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        assert screen.layer_table.details.display and "6 Triage" in text_of(app)
        await pilot.press("6")
        await until_shown(pilot, "1 cause")
        await until_shown(pilot, "rel. L2")


async def test_recovered_rows_are_shown_and_marked() -> None:
    app = make_app(KEEPGARBAGE)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: any(isinstance(screen, MainScreen) for screen in app.screen_stack))
        screen = main_screen(app)
        await until(pilot, lambda: screen.triage.pane.diagnosis is not None)
        assert "▒" in text_of(app)
        assert screen.layer_table.pane.go_to("gate")
        await pilot.press("d")
        await until_shown(pilot, "recovered, padded rows undone: RMSE 0.0304")
        await pilot.press("1")
        await until_shown(pilot, "3.7828!")
        await pilot.press("r")
        await until_shown(pilot, "▒ 12 recovered")
        await until(pilot, lambda: "3.7828" not in text_of(app) and "0.0304" in text_of(app))
        assert "✗  9 gate" in text_of(app), "the verdict stays about the file as it is"
        await pilot.press("r")
        await until_shown(pilot, "▒ 12 out of order: r")
        await until_shown(pilot, "3.7828!")
        await pilot.press("6", "r")
        await until_shown(pilot, "12 layers with the stored order undone")
        assert isinstance(app.screen, TableDialog) and "38%" in text_of(app)


async def test_nothing_recovered_is_said() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("r")
        await until_shown(pilot, "nothing was recovered")
        await pilot.press("j", "6", "r")
        await until_shown(pilot, "nothing was recovered")


async def test_a_page_down_scrolls_the_text() -> None:
    app = make_app()
    async with app.run_test(size=(70, 18)) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("6", "J")
        assert screen.triage.pane.text.top > 0
        await pilot.press("K")
        assert screen.triage.pane.text.top == 0


async def test_copy_takes_the_finding() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("6")
        assert screen.triage.pane.copied(whole=False).startswith("gate: ")
        assert "tensor_arrays" in screen.triage.pane.copied(whole=True)


async def test_x_stops_looking_and_reload_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    started, cancelled = Event(), Event()

    def endless(comparison: Comparison, rows: list[LayerDiff], config: Path | None, cancel: Event) -> Diagnosis:
        started.set()
        cancel.wait(60)
        cancelled.set()
        raise CancelledError("stopped")

    with monkeypatch.context() as patched:
        patched.setattr(controller, "diagnose", endless)
        app = make_app()
        async with app.run_test(size=SMALL) as pilot:
            await until(pilot, started.is_set)
            await pilot.press("6")
            await until_shown(pilot, "looking for the cause")
            await pilot.press("X")
            await until(pilot, cancelled.is_set)
            await until_shown(pilot, "stopped; R compares and looks again")
            patched.undo()
            await pilot.press("R")
            await until_shown(pilot, "share one scale")


async def test_a_dump_that_changed_costs_only_the_diagnosis(monkeypatch: pytest.MonkeyPatch) -> None:
    from sgs_tui.engine.errors import FileChangedError

    def changed(*asked: object) -> Diagnosis:
        raise FileChangedError("bad_float.bin changed", "compare again")

    monkeypatch.setattr(controller, "diagnose", changed)
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("6")
        await until_shown(pilot, "no diagnosis: bad_float.bin changed")
        assert app.crash is None


def test_cancelling_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def cancelled(*asked: object) -> Diagnosis:
        raise CancelledError("stopped")

    monkeypatch.setattr(controller, "diagnose", cancelled)
    monkeypatch.setattr(controller, "debug_config_of", lambda path: None)

    class Side:
        path = Path("x.bin")

    class Compared:
        sample = Side()

    with pytest.raises(CancelledError):
        controller.explain(Compared(), [], Event())  # type: ignore[arg-type]
