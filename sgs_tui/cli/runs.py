"""`sgs-tui runs list|show|follow|cancel|delete|compare|open`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.cli import complaints
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.front import open_app
from sgs_tui.cli.options import Ascii, NoMouse
from sgs_tui.cli.report_options import ReportOptions, with_report_options
from sgs_tui.cli.run_options import Root, RunsFormat, RunsHow
from sgs_tui.cli.runs_ending import cancel, delete
from sgs_tui.cli.runs_named import place_of, run_named
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

_Name = Annotated[str, typer.Argument(metavar="[NAME]", help="The run (default the newest).")]


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


def list_(
    root: Root = None,
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help="Only runs that are running, failed, ok, ...")
    ] = None,
    wanted: RunsHow = RunsFormat.TABLE,
    ascii_only: Ascii = False,
) -> int:
    """List runs, newest first.

    State, time, size of the dump; what went wrong, and what to do about it.

    \b
    Examples:
      sgs-tui runs list
      sgs-tui runs list --state failed --format json
    """
    from sgs_tui.batch.output import emit
    from sgs_tui.batch.runs_json import write_runs
    from sgs_tui.batch.runs_table import write_runs_table
    from sgs_tui.cli.terminal import screen
    from sgs_tui.engine.simulate.runs import list_runs

    place, only = place_of(root), None if state is None else _state(state)
    runs = [run for run in list_runs(place) if only in (None, run.state)]
    if wanted is RunsFormat.JSON:
        emit(write_runs(runs, place), None)
    else:
        emit(write_runs_table(runs, place, screen(ascii_only, to_file=False)), None)
    return ExitCode.OK


def show(name: _Name = "last", root: Root = None, wanted: RunsHow = RunsFormat.TABLE, ascii_only: Ascii = False) -> int:
    """Show everything about one run.

    What was asked, how it stands, what it left, the end of its log.

    \b
    Examples:
      sgs-tui runs show
      sgs-tui runs show net_fixed --format json
    """
    from sgs_tui.batch.output import emit
    from sgs_tui.batch.runs_json import write_runs
    from sgs_tui.batch.runs_table import write_run
    from sgs_tui.cli.terminal import screen

    run = run_named(name, root)
    as_json = wanted is RunsFormat.JSON
    emit(write_runs([run]) if as_json else write_run(run, screen(ascii_only, to_file=False)), None)
    return ExitCode.OK


def follow(
    name: _Name = "last",
    root: Root = None,
    log: Annotated[bool, typer.Option("--log/--no-log", help="Print the run's log as it comes.")] = True,
    ascii_only: Ascii = False,
) -> int:
    """Follow a run to its end.

    Its log goes to stdout, how it stands to stderr. Exit code 4 where it did not end well. Ctrl-C ends the following,
    not the run.

    \b
    Example:
      sgs-tui runs follow last
    """
    from sgs_tui.batch.runs_follow import print_events
    from sgs_tui.cli.launching import tell
    from sgs_tui.cli.terminal import screen
    from sgs_tui.engine.simulate.runs import RunState

    found = run_named(name, root)
    try:
        run = print_events(found.folder.path, log, screen(ascii_only, to_file=False))
    except KeyboardInterrupt:
        complaints.note(f"{found.name} goes on; `sgs-tui runs cancel {found.name}` ends it")
        raise
    tell(run)
    return ExitCode.OK if run.state is RunState.OK else ExitCode.RUN_FAILED


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


def open_(name: _Name = "last", root: Root = None, ascii_only: Ascii = False, no_mouse: NoMouse = False) -> int:
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


def _state(name: str) -> str:
    from sgs_tui.engine.configs.nearest import did_you_mean
    from sgs_tui.engine.simulate.runs import RunState

    known = [str(state) for state in RunState]
    if name not in known:
        raise UsageError(f"--state {name}: no run is in such a state", did_you_mean(name, known))
    return name


def _pair(names: list[str], root: Path | None) -> "tuple[Run, Run]":
    from sgs_tui.engine.simulate.find_run import newest_comparable

    if not names:
        return newest_comparable(place_of(root))
    if len(names) > 2:
        raise UsageError(f"{len(names)} runs given, expected a sample and a benchmark", "or none for the newest pair")
    runs = [run_named(name, root) for name in names]
    return runs[0], runs[-1]
