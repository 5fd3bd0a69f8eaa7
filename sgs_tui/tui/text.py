"""Text of the screen: spans with a tone, fitted to cells, and the numbers that only a narrow column words so.

A *tone* names what a piece of text means (`fail`, `muted`, ...); the theme gives it a look (themes.py). Text from
outside goes through `fit`, `cut` or `span`, which show control characters instead of sending them, and messages
in the user's language.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from rich.cells import cell_len, set_cell_size

from sgs_tui.engine.text import cut_name, start_of, visible, wrapped
from sgs_tui.language import shown

Tone = Literal[
    "", "muted", "strong", "key", "fail", "warn", "good", "sample", "benchmark", "header", "focus", "cursor", "idle"
]
ELLIPSIS = "…"
_CHINESE = "\u2e80"
"""From this character on they are two cells wide and stand without blanks between them."""


class Span(NamedTuple):
    """A piece of a line and what it means."""

    text: str
    tone: Tone = ""


Line = tuple[Span, ...]
BLANK: Line = ()


def span(text: str, tone: Tone = "") -> Span:
    """A span of text from outside, or of a message, in the user's language."""
    return Span(visible(shown(text)), tone)


def line(*parts: str | Span) -> Line:
    """A line of spans; plain strings have no tone."""
    return tuple(part if isinstance(part, Span) else span(part) for part in parts)


def width(spans: Iterable[Span]) -> int:
    """Cells that a line takes."""
    return sum(cell_len(text) for text, _ in spans)


def cut(text: str, cells: int) -> str:
    """`text` made visible and, where it is wider than `cells`, cut in the middle."""
    return cut_name(visible(shown(text)), cells, ELLIPSIS, cell_len)


def fit(text: str, cells: int, right: bool = False) -> str:
    """`text` cut and padded to exactly `cells`."""
    kept = cut(text, cells)
    blanks = " " * (cells - cell_len(kept))
    return blanks + kept if right else kept + blanks


def padded(text: str, cells: int) -> str:
    """`text` with blanks up to so many cells, never cut."""
    said = visible(shown(text))
    return said + " " * (cells - cell_len(said))


def clip(text: str, cells: int) -> str:
    """`text` made visible and cut at its end."""
    whole = visible(shown(text))
    return whole if cell_len(whole) <= cells else set_cell_size(whole, max(0, cells - 1)) + ELLIPSIS[:cells]


def wrap(text: str, cells: int) -> list[str]:
    """`text` made visible, broken at blanks, and between Chinese characters, where it can be, else anywhere."""
    rows: list[str] = []
    rest = visible(shown(text))
    cells = max(1, cells)
    if not rest.isascii() and max(rest) >= _CHINESE:
        return wrapped(rest, cells, cell_len)
    while cell_len(rest) > max(cells, cell_len(rest[:1])):
        head = start_of(rest, cells, cell_len) or rest[0]
        blank = head.rfind(" ")
        end = blank if blank > cells // 3 else len(head)
        rows.append(rest[:end].rstrip(" "))
        rest = rest[end:].lstrip(" ") if end == blank else rest[end:]
    return [*rows, rest]


def paragraph(text: str, cells: int, tone: Tone = "") -> list[Line]:
    """`text` as lines of one tone, none where there is nothing to say."""
    return [(Span(part, tone),) for part in wrap(text, cells)] if text else []


def flow(spans: Line, cells: int) -> list[Line]:
    """A line of several tones broken at blanks."""
    text, tones = "".join(part.text for part in spans), [part.tone for part in spans for _ in part.text]
    rows: list[Line] = []
    start = 0
    for row in wrap(text, cells):
        start = text.index(row, start)
        rows.append(tuple(Span(char, tone) for char, tone in zip(row, tones[start:], strict=False)))
        start += len(row)
    return rows


def hanging(head: Line, text: str, cells: int, tone: Tone = "") -> list[Line]:
    """`text` behind `head`, its further lines indented as far."""
    indent = width(head)
    first, *rest = wrap(text, max(12, cells - indent))
    return [(*head, Span(first, tone)), *((Span(" " * indent), Span(part, tone)) for part in rest)]


def plain(lines: Iterable[Line]) -> str:
    """Lines as text to copy."""
    return "\n".join("".join(part.text for part in row).rstrip() for row in lines)


def share(part: int, total: int) -> str:
    """`part` of `total` in percent; a few are never rounded to none, nearly all never to all."""
    if not total:
        return "0 %"
    percent = 100 * part / total
    if 0 < percent < 0.01:
        return "<0.01 %"
    if 99.99 < percent < 100:
        return ">99.99 %"
    return f"{percent:.3g} %"


def age(seconds: float) -> str:
    """How long ago, in the largest unit that fits: `5 s`, `12 min`, `3 h`, `9 d`."""
    for limit, divisor, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if seconds < limit:
            return f"{max(0, int(seconds // divisor))} {unit}"
    return f"{int(seconds // 86400)} d"
