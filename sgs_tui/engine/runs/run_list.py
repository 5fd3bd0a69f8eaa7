"""Runs as they stand now: one folder, all of a runs root, the one that is meant, the two that belong together."""

import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sgs_tui.engine.dumps.format import Stage
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.runs.processes import group_is_alive, is_alive
from sgs_tui.engine.runs.run_folder import SILENCE, ProductKind, RunFolder, RunRequest, RunState, RunStatus
from sgs_tui.language import Message

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
        return self.folder.name

    @property
    def state(self) -> RunState:
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
    """The run in `path`, `damaged` where a file of it can not be read. Raises InputError when that is no run folder."""
    folder = RunFolder(path.absolute())
    request = RunRequest((), "", folder.name, "", ())
    try:
        request = folder.read_request()
        status = _as_it_is(folder, folder.read_status())
    except InputError as error:
        if not request.argv and not _is_ours(folder):
            raise
        hint = Message("`sgs-tui runs delete {name}` takes it away", name=folder.name)
        status = RunStatus(
            RunState.DAMAGED,
            _mtime(folder.path),
            message=Message("damaged: {message}", message=error.message),
            hint=hint,
        )
    return Run(folder, request, status)


def _is_ours(folder: RunFolder) -> bool:
    """Whether a run was made there whatever its files are now: somebody else's folder may hold a request.json too."""
    there = [os.path.lexists(path) for path in (folder.request_path, folder.status_path)]
    return all(there) or (any(there) and re.match(r"\d{8}-\d{6}-", folder.name) is not None)


def list_runs(root: Path) -> tuple[Run, ...]:
    """Every run of `root`, newest first; folders that are not ours are passed over."""
    if not root.is_dir():
        return ()
    found = []
    for path in root.iterdir():
        with suppress(InputError):  # a request.json of somebody else, or one being deleted
            if not path.name.startswith(".") and not path.is_symlink() and path.is_dir():
                found.append(read_run(path))
    return tuple(sorted(found, key=lambda run: (run.status.created, run.name), reverse=True))


def _as_it_is(folder: RunFolder, status: RunStatus) -> RunStatus:
    if status.state is RunState.QUEUED and folder.cancel_path.exists():
        return replace(status, state=RunState.CANCELLED, message=Message("cancelled before it was started"))
    if not status.state.active or not _is_lost(folder, status):
        return status
    return replace(status, state=RunState.LOST, message=_how_lost(status), hint=_what_to_do(folder, status))


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
    if status.started is None:
        return Message("its supervisor is gone (while it waited): the host was restarted, or the process killed")
    return Message("its supervisor is gone (in the middle of the run): the host was restarted, or the process killed")


def _what_to_do(folder: RunFolder, status: RunStatus) -> str:
    if status.child is not None and group_is_alive(status.child):
        return Message("its child (pid {pid}) still runs: cancel the run to end it", pid=status.child.pid)
    if folder.read_request().ending:
        return Message("what it started elsewhere may still run: cancel the run to end it")
    return Message("start it again; what it left is not to be trusted")


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


_BENCHMARKS: dict[str, tuple[str, ...]] = {
    Stage.FIXED: (Stage.FLOAT, Stage.CMODEL_FLOAT, Stage.ORIGINAL),
    Stage.CMODEL_FLOAT: (Stage.FLOAT, Stage.ORIGINAL),
    Stage.FLOAT: (Stage.ORIGINAL,),
}
"""What each stage is judged by, best first. A float model equals the original and an offline one the fixed, so only
float to fixed loses accuracy."""


def newest_pair(runs: Sequence[Run]) -> tuple[Run, Run] | None:
    """(sample, benchmark) of the newest good runs of one network on one image; None where there is no such pair.

    Networks are told by the model's name without its stage (`tiny_fixed.sim`, `tiny_float.sim`, `tiny.onnx`).
    """
    good = sorted((run for run in runs if run.dump), key=lambda run: run.status.created, reverse=True)
    for sample in good:
        for stage in _BENCHMARKS.get(sample.request.stage, ()):
            for benchmark in good:
                if benchmark.request.stage == stage and _belong_together(sample, benchmark):
                    return sample, benchmark
    return None


def _belong_together(sample: Run, benchmark: Run) -> bool:
    images = {run.request.details.get("image") for run in (sample, benchmark)} - {None}
    return network(sample.request.model) == network(benchmark.request.model) and len(images) <= 1


def network(model: str) -> str:
    """The model's name without what tells its stage."""
    name = re.sub(r"\.(sim|onnx|tflite|prototxt|caffemodel)$", "", Path(model).name)
    return re.sub(r"(_cmodel)?_(float|fixed|refine)$", "", name)


_LAST = "last"
_SHOWN = 5


def find_run(name: str, root: Path) -> Run:
    """The run that somebody means: by its name, a part of it that fits no other, a path, or `last`.

    Raises InputError where there is none, UsageError where there are several.
    """
    if os.path.lexists(Path(name) / "request.json"):
        return read_run(Path(name))
    runs = list_runs(root)
    if not runs:
        raise InputError(Message("no runs in {root}", root=root), Message("name their folder with --root"))
    if name == _LAST:
        return runs[0]
    return next((run for run in runs if run.name == name), None) or _by_part(name, runs, root)


def _by_part(name: str, runs: Sequence[Run], root: Path) -> Run:
    found = [run for run in runs if name in run.name]
    if not found:
        raise InputError(
            Message("no run in {root} is called {name}", root=root, name=name),
            Message("`sgs-tui runs list` has the names"),
        )
    if len(found) > 1:
        names = ", ".join(run.name for run in found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
        raise UsageError(
            Message("{name} fits {number} runs", name=name, number=len(found)),
            Message("name one: {names}", names=names),
        )
    return found[0]


def newest_comparable(root: Path) -> tuple[Run, Run]:
    """(sample, benchmark) of the newest dumps that belong together; twice the same run where it made both.

    Raises InputError where there are none.
    """
    runs = list_runs(root)
    pair = newest_pair(runs)
    both = next((run for run in runs if len(run.dumps) > 1), None)
    if both is not None and (pair is None or both.status.created > pair[0].status.created):
        return both, both
    if pair is None:
        raise InputError(
            Message("no two good runs of one network in {root}", root=root),
            Message("`sgs-tui run` makes both, or name two runs"),
        )
    return pair
