"""`sgs-tui histogram`."""

from pathlib import Path
from typing import Annotated

from sgs_tui.cli import stderr
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.options import Ascii, Batch, Ranges, argument, option
from sgs_tui.language import Message


def histogram(
    dump: Annotated[Path, argument("DUMP", "The dump whose layers are drawn.")],
    ranges: Ranges = None,
    against: Annotated[Path | None, option("--against DUMP", "The other stage, on the same range.")] = None,
    layers: Annotated[list[str] | None, option("--layer NAME", "Only this tensor; may be given again.")] = None,
    log: Annotated[bool, option("--log", "Logarithmic counts.")] = False,
    png: Annotated[Path | None, option("--png DIR", "Draw pictures there, one a layer (extra: png).")] = None,
    bins: Annotated[int, option("--bins N", "At most so many bars in a picture.", min=2, max=1000)] = 200,
    batch: Batch = False,
    ascii_only: Ascii = False,
) -> int:
    """Draw how a layer's values are spread.

    Prints all layers, or any tensors named by --layer, in the terminal, the calibrated min and max as vertical lines.
    With --png each becomes a picture named <op index>.<tensor, / as _>.png: blue the dump, orange line the other
    stage, red dashes the calibrated range. What was in DIR is moved to DIR.1, never deleted. Binary and string dumps
    (dumpasstring) are both read.

    \b
    Examples:
      sgs-tui histogram float.bin --ranges tensor_min_max.txt --layer gate
      sgs-tui histogram fixed.bin --against float.bin --layer gate --log
      sgs-tui histogram float.bin --ranges log/tensor_min_max.txt --png Histograms
      sgs-tui histogram fixed.bin --against float.bin --png pictures --bins 100
    """
    if png is not None:
        return _draw(dump, png, ranges, against, tuple(layers or ()), log, bins)
    from sgs_tui.batch.output import emit
    from sgs_tui.batch.printed.histogram import histograms

    paths, page, trouble = [dump, *filter(None, [against])], stderr.screen(ascii_only, to_file=False), list[str]()
    for text in histograms(paths, ranges, layers or (), log, page, trouble.append):
        emit(text.encode(), None)
    return stderr.damaged(trouble, Message("what can be read is drawn"))


def _draw(
    dump: Path, folder: Path, ranges: Path | None, against: Path | None, layers: tuple[str, ...], log: bool, bins: int
) -> ExitCode:
    from sgs_tui.batch.formats.pictures import PicturesWanted, draw_pictures
    from sgs_tui.engine.numbers import count, size

    made = draw_pictures(PicturesWanted(dump, folder, ranges, against, layers, log, bins))
    if made.moved is not None:
        stderr.note(Message("what was in {folder} is now in {moved}", folder=folder, moved=made.moved))
    rate = size(round(made.bytes_read / max(made.seconds, 1e-3)))
    stderr.note(
        Message(
            "{folder}: {pictures} of {size} in {seconds:.1f} s ({rate}/s)",
            folder=folder,
            pictures=count(made.count, "picture"),
            size=size(made.bytes_read),
            seconds=made.seconds,
            rate=rate,
        )
    )
    return stderr.damaged((*made.failures, *made.damage), Message("every layer that can be read was drawn"))
