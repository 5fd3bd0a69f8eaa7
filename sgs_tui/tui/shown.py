"""What the terminal shows, cell by cell: of what Textual writes only cells that changed are sent, shortly said.

Textual sends lines from the left end of a widget to the last change, and the look of every stretch of text in full.
Here, at the driver's end of it, each cell is compared with the one on the screen; unchanged ones are jumped over (or
written again where that is shorter), and of a look only what differs from the one before it is said. Of what is not
understood every byte is sent, and nothing is taken for known after it.

Apart because it knows only escape sequences, nothing of this app and nothing of Textual's inside.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from unicodedata import bidirectional

from rich.cells import cell_len

Cell = tuple[str, str]
"""What is written for a cell, and its look as far as it is seen: the parameters of SGR, `1;38;5;252`. The second cell
of a wide character has no text of its own."""
_NOTHING_KNOWN: Cell = ("", "unknown")

_TOKEN = re.compile(r"\x1b\[(?:(\d+);(\d+)H|([\d;]*)m)|([^\x00-\x1f\x7f-\x9f]+)|(\n)")
"""All that a picture is made of: place (1 and 2), look (3), text (4), line end (5), which a place follows."""
_NO_PICTURE = re.compile(r"(?:\x1b\[\?(?:25|2026)[hl])*\x07?")
"""Cursor on and off, the brackets around an update, the bell: what is on the screen stays."""

_WIDE = (
    ("\u3001", "\u303e"),
    ("\u3041", "\u30ff"),
    ("\u3400", "\u4dbf"),
    ("\u4e00", "\u9fff"),
    ("\uac00", "\ud7a3"),
    ("\uf900", "\ufaff"),
    ("\uff01", "\uff60"),
)
"""Chinese, Japanese and Korean, first and last characters: two cells everywhere. A pattern of them takes 5 ms to build,
before the first picture."""

_ENDS = {"1": "22", "2": "22", "3": "23", "4": "24", "7": "27", "9": "29"}
"""What ends an attribute alone; bold and dim end together."""
_UNSEEN = frozenset("123")
"""Attributes that a blank does not show: bold, dim, italic."""


class _Stretch(NamedTuple):
    """Text from a place on, in runs of one look."""

    x: int
    y: int
    runs: list[tuple[str, str]]


class Shown:
    """The cells on the screen, as far as this process wrote them."""

    def __init__(self) -> None:
        self._lines: dict[int, list[Cell]] = {}
        self._cursor: tuple[int, int] | None = None
        self._size: tuple[int, int] | None = None

    def resize(self, width: int, height: int) -> None:
        """The terminal was given this size, be it the one it had: it may have moved and cut what is on it."""
        self.forget()
        self._size = width, height

    def forget(self) -> None:
        """Anything may be on the screen by now: what comes next is sent whole."""
        self._lines.clear()
        self._cursor = None

    def changes(self, written: str) -> str:
        """The bytes that bring the screen from what it shows to what `written` would make of it."""
        stretches = _stretches(written)
        if stretches is None or not self._on_screen(stretches):
            if not _NO_PICTURE.fullmatch(written):
                self.forget()
            return written
        pen = _Pen(self._lines)
        for stretch in stretches:
            if stretch.runs:
                self._bring(pen, stretch)
        end = stretches[-1]
        if not end.runs and (pen.has_written or self._cursor != (end.x, end.y)):
            pen.stop_at(end.x, end.y)
            self._cursor = (end.x, end.y)
        elif pen.has_written:
            self._cursor = None
        return pen.finished()

    def _on_screen(self, stretches: Iterable[_Stretch]) -> bool:
        """Whether all ends are on the terminal: what was made for a larger one breaks lines and scrolls."""
        if self._size is None:
            return True
        width, height = self._size
        return all(each.y < height and each.x + _length(each.runs) <= width for each in stretches if each.runs)

    def _bring(self, pen: "_Pen", stretch: _Stretch) -> None:
        """One stretch of a line; all of it where a character is in it of which terminals differ how wide it is."""
        x, y, runs = stretch
        line = self._lines.setdefault(y, [])
        if not all(_sure(text) for text, _ in runs):
            line[x:] = []
            pen.write_all(x, y, runs)
            return
        for text, look in runs:
            cells = _cells(text, look)
            pen.bring(line, x, y, cells, look)
            x += len(cells)


def _stretches(written: str) -> list[_Stretch] | None:
    """A picture, or part of one, in its stretches; None where anything else is in it."""
    stretches: list[_Stretch] = []
    runs: list[tuple[str, str]] | None = None
    look, at = "", 0
    for token in _TOKEN.finditer(written):
        if token.start() != at:
            return None
        at = token.end()
        kind = token.lastindex
        if kind == 4:
            if runs is None:
                return None
            runs.append((token[4], look))
        elif kind == 3:
            look = "" if token[3] in ("", "0") else f"{look};{token[3]}" if look else token[3]
        elif kind == 2:
            runs = []
            stretches.append(_Stretch(int(token[2]) - 1, int(token[1]) - 1, runs))
        else:
            runs = None
    return stretches if stretches and at == len(written) and not look else None


def _length(runs: Iterable[tuple[str, str]]) -> int:
    return sum(cell_len(text) for text, _ in runs)


@lru_cache(8192)
def _cells(text: str, look: str) -> list[Cell]:
    """The cells of a text of which every terminal knows how wide it is."""
    blank = (" ", _blank(look))
    if max(text) < _WIDE[0][0]:
        return [blank if char == " " else (char, look) for char in text]
    cells: list[Cell] = []
    for char in text:
        cells += [blank] if char == " " else [(char, look), ("", look)] if _is_wide(char) else [(char, look)]
    return cells


@lru_cache(8192)
def _sure(text: str) -> bool:
    """Whether terminals agree on its cells: one a character, two where it is of those that fill a square.

    They do not where characters combine, or are written from right to left.
    """
    return text.isascii() or (text.isprintable() and all(map(_sure_one, text)))


def _is_wide(char: str) -> bool:
    return any(first <= char <= last for first, last in _WIDE)


def _sure_one(char: str) -> bool:
    return cell_len(char) == 1 + _is_wide(char) and bidirectional(char) not in ("R", "AL")


class _Pen:
    """Writes cells from left to right, line by line. Position and look are known, or the first is None."""

    def __init__(self, lines: dict[int, list[Cell]]) -> None:
        self._lines = lines
        self._out: list[str] = []
        self._at: tuple[int, int] | None = None
        self._look = ""

    def bring(self, line: list[Cell], x: int, y: int, cells: list[Cell], look: str) -> None:
        """A run of one look in `line`: of it what is not there yet."""
        end = x + len(cells)
        line += [_NOTHING_KNOWN] * (end - len(line))
        before = line[x:end]
        if before == cells:
            return
        line[x:end] = cells
        for place, old in enumerate(before):
            if old != cells[place] and cells[place][0]:
                self._write(x + place, y, cells[place], look, 1 + (cells[place + 1 : place + 2] == [("", look)]))

    def write_all(self, x: int, y: int, runs: Iterable[tuple[str, str]]) -> None:
        """Runs as they are; where they end is not known."""
        self._out.append(_place(x, y))
        for text, look in runs:
            self._out += [turn(self._look, look), text]
            self._look = look
        self._at = None

    def _write(self, x: int, y: int, cell: Cell, look: str, cells: int) -> None:
        """The cell; where its look has to be said, the one that it was given: what follows has the same, mostly."""
        if self._at != (x, y):
            self._go(x, y)
        if not self._suits(cell):
            self._out.append(turn(self._look, look))
            self._look = look
        self._out.append(cell[0])
        self._at = (x + cells, y)

    @property
    def has_written(self) -> bool:
        return bool(self._out)

    def stop_at(self, x: int, y: int) -> None:
        """Leave the cursor there."""
        self._out.append(_place(x, y))

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
        if self._at is None or self._at[1] != y or x < self._at[0]:
            self._out.append(_place(x, y))
            return
        passed = self._lines[y][self._at[0] : x]
        jump = f"\x1b[{len(passed)}C" if len(passed) > 1 else "\x1b[C"
        if len(passed) <= len(jump) and all(cell[0] and self._suits(cell) for cell in passed):
            again = "".join(text for text, _ in passed)
            jump = again if len(again.encode()) <= len(jump) else jump
        self._out.append(jump)


def _place(x: int, y: int) -> str:
    """Ends that are 1 can be left out."""
    return f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H" if y else "\x1b[H"


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
