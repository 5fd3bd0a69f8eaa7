"""A file as lines that keep every byte, and the difference between two versions of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from functools import partial

from sgs_tui.engine.text import decode
from sgs_tui.language import Message

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    r"""One line: what it says, and how it ends (`\n`, `\r\n`, or nothing at the end of a file)."""

    content: bytes
    ending: bytes = b"\n"

    @property
    def text(self) -> str:
        return decode(self.content)


def split_lines(data: bytes) -> tuple[Line, ...]:
    r"""All lines of `data`; only `\n` ends a line, a `\r` before it belongs to the ending."""
    parts = data.split(b"\n")
    lines = [Line(part[:-1], b"\r\n") if part.endswith(b"\r") else Line(part) for part in parts[:-1]]
    return (*lines, Line(parts[-1], b"")) if parts[-1] else tuple(lines)


def join_lines(lines: Iterable[Line]) -> bytes:
    """The inverse of `split_lines`, byte for byte."""
    return b"".join(line.content + line.ending for line in lines)


def with_final_newline(lines: tuple[Line, ...], ending: bytes = b"\n") -> tuple[Line, ...]:
    """The same lines, the last one ended."""
    if not lines or lines[-1].ending:
        return lines
    return (*lines[:-1], Line(lines[-1].content, ending))


def difference(old: bytes, new: bytes, name: str) -> list[str]:
    r"""Unified difference as lines of text, empty when nothing changed.

    A line keeps its `\r` and a missing final newline is said, so that changed line ends can be seen.
    """
    before, after = _marked(old), _marked(new)
    changes = list(unified_diff(before, after, lineterm=""))[2:]
    heads = [Message("--- {name} (now)", name=name), Message("+++ {name} (new)", name=name)] if changes else []
    return [*heads, *(part for line in changes for part in line.split("\n"))]


def _marked(data: bytes) -> list[str]:
    *lines, last = decode(data).split("\n")
    return [*lines, f"{last}\n\\ No newline at end of file"] if last else lines


# What a check of a configuration file says: how bad, where, what it does, what to do.


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a file. `line` counts from 1; None when it concerns the whole file."""

    severity: Severity
    line: int | None
    message: str
    remedy: str


error = partial(Finding, Severity.ERROR)
"""The run fails or its result is wrong."""
warning = partial(Finding, Severity.WARNING)
"""A setting does less or more than it says."""
note = partial(Finding, Severity.NOTE)
"""Good to know."""
