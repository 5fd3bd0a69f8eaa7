"""`sgs-tui histogram`."""

from pathlib import Path
from typing import Annotated

import typer

from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.options import Ascii, Batch, Ranges


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("histogram")(histogram)


def histogram(
    dump: Annotated[Path, typer.Argument(help="The dump whose layers are drawn.")],
    ranges: Ranges = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="DUMP", help="The other stage, on the same range.")
    ] = None,
    layers: Annotated[
        list[str] | None, typer.Option("--layer", metavar="NAME", help="Only this layer; may be given again.")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Logarithmic counts.")] = False,
    batch: Batch = False,
    ascii_only: Ascii = False,
) -> int:
    """Draw how a layer's values are spread, here in the terminal; calibrated limits as vertical lines.

    Always prints: all layers, or those named by --layer.

    \b
    Examples:
      sgs-tui histogram float.bin --ranges tensor_min_max.txt --layer gate
      sgs-tui histogram fixed.bin --against float.bin --layer gate --layer cat --log
    """
    from sgs_tui.batch.histogram import Wanted, histograms
    from sgs_tui.batch.output import emit
    from sgs_tui.cli.terminal import screen

    wanted = Wanted(dump, against, ranges, tuple(layers or ()), log)
    for text in histograms(wanted, screen(ascii_only, to_file=False)):
        emit(text.encode(), None)
    return ExitCode.OK
