"""The runs that arguments of `sgs-tui runs` mean."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sgs_tui.engine.simulate.runs import Run


RunName = Annotated[str, typer.Argument(metavar="[NAME]", help="The run (default the newest).")]


def place_of(root: Path | None) -> Path:
    """The runs root that --root means."""
    from sgs_tui.engine.simulate.runs import default_root

    return (root or default_root()).expanduser().absolute()


def run_named(name: str, root: Path | None) -> "Run":
    """The run called so; see engine/simulate/find_run.py."""
    from sgs_tui.engine.simulate.find_run import find_run

    return find_run(name, place_of(root))
