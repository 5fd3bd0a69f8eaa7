"""INT16 marks, advice and input_config.ini by their keys, on real dumps."""

import shutil
import threading
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from textual.pilot import Pilot

from sgs_tui.engine.configs.inputconfig import load
from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.journal import Kind, journal_of, read_journal
from sgs_tui.engine.session import CompareRequest
from sgs_tui.engine.twin.whatif import Subject, WhatIf, whatif
from sgs_tui.tui.frame.dialogs import ConfirmDialog
from sgs_tui.tui.int16.marks import Marks
from sgs_tui.tui.int16.pane import Int16Dialog, MarkToggled
from sgs_tui.tui.screen import MainScreen
from sgs_tui.tui.text import plain
from tests.tui.diagnosed import diagnosed
from tests.tui.stage import (
    FOLDER,
    REAL,
    SAMPLE,
    main_screen,
    make_app,
    text_of,
    until,
    until_compared,
    until_followed,
    until_shown,
)

SMALL, LARGE = (80, 24), (160, 50)
INI = FOLDER / "input_config.ini"


async def _window(pilot: Pilot[int]) -> Int16Dialog:
    await until(pilot, lambda: isinstance(pilot.app.screen, Int16Dialog) and pilot.app.screen.plan is not None)
    assert isinstance(pilot.app.screen, Int16Dialog)
    return pilot.app.screen


async def test_the_advised_set_is_shown_and_written_with_a_backup(on_stage: Path) -> None:
    before = INI.read_bytes()
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("I")
        window = await _window(pilot)
        assert window.plan is not None and window.plan.advice.chosen == ("cat",)
        text = text_of(app)
        assert "[x] cat" in text and "in INT16: cat" in text and "gate" in text
        await pilot.press("w")
        await until_shown(pilot, "+tensor_arrays='cat';")
        assert isinstance(app.screen, ConfirmDialog) and INI.read_bytes() == before, "nothing before yes"
        await pilot.press("y")
        await until(pilot, lambda: INI.read_bytes() != before)
        await until(pilot, lambda: "nothing changes" in plain(window.text.lines))
    assert load(INI).tensor_arrays == ("cat",)
    (tried,) = read_journal(journal_of(SAMPLE))
    assert (tried.kind, "INT16 for cat" in tried.text) == (Kind.TRIED, True)
    assert (FOLDER / "input_config.ini.bak").read_bytes() == before


