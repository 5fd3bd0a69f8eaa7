"""Options of a comparison that follows something else, and their check before that something is started."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sgs_tui.batch.formats import FailOn, Format
from sgs_tui.cli import compare

Wanted = Annotated[Format | None, typer.Option("--format", help="How to print the comparison (default table).")]
FailOnVerdict = Annotated[
    FailOn | None, typer.Option("--fail-on", help="Which verdict gives exit code 1 (default fail).")
]
Filter = Annotated[
    str | None, typer.Option("--filter", metavar="TEXT", help="Layers to show: words, op:conv, rmse>0.1, !word.")
]
Sort = Annotated[str | None, typer.Option("--sort", metavar="COLUMN", help="Worst first by this; -COLUMN turns it.")]
Top = Annotated[int | None, typer.Option("--top", min=1, metavar="N", help="Only the first N layers.")]


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What `sgs-tui compare` would be given, all but the dumps."""

    ranges: Path | None = None
    shapes: Path | None = None
    profile: str | None = None
    wanted: Format | None = None
    output: Path | None = None
    fail_on: FailOn | None = None
    text: str | None = None
    sort: str | None = None
    top: int | None = None
    batch: bool = False
    ascii_only: bool = False
    no_mouse: bool = False

    @property
    def prints(self) -> bool:
        """Whether the comparison is printed; otherwise the app opens on it."""
        options = (self.wanted, self.output, self.fail_on, self.text, self.sort, self.top)
        return self.batch or any(option is not None for option in options)

    def check(self) -> None:
        """Raise now what would otherwise be raised after the runs."""
        from sgs_tui.cli.terminal import require_terminal
        from sgs_tui.engine.compare.order import check_sort_key
        from sgs_tui.engine.compare.query import parse_query
        from sgs_tui.engine.configs.profile_files import load_profile

        if not self.prints:
            require_terminal()
        check_sort_key((self.sort or "network").removeprefix("-"))
        parse_query(self.text or "")
        load_profile(self.profile or compare.DEFAULT_PROFILE)

    def compare(self, sample: Path, benchmark: Path, ranges: Path | None, output: Path | None) -> int:
        """Compare as `sgs-tui compare` does; `ranges` where none were given. The exit code."""
        return compare.compare(
            sample,
            benchmark,
            ranges=self.ranges or ranges,
            shapes=self.shapes,
            profile=self.profile,
            wanted=self.wanted,
            output=output,
            fail_on=self.fail_on,
            text=self.text,
            sort=self.sort,
            top=self.top,
            batch=self.batch or self.prints,
            ascii_only=self.ascii_only,
            no_mouse=self.no_mouse,
        )
