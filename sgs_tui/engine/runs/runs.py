"""Runs, for front ends: start, list, follow, cancel, delete.

    findings = check_request(request, root)          what to know beforehand
    folder = start_run(request, root)                it runs by itself from here on
    for event in follow(folder.path): ...            LogLine, RunProgress, RunEnded
    run = read_run(folder.path); run.dump            the dump, once run.state is RunState.OK

A run survives whoever started it. Everything here works from the folder alone, in any process.
"""

import os
import shutil
import signal
import site
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import sgs_tui
from sgs_tui.engine.errors import InputError, RunError
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.runs.child import end_group, group_is_alive, is_alive, wait_for_exit
from sgs_tui.engine.runs.log import LogReader, last_line
from sgs_tui.engine.runs.preflight import Estimate, Finding, Level, check_request, estimate_dump
from sgs_tui.engine.runs.products import growing_size
from sgs_tui.engine.runs.run_folder import (
    Elements,
    Product,
    ProductKind,
    RunFolder,
    RunRequest,
    RunState,
    RunStatus,
    create_run_folder,
    default_root,
)
from sgs_tui.engine.runs.run_list import Run, list_runs, newest_pair, read_run

# Follow a run: what is new about it, looked at no more than once a second.

INTERVAL = 1.0
"""Seconds between two looks; the end of a run on this host is noticed at once."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment. `elapsed` in seconds; sizes in bytes, None where nothing is known.

    `progress` is the text of a progress bar that the child draws, `last_line` the last line it printed;
    both are safe to show.
    """

    state: RunState
    elapsed: float | None
    dump_size: int | None
    expected_size: int | None
    progress: str
    last_line: str


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
        if told is None or _worth_telling(told, now):
            told = now
            yield RunProgress(now)
        if ended:
            yield RunEnded(run)
            return
        if not _pause(run, stop):
            return


def wait_run(path: Path, timeout: float | None = None) -> Run:
    """Sleep until the run ends or `timeout` seconds are over; the run as it then stands."""
    left = float("inf") if timeout is None else timeout
    run = read_run(path)
    while run.state.active and left > 0:
        nap = min(INTERVAL, left)
        _sleep(run, nap)
        left -= nap
        run = read_run(path)
    return run


def _worth_telling(told: Snapshot, now: Snapshot) -> bool:
    """Passing time alone is no news: front ends show it from their own clock."""
    changing = ("state", "dump_size", "progress", "last_line")
    return any(getattr(told, name) != getattr(now, name) for name in changing)


def _pause(run: Run, stop: Event | None) -> bool:
    """Sleep until the next look. False when nobody wants it any more."""
    if stop is not None and stop.is_set():
        return False
    _sleep(run, INTERVAL)
    return stop is None or not stop.is_set()


def _sleep(run: Run, seconds: float) -> None:
    if run.status.supervisor is not None:
        wait_for_exit(run.status.supervisor, seconds)
    else:
        Event().wait(seconds)


# Start the supervisor process and hand run folders over to it.

_MODULE = "sgs_tui.engine.runs.supervisor"
_LAUNCH = 60.0
"""Seconds for the supervisor to go into the background; it takes a tenth of one."""


