"""`sgs-tui runs list|show|follow|cancel|delete|compare|open`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.cli import complaints
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.front import open_app
from sgs_tui.cli.options import Ascii, NoMouse
from sgs_tui.cli.report_options import ReportOptions, with_report_options
from sgs_tui.cli.run_options import Root
from sgs_tui.cli.runs_ending import cancel, delete
from sgs_tui.cli.runs_named import RunName, place_of, run_named
from sgs_tui.cli.runs_showing import follow, list_, show
from sgs_tui.engine.errors import InputError, UsageError

if TYPE_CHECKING:
    from sgs_tui.engine.simulate.runs import Run

_GROUP = """List, follow, cancel, compare and delete runs.

Without a command, lists them. NAME is a run's name, a part of it that fits no other run, a path, or `last`.

\b
Examples:
  sgs-tui runs list
  sgs-tui runs follow last
  sgs-tui runs compare --batch
"""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(rich_markup_mode=None, help=_GROUP)
    group.callback(invoke_without_command=True, help=_GROUP)(_without_command)
    for name, command in (
        *(("list", list_), ("show", show), ("follow", follow), ("cancel", cancel)),
        *(("delete", delete), ("compare", with_report_options(compare)), ("open", open_)),
    ):
        group.command(name)(command)
    app.add_typer(group, name="runs")


def _without_command(context: typer.Context) -> int:
    return list_() if context.invoked_subcommand is None else ExitCode.OK


def compare(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SAMPLE [BENCHMARK]]", help="Runs (default the newest pair).")
    ] = None,
    root: Root = None,
    *,
    report: ReportOptions,
) -> int:
    """Compare the dumps of two runs.

    Without names the newest pair of one network on one image. One name is enough for a run that has dumped both
    stages. Otherwise as `sgs-tui compare`.

    \b
    Examples:
      sgs-tui runs compare
      sgs-tui runs compare net_fixed net_float --batch --sort rmse
    """
    from sgs_tui.cli.comparing import check_report, compare_all, pairing

    check_report(report, 1)
    sample, benchmark = _pair(names or [], root)
    found = pairing(sample, benchmark)
    if found is None:
        bad = next((run for run in (sample, benchmark) if run.dump is None), sample)
        raise InputError(f"{bad.name} ({bad.state}) has no dump to compare", "`sgs-tui runs show NAME` says why")
    if not names:
        complaints.note(f"sample {sample.name}, benchmark {benchmark.name}")
    return compare_all([found], report)


def open_(name: RunName = "last", root: Root = None, ascii_only: Ascii = False, no_mouse: NoMouse = False) -> int:
    """Open the app on what a run has dumped.

    \b
    Example:
      sgs-tui runs open last
    """
    run = run_named(name, root)
    if not run.dumps:
        raise InputError(f"{run.name} ({run.state}) has no dump", "`sgs-tui runs show NAME` says why")
    both = run.dumps[1::-1] if len(run.dumps) > 1 else run.dumps
    return open_app(both, ranges=run.ranges, ascii_only=ascii_only, mouse=not no_mouse)


def _pair(names: list[str], root: Path | None) -> "tuple[Run, Run]":
    from sgs_tui.engine.simulate.find_run import newest_comparable

    if not names:
        return newest_comparable(place_of(root))
    if len(names) > 2:
        raise UsageError(f"{len(names)} runs given, expected a sample and a benchmark", "or none for the newest pair")
    runs = [run_named(name, root) for name in names]
    return runs[0], runs[-1]
