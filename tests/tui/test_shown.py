"""Only cells that changed are sent, and what a terminal shows of them is what was to be shown."""

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
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
TEXTS = st.text("  ab│█", min_size=1, max_size=5)


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


def whole(frame: list[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[strip] for strip in frame], Region(0, 0, WIDTH, HEIGHT))


@given(st.lists(FRAMES, min_size=1, max_size=4))
def test_what_is_left_of_an_update_shows_the_same_as_all_of_it(frames: list[list[Strip]]) -> None:
    shown = Shown()
    sent = [shown.changes(whole(frame)) for frame in frames]
    assert screen_after(*sent) == screen_after(whole(frames[-1]).render_segments(CONSOLE))
    assert shown.changes(whole(frames[-1])) == ""


@given(FRAMES, FRAMES, st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1))
def test_a_part_of_the_screen_changes_that_part(before: list[Strip], after: list[Strip], line: int, cut: int) -> None:
    shown = Shown()
    first = shown.changes(whole(before))
    chops = [{0: None, cut: strip.crop(cut)} if cut else {0: strip} for strip in after]
    update = ChopsUpdate(chops, [(line, cut, WIDTH)], [[cut, WIDTH] if cut else [WIDTH]] * HEIGHT)
    expected = screen_after(whole(before).render_segments(CONSOLE), update.render_segments(CONSOLE))
    assert screen_after(first, shown.changes(update)) == expected


@given(STYLES, STYLES)
def test_a_turn_ends_in_the_look_it_says(old: Style, new: Style) -> None:
    one, other = (style.render("|").partition("|")[0][2:-1] for style in (old, new))
    reached = screen_after((f"\x1b[{one}m" if one else "") + turn(one, other) + "x")
    assert reached == screen_after(new.render("x"))


def test_one_cell_costs_its_place_its_look_and_itself() -> None:
    shown, look = Shown(), Style(color="color(252)", bgcolor="color(233)")
    frame = [Strip([Segment("a" * WIDTH, look)])] * HEIGHT
    shown.changes(whole(frame))
    frame[1] = Strip([Segment("aaaaab" + "a" * (WIDTH - 6), look)])
    assert shown.changes(whole(frame)) == "\x1b[2;6H\x1b[38;5;252;48;5;233mb\x1b[m"


def test_a_short_way_is_written_again_and_a_long_one_jumped() -> None:
    shown, plain = Shown(), Style(bgcolor="red")
    shown.changes(whole([Strip([Segment("abcdefghijkl", plain)])] * HEIGHT))
    near, far = Strip([Segment("XbcXefghijkX", plain)]), Strip([Segment("abcdefghijkl", plain)])
    assert shown.changes(whole([near, far, far, far])) == "\x1b[1H\x1b[41mXbcX\x1b[7CX\x1b[m"


def test_after_forgetting_or_at_another_size_all_is_sent_again() -> None:
    shown = Shown()
    frame = [Strip([Segment("abc")])]
    first = shown.changes(LayoutUpdate([frame], Region(0, 0, 3, 1)))
    shown.forget()
    assert shown.changes(LayoutUpdate([frame], Region(0, 0, 3, 1))) == first
    assert shown.changes(LayoutUpdate([frame], Region(0, 0, 4, 1))) == first


@settings(max_examples=20)
@given(st.sampled_from(["世界", "e\u0301", "a世\u0301b"]))
def test_a_line_with_wide_or_combining_characters_is_sent_whole(text: str) -> None:
    shown = Shown()
    line = Strip([Segment("ab"), Segment(text)]).adjust_cell_length(WIDTH)
    shown.changes(whole([line] * HEIGHT))
    other = Strip([Segment("aX"), Segment(text)]).adjust_cell_length(WIDTH)
    sent = shown.changes(whole([other, *[line] * (HEIGHT - 1)]))
    assert sent == f"\x1b[1HaX{text}" + " " * (WIDTH - line_cells(text) - 2)


def line_cells(text: str) -> int:
    return Strip([Segment(text)]).cell_length
