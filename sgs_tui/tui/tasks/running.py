"""Starting, watching and following runs, as messages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from textual.message import Message

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.simulate.runs import (
    Run,
    RunEnded,
    RunState,
    cancel_run,
    delete_run,
    follow,
    list_runs,
    read_run,
    snapshot,
    start_runs,
)
from sgs_tui.tui.messages import Said
from sgs_tui.tui.models.run_form import RunForm
from sgs_tui.tui.models.runs import RunRow
from sgs_tui.tui.numbers import count
from sgs_tui.tui.tasks.run_requests import requests_of

BUSY, IDLE = 1.0, 2.0
"""Seconds between two looks at the runs, while one is under way and otherwise."""

Seen = dict[Path, RunRow]


@dataclass
class RunsSeen(Message):
    """All runs, newest first; `problem` says why they can not be listed."""

    rows: tuple[RunRow, ...]
    problem: str = ""


@dataclass
class RunsStarted(Message):
    """Runs are queued or at work."""

    paths: tuple[Path, ...]


@dataclass
class RunLogged(Message):
    """More of a run's log."""

    path: Path
    lines: tuple[str, ...]


def start(form: RunForm, debug_config: bytes, root: Path, cancel: Event) -> Iterator[Message]:
    """Start what the form says. Raises SgsError where something is missing, before anything is made."""
    requests = requests_of(form, debug_config)
    for warning in dict.fromkeys(warning for request in requests for warning in request.warnings):
        yield Said(warning, "warn")
    folders = start_runs(requests, root)
    yield RunsStarted(tuple(folder.path for folder in folders))
    yield Said(f"started {count(len(folders), 'run')}: they go on when the app or the line ends")


def end(path: Path, cancel: Event) -> Iterator[Message]:
    """Cancel a run. Raises SgsError where it is over."""
    cancel_run(path)
    yield Said(f"{path.name}: being cancelled")


def delete(path: Path, cancel: Event) -> Iterator[Message]:
    """Delete a run with its dump. Raises SgsError while it is at work."""
    delete_run(path, path.parent)
    yield Said(f"{path.name}: deleted")


def watch(roots: Sequence[Path], cancel: Event) -> Iterator[Message]:
    """Tell of all runs of these roots at first, and again whenever something about one of them changes."""
    told: object = None
    seen: Seen = {}
    stamp: tuple[int, ...] = ()
    while True:
        now, problem = tuple(map(_stamp, roots)), ""
        try:
            seen = _again(seen) if now == stamp else {run.folder.path: _row(run) for run in _listed(roots)}
            stamp = now
        except (OSError, InputError) as error:  # a run that is being deleted, a folder without rights
            problem, stamp = str(error) if isinstance(error, OSError) else "", ()
        signature = (tuple(row.signature for row in seen.values()), problem)
        if signature != told:
            told = signature
            yield RunsSeen(tuple(seen.values()), problem)
        if cancel.wait(BUSY if any(row.run.state.active for row in seen.values()) else IDLE):
            return


def _listed(roots: Sequence[Path]) -> list[Run]:
    """All of them, newest first."""
    found = [run for root in roots for run in list_runs(root)]
    return sorted(found, key=lambda run: (run.status.created, run.name), reverse=True)


def _stamp(root: Path) -> int:
    """Changes when a run is added or deleted."""
    try:
        return root.stat().st_mtime_ns
    except OSError:
        return 0


def _again(seen: Mapping[Path, RunRow]) -> Seen:
    """Only what can still change is read again. A lost run may turn up: another host's clock differs."""
    return {path: _row(read_run(path)) if _can_change(row) else row for path, row in seen.items()}


def _can_change(row: RunRow) -> bool:
    return row.run.state.active or row.run.state is RunState.LOST


def _row(run: Run) -> RunRow:
    failed = run.state not in (RunState.OK, RunState.QUEUED, RunState.RUNNING)
    message, hint = (run.status.message, run.status.hint) if failed else ("", "")
    return RunRow(run, snapshot(run), message, hint)


def follow_log(path: Path, cancel: Event) -> Iterator[Message]:
    """A run's log from its start to the run's end, a message a look."""
    lines: list[str] = []
    try:
        for event in follow(path, cancel):
            if isinstance(event, LogLine):
                lines.append(event.text)
            elif lines or isinstance(event, RunEnded):
                yield RunLogged(path, tuple(lines))
                lines = []
    except InputError:
        return  # deleted while it was on show; the list says so
