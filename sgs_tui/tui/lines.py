"""Text of the screen: spans with a tone, fitted to cells. Nothing here knows a widget.

A *tone* names what a piece of text means (`fail`, `muted`, ...); the theme gives it a look (themes.py). Text from
outside goes through `fit`, `cut` or `span`, which show control characters instead of sending them.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from rich.cells import cell_len, set_cell_size

from sgs_tui.engine.text import visible

Tone = Literal[
    "", "muted", "strong", "key", "fail", "warn", "good", "sample", "benchmark", "header", "focus", "cursor", "idle"
]
ELLIPSIS = "…"


class Span(NamedTuple):
    """A piece of a line and what it means."""

    text: str
    tone: Tone = ""


Line = tuple[Span, ...]
BLANK: Line = ()


def span(text: str, tone: Tone = "") -> Span:
    """A span of text from outside."""
    return Span(visible(text), tone)


def line(*parts: str | Span) -> Line:
    """A line of spans; plain strings have no tone."""
    return tuple(part if isinstance(part, Span) else Span(visible(part)) for part in parts)


def width(spans: Iterable[Span]) -> int:
    """Cells that a line takes."""
    return sum(cell_len(text) for text, _ in spans)


def _tail(text: str, cells: int) -> str:
    """The longest end of `text` that fits into `cells`."""
    taken, start = 0, len(text)
    while start and (taken := taken + cell_len(text[start - 1])) <= cells:
        start -= 1
    return text[start:]


def _head(text: str, cells: int) -> str:
    """The longest start of `text` that fits into `cells`."""
    taken = 0
    for end, char in enumerate(text):
        taken += cell_len(char)
        if taken > cells:
            return text[:end]
    return text


def cut(text: str, cells: int) -> str:
    """`text` made visible and, where it is wider than `cells`, cut in the middle: both ends of a name tell it apart."""
    shown = visible(text)
    if cell_len(shown) <= cells:
        return shown
    if cells < 2:
        return ELLIPSIS[:cells]
    back = (cells - 1) * 3 // 5
    return _head(shown, cells - 1 - back) + ELLIPSIS + _tail(shown, back)


def fit(text: str, cells: int, right: bool = False) -> str:
    """`text` cut and padded to exactly `cells`."""
    shown = cut(text, cells)
    blanks = " " * (cells - cell_len(shown))
    return blanks + shown if right else shown + blanks


def clip(text: str, cells: int) -> str:
    """`text` made visible and cut at its end."""
    shown = visible(text)
    return shown if cell_len(shown) <= cells else set_cell_size(shown, max(0, cells - 1)) + ELLIPSIS[:cells]


def wrap(text: str, cells: int) -> list[str]:
    """`text` made visible, broken at blanks where it can be and anywhere where it can not."""
    rows: list[str] = []
    rest = visible(text)
    while cell_len(rest) > cells:
        head = _head(rest, cells) or rest[0]
        blank = head.rfind(" ")
        end = blank if blank > cells // 3 else len(head)
        rows.append(rest[:end].rstrip())
        rest = rest[end:].lstrip() if end == blank else rest[end:]
    return [*rows, rest]
