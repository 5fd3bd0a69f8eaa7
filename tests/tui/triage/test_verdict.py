"""The verdict line: cause, proof and fix without a key, the guilty layer in the table, INT16 marks."""

from dataclasses import replace

import pytest
from rich.cells import cell_len

from sgs_tui.engine.diagnosis.results import (
    Blame,
    Cause,
    Course,
    Diagnosis,
    Evidence,
    Finding,
    Proof,
    Role,
    Trend,
    Tried,
)
from sgs_tui.tui.int16.pane import Int16Dialog
from sgs_tui.tui.layers.blame import GUILTY, parts_of
from sgs_tui.tui.screen import MainScreen
from sgs_tui.tui.short_names import ShortNames
from sgs_tui.tui.text import Line
from sgs_tui.tui.triage.verdict import cause_lines, spoiled, verdict_lines
from tests.tui.stage import BENCHMARK, FOLDER, make_app, text_of, until, until_compared, until_shown

SMALL = (80, 24)
LONG = "/backbone/stages.3/blocks/1/pointwise/expand/activation/Relu_output_0"


def made(cause: Cause, *layers: str, **more: object) -> Diagnosis:
    """One finding; two layers behind it inherit the error."""
    finding = Finding(cause, layers, 0.9, (Evidence("a number", 1.0),), ("mend it by hand",), proof=Proof.TWIN)
    blame = tuple(
        Blame(name, role, 0.5, 0.4, 0.1, 0.3, True)
        for name, role in (("gate", Role.INTRODUCED), ("one", Role.INHERITED), ("two", Role.INHERITED))
    )
    return Diagnosis((replace(finding, **more),), blame, Trend(Course.JUMP, None, ""), True)  # type: ignore[arg-type]


def texts(lines: list[Line]) -> list[str]:
    return ["".join(part.text for part in line) for line in lines]


def test_one_line_where_it_fits_and_more_where_not() -> None:
    tried = Tried("", ("cat",), "gate", 0.9991, 0.0654)
    found = made(Cause.SHARED_SCALE, "gate", int16=("cat",), tried=tried)
    assert texts(verdict_lines(found, {}, 170, ShortNames())) == [
        " ◆ gate: tensors of very different size share one scale; measured on the whole dump; "
        "fix: cat to INT16, RMSE 0.9991 -> 0.0654 (twin); spoils one and 1 more  6 why  I fix "
    ]
    assert texts(verdict_lines(found, {}, 80, ShortNames())) == [
        " ◆ gate: tensors of very different size share one scale            6 why  I fix ",
        "   measured on the whole dump; fix: cat to INT16, RMSE 0.9991 -> 0.0654 (twin);",
        "   spoils one and 1 more",
    ]


def test_a_long_name_is_no_other_layers_once_it_is_cut() -> None:
    names = [f"module/encoder/stage_{number}/block/convolution_and_batchnorm_folded/output_0" for number in range(4)]
    for cells in (60, 80, 100):
        rows = {texts(verdict_lines(made(Cause.WIDE_RANGE, name), {}, cells, ShortNames(names)))[0] for name in names}
        assert len(rows) == len(names)


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("cells", [60, 80, 120, 160])
def test_every_cause_fits_every_screen_with_its_proof_and_fix(cause: Cause, cells: int) -> None:
    for name in ("gate", LONG, "层" * 40):
        for tried in (None, Tried("quant_level L2", (LONG, LONG), LONG, 1e-7, float("nan"))):
            shown = texts(
                verdict_lines(made(cause, name, int16=(name,) if tried else (), tried=tried), {}, cells, ShortNames())
            )
            assert len(shown) <= 3 and all(cell_len(row) <= cells for row in shown)
            assert "6 why" in shown[0] and "measured on the whole dump" in " ".join(shown)
            healthy = cause is Cause.HEALTHY
            assert ("healthy" in shown[0]) is healthy and ("fix: " in " ".join(shown)) is not healthy


def test_keys_go_on_to_what_mends_it() -> None:
    own = {"app.triage": "f6", "walk.int16": "f8"}
    assert texts(verdict_lines(made(Cause.WIDE_RANGE, "gate", int16=("gate",)), own, 160, ShortNames()))[0].endswith(
        "f6 why  f8 fix "
    )
    for cause, way in ((Cause.SWAPPED, "x swap"), (Cause.PADDING_KEPT, "4 switches"), (Cause.CLIPPING, "6 why")):
        assert way in texts(verdict_lines(made(cause, "gate"), {}, 160, ShortNames()))[0]


