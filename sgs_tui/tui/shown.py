"""What the terminal shows, cell by cell: of each update only what changed is sent, in as few bytes as say it.

Textual sends whole widgets, and the look of every stretch of text in full. Here each cell is compared with the one on
the screen; unchanged ones are jumped over (or written again where that is shorter), and of a look only what differs
from the one before it is said.

Apart because it knows only strips and escape sequences, nothing of this app.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import cast

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

Cell = tuple[str, str]
"""What is written for a cell, and its look as far as it is seen: the parameters of SGR, `1;38;5;252`. The second cell
of a wide character has no text of its own."""
_NOTHING_KNOWN: Cell = ("", "unknown")

_ENDS = {"1": "22", "2": "22", "3": "23", "4": "24", "7": "27", "9": "29"}
"""What ends an attribute alone; bold and dim end together."""
_UNSEEN = frozenset("123")
"""Attributes that a blank does not show: bold, dim, italic."""


class LeanCompositor(Compositor):
    """Has only what changed rendered. Textual's own takes the box around all changes, which is mostly the screen."""

    _changed: tuple[Region, ...] = ()

    def render_partial_update(self) -> ChopsUpdate | None:
        self._changed = tuple(self._dirty_regions)
        try:
            return super().render_partial_update()
        finally:
            self._changed = ()

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        """Region, clip and lines of each widget: of one that a change touches, the lines from the first to the last."""
        if not self._changed:
            yield from super()._get_renders(crop)
            return
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            touched = [part for part in map(seen.intersection, self._changed) if part]
            if touched:
                rows = Region.from_union(touched)
                part = Region(seen.x, rows.y, seen.width, rows.height)
                yield region, part, widget.render_lines(part.translate(-region.offset))


class Shown:
    """The cells on the screen, as far as this process wrote them."""

    def __init__(self) -> None:
        self._lines: dict[int, list[Cell]] = {}
        self._region: Region | None = None

    def forget(self) -> None:
        """Anything may be on the screen by now: what comes next is sent whole."""
        self._lines.clear()

    def only_changes(self, update: RenderableType | None) -> RenderableType | None:
        """The update as what is left of it at the moment it is written."""
        if isinstance(update, LayoutUpdate | ChopsUpdate):
            return cast("RenderableType", _Changes(self, update))  # as Textual's own updates, which it types the same
        if update is not None:
            self.forget()
        return update

    def changes(self, update: LayoutUpdate | ChopsUpdate) -> str:
        """The bytes that bring the screen from what it shows to what the update says."""
        if isinstance(update, LayoutUpdate) and update.region != self._region:
            self._region = update.region
            self.forget()
        pen = _Pen()
        for x, y, strip in _pieces(update):
            self._bring(pen, x, y, strip)
        return pen.finished()

    def _bring(self, pen: "_Pen", x: int, y: int, strip: Strip) -> None:
        """One stretch of a line. Where a character is not one cell wide, terminals differ: all of it is sent."""
        cells, looks, plain = _cells(strip)
        line = self._lines.setdefault(y, [])
        line += [_NOTHING_KNOWN] * (x + len(cells) - len(line))
        before = line[x : x + len(cells)]
        if before == cells:
            return
        line[x : x + len(cells)] = cells
        for place, (old, new, look) in enumerate(zip(before, cells, looks, strict=True), x):
            if old != new or not plain:
                pen.write(place, y, new, look)
            else:
                pen.pass_over(place, y, new)
        if not plain:
            pen.lose_place()


class _Changes(CompositorUpdate):
    """What Textual asks for its bytes when it writes."""

    def __init__(self, shown: Shown, update: LayoutUpdate | ChopsUpdate) -> None:
        self._shown, self._update = shown, update

    def render_segments(self, console: Console) -> str:
        return self._shown.changes(self._update)


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Left end, line and strip of every stretch of the update."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in strips:
                yield x, y, strip
                x += strip.cell_length
        return
    for y, left, right in update.spans:
        for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if chop is not None and x < right and end > left:
                yield x, y, chop


def _cells(strip: Strip) -> tuple[list[Cell], list[str], bool]:
    """The strip's cells, the look that each was given, and whether every character in it takes exactly one."""
    cells: list[Cell] = []
    looks: list[str] = []
    plain = True
    for text, style, control in strip:
        if control or not text:
            continue
        look = _look(style) if style is not None else ""
        if _one_each(text):
            blank = (" ", _blank(look))
            cells += [blank if char == " " else (char, look) for char in text]
        else:
            plain = False
            cells += _uneven(text, look)
        looks += [look] * (len(cells) - len(looks))
    return cells, looks, plain


