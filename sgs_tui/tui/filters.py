"""The last step before bytes are made: ASCII where nothing else can be shown, no colours where they are not wanted.

Textual has no ASCII mode, keeps greys under NO_COLOR, and sends every colour in full.
"""

from functools import lru_cache
from typing import Protocol, runtime_checkable

from rich.cells import cell_len
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_ASCII = {
    **dict.fromkeys("│┃║▏▎▍▌▐▕▊▋▉┆┊", "|"),
    **dict.fromkeys("─━═▔▁▂▃┄┈╌—–", "-"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╋┏┓┗┛┣┫┳┻╔╗╚╝", "+"),
    **dict.fromkeys("█▇▆▅▄▀▟▙▛▜▚▞▘▝▖▗■▓▒░", "#"),
    **dict.fromkeys("•·⋅∙●○◉", "*"),
    **dict.fromkeys("▾▼↓", "v"),
    **dict.fromkeys("▴▲↑", "^"),
    **dict.fromkeys("▸▶→⏵", ">"),
    **dict.fromkeys("◂◀←", "<"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    "✗": "x",
    "✓": "v",
    "…": "~",
    "×": "x",
    "−": "-",
    "Σ": "S",
    "²": "2",
    "√": "V",
    "\N{NO-BREAK SPACE}": " ",
}
_TABLE = str.maketrans(_ASCII)


@lru_cache(4096)
def to_ascii(text: str) -> str:
    """`text` in pure ASCII and in as many cells: known glyphs by a likeness, others by question marks."""
    if text.isascii():
        return text
    translated = text.translate(_TABLE)
    return "".join(char if char.isascii() else "?" * cell_len(char) for char in translated)


class AsciiOnly(LineFilter):
    """For `--ascii` and locales that are not UTF-8: nothing but ASCII leaves the app."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same cells in ASCII."""
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]


@lru_cache(1024)
def colourless(style: Style) -> Style:
    """The style's attributes without its colours."""
    return Style(bold=style.bold, dim=style.dim, italic=style.italic, underline=style.underline, reverse=style.reverse)


@runtime_checkable
class AsciiAware(Protocol):
    """An app that knows whether it may only send ASCII (bars then are drawn with other marks)."""

    ascii_only: bool


class Colourless(LineFilter):
    """For NO_COLOR: not one colour code leaves the app; reverse, bold and underline stay."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same text without colours."""
        return [
            Segment(text, None if style is None else colourless(style), control) for text, style, control in segments
        ]


_LEVELS = (0, 95, 135, 175, 215, 255)
PALETTE: dict[tuple[int, int, int], int] = {
    **{(8 + 10 * n, 8 + 10 * n, 8 + 10 * n): 232 + n for n in range(24)},
    **{
        (red, green, blue): 16 + 36 * r + 6 * g + b
        for r, red in enumerate(_LEVELS)
        for g, green in enumerate(_LEVELS)
        for b, blue in enumerate(_LEVELS)
    },
}
"""xterm's colours 16-255, which every terminal has fixed: value to number."""


def _short(colour: RichColor | None) -> RichColor | None:
    number = PALETTE.get(colour.triplet) if colour is not None and colour.triplet is not None else None
    return colour if number is None else RichColor.from_ansi(number)


@lru_cache(1024)
def shortened(style: Style) -> Style:
    """The same look with colours of the palette by their numbers: `38;5;252` for `38;2;208;208;208`."""
    return style + Style(color=_short(style.color), bgcolor=_short(style.bgcolor))


class ShortColours(LineFilter):
    """Colours that are exactly in the palette of 256 are sent by number: a cursor move costs a third less."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same text with shorter colours."""
        return [
            Segment(text, None if style is None else shortened(style), control) for text, style, control in segments
        ]
