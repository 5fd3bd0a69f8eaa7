"""`sgs-tui advise`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.batch.formats import AdviceFormat
from sgs_tui.cli import complaints
from sgs_tui.cli.advise_print import Printing, show, write_ini
from sgs_tui.cli.compare import DEFAULT_PROFILE
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.options import Ascii, Batch, Output, ProfileName, Ranges, Shapes
from sgs_tui.engine.errors import InputError, UsageError

if TYPE_CHECKING:
    from sgs_tui.cli.advise_folder import Wishes


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("advise")(advise)


def advise(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[SAMPLE BENCHMARK | FOLDER]", help="Two dumps; or a run's folder, or the demo's."),
    ] = None,
    ini: Annotated[
        Path | None, typer.Option("--ini", metavar="FILE", help="input_config.ini: show what changes in it.")
    ] = None,
    ranges: Ranges = None,
    shapes: Shapes = None,
    profile: ProfileName = None,
    mark: Annotated[
        list[str] | None,
        typer.Option("--mark", metavar="NAME", help="Also raise this tensor, or what raises this layer."),
    ] = None,
    unmark: Annotated[
        list[str] | None,
        typer.Option("--unmark", metavar="NAME", help="Do not raise this one; take it out of the file."),
    ] = None,
    apply: Annotated[
        bool,
        typer.Option("--apply", "--write", help="Write the file, keeping a backup. FOLDER: quantise again, compare."),
    ] = False,
    check: Annotated[
        Path | None,
        typer.Option("--check", metavar="INI", help="Only say which lines of this file do not do what they say."),
    ] = None,
    dump: Annotated[
        Path | None,
        typer.Option("--dump", metavar="FLOAT.bin", help="With --check: the float dump, to judge names by."),
    ] = None,
    wanted: Annotated[AdviceFormat, typer.Option("--format", help="How to print.")] = AdviceFormat.TABLE,
    output: Output = None,
    batch: Batch = False,
    ascii_only: Ascii = False,
) -> int:
    """Say which tensors to raise to INT16, and why.

    By which rule, what it should bring, and what to write into the ini.

    Names are convolution inputs, which is all that [CONV_CONFIG] can raise; the smallest set that brings every layer
    under the profile's limits is chosen. Nothing is written without --apply. In a FOLDER that was quantised here (the
    demo, `sgs-tui run --onnx`) --apply closes the loop: quantise again, dump, compare, show before and after; exit
    code 1 where layers still fail. --check ends with 3 where the converter would stop.

    \b
    Examples:
      sgs-tui advise fixed.bin float.bin --ini input_config.ini
      sgs-tui advise fixed.bin float.bin --ini input_config.ini --mark cat --write
      sgs-tui advise --check input_config.ini --dump float.bin
      sgs-tui advise --apply sgs-tui-demo
    """
    if check is not None:
        return _check(check, dump, paths, output)
    if dump is not None:
        raise UsageError("--dump is for --check", "give sample and benchmark as they are")
    from sgs_tui.cli.advise_folder import Wishes, advise_folder

    wishes = Wishes(profile or DEFAULT_PROFILE, tuple(mark or ()), tuple(unmark or ()), ini, apply)
    printing = Printing(wanted, output, ascii_only)
    if paths and len(paths) == 1 and paths[0].is_dir():
        return advise_folder(paths[0], wishes, printing)
    return _advise_dumps(paths or [], ranges, shapes, wishes, printing)


def _advise_dumps(
    paths: list[Path], ranges: Path | None, shapes: Path | None, wishes: "Wishes", printing: Printing
) -> ExitCode:
    from sgs_tui.batch.advice import advised, with_ini
    from sgs_tui.engine.configs.profile_files import load_profile
    from sgs_tui.engine.session import CompareRequest

    if len(paths) != 2:
        raise UsageError(
            f"{len(paths)} paths given, expected sample and benchmark", "or one folder: a run's or the demo's"
        )
    if wishes.apply and wishes.ini is None:
        raise UsageError("--apply: which file?", "name it with --ini input_config.ini")
    request = CompareRequest(paths[0], paths[1], ranges, shapes, load_profile(wishes.profile))
    found = advised(request, wishes.marked, wishes.unmarked)
    if wishes.ini is not None:
        found = with_ini(found, wishes.ini, wishes.unmarked)
    show(found, printing, wishes.apply, write_ini(found) if wishes.apply else None)
    return ExitCode.OK


def _check(ini: Path, dump: Path | None, paths: list[Path] | None, output: Path | None) -> ExitCode:
    """Lint a file: one line a finding."""
    from sgs_tui.batch.debugconfig import list_findings
    from sgs_tui.batch.output import emit
    from sgs_tui.engine.advice.conv_inputs import conv_inputs
    from sgs_tui.engine.configs.findings import Severity
    from sgs_tui.engine.configs.inputconfig import load
    from sgs_tui.engine.configs.inputconfig_lint import lint
    from sgs_tui.engine.dumps.reader import open_dump

    if paths:
        raise UsageError(f"--check takes no other path than --dump, got {paths[0]}", "leave it out")
    document = load(ini)
    known = None
    if dump is not None:
        with open_dump(dump) as opened:
            known = conv_inputs(opened)
        if known is None:
            raise InputError(
                f"{dump}: holds no inputs, so convolution inputs are not known", "give the SDK's float dump"
            )
    findings = lint(document, known)
    emit(list_findings(findings, str(ini)), output)
    if not findings:
        complaints.note(f"{ini}: nothing to complain about" + ("" if known else "; names were not judged: give --dump"))
    return ExitCode.INPUT if any(found.severity is Severity.ERROR for found in findings) else ExitCode.OK