async def test_i_marks_a_layer_and_the_window_follows_it_to_its_convolution(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        assert screen.layer_table.pane.go_to("flat#46")
        await until(pilot, lambda: screen.comparison.layer == "flat#46")
        await until_followed(pilot)
        await pilot.press("i")
        await until_shown(pilot, "flat#46: marked for INT16")
        await pilot.press("I")
        window = await _window(pilot)
        assert window.plan is not None and set(window.plan.advice.chosen) == {"cat", "flat#46"}
        await pilot.press("escape", "i")
        assert screen.int16.marks == Marks()


async def test_marks_of_tensors_that_the_next_dumps_do_not_hold_go_with_a_word(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        screen.int16.marks = Marks(("pool", "of another network"))
        screen.comparison.compare(CompareRequest(REAL / "tiny/fixed_dq.bin", REAL / "tiny/float.bin"))
        await until(pilot, lambda: screen.int16.marks.marked == ("pool",))
        said = "no more marked for INT16, since these dumps do not hold them: of another network"
        await until_shown(pilot, said)
        assert said in [entry.text for entry in screen.log_pane.entries]


async def test_i_in_the_window_takes_a_tensor_out_and_in(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("I")
        window = await _window(pilot)
        await pilot.press("i")
        await until(pilot, lambda: window.plan is not None and "cat" not in window.plan.advice.chosen)
        assert screen.int16.marks.unmarked == ("cat",) and window.tensor == "cat"
        await pilot.press("i")
        await until(pilot, lambda: window.plan is not None and "cat" in window.plan.advice.chosen)


def _answer(window: Int16Dialog) -> WhatIf | None:
    """The twin's answer to the plan on the screen, once it is there."""
    return window.foreseen.answer if window.foreseen is not None and not window.waiting else None


async def test_every_toggle_is_foreseen_and_the_last_figures_stay_meanwhile(
    on_stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, asked_of = Event(), list[Subject]()
    go.set()

    def held(subject: Subject, *asked: Any, **how: Any) -> WhatIf:
        assert go.wait(60)
        asked_of.append(subject)
        return whatif(subject, *asked, **how)

    monkeypatch.setattr("sgs_tui.tui.int16.foresee.whatif", held)
    monkeypatch.setattr("sgs_tui.tui.triage.controller.diagnose", diagnose)  # whose twin goes with its comparison
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("I")
        window = await _window(pilot)
        await until_shown(pilot, "foreseen: 1 layer fails -> 0, worst")
        answer = _answer(window)
        assert answer is not None and (answer.int16, answer.newly_fixed) == (("cat",), ("gate",))
        text = text_of(app)
        assert "newly fixed: gate" in text and "self-check: median 0.00 dB" in text
        assert "estimated" not in text and "predicted: every layer" not in text, "in place of the estimate"
        go.clear()
        await pilot.press("i")
        await until_shown(pilot, "working it out ... until then of the set before:")
        assert "foreseen: 1 layer fails -> 0" in text_of(app)
        go.set()
        await until_shown(pilot, "foreseen: 1 layer fails -> 1, worst gate")
        assert "working it out" not in text_of(app) and "in INT16: nothing" in text_of(app)
        await pilot.press("i")
        await until_shown(pilot, "foreseen: 1 layer fails -> 0, worst")
        trying = screen.comparison.diagnosis.trying if screen.comparison.diagnosis is not None else None
        assert trying is not None and all(each is trying.subject for each in asked_of), "the diagnosis's twin"
        assert screen.comparison.picks.request is not None
        window.dismiss(None)
        screen.comparison.compare(screen.comparison.picks.request)
        await until(pilot, lambda: screen.comparison.diagnosis is not None)
        await pilot.press("I")
        await until_shown(pilot, "foreseen: 1 layer fails -> 0, worst")
        assert asked_of[-1] is not trying.subject, "dropped with its comparison"


async def test_what_is_in_int16_already_stays_so_unless_it_is_taken_out(on_stage: Path) -> None:
    for name in ("float", "fixed_dq"):
        shutil.copy(REAL / "bad_int16" / f"cat_{name}.bin", on_stage / f"cat_{name}.bin")
    shutil.copy(REAL / "bad_int16" / "cat_tensor_min_max.txt", on_stage / "tensor_min_max.txt")
    app = make_app((Path("cat_fixed_dq.bin"), Path("cat_float.bin")))
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("I")
        window = await _window(pilot)
        await until(pilot, lambda: _answer(window) is not None)
        answer = _answer(window)
        assert answer is not None and answer.int16 == ("cat",) and not answer.failing
        screen.int16.toggle_mark(MarkToggled("cat", True))
        await until_shown(pilot, "newly failing: gate")


@pytest.mark.parametrize(
    ("name", "why"),
    [("tiny/fixed_dq_keepgarbage.bin", "the twin does not reproduce this fixed dump"), ("", "no fixed dump")],
)
async def test_where_the_twin_has_no_answer_the_estimate_stays_and_one_line_says_why(
    on_stage: Path, name: str, why: str
) -> None:
    paths = [REAL / "tiny" / "fixed_dq_keepgarbage.bin", REAL / "tiny" / "float.bin"]
    if not name:
        paths = [REAL / "tiny" / "cmodel_float.bin", REAL / "tiny" / "float.bin"]
    for path in paths:
        shutil.copy(path, on_stage / path.name)
    app = make_app(tuple(Path(path.name) for path in paths))  # type: ignore[arg-type]
    async with app.run_test(size=LARGE) as pilot:
        await until_compared(pilot)
        await pilot.press("I")
        window = await _window(pilot)
        await until(pilot, lambda: window.foreseen is not None)
        assert "not foreseen: " in text_of(app) and why in text_of(app)
        assert "no INT16" in text_of(app) and "working it out" not in text_of(app)


async def test_another_file_and_one_that_is_not_there(on_stage: Path) -> None:
    INI.unlink()
    other = on_stage / "other"
    other.mkdir()
    shutil.copy(REAL / "bad_int16" / "cat_input_config.ini", other / "input_config.ini")
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("I")
        window = await _window(pilot)
        assert window.plan is not None and window.plan.change is None and "input_config.ini" in window.plan.problem
        await pilot.press("w")
        assert app.screen is window
        await pilot.press("o", "ctrl+u", *"other", "enter")
        await until(pilot, lambda: window.plan is not None and window.plan.change is not None)
        assert screen.int16.ini == Path("other/input_config.ini")
        assert window.plan.change is not None and not window.plan.change.changes, "cat is there already"


async def test_the_window_waits_for_the_diagnosis(on_stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever presses the key too early need not press it again."""
    going = threading.Event()

    def slow(*asked: object, **wanted: object) -> object:
        going.wait()
        return diagnosed(*asked, **wanted)  # type: ignore[arg-type]

    monkeypatch.setattr("sgs_tui.tui.triage.controller.diagnose", slow)
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: any(isinstance(screen, MainScreen) for screen in app.screen_stack))
        screen = main_screen(app)
        await until(pilot, lambda: screen.comparison.diagnosing)
        await pilot.press("I")
        await until_shown(pilot, "working it out")
        going.set()
        assert (await _window(pilot)).plan is not None


async def test_without_a_diagnosis_it_says_so(on_stage: Path) -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "newest first")
        await pilot.press("I")
        await until_shown(pilot, "needs the diagnosis")
        await pilot.press("i")
        await until_shown(pilot, "no layer here")


@pytest.mark.parametrize(("chosen", "wanted"), [(True, Marks(("a",), ("b",))), (False, Marks(("a", "b"), ()))])
def test_marks(chosen: bool, wanted: Marks) -> None:
    assert Marks(("a",)).toggled("b", chosen) == wanted
    assert Marks(("a", "b"), ("c",)).outside({"b"}) == ("a", "c") and Marks().outside(()) == ()
    assert Marks(("a",)).flipped("a") == Marks() and Marks().flipped("a") == Marks(("a",))