def _uneven(text: str, look: str) -> Iterable[Cell]:
    """Text with wide or combining characters as one, which is written from its first cell on."""
    return ((text, look), *[("", look)] * (cell_len(text) - 1)) if cell_len(text) else ()


@lru_cache(4096)
def _one_each(text: str) -> bool:
    return text.isprintable() and (text.isascii() or all(cell_len(char) == 1 for char in text))


@lru_cache(1024)
def _look(style: Style) -> str:
    """The parameters of SGR for a style."""
    return style.render("|", color_system=ColorSystem.TRUECOLOR).partition("|")[0].removeprefix("\x1b[").rstrip("m")


class _Pen:
    """Writes cells from left to right, line by line. Position and look are known, or the first is None."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._at: tuple[int, int] | None = None
        self._look = ""
        self._passed: list[Cell] = []

    def write(self, x: int, y: int, cell: Cell, look: str) -> None:
        """The cell; where its look has to be said, the one that it was given: what follows has the same, mostly."""
        if self._at != (x, y):
            self._go(x, y)
        if cell[0] and not self._suits(cell):
            self._out.append(turn(self._look, look))
            self._look = look
        self._out.append(cell[0])
        self._at = (x + 1, y)

    def pass_over(self, x: int, y: int, cell: Cell) -> None:
        """A cell that may stay: remembered, as writing it once more can be shorter than a jump."""
        if self._at is not None and self._at == (x - len(self._passed), y):
            self._passed.append(cell)

    def lose_place(self) -> None:
        """What was written may have been wider or narrower than thought."""
        self._at = None

    def finished(self) -> str:
        """All of it; the look is put back, as others count on."""
        if self._look:
            self._out.append("\x1b[m")
        return "".join(self._out)

    def _suits(self, cell: Cell) -> bool:
        """Whether the present look shows it as it is to be seen."""
        text, look = cell
        return look == self._look or (text == " " and look == _blank(self._look))

    def _go(self, x: int, y: int) -> None:
        passed, self._passed = self._passed, []
        if self._at is None or self._at[1] != y or x < self._at[0]:
            self._out.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")
            return
        gap = x - self._at[0]
        jump = f"\x1b[{gap}C" if gap > 1 else "\x1b[C"
        again = "".join(text for text, _ in passed)
        same = len(passed) == gap and all(map(self._suits, passed))
        self._out.append(again if same and len(again.encode()) <= len(jump) else jump)


@lru_cache(8192)
def turn(old: str, new: str) -> str:
    """The shortest SGR sequence from one look to another, both as parameters."""
    if old == new:
        return ""
    (attributes, front, back), (wanted, new_front, new_back) = _parts(old), _parts(new)
    whole = f"\x1b[0;{new}m" if new else "\x1b[m"
    ended = attributes - wanted
    if not ended <= _ENDS.keys():
        return whole
    ends = {_ENDS[each] for each in ended}
    begun = {each for each in wanted if each not in attributes or _ENDS.get(each) in ends}
    said = [*sorted(ends), *sorted(begun)]
    said += [new_front or "39"] if new_front != front else []
    said += [new_back or "49"] if new_back != back else []
    return min(f"\x1b[{';'.join(said)}m", whole, key=len)


@lru_cache(2048)
def _blank(look: str) -> str:
    """What is seen of a look on a blank: the color behind it, and lines or reverse if it has them."""
    attributes, front, back = _parts(look)
    seen = attributes - _UNSEEN
    return ";".join([*sorted(seen), *filter(None, [front if seen else "", back])])


@lru_cache(2048)
def _parts(look: str) -> tuple[frozenset[str], str, str]:
    """Attributes, color of the text, color behind it."""
    attributes, colors, rest = set(), {"3": "", "4": ""}, look.split(";") if look else []
    while rest:
        code = rest[0]
        length = {"5": 3, "2": 5}[rest[1]] if code in ("38", "48") else 1
        said, rest = ";".join(rest[:length]), rest[length:]
        if 30 <= int(code) <= 49:
            colors[code[0]] = said
        elif 90 <= int(code) <= 107:
            colors["3" if int(code) < 100 else "4"] = said
        else:
            attributes.add(said)
    return frozenset(attributes), colors["3"], colors["4"]
