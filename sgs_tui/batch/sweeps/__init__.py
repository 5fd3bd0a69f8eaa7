"""One file a format of a sweep, and the list of them; made as those of a comparison are (batch/formats)."""

from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING

from sgs_tui.batch.output import Data

if TYPE_CHECKING:
    from sgs_tui.batch.console import Screen
    from sgs_tui.batch.sweeps.report import SweepReport


class SweepFormat(StrEnum):
    """How a sweep is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"
    JUNIT = "junit"

    def pieces(self, report: "SweepReport", screen: "Screen") -> Data:
        """The report in this format; only the table depends on the screen."""
        writer: Callable[[SweepReport, Screen], Data] = import_module(f"{__name__}.{self}").write
        return writer(report, screen)
