"""Runs as they stand now: one folder, or all of a runs root."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.simulate.processes import group_is_alive, is_alive
from sgs_tui.engine.simulate.run_folder import RunFolder
from sgs_tui.engine.simulate.run_request import ProductKind, RunRequest
from sgs_tui.engine.simulate.status import SILENCE, RunState, RunStatus

_START_UP = 60.0
"""Seconds that a new run may stay without a supervisor before it counts as lost."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run as it stands now; `status.state` already says `lost` where nobody looks after it any more."""

    folder: RunFolder
    request: RunRequest
    status: RunStatus

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def state(self) -> RunState:
        """How it stands."""
        return self.status.state

    @property
    def dumps(self) -> tuple[Path, ...]:
        """The dumps that can be trusted; empty unless the run is ok."""
        made = self.status.products if self.state is RunState.OK else ()
        return tuple(self.folder.path / product.path for product in made if product.kind == ProductKind.DUMP)

    @property
    def dump(self) -> Path | None:
        """The first of `dumps`."""
        return self.dumps[0] if self.dumps else None

    @property
    def ranges(self) -> Path | None:
        """The calibration file kept with the run."""
        return next((path for path in sorted(self.folder.path.glob("tensor_min_max.*"))), None)

    @property
    def elapsed(self) -> float | None:
        """Seconds that it took, or has taken so far; None before it started."""
        if self.status.started is None:
            return None
        return max(0.0, (self.status.ended or time.time()) - self.status.started)


def read_run(path: Path) -> Run:
    """The run in `path`. Raises InputError when that is no run folder."""
    folder = RunFolder(path.absolute())
    request = folder.read_request()
    try:
        status = folder.read_status()
    except InputError as error:
        status = RunStatus(RunState.LOST, _mtime(folder.path), message=error.message, hint=error.hint)
    return Run(folder, request, _as_it_is(folder, status))


def list_runs(root: Path) -> tuple[Run, ...]:
    """Every run of `root`, newest first; folders that are not ours are passed over."""
    if not root.is_dir():
        return ()
    found = []
    for path in root.iterdir():
        if path.name.startswith(".") or path.is_symlink() or not (path / "request.json").is_file():
            continue
        try:
            found.append(read_run(path))
        except InputError:
            continue  # a request.json of somebody else, or one being deleted
    return tuple(sorted(found, key=lambda run: (run.status.created, run.name), reverse=True))


def _as_it_is(folder: RunFolder, status: RunStatus) -> RunStatus:
    if status.state is RunState.QUEUED and folder.cancel_path.exists():
        return replace(status, state=RunState.CANCELLED, message="cancelled before it was started")
    if not status.state.active or not _is_lost(folder, status):
        return status
    return replace(status, state=RunState.LOST, message=_how_lost(status), hint=_what_to_do(status))


def _is_lost(folder: RunFolder, status: RunStatus) -> bool:
    if status.supervisor is None:
        return time.time() - status.created > _START_UP
    alive = is_alive(status.supervisor)
    if alive is None:
        return time.time() - _mtime(folder.status_path) > SILENCE
    if alive:
        return False
    # It may have written its last status between our reading and its end.
    return folder.read_status().state.active


def _how_lost(status: RunStatus) -> str:
    was = "while it waited" if status.started is None else "in the middle of the run"
    return f"its supervisor is gone ({was}): the host was restarted, or the process killed"


def _what_to_do(status: RunStatus) -> str:
    if status.child is not None and group_is_alive(status.child):
        return f"its child (pid {status.child.pid}) still runs: cancel the run to end it"
    return "start it again; what it left is not to be trusted"


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