def launch_supervisor(folders: Sequence[RunFolder], parallel: int) -> None:
    """Start the supervisor and wait until it has taken the folders over. Raises RunError when it does not."""
    argv = [sys.executable, "-P", "-m", _MODULE, "--parallel", str(parallel)]
    log = folders[0].supervisor_log_path
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*argv, *(str(folder.path) for folder in folders)],
            cwd="/",
            env=dict(_environment()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
    try:
        code = process.wait(_LAUNCH)
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.wait()
        raise RunError("the supervisor did not start within a minute", "is the host out of memory?") from error
    if code != 0:
        last = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
        raise RunError(f"the supervisor did not start: {last or f'exit code {code}'}", "is sgs-tui installed whole?")
    if log.exists() and log.stat().st_size == 0:
        log.unlink()


def _environment() -> Iterator[tuple[str, str]]:
    """Ours, plus the way to this package where it is not installed but found beside the starter."""
    home = str(Path(sgs_tui.__file__).resolve().parent.parent)
    installed = home in (*site.getsitepackages(), site.getusersitepackages())
    for name, value in os.environ.items():
        if name != "PYTHONPATH":
            yield name, value
    paths = [part for part in (os.environ.get("PYTHONPATH"), None if installed else home) if part]
    if paths:
        yield "PYTHONPATH", os.pathsep.join(paths)


__all__ = [
    "Elements",
    "Estimate",
    "Finding",
    "Level",
    "Product",
    "ProductKind",
    "Run",
    "RunEnded",
    "RunEvent",
    "RunFolder",
    "RunProgress",
    "RunRequest",
    "RunState",
    "RunStatus",
    "Snapshot",
    "cancel_run",
    "check_request",
    "default_root",
    "delete_run",
    "estimate_dump",
    "follow",
    "list_runs",
    "newest_pair",
    "read_run",
    "snapshot",
    "start_run",
    "start_runs",
    "wait_run",
]


def start_run(request: RunRequest, root: Path | None = None, parallel: int = 1) -> RunFolder:
    """Start one run in the background; it is queued or running when this returns. See `start_runs`."""
    return start_runs([request], root, parallel)[0]


def start_runs(requests: Sequence[RunRequest], root: Path | None = None, parallel: int = 1) -> tuple[RunFolder, ...]:
    """Start runs that follow one another, in this order, whatever becomes of each.

    `parallel` runs of one root may be at work at a time, those of other starters counted. Raises RunError
    with the first error of `check_request`, before anything is made; warnings go into each run's notes.
    """
    place = (root or default_root()).absolute()
    known = list_runs(place)
    prepared = [_prepared(request, place, known) for request in requests]
    folders: list[RunFolder] = []
    try:
        folders.extend(create_run_folder(request, place) for request in prepared)
        launch_supervisor(folders, parallel)
    except Exception:
        for folder in folders:
            shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return tuple(folders)


def cancel_run(path: Path) -> None:
    """End a run: its whole process group gets TERM, and KILL after the request's grace time.

    Returns at once; the run is `cancelled` when its supervisor has seen to it. Also ends what is left of a
    lost run. Raises InputError when there is no such run or it is over.
    """
    run = read_run(path)
    status = run.status
    if run.state is RunState.LOST and status.child is not None and group_is_alive(status.child):
        end_group(status.child.pid, run.request.grace)
        return
    if not run.state.active:
        raise InputError(f"{run.name}: is not running ({run.state})", "nothing to cancel")
    try:
        run.folder.cancel_path.touch()
        if status.supervisor is not None and is_alive(status.supervisor):
            os.kill(status.supervisor.pid, signal.SIGUSR1)
    except OSError as error:
        raise RunError(f"{run.name}: cannot be cancelled: {error.strerror}", "whose run is it?") from error


def delete_run(path: Path, root: Path | None = None) -> None:
    """Delete a run's folder with everything in it.

    Only a folder directly below `root` that holds a request of ours; raises InputError for any other, and
    for a run that is at work.
    """
    place = (root or default_root()).absolute().resolve()
    target = path.absolute()
    if target.is_symlink() or target.resolve().parent != place:
        raise InputError(f"{path}: is no run folder in {place}", "only runs can be deleted here")
    run = read_run(target)
    if run.state.active or _child_lives(run):
        raise InputError(f"{run.name}: is {run.state}", "cancel it first")
    # Out of sight first: a deletion that is broken off leaves no half run in the list.
    for remains in place.glob(".deleted-*"):
        shutil.rmtree(remains, ignore_errors=True)
    hidden = target.with_name(f".deleted-{target.name}")
    try:
        target.rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise RunError(f"{run.name}: cannot be deleted: {error.strerror}", "check the folder's rights") from error


def _child_lives(run: Run) -> bool:
    return run.status.child is not None and run.state is RunState.LOST and group_is_alive(run.status.child)


def _prepared(request: RunRequest, root: Path, known: Sequence[Run]) -> RunRequest:
    findings = check_request(request, root, known)
    for finding in findings:
        if finding.level is Level.ERROR:
            raise RunError(finding.message, finding.hint)
    estimate = estimate_dump(request, known)
    told = tuple(f"{finding.message} ({finding.hint})" for finding in findings)
    return replace(
        request,
        warnings=request.warnings + told,
        expected_size=estimate.size if estimate is not None and estimate.known else None,
    )
