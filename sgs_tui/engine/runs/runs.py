"""What is done with a run that was started (backends/start.py): follow, cancel, delete.

    for event in follow(folder.path): ...            LogLine, RunProgress, RunEnded
    run = read_run(folder.path); run.dump            the dump, once run.state is RunState.OK

A run survives whoever started it. Everything here works from the folder alone, in any process.
"""

import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from sgs_tui.engine.errors import InputError, RunError, reason
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.files import real
from sgs_tui.engine.runs.child import end_elsewhere
from sgs_tui.engine.runs.log import LogReader, last_line
from sgs_tui.engine.runs.processes import end_group, group_is_alive, send, wait_for_exit
from sgs_tui.engine.runs.products import growing_size
from sgs_tui.engine.runs.run_folder import RunState, default_root
from sgs_tui.engine.runs.run_list import Run, read_run
from sgs_tui.language import Message

_NEWS = ("state", "dump_size", "progress", "last_line")
"""What of a snapshot is told anew: passing time alone is not, front ends show it from their own clock."""
INTERVAL = 1.0
"""Seconds between two looks; the end of a run on this host is noticed at once."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment. `elapsed` and `expected_time` in seconds; sizes in bytes, None where nothing is known.

    `progress` is the text of a progress bar that the child draws, `last_line` the last line it printed;
    both are safe to show.
    """

    state: RunState
    elapsed: float | None
    dump_size: int | None
    expected_size: int | None
    progress: str
    last_line: str
    expected_time: float | None = None


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Something about a run has changed."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run has come to its end, whatever it is."""

    run: Run


RunEvent = RunProgress | LogLine | RunEnded


def snapshot(run: Run) -> Snapshot:
    """How `run` stands. No percentages are made up: `expected_size` is that of an earlier dump, or None."""
    return Snapshot(
        run.state,
        run.elapsed,
        growing_size(run.request, run.folder),
        run.request.expected_size,
        run.status.progress,
        last_line(run.folder.log_path),
        run.request.expected_time,
    )


def follow(path: Path, stop: Event | None = None, log: bool = True) -> Iterator[RunEvent]:
    """What happens to a run until it ends: its log from the start, progress, and RunEnded as the last event.

    Ends early, without RunEnded, soon after `stop` is set. Raises InputError when the folder goes away.
    """
    reader = LogReader(read_run(path).folder.log_path)
    told: Snapshot | None = None
    while True:
        run = read_run(path)  # before the log, so that the log of an ended run is read to its end
        ended = not run.state.active
        yield from (LogLine(line) for line in (reader.new_lines(ended) if log else ()))
        now = snapshot(run)
        if told is None or any(getattr(told, name) != getattr(now, name) for name in _NEWS):
            told = now
            yield RunProgress(now)
        if ended:
            yield RunEnded(run)
            return
        if stop is None or not stop.is_set():
            _sleep(run, INTERVAL)
        if stop is not None and stop.is_set():
            return


def wait_run(path: Path, timeout: float | None = None) -> Run:
    """Sleep until the run ends or `timeout` seconds are over; the run as it then stands."""
    deadline = float("inf") if timeout is None else time.monotonic() + timeout
    run = read_run(path)
    while run.state.active and (left := deadline - time.monotonic()) > 0:
        _sleep(run, min(INTERVAL, left))
        run = read_run(path)
    return run


def _sleep(run: Run, seconds: float) -> None:
    if run.status.supervisor is not None:
        wait_for_exit(run.status.supervisor, seconds)
    else:
        Event().wait(seconds)


def cancel_run(path: Path) -> None:
    """End a run: its whole process group gets TERM, and KILL after the request's grace time.

    Returns at once; the run is `cancelled` when its supervisor has seen to it. Also ends what is left of a
    lost run. Raises InputError when there is no such run or it is over.
    """
    run = read_run(path)
    status = run.status
    if status.child is not None and _child_lives(run):
        end_group(status.child, run.request.grace)
        end_elsewhere(run.request, run.folder.work_path)
        return
    if run.state is RunState.LOST and run.request.ending:
        end_elsewhere(run.request, run.folder.work_path)
        return
    if not run.state.active:
        raise InputError(
            Message("{name}: is not running ({state})", name=run.name, state=run.state.words),
            Message("nothing to cancel"),
        )
    try:
        run.folder.cancel_path.touch()
        if status.supervisor is not None:
            send(status.supervisor, signal.SIGUSR1)
    except OSError as error:
        raise RunError(
            Message("{name}: cannot be cancelled: {reason}", name=run.name, reason=reason(error)),
            Message("whose run is it?"),
        ) from error


def delete_run(path: Path, root: Path | None = None) -> None:
    """Delete a run's folder with everything in it.

    Only a folder directly below `root` that holds a request of ours, or did before it was damaged; raises InputError
    for any other, and for a run that is at work.
    """
    place = real(root or default_root())
    target = path.absolute()
    if target.is_symlink() or real(target).parent != place:
        raise InputError(
            Message("{path}: is no run folder in {place}", path=path, place=place),
            Message("only runs can be deleted here"),
        )
    run = read_run(target)
    if run.state.active or _child_lives(run):
        raise InputError(
            Message("{name}: is {state}", name=run.name, state=run.state.words), Message("cancel it first")
        )
    # Out of sight first: a deletion that is broken off leaves no half run in the list.
    for remains in place.glob(".deleted-*"):
        shutil.rmtree(remains, ignore_errors=True)
    hidden = target.with_name(f".deleted-{target.name}")
    try:
        target.rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise RunError(
            Message("{name}: cannot be deleted: {reason}", name=run.name, reason=reason(error)),
            Message("check the folder's rights"),
        ) from error


def _child_lives(run: Run) -> bool:
    return run.status.child is not None and run.state is RunState.LOST and group_is_alive(run.status.child)
