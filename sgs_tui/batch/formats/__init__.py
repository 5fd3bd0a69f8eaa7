"""One file a format of a comparison, and the list of them.

A new format is a module here that has `write(report, screen)`, called as the format is, and a line in `Format`. The
list holds no code of theirs, so that a command line is read without loading any of them.
"""

from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Self

from sgs_tui.batch.output import Data, joined

if TYPE_CHECKING:
    from sgs_tui.batch.console import Screen
    from sgs_tui.batch.report import Report


class Format(StrEnum):
    """How a comparison is written: the name, the suffix of its files, whether causes have a place in it.

    `wires`: it also shows who reads whom.
    """

    TABLE = "table", ".txt"
    CSV = "csv", ".csv"
    JSON = "json", ".json"
    MARKDOWN = "markdown", ".md"
    VENDOR = "vendor", ".txt", False
    HTML = "html", ".html"
    JUNIT = "junit", ".xml"
    MERMAID = "mermaid", ".mmd", True, True

    suffix: str
    explains: bool
    wires: bool

    def __new__(cls, name: str, suffix: str, explains: bool = True, wires: bool = False) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.suffix, member.explains, member.wires = suffix, explains, wires
        return member

    def write(self, report: "Report", screen: "Screen") -> bytes:
        """The report in this format; only the table depends on the screen. HTML reads the dumps again."""
        return joined(self.pieces(report, screen))

    def pieces(self, report: "Report", screen: "Screen") -> Data:
        """The same, in pieces where a report of many layers is large."""
        writer: Callable[[Report, Screen], Data] = import_module(f"{__name__}.{self}").write
        return writer(report, screen)
