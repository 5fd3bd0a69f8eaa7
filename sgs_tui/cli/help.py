"""Help in the reader's language.

The library has its words in English: those of this package are translated once a command is built, its own few where
they are shown. Its lines break between blanks, which Chinese has none of, and it takes each character for one cell.

Apart because main.py is about how a command line ends.
"""

import re
from collections.abc import Iterator, Sequence
from inspect import cleandoc
from typing import Any

from rich.cells import cell_len

from sgs_tui.engine.text import wrapped
from sgs_tui.language import ENGLISH, Message, shown, spoken

_VERBATIM = "\b"


def translate(command: Any) -> None:
    """Put a command, or each of a group, with its options into the language of now; nothing in English."""
    if spoken() == ENGLISH:
        return
    for each in getattr(command, "commands", {}).values():
        translate(each)
    if command.help:
        command.help = shown(Message(cleandoc(command.help)))
        command.short_help = " ".join(command.help.partition("\n\n")[0].split("\n"))
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = shown(Message(parameter.help))
    context = command.context_class
    formatter = type("Formatter", (_InCells, context.formatter_class), {})
    command.context_class = type("Context", (context,), {"formatter_class": formatter})


class _InCells:
    """What the library's formatter writes, measured in cells. In front of it in the order of classes."""

    width: int
    current_indent: int
    write: Any

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, shown(Message("Usage: ")))  # type: ignore[misc]

    def write_heading(self, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{shown(Message(heading))}：\n")

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        self.write("\n".join(indent + line if line else "" for line in _lines(text, self.width - len(indent))) + "\n")

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """A list of names and what they are."""
        indent = " " * self.current_indent
        column = min(max(cell_len(name) for name, _ in rows), col_max) + col_spacing
        for name, about in rows:
            lines = list(_lines(_own_words(about), max(self.width - column - self.current_indent, 10)))
            head = f"{name}{' ' * (column - cell_len(name))}"
            if cell_len(name) > column - col_spacing:
                self.write(f"{indent}{name}\n")
                head = " " * column
            for line in lines or [""]:
                self.write(f"{indent}{head}{line}".rstrip() + "\n")
                head = " " * column


def _lines(text: str, width: int) -> Iterator[str]:
    """Paragraphs, with an empty line between them; those behind a line `\\b` keep their lines."""
    for number, paragraph in enumerate(re.split(r"\n\s*\n", cleandoc(text).strip("\n"))):
        yield from [""] if number else []
        lines = paragraph.split("\n")
        if lines[0].strip() == _VERBATIM:
            yield from lines[1:]
        else:
            yield from wrapped("".join(_unbroken(lines)), width, cell_len)


def _unbroken(lines: Sequence[str]) -> Iterator[str]:
    """Lines of a paragraph; a blank where two of them break between words that need one."""
    for before, line in zip(["", *lines], lines, strict=False):
        yield " " + line if before[-1:].isascii() and line[:1].isascii() and before else line


_EXTRA = re.compile(r"  \[([^][]*)\]$")


def _own_words(about: str) -> str:
    """`[required]`, `[default: x]`, and the help of --help, which are the library's."""
    text = _EXTRA.sub(lambda found: f"［{'；'.join(map(_extra, found[1].split('; ')))}］", about)
    return str(shown(Message(text)))


def _extra(word: str) -> str:
    what, colon, value = word.partition(": ")
    return f"{shown(Message(what))}：{value}" if colon else str(shown(Message(word)))
