"""`sgs-tui vendor-script histogram|dump_debug`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.cli import complaints
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.vendor_script_compare import echo

if TYPE_CHECKING:
    from sgs_tui.engine.dumps.reader import Dump


def histogram(
    dump: Annotated[Path, typer.Argument(metavar="DUMP", help="The dump, string (dumpasstring) or binary.")],
    ranges: Annotated[Path, typer.Argument(metavar="RANGES", help="tensor_min_max as JSON, pickle or text.")],
) -> int:
    """Draw a histogram for each entry, as histogram.py does.

    Histograms/<i>.<name>.png for each entry of the range file; i is the entry's number, from 0. Prints the progress
    bar's last state and the total time. Needs the extra png.

    \b
    Different from the script:
      - what was in Histograms is moved to Histograms.1, not deleted
      - the text form of tensor_min_max and binary dumps are read as well;
        pickles run nothing
      - names are matched exactly: conv1 is never drawn with the data of conv1_1
      - all values are drawn, those outside min and max too, in at most 200 bars
      - both cores; long names get a shorter file name; unreadable tensors are
        told, exit code 3

    \b
    Example:
      sgs-tui vendor-script histogram string_dump.bin tensor_min_max.json
    """
    from sgs_tui.batch.vendor_script_histogram import FOLDER, draw

    drawn = draw(dump, ranges)
    echo(f"[{'=' * 50}]100.00%")
    echo(f"Total time elapsed: {_clock(drawn.seconds)}")
    if drawn.moved is not None:
        complaints.note(f"what was in {FOLDER} is now in {drawn.moved}")
    for line in (*drawn.failures, *drawn.damage):
        complaints.error(line, "every tensor that can be read was drawn")
    return ExitCode.INPUT if drawn.failures or drawn.damage else ExitCode.OK


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}"


def dump_debug(
    fixed: Annotated[Path, typer.Argument(metavar="FIXED", help="The dump that is judged.")],
    float_: Annotated[Path, typer.Argument(metavar="FLOAT", help="The reference.")],
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Write this tensor of both as text.")] = None,
) -> int:
    """Print a line for each tensor, as dump_debug.py does.

    Or write one tensor of both dumps as text. A line is <i>.<name>, MSE, COS and RMSE, set apart by tabs; the
    network's inputs count as well. With NAME: fixed.txt and float.txt here, the name in the first line, then 16
    values a line; older ones are kept as fixed.txt.bak.

    \b
    Different from the script:
      - dumps without shapes and integer dumps are read; integers are dequantised
      - padding is taken out of every row, not off the end
      - tensors that can not be compared are told on stderr; their numbers are
        left out, as in the script
      - a tensor of zeros on both sides has COS 1 and RMSE 0, not 0 and nan
      - a damaged dump gives exit code 3, as does an unknown NAME

    \b
    Examples:
      sgs-tui vendor-script dump_debug fixed.bin float.bin
      sgs-tui vendor-script dump_debug fixed.bin float.bin gate
    """
    from sgs_tui.engine.dumps.reader import open_dump

    with open_dump(fixed) as left, open_dump(float_) as right:
        _write_tensor(left, right, name) if name is not None else _print_lines(left, right)
        damage = [f"{dump.path}: {dump.health}" for dump in (left, right) if not dump.health.ok]
    for line in damage:
        complaints.error(line, "what can be read was compared")
    return ExitCode.INPUT if damage else ExitCode.OK


def _print_lines(fixed: "Dump", float_: "Dump") -> None:
    from sgs_tui.batch.vendor_script_dump_debug import lines

    for line, problem in lines(fixed, float_):
        if problem:
            complaints.note(f"not compared: {problem}")
        else:
            echo(line)


def _write_tensor(fixed: "Dump", float_: "Dump", name: str) -> None:
    from sgs_tui.batch.vendor_script_dump_debug import write_tensor

    for backup in write_tensor(fixed, float_, name):
        complaints.note(f"an older file is kept as {backup}")
    echo("Data saved in fixed.txt and float.txt")
