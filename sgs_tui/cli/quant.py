"""`sgs-tui quant show|diff`."""

from pathlib import Path
from typing import Annotated

import typer

from sgs_tui.batch.output import ListFormat, emit
from sgs_tui.cli import stderr
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.options import Ascii, Output, add_group, argument, option
from sgs_tui.language import Message, plural

_GROUP = Message("""Read and compare quantization files.

These are quant_info as JSON or pickle, and MODEL.sim.json.

\b
Examples:
  sgs-tui quant show optimized_quant_info_0_0.65.pkl
  sgs-tui quant diff optimized_quant_info_0_0.65.pkl quant_info_1_0.7.pkl
""")
_Wanted = Annotated[ListFormat, option("--format", "How to print.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    add_group(app, "quant", _GROUP, show, diff)


def show(
    file: Annotated[Path, argument("FILE", "quant_info as JSON or pickle, or MODEL.sim.json.")],
    wanted: _Wanted = ListFormat.TABLE,
    output: Output = None,
    ascii_only: Ascii = False,
) -> int:
    """Show every tensor of a quantization file.

    Its bits, ranges and number of values. Reads what sim_optimizer.py, save_quant_param.py and calibrator.py
    --save_quant_info write, and what --quant_file takes. Pickles are read without running anything that is in them.

    \b
    Examples:
      sgs-tui quant show optimized_quant_info_0_0.65.pkl
      sgs-tui quant show model_fixed.sim.json --format csv --output ranges.csv
    """
    from sgs_tui.batch.printed.quant import write_info
    from sgs_tui.engine.calibration.quant import load_quant_info

    page = stderr.screen(ascii_only, to_file=output is not None)
    emit(write_info(file, load_quant_info(file), wanted, page), output, (file,))
    return ExitCode.OK


def diff(
    first: Annotated[Path, argument("FIRST", "The one to start from.")],
    second: Annotated[Path, argument("SECOND", "The one to compare with it.")],
    everything: Annotated[bool, option("--all", "Also the tensors that are the same.")] = False,
    wanted: _Wanted = ListFormat.TABLE,
    output: Output = None,
    ascii_only: Ascii = False,
) -> int:
    """Show which tensors differ between two files, and how.

    As diff(1) does, exit code 1 says that something differs, 0 that nothing does.

    \b
    Examples:
      sgs-tui quant diff optimized_quant_info_0_0.65.pkl quant_info_1_0.7.pkl
      sgs-tui quant diff before.sim.json after.sim.json --all --format json
    """
    from sgs_tui.batch.printed.quant import write_diff
    from sgs_tui.engine.calibration.quant import diff_quant_info, load_quant_info

    found = diff_quant_info(load_quant_info(first), load_quant_info(second))
    different = [each for each in found if not each.same]
    page = stderr.screen(ascii_only, to_file=output is not None)
    shown = found if everything else different
    emit(write_diff((first, second), shown, len(found) - len(different), wanted, page), output, (first, second))
    if output is not None:
        stderr.note(
            plural(
                len(different),
                "{output}: {number} of {found} tensors differs",
                "{output}: {number} of {found} tensors differ",
                output=output,
                found=len(found),
            )
        )
    return ExitCode.OVER_LIMITS if different else ExitCode.OK
