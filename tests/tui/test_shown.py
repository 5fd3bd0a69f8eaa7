"""Only cells that changed are sent, and what a terminal shows of them is what was to be shown."""

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from sgs_tui.tui.shown import Shown, turn

WIDTH, HEIGHT = 12, 4
CONSOLE = Console(color_system="truecolor", force_terminal=True)
COLORS = st.sampled_from([None, "red", "bright_blue", "color(252)", "color(24)", "#102030"])
STYLES = st.builds(
    Style,
    color=COLORS,
    bgcolor=COLORS,
    **dict.fromkeys(("bold", "italic", "underline", "reverse", "strike"), st.booleans()),
)
TEXTS = st.text("  ab│█层图", min_size=1, max_size=5)


@st.composite
def lines(draw: st.DrawFn) -> Strip:
    """A line of the full width."""
    parts = draw(st.lists(st.tuples(TEXTS, STYLES), min_size=1, max_size=6))
    return Strip([Segment(text, style) for text, style in parts]).adjust_cell_length(WIDTH).simplify()


FRAMES = st.lists(lines(), min_size=HEIGHT, max_size=HEIGHT)


def screen_after(*outputs: str) -> list[list[tuple[object, ...]]]:
    """What a terminal shows; the look of a blank as far as it is seen."""
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    for output in outputs:
        stream.feed(output)
    return [[_seen(screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]


def _seen(cell: pyte.screens.Char) -> tuple[object, ...]:
    lined = cell.underscore or cell.reverse or cell.strikethrough
    if cell.data == " " and not lined:
        return " ", cell.bg
    if cell.data == " ":
        return " ", cell.fg, cell.bg, cell.underscore, cell.reverse, cell.strikethrough
    return tuple(cell)


def written(frame: list[Strip], left: int = 0, lines: range = range(HEIGHT)) -> str:
    """These lines from a cell on, as Textual writes them."""
    placed = (f"\x1b[{y + 1};{left + 1}H{frame[y].crop(left).render(CONSOLE)}" for y in lines)
    return "\n".join(placed) + "\x1b[1;1H"


@settings(max_examples=40)
@given(st.lists(FRAMES, min_size=1, max_size=4))
def test_what_is_left_of_an_update_shows_the_same_as_all_of_it(frames: list[list[Strip]]) -> None:
    shown = Shown()
    sent = [shown.changes(written(frame)) for frame in frames]
    assert screen_after(*sent) == screen_after(written(frames[-1]))
    assert shown.changes(written(frames[-1])) == ""


@settings(max_examples=40)
@given(FRAMES, FRAMES, st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1))
def test_a_part_of_the_screen_changes_that_part(before: list[Strip], after: list[Strip], line: int, cut: int) -> None:
    shown = Shown()
    first, part = written(before), written(after, cut, range(line, line + 1))
    assert screen_after(shown.changes(first), shown.changes(part)) == screen_after(first, part)


@given(STYLES, STYLES)
def test_a_turn_ends_in_the_look_it_says(old: Style, new: Style) -> None:
    one, other = (style.render("|").partition("|")[0][2:-1] for style in (old, new))
    reached = screen_after((f"\x1b[{one}m" if one else "") + turn(one, other) + "x")
    assert reached == screen_after(new.render("x"))


def test_one_cell_costs_its_place_its_look_and_itself() -> None:
    shown, look = Shown(), Style(color="color(252)", bgcolor="color(233)")
    frame = [Strip([Segment("a" * WIDTH, look)])] * HEIGHT
    shown.changes(written(frame))
    frame[1] = Strip([Segment("aaaaab" + "a" * (WIDTH - 6), look)])
    assert shown.changes(written(frame)) == "\x1b[2;6H\x1b[38;5;252;48;5;233mb\x1b[H\x1b[m"


def test_a_short_way_is_written_again_and_a_long_one_jumped() -> None:
    shown, plain = Shown(), Style(bgcolor="red")
    shown.changes(written([Strip([Segment("abcdefghijkl", plain)])] * HEIGHT))
    near, far = Strip([Segment("XbcXefghijkX", plain)]), Strip([Segment("abcdefghijkl", plain)])
    assert shown.changes(written([near, far, far, far])) == "\x1b[H\x1b[41mXbcX\x1b[7CX\x1b[H\x1b[m"


FRAME = "\x1b[1;1Habc\x1b[1;1H"


@pytest.mark.parametrize(
    "foreign", ["\x1b[?1049h", "\x1b[2J", "\x1b]52;c;YQ==\x07", "text without a place", "\x1b[1;1Ha\tb"]
)
def test_after_what_is_not_understood_all_is_sent_again(foreign: str) -> None:
    shown = Shown()
    first = shown.changes(FRAME)
    assert shown.changes(FRAME) == ""
    assert shown.changes(foreign) == foreign
    assert shown.changes(FRAME) == first


@pytest.mark.parametrize("kept", ["\x1b[?2026h", "\x1b[?25l", "\x07"])
def test_what_leaves_the_screen_alone_is_passed_on(kept: str) -> None:
    shown = Shown()
    shown.changes(FRAME)
    assert shown.changes(kept) == kept
    assert shown.changes(FRAME) == ""


def test_after_forgetting_all_is_sent_again() -> None:
    shown = Shown()
    first = shown.changes(FRAME)
    shown.forget()
    assert shown.changes(FRAME) == first


def test_an_update_for_a_larger_terminal_leaves_nothing_known() -> None:
    shown, large = Shown(), "\x1b[1;1Habcd\x1b[1;1H"
    shown.resize(3, 1)
    assert [shown.changes(each) for each in (large, large)] == [large, large]
    assert [shown.changes(FRAME) for _ in range(2)] == ["\x1b[Habc\x1b[H", ""]


def test_of_chinese_only_what_changed_is_sent() -> None:
    shown = Shown()
    shown.changes("\x1b[1;1H层 直方图 ab\x1b[1;1H")
    assert shown.changes("\x1b[1;1H层 直线图 ab\x1b[1;1H") == "\x1b[1;6H线\x1b[H"
    assert shown.changes("\x1b[1;1H层 aa线图 ab\x1b[1;1H") == "\x1b[1;4Haa\x1b[H"


@pytest.mark.parametrize("text", ["e\u0301", "a\u200db", "\u05d0", "\U0001f9d1\u200d\U0001f680"])
def test_where_terminals_differ_about_the_width_the_line_is_sent_whole(text: str) -> None:
    shown = Shown()
    frame = f"\x1b[1;1Hab{text}\x1b[1;1H"
    assert [shown.changes(frame) for _ in range(2)] == [f"\x1b[Hab{text}\x1b[H"] * 2
