"""What the searches have in common: options, and where they are kept."""

from pathlib import Path
from typing import Annotated

import typer

Calibrate = Annotated[
    str, typer.Option("--calibrate", metavar="PATH", help="Calibration images: a folder, a list file; about 30.")
]
JudgedImage = Annotated[
    str | None,
    typer.Option("--image", "-i", metavar="PATH", help="What both stages are dumped on (default the first image)."),
]
SearchFolder = Annotated[
    Path | None, typer.Option("--folder", metavar="DIR", help="Where searches are kept (default ./sgs_optimize).")
]


def whole(path: Path) -> Path:
    """The path from the root on, `~` resolved."""
    return path.expanduser().absolute()


def search_place(folder: Path | None) -> Path:
    """The folder that --folder means."""
    return whole(folder or Path("sgs_optimize"))
