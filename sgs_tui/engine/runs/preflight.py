"""What is looked at before a run starts, so that it does not fail in its twentieth minute."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from sgs_tui.engine.numbers import size
from sgs_tui.engine.runs.backend import Backend, Concern, Level
from sgs_tui.engine.runs.run_folder import RunRequest, RunState
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.language import Message

_MODEL_FACTOR = 60
"""A dump is some tens of times as large as its model: 60 is on the safe side for detectors."""

_MARGIN = 1.1
"""Part of an earlier dump's size that must be free: the simulator also writes text copies of its input."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """`size` in bytes. `known`: measured on an earlier dump of the same kind, so it may be shown as a goal."""

    size: int
    known: bool
    source: str


def estimate_dump(request: RunRequest, runs: Iterable[Run], backend: Backend) -> Estimate | None:
    """How large the dump will be: as the last one of the same model, else a guess from the model's size.

    None where there is no model to go by.
    """
    if request.expected_size is not None:
        return Estimate(request.expected_size, True, Message("as told"))
    for run in runs:
        if run.state is RunState.OK and run.status.products and _same_kind(run.request, request):
            return Estimate(run.status.products[0].size, True, Message("the dump of {name}", name=run.name))
    try:
        model = Path(request.model).stat().st_size
    except OSError:
        return None
    factor = _MODEL_FACTOR * backend.text_growth(request)
    return Estimate(int(model * factor), False, Message("the model's size x {factor:g}", factor=factor))


_LAST_RUNS = 5
"""As many earlier runs say how long one takes: what else the machine does changes."""


def estimate_time(request: RunRequest, runs: Iterable[Run]) -> float | None:
    """Seconds that earlier good runs of the same model took, in the same place: the median of the last ones.

    None where there was none.
    """
    place = request.details.get("via")
    alike = (
        run.elapsed
        for run in runs
        if run.state is RunState.OK and run.elapsed and run.request.details.get("via") == place
        if all(getattr(run.request, name) == getattr(request, name) for name in ("backend", "model", "stage"))
    )
    taken = list(islice(alike, _LAST_RUNS))
    return median(taken) if taken else None


def _same_kind(earlier: RunRequest, request: RunRequest) -> bool:
    """The same file, stage, switches and form (the dump's name has it where no DebugConfig.txt does): such dumps have
    the same size, whatever the image."""
    if [product.path for product in earlier.products[:1]] != [product.path for product in request.products[:1]]:
        return False
    same = ("backend", "model", "stage", "debug_config")
    return all(getattr(earlier, name) == getattr(request, name) for name in same)


def check_request(request: RunRequest, root: Path, runs: Sequence[Run], backend: Backend) -> tuple[Concern, ...]:
    """Everything worth saying before `request` is started in `root`, whose runs are `runs`. Changes nothing."""
    return (
        *_files(request),
        *_program(request),
        *_place(root),
        *_space(estimate_dump(request, runs, backend), root),
        *_conflicts(request, runs),
        *backend.check(request, root),
        *logout_policy(),
    )


def _files(request: RunRequest) -> Iterator[Concern]:
    for name in request.needs:
        if not os.path.exists(name):
            yield Concern(Level.ERROR, Message("{name}: there is no such file", name=name), Message("check the path"))
        elif not os.access(name, os.R_OK):
            yield Concern(Level.ERROR, Message("{name}: cannot be read", name=name), Message("check its rights"))
        elif os.path.isfile(name) and os.path.getsize(name) == 0:
            yield Concern(
                Level.ERROR, Message("{name}: is empty", name=name), Message("was the step that makes it broken off?")
            )


def _program(request: RunRequest) -> Iterator[Concern]:
    path = request.environment.get("PATH") if request.environment is not None else None
    if shutil.which(request.argv[0], path=path) is None:
        message = Message("{program}: there is no such program", program=request.argv[0])
        yield Concern(Level.ERROR, message, Message("name another interpreter or install it"))
    if request.cwd and not os.path.isdir(request.cwd):
        message = Message("{path}: there is no such folder", path=request.cwd)
        yield Concern(Level.ERROR, message, Message("check the working directory of the command"))


def _place(root: Path) -> Iterator[Concern]:
    existing, hint = _existing(root), Message("name another --runs folder")
    if not existing.is_dir():
        yield Concern(Level.ERROR, Message("{root}: {existing} is no folder", root=root, existing=existing), hint)
    elif not os.access(existing, os.W_OK | os.X_OK):
        yield Concern(
            Level.ERROR,
            Message("{root}: no right to make run folders in {existing}", root=root, existing=existing),
            hint,
        )


def _space(estimate: Estimate | None, root: Path) -> Iterator[Concern]:
    if estimate is None:
        return
    free = shutil.disk_usage(_existing(root)).free
    wanted = int(estimate.size * _MARGIN)
    if free >= wanted:
        return
    what = Message(
        "{free} free at {root}, about {wanted} wanted ({source})",
        free=size(free),
        root=root,
        wanted=size(wanted),
        source=estimate.source,
    )
    hint = Message("delete old runs (`sgs-tui runs`) or name a --runs folder on another disk")
    level = Level.ERROR if estimate.known else Level.WARNING
    yield Concern(level, Message("the disk may be too small: {what}", what=what), hint)


def _conflicts(request: RunRequest, runs: Iterable[Run]) -> Iterator[Concern]:
    """Another living run that works in the same directory, or is about to replace one of our inputs."""
    makes = _outside(request)
    for run in runs:
        if not run.state.active:
            continue
        if request.cwd and run.request.cwd == request.cwd:
            yield Concern(
                Level.ERROR,
                Message("{name} is working in {folder}", name=run.name, folder=request.cwd),
                Message("wait for it, or cancel it"),
            )
        both = _outside(run.request) & (makes | set(request.needs))
        if both:
            yield Concern(
                Level.ERROR,
                Message("{name} is writing {path}", name=run.name, path=sorted(both)[0]),
                Message("wait for it, or cancel it"),
            )


def _outside(request: RunRequest) -> set[str]:
    """Products that lie outside the run folder."""
    base = Path(request.cwd or "")
    return {str(base / product.path) for product in request.products if (base / product.path).is_absolute()}


def logout_policy(configuration: Path = Path("/etc/systemd")) -> Iterator[Concern]:
    """A warning where this host ends all processes of a user at logout, the supervisor among them."""
    files = [configuration / "logind.conf", *sorted(configuration.glob("logind.conf.d/*.conf"))]
    value = ""
    for path in files:
        text = path.read_text("utf-8", "replace") if path.is_file() else ""
        for match in re.finditer(r"^\s*KillUserProcesses\s*=\s*(\S+)", text, re.MULTILINE):
            value = match[1].lower()
    if value in ("yes", "true", "1", "on"):
        yield Concern(
            Level.WARNING,
            Message("this host ends a user's processes at logout (KillUserProcesses), running simulators too"),
            Message("`loginctl enable-linger` before a long run, or stay logged in"),
        )


def _existing(path: Path) -> Path:
    """The nearest folder upwards that is there."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
