"""`sgs-tui runs list|show|follow|cancel|delete|compare|open`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgs_tui.batch.output import RunsFormat, emit
from sgs_tui.cli import stderr
from sgs_tui.cli.compare import ReportOptions, check_report, compare_all, pairing
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.open import open_app
from sgs_tui.cli.options import Ascii, NoMouse, Root, RunsHow, add_group, argument, option, place_of, run_named
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.text import did_you_mean
from sgs_tui.language import Message, _

if TYPE_CHECKING:
    from sgs_tui.engine.runs.run_list import Run


_Name = Annotated[str, argument("[NAME]", "The run (default the newest).")]
_Names = Annotated[list[str], argument("NAME...", "The runs.")]


_GROUP = Message("""List, follow, cancel, compare and delete runs.

Without a command, lists them. NAME is a run's name, a part of it that fits no other run, a path, or `last`.

\b
Examples:
  sgs-tui runs list
  sgs-tui runs follow last
  sgs-tui runs compare --batch
""")


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = add_group(app, "runs", _GROUP, list_, show, follow, cancel, delete, compare, open_)
    group.callback(invoke_without_command=True, help=_GROUP)(_without_command)


def _without_command(context: typer.Context) -> int:
    return list_() if context.invoked_subcommand is None else ExitCode.OK


def list_(
    root: Root = None,
    state: Annotated[str | None, option("--state STATE", "Only runs that are running, failed, ok, ...")] = None,
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
    from sgs_tui.batch.printed.runs import write_runs
    from sgs_tui.engine.runs.run_list import list_runs

    place, only = place_of(root), None if state is None else _state(state)
    runs = [run for run in list_runs(place) if only in (None, run.state)]
    emit(write_runs(runs, place, wanted, stderr.screen(ascii_only, to_file=False)), None)
    return ExitCode.OK


def show(name: _Name = "last", root: Root = None, wanted: RunsHow = RunsFormat.TABLE, ascii_only: Ascii = False) -> int:
    """Show everything about one run.

    What was asked, how it stands, what it left, the end of its log.

    \b
    Examples:
      sgs-tui runs show
      sgs-tui runs show net_fixed --format json
    """
    from sgs_tui.batch.printed.runs import write_run

    emit(write_run(run_named(name, root), wanted, stderr.screen(ascii_only, to_file=False)), None)
    return ExitCode.OK


def follow(
    name: _Name = "last",
    root: Root = None,
    log: Annotated[bool, option("--log/--no-log", "Print the run's log as it comes.")] = True,
    ascii_only: Ascii = False,
) -> int:
    """Follow a run to its end.

    Its log goes to stdout, how it stands to stderr. Exit code 4 where it did not end well. Ctrl-C ends the following,
    not the run.

    \b
    Example:
      sgs-tui runs follow last
    """
    from sgs_tui.batch.watch import print_events
    from sgs_tui.cli.launch import tell
    from sgs_tui.engine.runs.run_folder import RunState

    found = run_named(name, root)
    try:
        run = print_events(found.folder.path, log, stderr.screen(ascii_only, to_file=False))
    except KeyboardInterrupt:
        stderr.note(Message("{name} goes on; `sgs-tui runs cancel {name}` ends it", name=found.name))
        raise
    tell(run)
    return ExitCode.OK if run.state is RunState.OK else ExitCode.RUN_FAILED


def _state(name: str) -> str:
    from sgs_tui.engine.runs.run_folder import RunState

    known = [str(state) for state in RunState]
    if name not in known:
        raise UsageError(Message("--state {name}: no run is in such a state", name=name), did_you_mean(name, known))
    return name


def cancel(names: _Names, root: Root = None) -> int:
    """Cancel runs, waiting or at work.

    The whole process group is ended.

    \b
    Example:
      sgs-tui runs cancel last
    """
    from sgs_tui.batch.watch import end_runs
    from sgs_tui.engine.runs.runs import cancel_run

    found = [run_named(name, root) for name in names]
    for run in found:
        if not run.state.active:
            cancel_run(run.folder.path)  # ends what is left of a lost run, and raises for the others
    ended = end_runs([run.folder.path for run in found])
    stderr.note(*(Message("{name}: {state}", name=run.name, state=run.state.words) for run in ended))
    return ExitCode.OK


def delete(
    names: Annotated[list[str] | None, argument("[NAME]...", "The runs.")] = None,
    everything: Annotated[bool, option("--all", "Every run that is over.")] = False,
    yes: Annotated[bool, option("--yes -y", "With --all: do not ask.")] = False,
    root: Root = None,
) -> int:
    """Delete runs that are over, with their dumps.

    \b
    Examples:
      sgs-tui runs delete 20260102-0304
      sgs-tui runs delete --all --yes
    """
    from sgs_tui.engine.numbers import count
    from sgs_tui.engine.runs.run_list import list_runs
    from sgs_tui.engine.runs.runs import delete_run

    if bool(names) == everything:
        raise UsageError(
            Message("delete needs the names of runs, or --all"), Message("`sgs-tui runs list` has the names")
        )
    place = place_of(root)
    over = [run for run in list_runs(place) if not run.state.active] if everything else []
    runs = over or [run_named(name, root) for name in names or ()]
    if everything and not yes and runs:
        _ask(_("delete {runs} in {place} with their dumps?", runs=count(len(runs), "run"), place=place))
    for run in {run.name: run for run in runs}.values():
        delete_run(run.folder.path, run.folder.root)
        stderr.note(Message("{name}: deleted", name=run.name))
    return ExitCode.OK


def _ask(question: str) -> None:
    """Go on only after a yes. Raises UsageError where nobody can be asked."""
    if not stderr.is_terminal("stdin"):
        raise UsageError(Message("nobody to ask whether to delete them all"), Message("say --yes"))
    typer.confirm(question, abort=True, err=True)


def compare(
    names: Annotated[list[str] | None, argument("[SAMPLE [BENCHMARK]]", "Runs (default the newest pair).")] = None,
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
    check_report(report, 1)
    sample, benchmark = _pair(names or [], root)
    found = pairing(sample, benchmark)
    if found is None:
        bad = next((run for run in (sample, benchmark) if run.dump is None), sample)
        raise InputError(
            Message("{name} ({state}) has no dump to compare", name=bad.name, state=bad.state.words),
            Message("`sgs-tui runs show NAME` says why"),
        )
    if not names:
        stderr.note(Message("sample {sample}, benchmark {benchmark}", sample=sample.name, benchmark=benchmark.name))
    return compare_all([found], report)


def open_(name: _Name = "last", root: Root = None, ascii_only: Ascii = False, no_mouse: NoMouse = False) -> int:
    """Open the app on what a run has dumped.

    \b
    Example:
      sgs-tui runs open last
    """
    run = run_named(name, root)
    if not run.dumps:
        raise InputError(
            Message("{name} ({state}) has no dump", name=run.name, state=run.state.words),
            Message("`sgs-tui runs show NAME` says why"),
        )
    both = run.dumps[1::-1] if len(run.dumps) > 1 else run.dumps
    return open_app(both, ranges=run.ranges, ascii_only=ascii_only, mouse=not no_mouse)


def _pair(names: list[str], root: Path | None) -> "tuple[Run, Run]":
    from sgs_tui.engine.runs.run_list import newest_comparable

    if not names:
        return newest_comparable(place_of(root))
    if len(names) > 2:
        raise UsageError(
            Message("{names} runs given, expected a sample and a benchmark", names=len(names)),
            Message("or none for the newest pair"),
        )
    runs = [run_named(name, root) for name in names]
    return runs[0], runs[-1]
