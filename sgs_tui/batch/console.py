"""What the text goes to: how wide, which characters, with color or without."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text

from sgs_tui.engine.text import cut_name, visible, wrapped
from sgs_tui.language import ENGLISH, shown, spoken


@dataclass(frozen=True, slots=True)
class Screen:
    """`columns` None: a file or a pipe, as wide as whole names need. `ascii`: nothing beyond ASCII is sent."""

    columns: int | None = None
    ascii: bool = False
    color: bool = False

    @property
    def ellipsis(self) -> str:
        return "..." if self.ascii else "…"

    def text(self, raw: str) -> str:
        """Text from outside, or a message in the reader's language, as this screen can show it, harmless and whole."""
        text = visible(shown(raw))
        return text.encode("ascii", "backslashreplace").decode() if self.ascii else text


# Columns of ready cells, laid side by side: no lines, two blanks between columns, ten thousand rows in a blink.

GAP = 2
PIPED = 80
"""Columns that a pipe or a file gets at least; more where a whole name needs them."""
NARROWEST = 40
LONGEST_NAME = 160
"""Cells of the longest name that is shown whole where there is no screen to fit."""
WHOLE = 10_000
"""Columns of a pipe in which no path is broken in two."""


class Cell(NamedTuple):
    """Text that is already harmless, and Rich's name of a style."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Column:
    """A column under its title; as wide as its widest cell unless `room` says otherwise."""

    title: str
    cells: Sequence[Cell]
    right: bool = False
    room: int | None = None

    @cached_property
    def said(self) -> Sequence[Cell]:
        """The cells in the reader's language."""
        return self.cells if spoken() == ENGLISH else [Cell(shown(text), style) for text, style in self.cells]

    @cached_property
    def width(self) -> int:
        """Cells it takes, without the gap."""
        if self.room is not None:
            return self.room
        texts = [cell.text for cell in self.said]
        plain = "".join(texts).isascii()
        return max(_cells(shown(self.title)), max(map(len if plain else _cells, texts), default=0))


def _cells(text: str) -> int:
    """Cells that harmless text takes; quicker than Rich where each character takes one."""
    return len(text) if text.isascii() else cell_len(text)


def taken(columns: Sequence[Column]) -> int:
    """Cells of these columns with the gap behind each; what is left of the width is the name's."""
    return sum(column.width + GAP for column in columns)


def name_column(
    title: str, names: Sequence[str], others: Sequence[Column], screen: Screen, shortest: int, longest: int
) -> Column:
    """Raw names, cut to what the other columns leave of the screen; without one whole up to `longest` cells."""
    widest = max((_cells(screen.text(name)) for name in names), default=0)
    wanted = max(cell_len(shown(title)), min(longest, widest))
    left = wanted if screen.columns is None else max(NARROWEST, screen.columns) - taken(others)
    room = max(shortest, min(wanted, left))
    return Column(title, [Cell(cut(name, room, screen)) for name in names], room=room)


def page_width(columns: Sequence[Column], screen: Screen) -> int:
    """Columns of a page with this table; a pipe has as many as the table takes."""
    return max(NARROWEST, screen.columns or max(PIPED, taken(columns) - GAP))


def table_of(columns: Sequence[Column]) -> Segments:
    """The columns side by side under their titles. Rich's own Table takes a millisecond a row."""
    return Segments(chain.from_iterable(_lines(columns)))


_SLICE = 500


def slices_of(columns: Sequence[Column]) -> Iterator[Segments]:
    """The same table a few hundred lines at a time, so that a long one can be written while it is drawn."""
    lines = _lines(columns)
    while piece := list(islice(lines, _SLICE)):
        yield Segments(chain.from_iterable(piece))


def _lines(columns: Sequence[Column]) -> Iterator[list[Segment]]:
    """Line by line, what is without a style between two that have one in one piece."""
    forms = [(column.right, column.width) for column in columns]
    heads = [Cell(shown(column.title), "bold") for column in columns]
    gap = " " * GAP
    for cells in chain([heads], zip(*(column.said for column in columns), strict=True)):
        line, plain = [], ""
        for (right, width), (text, style) in zip(forms, cells, strict=True):
            blanks = " " * (width - _cells(text))
            before, behind = (blanks, gap) if right else ("", blanks + gap)
            if style:
                line += [Segment(plain + before), Segment(text, Style.parse(style))]
                plain = behind
            else:
                plain += before + text + behind
        yield [*line, Segment(plain), Segment.line()]


# Drawing with Rich: names cut to cells, parts laid out to a width.


def cut(raw: str, cells: int, screen: Screen) -> str:
    """`raw` as the screen can show it, cut in the middle where it is wider than `cells`: names differ at both ends."""
    return cut_name(screen.text(raw), cells, screen.ellipsis, cell_len)


@dataclass(frozen=True, slots=True)
class _Hanging:
    """A text whose lines all begin in one column, behind the label of the first. Rich's Table costs more to load."""

    label: str
    text: Text
    indent: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for number, line in enumerate(_wrap(self.text, console, max(1, options.max_width - self.indent))):
            label = set_cell_size("" if number else self.label, self.indent)
            yield Text.assemble(label, line, no_wrap=True, overflow="ignore")


def _wrap(text: Text, console: Console, cells: int) -> Iterable[Text]:
    """Lines of a text; one without blanks, as Chinese is, breaks between its characters, not before punctuation."""
    if text.plain.isascii():
        return text.wrap(console, cells, overflow="fold")
    return [Text(line, style=text.style) for line in wrapped(text.plain, cells, cell_len)]


def hanging(label: str, text: str, indent: int, screen: Screen, style: str = "") -> RenderableType:
    """`label`, then raw `text`; all lines of the text begin in column `indent`."""
    return _Hanging(screen.text(label), Text(screen.text(text), style=style, overflow="fold"), indent)


def render(parts: Iterable[RenderableType], screen: Screen, width: int) -> bytes:
    """The parts one below the other, `width` columns wide, without blanks at line ends."""
    return b"".join(rendered(parts, screen, width))


def rendered(parts: Iterable[RenderableType], screen: Screen, width: int) -> Iterator[bytes]:
    """The same, part by part. Each part ends with a line."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=screen.color,
        color_system="auto" if screen.color else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    for part in parts:
        with console.capture() as capture:
            console.print(part, soft_wrap=isinstance(part, Segments))
        lines = (line.rstrip() for line in capture.get().split("\n"))
        yield "\n".join(lines).encode("ascii" if screen.ascii else "utf-8", "backslashreplace")


def whole_line(line: str, screen: Screen) -> Segments:
    """A line with a path, to be copied whole: where it is too long the terminal goes on below without a newline."""
    return Segments([Segment(screen.text(line)), Segment.line()])
