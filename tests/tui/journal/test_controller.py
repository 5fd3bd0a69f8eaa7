"""Notes on layers and the journal, by their keys, in the file that the command line reads and writes."""

from pathlib import Path

from sgs_tui.engine.journal import Entry, Kind, append, entry, journal_of, read_journal
from sgs_tui.tui.frame.dialogs import Ask, TextDialog
from sgs_tui.tui.journal.view import JournalDialog
from tests.tui.stage import FOLDER, SAMPLE, make_app, text_of, until, until_compared, until_shown

SMALL, LARGE = (80, 24), (160, 50)


def _journal() -> tuple[Entry, ...]:
    return read_journal(journal_of(SAMPLE), SAMPLE.name)


async def test_a_note_is_written_marked_and_shown(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("n", "C", *"dark at night", "enter")
        await until(pilot, lambda: "gate" in screen.layer_table.pane.model.noted)
        await until_shown(pilot, "* dark at night")
        text = text_of(app)
        assert "gate *" in text and "noted 20" in text
    (found,) = _journal()
    assert (found.kind, found.layer, found.text, found.sample) == (Kind.NOTE, "gate", "dark at night", SAMPLE.name)


async def test_notes_of_another_day_are_there_at_once_and_of_another_dump_not(on_stage: Path) -> None:
    append(
        journal_of(SAMPLE),
        [entry("old one", layer="gate", sample=SAMPLE.name), entry("else", layer="cat", sample="x.bin")],
    )
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await until(pilot, lambda: set(screen.layer_table.pane.model.noted) == {"gate"})
        await pilot.press("n", "d")
        await until_shown(pilot, "old one")


async def test_the_journal_tells_what_was_tried_and_takes_a_line(on_stage: Path) -> None:
    append(journal_of(SAMPLE), [entry("INT16 for cat", Kind.TRIED), entry("1 failed before, 0 after", Kind.RESULT)])
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("H")
        await until_shown(pilot, "1 failed before, 0 after")
        assert isinstance(app.screen, JournalDialog) and "tried" in text_of(app) and "result" in text_of(app)
        await pilot.press("a", *"ask Li", "enter")
        await until_shown(pilot, "ask Li")
        assert isinstance(app.screen, JournalDialog)
        await pilot.press("escape")
    assert _journal()[-1].layer is None and _journal()[-1].text == "ask Li"


async def test_nothing_is_written_where_nothing_is_said(on_stage: Path) -> None:
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("C", "space", "enter")
        await pilot.press("C", *"never", "escape")
        await pilot.press("H")
        await until_shown(pilot, "nothing is written down yet")
    assert not journal_of(SAMPLE).exists()


async def test_text_in_a_journal_is_data(on_stage: Path) -> None:
    append(journal_of(SAMPLE), [entry("[red]\x1b[31m boo", layer="gate", sample=SAMPLE.name)])
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await until_compared(pilot)
        await pilot.press("H")
        await until_shown(pilot, "[red]")
        assert "\x1b" not in text_of(app) and "boo" in text_of(app)


async def test_a_journal_that_can_not_be_written_is_said_over_the_window(on_stage: Path) -> None:
    journal_of(SAMPLE).mkdir()
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await until_compared(pilot)
        await pilot.press("C", *"x", "enter")
        await until_shown(pilot, "cannot write")
        assert app.screen is screen
        await pilot.press("H")
        await until_shown(pilot, "cannot read")
        await pilot.press("a", *"y", "enter")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await until_shown(pilot, "cannot write")


async def test_without_a_dump_it_says_so(on_stage: Path) -> None:
    app = make_app((FOLDER,))
    async with app.run_test(size=SMALL) as pilot:
        await until_shown(pilot, "newest first")
        await pilot.press("C")
        await until_shown(pilot, "no layer here")
        await pilot.press("H")
        await until_shown(pilot, "there is none here")
        assert not isinstance(app.screen, Ask)
