"""`sgs-tui vendor-script auto_dump_debug`."""

from pathlib import Path
from typing import Annotated

import typer

from sgs_tui.cli import complaints
from sgs_tui.cli.exits import ExitCode
from sgs_tui.engine.errors import NothingComparableError, SgsError, UsageError
from sgs_tui.engine.text import visible

_Rest = Annotated[list[str] | None, typer.Argument(metavar="[REST]...", help="Of the form with *.sim; see below.")]


def auto_dump_debug(
    sdk: Annotated[Path, typer.Argument(metavar="SDK", help="Taken for the sake of the script; not needed.")],
    sample: Annotated[Path, typer.Argument(metavar="SAMPLE", help="The dump that is judged (fixed).")],
    benchmark: Annotated[Path, typer.Argument(metavar="BENCHMARK", help="The reference (float or original).")],
    rest: _Rest = None,
    no_tensors: Annotated[
        bool, typer.Option("--no-tensors", help="Leave lists and report only; tensor files double the disk space.")
    ] = False,
) -> int:
    """Compare two dumps as auto_dump_debug.sh does.

    Leaves Undefined_<benchmark>_DumpDebug_out here, an older one renamed as the script does: the report as
    doAnalyzeRmse/doAnalyzeRmse_run.log and <benchmark>_doAnalyzeRmse_run.log, benchmark_layer_list.txt,
    gen_layer_list.txt, genCompareLayer/<layer>/sample.bin and benchmark.bin, sample_out, benchmark_out. Prints the
    report and the script's timing lines.

    \b
    Different from the script:
      - layers are matched by name whatever the output number, and with blanks,
        * or [ in the name
      - no layer vanishes: names over 128 bytes, empty tensors, NHWC against
        NCHW, padding are dealt with
      - a layer of zeros on both sides has COS 1 and RMSE 0, not nan; NaN in a
        layer is told on stderr
      - where a layer was transposed MSE and RMSE are those of the better fit
      - exit code 3 or 5 where the script only says FATAL or ERROR; else 0,
        whatever the figures
      - neither the SDK nor bash, bc or compareAccuracy are needed; scratch
        files are not left
      - with *.sim files it runs no simulator: that is `sgs-tui run`

    \b
    Example:
      sgs-tui vendor-script auto_dump_debug ../SGS_IPU_SDK fixed.bin float.bin
    """
    from sgs_tui.batch.vendor_script import auto_dump_debug as work

    _refuse_models(sdk, sample, benchmark, rest or [])
    for number, given in enumerate((sdk, sample, benchmark, "", "", "", ""), 1):
        echo(visible(f"Param{number}: {given}"))
    try:
        left = work(sample, benchmark, echo, not no_tensors)
    except SgsError as error:
        echo(f"{'ERROR' if isinstance(error, NothingComparableError) else 'FATAL'}: {visible(error.message)}")
        raise
    if left.moved is not None:
        complaints.note(f"the older {left.folder.name} is now {left.moved}")
    for line in left.unsaid:
        complaints.note(line)
    for line in left.incomplete:
        complaints.error(line, "what can be read was compared")
    return ExitCode.INPUT if left.incomplete else ExitCode.OK


def _refuse_models(sdk: Path, sample: Path, benchmark: Path, rest: list[str]) -> None:
    """The script's other form would run the simulator."""
    if sample.suffix == ".sim" or benchmark.suffix == ".sim":
        image, preprocess = (*rest, "IMAGE")[0], (*rest[3:], "PREPROCESS.py")[0]
        command = f"sgs-tui run --sdk {sdk} --float {sample} --fixed {benchmark} --image {image} -n {preprocess}"
        raise UsageError("these are models, this form compares dumps", f"dump and compare with: {command} --batch")
    if rest:
        raise UsageError(f"{3 + len(rest)} arguments, expected SDK, sample and benchmark", "`--help` has an example")


def echo(line: str) -> None:
    """One line on stdout, UTF-8 whatever the locale."""
    from sgs_tui.batch.output import emit

    emit(f"{line}\n".encode(), None)
