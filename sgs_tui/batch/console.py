"""What the text goes to: how wide, which characters, with color or without."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isqrt, log10
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text

from sgs_tui.engine.numbers import figure
from sgs_tui.engine.text import cut_name, visible


@dataclass(frozen=True, slots=True)
class Screen:
    """`columns` None: a file or a pipe, as wide as whole names need. `ascii`: nothing beyond ASCII is sent."""

    columns: int | None = None
    ascii: bool = False
    color: bool = False

    @property
    def ellipsis(self) -> str:
        """What stands for the middle that was cut out of a name."""
        return "..." if self.ascii else "…"

    def text(self, raw: str) -> str:
        """Text from outside as this screen can show it, harmless and whole."""
        shown = visible(raw)
        return shown.encode("ascii", "backslashreplace").decode() if self.ascii else shown


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


@dataclass(frozen=True, slots=True)
class Column:
    """A column under its title; as wide as its widest cell unless `room` says otherwise."""

    title: str
    cells: Sequence[Cell]
    right: bool = False
    room: int | None = None

    @property
    def width(self) -> int:
        """Cells it takes, without the gap."""
        if self.room is not None:
            return self.room
        return max(cell_len(self.title), max((cell_len(cell.text) for cell in self.cells), default=0))


def taken(columns: Sequence[Column]) -> int:
    """Cells of these columns with the gap behind each; what is left of the width is the name's."""
    return sum(column.width + GAP for column in columns)


def name_column(
    title: str, names: Sequence[str], others: Sequence[Column], screen: Screen, shortest: int, longest: int
) -> Column:
    """Raw names, cut to what the other columns leave of the screen; without one whole up to `longest` cells."""
    widest = max((cell_len(screen.text(name)) for name in names), default=0)
    wanted = max(cell_len(title), min(longest, widest))
    left = wanted if screen.columns is None else max(NARROWEST, screen.columns) - taken(others)
    room = max(shortest, min(wanted, left))
    return Column(title, [Cell(cut(name, room, screen)) for name in names], room=room)


def page_width(columns: Sequence[Column], screen: Screen) -> int:
    """Columns of a page with this table; a pipe has as many as the table takes."""
    return max(NARROWEST, screen.columns or max(PIPED, taken(columns) - GAP))


def table_of(columns: Sequence[Column]) -> Segments:
    """The columns side by side under their titles. Rich's own Table takes a millisecond a row."""
    return Segments(_segments(columns))


def _segments(columns: Sequence[Column]) -> Iterator[Segment]:
    widths = [column.width for column in columns]
    heads = [Cell(column.title, "bold") for column in columns]
    for cells in [heads, *zip(*(column.cells for column in columns), strict=True)]:
        for column, width, cell in zip(columns, widths, cells, strict=True):
            yield from _padded(cell, width, column.right)
        yield Segment.line()


def _padded(cell: Cell, width: int, right: bool) -> Iterator[Segment]:
    """The cell in its width and the gap behind it; only the text has the style."""
    blanks = " " * (width - cell_len(cell.text))
    text = Segment(cell.text, Style.parse(cell.style) if cell.style else None)
    gap = " " * GAP
    yield from (Segment(blanks), text, Segment(gap)) if right else (text, Segment(blanks + gap))


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
        lines = self.text.wrap(console, max(1, options.max_width - self.indent), overflow="fold")
        for number, line in enumerate(lines):
            label = "" if number else self.label
            yield Text.assemble(f"{label:<{self.indent}}", line, no_wrap=True, overflow="ignore")


def hanging(label: str, text: str, indent: int, screen: Screen, style: str = "") -> RenderableType:
    """`label`, then raw `text`; all lines of the text begin in column `indent`."""
    shown = Text(screen.text(text), style=style, overflow="fold")
    return _Hanging(label, shown, indent) if indent else shown


def render(parts: Iterable[RenderableType], screen: Screen, width: int) -> bytes:
    """The parts one below the other, `width` columns wide, without blanks at line ends."""
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
    with console.capture() as capture:
        for part in parts:
            console.print(part, soft_wrap=isinstance(part, Segments))
    lines = (line.rstrip() for line in capture.get().split("\n"))
    return "\n".join(lines).encode("ascii" if screen.ascii else "utf-8", "backslashreplace")


# Histograms as text by plotext 5; the only module here that knows it (version 6 is another library).

_HEIGHT = 12
_NARROW, _WIDE = 40, 160
_FEWEST_BARS = 16
_POINTS = 8
_ASCII = str.maketrans("│┤├─┬┴┼", "|||-+++")
"""plotext draws vertical lines with box characters even without a frame."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One histogram: bars over [low, high], and vertical lines at `limits`."""

    title: str
    counts: Sequence[int]
    low: float
    high: float
    limits: Sequence[float] = ()


def columns_of(screen: Screen) -> int:
    """How wide a chart is drawn: the screen's width, within reason; 80 in a pipe."""
    return min(_WIDE, max(_NARROW, screen.columns or 80))


def bars_for(values: int, screen: Screen) -> int:
    """How many bars: fewer where few values would only draw their own noise."""
    return min(columns_of(screen), max(_FEWEST_BARS, isqrt(4 * values)))


def draw(chart: Chart, screen: Screen, log: bool) -> str:
    """The chart with its frame, axis and title, ending with a newline. ASCII and without colors where asked."""
    import plotext

    plot: Any = plotext
    plot.clear_figure()
    plot.theme("clear")
    plot.plotsize(columns_of(screen), _HEIGHT)
    plot.title(chart.title)
    plot.frame(not screen.ascii)
    _bars(plot, chart, log, "#" if screen.ascii else "hd")
    _axes(plot, chart, log)
    drawn = plot.build() if screen.color else plot.uncolorize(plot.build())
    text = drawn.translate(_ASCII) if screen.ascii else drawn
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _bars(plot: Any, chart: Chart, log: bool, marker: str) -> None:
    """Each bar as many points side by side, so that bars touch whatever the width of a character's parts."""
    heights = [log10(1 + count) if log else count for count in chart.counts]
    points = len(heights) * _POINTS
    width = (chart.high - chart.low) / points
    drawn = [(chart.low + (n + 0.5) * width, h) for n in range(points) if (h := heights[n // _POINTS])]
    if drawn:
        plot.scatter(*map(list, zip(*drawn, strict=True)), marker=marker, color="blue", fillx=True)
    for limit in chart.limits:
        if chart.low <= limit <= chart.high:
            plot.vline(limit, color="red")
    plot.xlim(chart.low, chart.high)
    plot.ylim(0, max(heights) or 1)


def _axes(plot: Any, chart: Chart, log: bool) -> None:
    ends = [chart.low, (chart.low + chart.high) / 2, chart.high]
    plot.xticks(ends, [figure(value) for value in ends])
    highest = max(chart.counts)
    plot.yticks([0, log10(1 + highest) if log else highest or 1], ["0", f"{highest:,}"])


# Lines with paths: never broken by us, so that they can be copied whole from a narrow terminal.


def whole_line(line: str, screen: Screen) -> Segments:
    """The line as it is; where it is too long the terminal goes on below without a newline between."""
    return Segments([Segment(screen.text(line)), Segment.line()])
