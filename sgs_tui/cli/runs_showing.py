"""`sgs-tui runs list|show|follow`."""

from typing import Annotated

import typer

from sgs_tui.cli import complaints
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.options import Ascii
from sgs_tui.cli.run_options import Root, RunsFormat, RunsHow
from sgs_tui.cli.runs_named import RunName, place_of, run_named
from sgs_tui.engine.errors import UsageError


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


def show(
    name: RunName = "last", root: Root = None, wanted: RunsHow = RunsFormat.TABLE, ascii_only: Ascii = False
) -> int:
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
    name: RunName = "last",
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


def _state(name: str) -> str:
    from sgs_tui.engine.configs.nearest import did_you_mean
    from sgs_tui.engine.simulate.runs import RunState

    known = [str(state) for state in RunState]
    if name not in known:
        raise UsageError(f"--state {name}: no run is in such a state", did_you_mean(name, known))
    return name
