"""The three windows: scatter, feature maps, heat map. They show what the controller counts, and ask it for more.

Apart because a window knows its lines and the user's keys, and nothing of jobs or dumps.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from sgs_tui.engine.compare.channels import ChannelTable
from sgs_tui.engine.compare.feature_map import FeatureMap, HeatRow
from sgs_tui.engine.compare.scatter import Scatter
from sgs_tui.language import _, key_word
from sgs_tui.tui.actions import bindings
from sgs_tui.tui.frame.dialogs import Dialog
from sgs_tui.tui.jobs import LayerWanted
from sgs_tui.tui.tensor.view import (
    Hot,
    Maps,
    Picture,
    heat_cells,
    heat_lines,
    heat_width,
    hottest,
    map_words,
    maps_of,
    moved,
    scatter_lines,
    shaded,
)
from sgs_tui.tui.text import BLANK, Line, Span, fit, line
from sgs_tui.tui.widgets.text_view import Canvas

GAP = 2


@dataclass
class MapNeeded(Message):
    """Another channel of this layer is to be read."""

    number: int
    channel: int


class TensorWindow(Dialog[None]):
    """A window whose lines are made for its size, and again when what they show changes."""

    def __init__(self, title: str, keymap: dict[str, str]) -> None:
        super().__init__(title, keymap)
        self.canvas = self.make_canvas()

    def make_canvas(self) -> Canvas:
        """The widget of the lines."""
        return Canvas()

    def body(self) -> Iterable[Widget]:
        return (self.canvas,)

    def on_mount(self) -> None:
        self.canvas.focus()
        self.call_after_refresh(self.draw)

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.call_after_refresh(self.draw)

    @property
    def plain(self) -> bool:
        """Only ASCII can be shown."""
        return bool(getattr(self.app, "ascii_only", False))

    def draw(self) -> None:
        """Make the lines for the present size."""
        width, height = self.canvas.size
        if width > 0 and height > 0:
            self.canvas.show(self.lines(width, height))

    def lines(self, width: int, height: int) -> list[Line]:
        """What is shown in so much room."""
        raise NotImplementedError


class ScatterWindow(TensorWindow):
    """Benchmark against sample."""

    def __init__(self, title: str, keymap: dict[str, str]) -> None:
        super().__init__(title, keymap)
        self.found: Scatter | None = None

    def show(self, found: Scatter) -> None:
        self.found = found
        self.draw()

    def lines(self, width: int, height: int) -> list[Line]:
        if self.found is None:
            return [line(Span(_("counting ..."), "muted"))]
        return scatter_lines(self.found, width, height, self.plain)


class PictureCanvas(Canvas):
    """Lines, and below them three pictures whose cells are half blocks in the terminal's 256 colors."""

    def __init__(self) -> None:
        super().__init__()
        self.maps: Maps | None = None
        self.first = 0
        self._pairs: dict[tuple[int, int], Style] = {}

    def show_maps(self, maps: Maps | None, first: int) -> None:
        """Pictures from line `first` on; None: none."""
        self.maps, self.first = maps, first
        self.refresh()

    def outdated(self) -> list[int]:
        """Of the lines: the pictures are painted when they are shown."""
        return [y for y in super().outdated() if not self._in_pictures(y)]

    def _in_pictures(self, y: int) -> bool:
        return self.maps is not None and 0 <= y - self.first < self.maps.lines

    def render_line(self, y: int) -> Strip:
        maps, number = self.maps, y - self.first
        if maps is None or not self._in_pictures(y):
            return super().render_line(y)
        segments: list[Segment] = []
        for picture in (maps.benchmark, maps.sample, maps.error):
            segments += [*self._row(picture, number, maps), Segment(" " * GAP, self.rich_style)]
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style).simplify()

    def _row(self, picture: Picture, number: int, maps: Maps) -> Iterable[Segment]:
        upper, lower = picture.colors[2 * number], picture.colors[2 * number + 1]
        for cell in range(maps.cells):
            if (number, cell) == maps.cursor:
                yield Segment("+", self._style_of("", "cursor"))
            else:
                yield Segment("▀", self._pair(int(upper[cell]), int(lower[cell])))

    def _pair(self, upper: int, lower: int) -> Style:
        if (upper, lower) not in self._pairs:
            self._pairs[upper, lower] = Style(color=Color.from_ansi(upper), bgcolor=Color.from_ansi(lower))
        return self._pairs[upper, lower]


