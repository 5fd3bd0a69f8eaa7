"""Text from outside (tensor names, log lines, file names) made safe to show.

Names are decoded as UTF-8 with surrogateescape, so every byte survives a round trip; for the screen
and for reports they pass through `visible`, which shows control characters and stray bytes instead of
sending them to the terminal.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches

from sgs_tui.language import Message, joined

_HIDDEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
"""Categories never sent as they are: controls, format marks (bidi overrides), unassigned, private, surrogates."""


_BLANKS = " \t\n\v\f\r"  # white space as C's sscanf sees it


def decode(raw: bytes) -> str:
    """Bytes of a dump header as text; undecodable bytes become lone surrogates (PEP 383)."""
    return raw.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The inverse of `decode`: the bytes exactly as they stood in the file."""
    return text.encode("utf-8", "surrogateescape")


def _show(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    """`text` with every control, format and undecodable character written as an escape (`\\x1b`)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_show(c) if unicodedata.category(c) in _HIDDEN else c for c in text)


def start_of(text: str, cells: int, width: Callable[[str], int]) -> str:
    """The longest start of `text` that fits into `cells`, of which `width` says how many a character takes."""
    if text.isascii():
        return text[:cells]
    taken = 0
    for end, char in enumerate(text):
        taken += width(char)
        if taken > cells:
            return text[:end]
    return text


def cut_name(name: str, cells: int, ellipsis: str, width: Callable[[str], int]) -> str:
    """`name`, cut in the middle where it is wider than `cells`: both ends tell names apart, the last one more often."""
    if width(name) <= cells:
        return name
    room = max(0, cells - len(ellipsis))
    tail = start_of(name[::-1], room * 3 // 5, width)[::-1]
    return start_of(name, room - width(tail), width) + ellipsis[:cells] + tail


def sanitised(name: str) -> str:
    """A tensor name as the vendor's splitter writes it: cut at white space, `/` to `_`, `:` dropped."""
    words = name.strip(_BLANKS)
    cut = next((i for i, char in enumerate(words) if char in _BLANKS), len(words))
    return words[:cut].replace("/", "_").replace(":", "")


def some(names: Sequence[object], most: int = 4) -> str:
    """The first few names and how many more there are, as a message: `a, b and 3 more`."""
    return and_more(joined(name if isinstance(name, str) else str(name) for name in names[:most]), len(names) - most)


def and_more(listed: str, more: int) -> str:
    """What is listed, and how many more there are where there are any."""
    return Message("{names} and {more} more", names=listed, more=more) if more > 0 else listed


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The most similar known word, upper and lower case alike; None when none comes close."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest word and all of them."""
    words = list(known)
    close = nearest(word, words)
    listed = joined(words)
    if not close:
        return Message("known are {words}", words=listed)
    return Message("did you mean {close}? known are {words}", close=close, words=listed)


_PIECES = re.compile(
    r"[（《「“‘]*(?:[^\s（《「“‘\u2e80-\u9fff\u3000-\u303f\uff00-\uffef]+|[^\s])[，。；：、！？）》」”’]*|\s+"
)
"""What a line breaks between: words, and Chinese characters, with the punctuation that must not begin a line."""


def wrapped(text: str, cells: int, width: Callable[[str], int]) -> list[str]:
    """`text` in lines of at most `cells`, broken between words and between Chinese characters."""
    lines, line, room = [], "", cells
    for piece in _PIECES.findall(text):
        taken = width(piece)
        if taken > room and line:
            lines.append(line.rstrip(" "))
            line, room = "", cells
            if not piece.strip(" "):
                continue
        while width(piece) > cells and (start := start_of(piece, cells, width)):
            lines.append(start)
            piece = piece[len(start) :]  # noqa: PLW2901 what is left of it
        line, room = line + piece, room - width(piece)
    return [*lines, line.rstrip(" ")] if line.strip(" ") or not lines else lines
