"""The status line: the gravest message since the last key, whatever the order, and nothing that is lost."""

from itertools import permutations

from sgs_tui.tui.status import Telling
from tests.tui.stage import make_app, text_of, until_compared, until_shown

WORDS = (("a hint", "hint"), ("copied", "info"), ("a note", "warn"), ("broken", "fail"), ("reading ...", "doing"))


class Log:
    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []

    def note(self, text: str, level: str) -> None:
        self.entries.append((text, level))

    @property
    def texts(self) -> list[str]:
        return [text for text, _ in self.entries]


def test_the_gravest_one_stands_however_they_come() -> None:
    for order in permutations(WORDS):
        log = Log()
        telling = Telling(log.note)
        for text, level in order:
            telling.tell(text, level, 1, log.texts)
            telling.tell("", "info", 1, log.texts)  # the cursor rests somewhere else meanwhile
        assert (telling.text, telling.level, telling.others) == ("broken", "fail", 2), order
        assert sorted(log.entries) == [("a note", "warn"), ("copied", "info")], order


def test_the_next_key_makes_room() -> None:
    log = Log()
    telling = Telling(log.note)
    assert telling.tell("broken", "fail", 1, ())
    assert not telling.tell("", "info", 1, ()) and telling.text == "broken"
    assert telling.tell("copied", "info", 2, ()) and (telling.text, telling.others) == ("copied", 0)
    assert telling.tell("", "info", 3, ()) and telling.text == ""


def test_of_equals_the_newer_one_stands_and_what_is_logged_is_not_logged_again() -> None:
    log = Log()
    telling = Telling(log.note)
    telling.tell("first", "warn", 1, ["first"])
    telling.tell("second", "warn", 1, ["first"])
    assert (telling.text, telling.others, log.entries) == ("second", 1, [])
    telling.tell("second", "warn", 1, ["first"])
    assert telling.others == 1  # said twice is said once


def test_work_under_way_gives_way_to_everything_and_is_taken_back() -> None:
    telling = Telling(Log().note)
    telling.tell("reading ...", "doing", 1, ())
    assert telling.tell("", "info", 1, ()) and telling.text == ""
    telling.tell("reading ...", "doing", 1, ())
    assert telling.tell("read", "info", 1, ()) and (telling.text, telling.others) == ("read", 0)


async def test_a_lesser_message_does_not_hide_a_failure(on_stage: object) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await until_compared(pilot)
        screen.flash("the disk is full", "fail")
        screen.flash("copied 3 cells")
        await until_shown(pilot, "✗ the disk is full  (+1 in the log: 5)")
        assert screen.log_pane.entries[-1].text == "copied 3 cells"
        await pilot.press("j")
        await until_shown(pilot, "RMSE")
        await pilot.press("n")
        screen.flash("copied 4 cells")
        await until_shown(pilot, "copied 4 cells")
        assert "the disk is full" not in text_of(app).split("\n")[-2]