def test_what_is_spoilt_follows_from_the_finding() -> None:
    assert spoiled(made(Cause.WIDE_RANGE, "gate", behind=("gate", "one"))) == ["one", "two"]
    assert spoiled(made(Cause.DRIFT, "gate")) == []
    alone = made(Cause.WIDE_RANGE, "gate")
    other = replace(alone, findings=(*alone.findings, *made(Cause.CLIPPING, "x").findings))
    assert spoiled(other) == []  # nobody says from which of the two they inherit it


def test_the_guilty_layer_is_one_that_was_compared() -> None:
    assert parts_of(made(Cause.INPUT_MISMATCH, "images", "one"), {"one"}).guilty == "one"
    assert parts_of(made(Cause.HEALTHY, "one"), {"one"}).guilty == ""
    parts = parts_of(made(Cause.DRIFT, "two"), {"one", "two"})
    assert parts.cell("two") == GUILTY and parts.place("two") < parts.place("gate")


def test_details_begin_with_cause_fix_and_key() -> None:
    rows = texts(cause_lines(made(Cause.WIDE_RANGE, "gate", int16=("gate",)).first, {}, 60))
    assert rows[0].startswith("◆ the range is too wide for 8 bits") and "mend it by hand" in rows[2]
    assert rows[-1].split() == ["6", "why", "I", "fix"]


@pytest.mark.usefixtures("on_stage")
async def test_cause_proof_and_fix_are_there_without_a_key_on_every_pane() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await until(pilot, lambda: screen.comparison.layer == "gate")
        for key in ("", *"2345678d"):
            await pilot.press(*key)
            shown = text_of(app)
            assert "gate: tensors of very different size share one scale" in shown and "6 why  I fix" in shown
            assert "measured on the whole dump; fix: cat to INT16, RMSE 0.9991 -> 0.0654" in shown
        await until(
            pilot, lambda: "◆ tensors of very different size" in text_of(app).split("\n")[4]
        )  # details begin so


@pytest.mark.usefixtures("on_stage")
async def test_while_the_cause_is_looked_for_the_line_says_so_and_a_moved_cursor_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from threading import Event

    from sgs_tui.tui.triage import controller

    gate, explain = Event(), controller.explain

    def slowly(*given: object) -> object:
        gate.wait(30)
        return explain(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(controller, "explain", slowly)
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "looking for the cause ...")
        screen = next(each for each in app.screen_stack if isinstance(each, MainScreen))
        await until(pilot, lambda: screen.comparison.summary is not None)
        await pilot.press("j", "j")
        gate.set()
        await until_shown(pilot, "6 why")
        assert screen.layer_table.pane.number == 2
        await pilot.press("n")
        assert screen.comparison.layer == "gate"


@pytest.mark.usefixtures("on_stage")
async def test_n_stops_at_the_guilty_layer_where_nothing_fails() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        table = screen.layer_table
        table.pane.show_parts(replace(table.pane.model.parts, guilty="res"))
        await pilot.press("g", "n", "n")
        assert screen.comparison.layer == "res"


@pytest.mark.usefixtures("on_stage")
@pytest.mark.parametrize("size", [SMALL, (120, 40), (160, 50)])
async def test_the_keys_of_the_line_can_be_clicked(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        screen = await until_compared(pilot)
        first = text_of(app).split("\n")[1]
        await pilot.click("#verdict", offset=(first.index("6 why") + 3, 0))
        await until(pilot, lambda: screen.current is screen.triage.pane)
        await pilot.click("#verdict", offset=(first.index("I fix") - 12, 0))
        assert app.screen is screen
        await pilot.click("#verdict", offset=(first.index("I fix"), 0))
        await until(pilot, lambda: isinstance(app.screen, Int16Dialog))


@pytest.mark.usefixtures("on_stage")
async def test_without_dumps_there_is_no_verdict() -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, BENCHMARK.name)
        screen = next(each for each in app.screen_stack if isinstance(each, MainScreen))
        assert not screen.verdict_bar.display


@pytest.mark.usefixtures("on_stage")
async def test_int16_marks_are_in_the_table_the_picker_and_the_filter() -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        table = screen.layer_table.pane
        assert "int16" not in [column.id for column in table.table.columns]
        await pilot.press("i", "g", "i")
        assert [table.model.cell(row, "int16").text for row in (0, 1, 6)] == ["16", "", "16"]
        await pilot.press(*"/marked", "enter")
        assert [table.model.pairs[number].name for number in table.model.order] == [table.model.pairs[0].name, "gate"]
        await pilot.press("i")
        assert len(table.model) == 1
        await pilot.press("escape", "c")
        await until_shown(pilot, "INT16 mark")
