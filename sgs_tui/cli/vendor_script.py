"""`sgs-tui vendor-script`: the vendor's scripts by their names, for automation that should not notice."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.cli import stderr
from sgs_tui.cli.options import add_group, argument, option
from sgs_tui.engine.errors import NothingComparableError, SgsError, UsageError
from sgs_tui.engine.text import visible
from sgs_tui.language import Message

if TYPE_CHECKING:
    from sgs_tui.engine.dumps.reader import Dump


_Rest = Annotated[list[str] | None, argument("[REST]...", "Of the form with *.sim; see below.")]
_GROUP = Message("""The vendor's scripts by their names.

Change one line of existing automation. Arguments, lines on stdout, files and folders are the scripts'; the figures
are ours. What the scripts get wrong is right here, and each command's help says what that changes.

\b
Examples:
  sgs-tui vendor-script auto_dump_debug $SGS_IPU_DIR fixed.bin float.bin
  sgs-tui vendor-script histogram float_string.bin log/tensor_min_max.txt
  sgs-tui vendor-script dump_debug fixed.bin float.bin
""")


def register(app: typer.Typer) -> None:
    """Add the group."""
    add_group(app, "vendor-script", _GROUP, auto_dump_debug, histogram, dump_debug)


def auto_dump_debug(
    sdk: Annotated[Path, argument("SDK", "Taken for the sake of the script; not needed.")],
    sample: Annotated[Path, argument("SAMPLE", "The dump that is judged (fixed).")],
    benchmark: Annotated[Path, argument("BENCHMARK", "The reference (float or original).")],
    rest: _Rest = None,
    no_tensors: Annotated[
        bool, option("--no-tensors", "Leave lists and report only; tensor files double the disk space.")
    ] = False,
) -> int:
    """Compare two dumps as auto_dump_debug.sh does.

    Leaves Undefined_<benchmark>_DumpDebug_out here, an older one renamed as the script does: the report as
    doAnalyzeRmse/doAnalyzeRmse_run.log and <benchmark>_doAnalyzeRmse_run.log, benchmark_layer_list.txt,
    gen_layer_list.txt, genCompareLayer/<layer>/sample.bin and benchmark.bin, sample_out, benchmark_out. Prints the
    report and what the script says on its way: parameters, folders made, splitter commands (none is run), timing.

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
    from sgs_tui.batch.printed.vendor_script import RULE
    from sgs_tui.batch.printed.vendor_script import auto_dump_debug as work

    _refuse_models(sdk, sample, benchmark, rest or [])
    for number, given in enumerate((sdk, sample, benchmark, "", "", "", ""), 1):
        echo(visible(f"Param{number}: {given}"))
    try:
        left = work(sample, benchmark, echo, not no_tensors)
    except SgsError as error:
        echo(RULE)
        echo(f"{'ERROR' if isinstance(error, NothingComparableError) else 'FATAL'}: {visible(error.message)}")
        raise
    if left.moved is not None:
        stderr.note(Message("the older {name} is now {moved}", name=left.folder.name, moved=left.moved))
    stderr.note(*left.unsaid)
    return stderr.damaged(left.incomplete, Message("what can be read was compared"))


def _refuse_models(sdk: Path, sample: Path, benchmark: Path, rest: list[str]) -> None:
    """The script's other form would run the simulator."""
    if sample.suffix == ".sim" or benchmark.suffix == ".sim":
        image, preprocess = (*rest, "IMAGE")[0], (*rest[3:], "PREPROCESS.py")[0]
        command = f"sgs-tui run --sdk {sdk} --float {sample} --fixed {benchmark} --image {image} -n {preprocess}"
        raise UsageError(
            Message("these are models, this form compares dumps"),
            Message("dump and compare with: {command} --batch", command=command),
        )
    if rest:
        raise UsageError(
            Message("{number} arguments, expected SDK, sample and benchmark", number=3 + len(rest)),
            Message("`--help` has an example"),
        )


def echo(line: str) -> None:
    """One line on stdout, UTF-8 whatever the locale."""
    from sgs_tui.batch.output import emit

    emit(f"{line}\n".encode(), None)


def _usage(script: str, arguments: str) -> int:
    """What a script prints where arguments are missing, and its exit code."""
    echo(f"{script} {arguments}")
    return 1


def histogram(
    dump: Annotated[Path | None, argument("DUMP", "The dump, string (dumpasstring) or binary.")] = None,
    ranges: Annotated[Path | None, argument("RANGES", "tensor_min_max as JSON, pickle or text.")] = None,
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
    if dump is None or ranges is None:
        return _usage("histogram.py", "<dump_data_file> <tensor_min_max.json/.pkl>")
    from sgs_tui.batch.printed.vendor_script import FOLDER, draw

    drawn = draw(dump, ranges)
    echo(f"[{'=' * 50}]100.00%")
    minutes, seconds = divmod(int(drawn.seconds), 60)
    echo(f"Total time elapsed: {minutes // 60:02}:{minutes % 60:02}:{seconds:02}")
    if drawn.moved is not None:
        stderr.note(Message("what was in {folder} is now in {moved}", folder=FOLDER, moved=drawn.moved))
    return stderr.damaged((*drawn.failures, *drawn.damage), Message("every tensor that can be read was drawn"))


def dump_debug(
    fixed: Annotated[Path | None, argument("FIXED", "The dump that is judged.")] = None,
    float_: Annotated[Path | None, argument("FLOAT", "The reference.")] = None,
    name: Annotated[str | None, argument("[NAME]", "Write this tensor of both as text.")] = None,
) -> int:
    """Print a line for each tensor, as dump_debug.py does.

    Or write one tensor of both dumps as text. A line is <i>.<name>, MSE, COS and RMSE, set apart by tabs; the
    network's inputs count as well. With NAME: fixed.txt and float.txt here, the name in the first line, then 16
    values a line; older ones are kept as fixed.txt.bak.

    \b
    Different from the script:
      - dumps without shapes and integer dumps are read; integers are dequantized
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
    if fixed is None or float_ is None:
        return _usage("python3 dump_debug.py", '[fixed.bin] [float.bin] ("[tensor_name]")')
    from sgs_tui.batch.printed.vendor_script import write_tensor
    from sgs_tui.engine.dumps.reader import open_dump

    with open_dump(fixed) as left, open_dump(float_) as right:
        if name is None:
            _print_lines(left, right)
        else:
            stderr.note(
                *(
                    Message("an older file is kept as {backup}", backup=backup)
                    for backup in write_tensor(left, right, name)
                )
            )
            echo("Data saved in fixed.txt and float.txt")
        damage = [
            Message("{path}: {health}", path=dump.path, health=dump.health.text)
            for dump in (left, right)
            if not dump.health.ok
        ]
    return stderr.damaged(damage, Message("what can be read was compared"))


def _print_lines(fixed: "Dump", float_: "Dump") -> None:
    from sgs_tui.batch.printed.vendor_script import lines

    for line, problem in lines(fixed, float_):
        if problem:
            stderr.note(Message("not compared: {problem}", problem=problem))
        else:
            echo(line)