class MapWindow(TensorWindow):
    """A channel's benchmark, sample and error; channels by their share of the error."""

    BINDINGS = bindings("map")
    GROUPS = ("map", "dialog")

    def __init__(self, title: str, keymap: dict[str, str], number: int, shaded: bool) -> None:
        self._shaded = shaded
        super().__init__(title, keymap)
        self._number = number
        self.table: ChannelTable | None = None
        self.order: list[int] = []
        self.place = 0
        self.found: FeatureMap | None = None
        self.cursor = (0, 0)
        self._made: tuple[FeatureMap, int, int, Maps] | None = None

    def make_canvas(self) -> Canvas:
        return PictureCanvas()

    def show_channels(self, table: ChannelTable) -> None:
        self.table, self.order = table, table.largest_share_first()
        self._ask()

    def show(self, found: FeatureMap) -> None:
        if self.order and found.channel == self.order[self.place]:
            self.found = found
            rows, columns = found.benchmark.shape
            self.cursor = min(self.cursor[0], rows - 1), min(self.cursor[1], columns - 1)
            self.draw()

    def _ask(self) -> None:
        if self.order:
            self.tell(MapNeeded(self._number, self.order[self.place]))

    def lines(self, width: int, height: int) -> list[Line]:
        canvas = self.canvas
        assert isinstance(canvas, PictureCanvas)
        if self.found is None or self.table is None:
            canvas.show_maps(None, 0)
            return [line(Span(_("reading ..."), "muted"))]
        share = float(self.table.share[self.found.channel])
        words = map_words(self.found, self.cursor, len(self.order), self.place, share, width)
        maps = self._maps(self.found, width, height - len(words) - 2)
        heads = (("benchmark", "benchmark"), ("sample", "sample"), (key_word("error"), "fail"))
        captions = tuple(Span(fit(text, maps.cells + GAP), tone) for text, tone in heads)  # type: ignore[arg-type]
        first = len(words) + 1
        if self._shaded and not self.plain:
            canvas.show_maps(maps, first)
            return [*words, captions]
        canvas.show_maps(None, 0)
        return [*words, captions, *(self._signs(maps, number) for number in range(maps.lines)), BLANK]

    def _maps(self, found: FeatureMap, width: int, height: int) -> Maps:
        """The pictures, made once for a channel and a size; a move of the cursor makes none."""
        made = self._made
        if made is None or made[0] is not found or made[1:3] != (width, height):
            made = (found, width, height, maps_of(found, self.cursor, width, height))
        self._made = (*made[:3], moved(found, made[3], self.cursor))
        return self._made[3]

    def _signs(self, maps: Maps, number: int) -> Line:
        parts: list[Span] = []
        for picture, tone in ((maps.benchmark, "benchmark"), (maps.sample, "sample"), (maps.error, "fail")):
            text = shaded(picture, number, "", self.plain)[0].text
            if number == maps.cursor[0]:
                at = maps.cursor[1]
                parts += [Span(text[:at], tone), Span("+", "cursor"), Span(text[at + 1 :], tone)]  # type: ignore[arg-type]
            else:
                parts.append(Span(text, tone))  # type: ignore[arg-type]
            parts.append(Span(" " * GAP))
        return tuple(parts)

    def _step(self, down: int, right: int) -> None:
        if self.found is not None:
            rows, columns = self.found.benchmark.shape
            self.cursor = max(0, min(rows - 1, self.cursor[0] + down)), max(0, min(columns - 1, self.cursor[1] + right))
            self.draw()

    def action_down(self) -> None:
        self._step(1, 0)

    def action_up(self) -> None:
        self._step(-1, 0)

    def action_left(self) -> None:
        self._step(0, -1)

    def action_right(self) -> None:
        self._step(0, 1)

    def _channel(self, step: int) -> None:
        place = self.place + step
        if 0 <= place < len(self.order):
            self.place = place
            self._ask()

    def action_next_channel(self) -> None:
        self._channel(1)

    def action_previous_channel(self) -> None:
        self._channel(-1)


class HeatWindow(TensorWindow):
    """Layers by channels; rows come as they are counted. It begins on the worst channel of the layer `first`, as soon
    as that is there and unless the user has gone elsewhere."""

    BINDINGS = bindings("heat")
    GROUPS = ("heat", "dialog")

    def __init__(self, title: str, keymap: dict[str, str], first: str) -> None:
        super().__init__(title, keymap)
        self._first = first
        self.rows: tuple[HeatRow, ...] = ()
        self.done = False
        self.cursor = (0, 0)
        self._top = 0

    def show(self, rows: tuple[HeatRow, ...], done: bool) -> None:
        self.rows, self.done = rows, done
        self.draw()

    def lines(self, width: int, height: int) -> list[Line]:
        room = max(1, height - 2)
        self._begin(width)
        self._top = min(max(self._top, self.cursor[0] - room + 1), self.cursor[0])
        return heat_lines(self.rows, self.cursor, self._top, width, height, self.done, self.plain)

    def _begin(self, width: int) -> None:
        place = next((n for n, row in enumerate(self.rows) if self._first and row.name == self._first), None)
        if place is not None:
            self._first = ""
            cells = heat_cells(self.rows[place : place + 1], heat_width(width), place)
            self.cursor = place, next((hot.cell for hot in hottest(cells)), 0)

    def _cells(self) -> list[list[Hot]]:
        return heat_cells(self.rows, heat_width(self.canvas.size.width))

    def _go(self, row: int, cell: int) -> None:
        if self.rows:
            self._first = ""
            cells = self._cells()
            row = max(0, min(len(self.rows) - 1, row))
            self.cursor = row, max(0, min(len(cells[row]) - 1, cell))
            self.draw()

    def action_down(self) -> None:
        self._go(self.cursor[0] + 1, self.cursor[1])

    def action_up(self) -> None:
        self._go(self.cursor[0] - 1, self.cursor[1])

    def action_left(self) -> None:
        self._go(self.cursor[0], self.cursor[1] - 1)

    def action_right(self) -> None:
        self._go(self.cursor[0], self.cursor[1] + 1)

    def action_next_hot(self) -> None:
        """From the hottest cell to the next; from any other cell to the hottest."""
        order = [(hot.row, hot.cell) for hot in hottest(self._cells())]
        if order:
            known = self.cursor in order[:-1] and (self._walked or self.cursor == order[0])
            at = order.index(self.cursor) + 1 if known else 0
            self._walked = True
            self._go(*order[at])

    _walked = False

    def action_open(self) -> None:
        if self.rows:
            self.tell(LayerWanted(self.rows[self.cursor[0]].name, True))
            self.dismiss(None)
