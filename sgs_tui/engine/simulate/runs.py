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
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sgs_tui.engine.errors import InputError, RunError
from sgs_tui.engine.simulate.checks import Finding, Level, check_request
from sgs_tui.engine.simulate.estimate import Estimate, estimate_dump
from sgs_tui.engine.simulate.follow_run import (
    RunEnded,
    RunEvent,
    RunProgress,
    Snapshot,
    follow,
    snapshot,
    wait_run,
)
from sgs_tui.engine.simulate.launch import launch_supervisor
from sgs_tui.engine.simulate.processes import end_group, group_is_alive, is_alive
from sgs_tui.engine.simulate.run_folder import RunFolder, create_run_folder, default_root
from sgs_tui.engine.simulate.run_list import Run, list_runs, read_run
from sgs_tui.engine.simulate.run_pairs import newest_pair
from sgs_tui.engine.simulate.run_request import Elements, Product, ProductKind, RunRequest
from sgs_tui.engine.simulate.status import RunState, RunStatus

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
