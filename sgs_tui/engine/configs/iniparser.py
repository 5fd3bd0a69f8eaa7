r"""A file as the C library iniparser reads it, which the converter and the calibrator link (interop notes 7.1).

Its rules, from its `sscanf` patterns: a line is at most 1022 bytes before its `\n`; blanks at both ends do not
count; a line that ends in `\` goes on in the next; `#` and `;` start a comment line; `[..]` alone in a line is a
section; a value in quotes ends at the next quote of that kind (or at the end), one without quotes at the first
`;` or `#`; sections and keys are lower-cased; a later key replaces an earlier one; a line without `=` makes the
whole file unreadable. This reader goes on after errors and says what it met.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sgs_tui.engine.configs.textlines import Line
from sgs_tui.engine.text import decode, encode

LONGEST_LINE = 1022
SPACES = " \t\n\v\f\r"
_QUOTED = (re.compile(rf'([^=]+)=[{SPACES}]*(")([^"]+)'), re.compile(rf"([^=]+)=[{SPACES}]*(')([^']+)"))
_PLAIN = re.compile(rf"([^=]+)=[{SPACES}]*([^;#]+)")
_EMPTY = re.compile(r"([^=]+)=")
_SECTION = re.compile(r"\[([^\]]+)")


class Kind(StrEnum):
    """What iniparser takes a line for."""

    EMPTY = "empty"
    COMMENT = "comment"
    SECTION = "section"
    VALUE = "value"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Entry:
    """One logical line: physical lines `first` to `last` (from 1), joined and stripped in `text`.

    `section` and `key` are lower-cased; for a section line `name` keeps its spelling. `quote` is the quote round
    the value or empty, `rest` what stands behind the value (and its closing quote).
    """

    first: int
    last: int
    kind: Kind
    text: str
    section: str
    name: str = ""
    key: str = ""
    value: str = ""
    quote: str = ""
    rest: str = ""
    too_long: bool = False


def entries(lines: Sequence[Line]) -> Iterator[Entry]:
    """All logical lines in the file's order."""
    section = ""
    for first, last, text, length in _logical(lines):
        entry = _entry(first, last, text, section, length > LONGEST_LINE)
        section = entry.section
        yield entry


def _logical(lines: Sequence[Line]) -> Iterator[tuple[int, int, str, int]]:
    """(first, last, stripped text, greatest length in bytes) of the lines joined at `\\`.

    iniparser passes over a last line without newline that is one character long, and over one that ends in
    `\\`; here the latter is read without it, so that an edit finds it.
    """
    joined, first, longest = "", 1, 0
    for number, line in enumerate(lines, 1):
        joined += line.text + decode(line.ending.removesuffix(b"\n"))
        longest = max(longest, len(encode(joined)))
        stripped = joined.rstrip(SPACES)
        joined = stripped.removesuffix("\\")
        if joined == stripped or number == len(lines):
            passed_over = longest == 1 and not line.ending
            yield first, number, "" if passed_over else joined.strip(SPACES), longest
            joined, first, longest = "", number + 1, 0


def _entry(first: int, last: int, text: str, section: str, too_long: bool) -> Entry:
    if not text or text[0] in "#;":
        kind = Kind.COMMENT if text else Kind.EMPTY
        return Entry(first, last, kind, text, section, too_long=too_long)
    if text[0] == "[" and text[-1] == "]":
        found = _SECTION.match(text)
        name = found[1].strip(SPACES) if found else ""
        return Entry(first, last, Kind.SECTION, text, lower(name) if found else section, name, too_long=too_long)
    key, value, quote, rest = _assignment(text)
    kind = Kind.VALUE if key is not None else Kind.ERROR
    return Entry(first, last, kind, text, section, "", key or "", value, quote, rest, too_long)


def _assignment(text: str) -> tuple[str | None, str, str, str]:
    """(key, value, quote, rest) of a line; key None when it is no assignment."""
    for pattern in _QUOTED:
        quoted = pattern.match(text)
        if quoted:
            closing = 1 if quoted.end() < len(text) else 0
            return _key(quoted[1]), quoted[3], quoted[2], text[quoted.end() + closing :]
    plain = _PLAIN.match(text)
    if plain:
        value = plain[2].strip(SPACES)
        return _key(plain[1]), "" if value in ("''", '""') else value, "", text[plain.end() :]
    empty = _EMPTY.match(text)
    return (_key(empty[1]), "", "", text[empty.end() :]) if empty else (None, "", "", "")


def _key(text: str) -> str:
    return lower(text.strip(SPACES))


def lower(text: str) -> str:
    """ASCII letters lower-cased, as C does in its default locale."""
    return decode(encode(text).lower())
