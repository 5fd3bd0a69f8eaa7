"""Options that several commands share, written once."""

from pathlib import Path
from typing import Annotated

import typer

Batch = Annotated[bool, typer.Option("--batch", help="Print instead of opening the app.")]
Ascii = Annotated[bool, typer.Option("--ascii", help="Nothing but ASCII (automatic where the locale is not UTF-8).")]
NoMouse = Annotated[bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal.")]
Ranges = Annotated[
    Path | None,
    typer.Option("--ranges", metavar="FILE", help="Calibration ranges: tensor_min_max as text, JSON or pickle."),
]
Shapes = Annotated[
    Path | None,
    typer.Option("--shapes", metavar="FILE", help="Shapes: tensor_statistics.txt, or a dump that has them."),
]
ProfileName = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="Limits: manual (default), sop, strict, or your own TOML file."),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there, whole or not at all, instead of stdout."),
]
