"""`sgs-tui runs cancel|delete`."""

from typing import Annotated

import typer

from sgs_tui.cli import complaints
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.run_options import Root
from sgs_tui.cli.runs_named import place_of, run_named
from sgs_tui.engine.errors import UsageError

_Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="The runs.")]


def cancel(names: _Names, root: Root = None) -> int:
    """Cancel runs, waiting or at work.

    The whole process group is ended.

    \b
    Example:
      sgs-tui runs cancel last
    """
    from sgs_tui.batch.runs_watch import end_runs
    from sgs_tui.engine.simulate.runs import cancel_run

    found = [run_named(name, root) for name in names]
    for run in found:
        if not run.state.active:
            cancel_run(run.folder.path)  # ends what is left of a lost run, and raises for the others
    for run in end_runs([run.folder.path for run in found]):
        complaints.note(f"{run.name}: {run.state}")
    return ExitCode.OK


def delete(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="The runs.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every run that is over.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --all: do not ask.")] = False,
    root: Root = None,
) -> int:
    """Delete runs that are over, with their dumps.

    \b
    Examples:
      sgs-tui runs delete 20260102-0304
      sgs-tui runs delete --all --yes
    """
    from sgs_tui.engine.numbers import count
    from sgs_tui.engine.simulate.runs import delete_run, list_runs

    if bool(names) == everything:
        raise UsageError("delete needs the names of runs, or --all", "`sgs-tui runs list` has the names")
    place = place_of(root)
    over = [run for run in list_runs(place) if not run.state.active] if everything else []
    runs = over or [run_named(name, root) for name in names or ()]
    if everything and not yes and runs:
        _ask(f"delete {count(len(runs), 'run')} in {place} with their dumps?")
    for run in {run.name: run for run in runs}.values():
        delete_run(run.folder.path, run.folder.root)
        complaints.note(f"{run.name}: deleted")
    return ExitCode.OK


def _ask(question: str) -> None:
    """Go on only after a yes. Raises UsageError where nobody can be asked."""
    from sgs_tui.cli.terminal import is_terminal

    if not is_terminal("stdin"):
        raise UsageError("nobody to ask whether to delete them all", "say --yes")
    typer.confirm(question, abort=True, err=True)
