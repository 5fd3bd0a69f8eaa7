"""What is looked at before a run starts, so that it does not fail in its twentieth minute."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sgs_tui.engine.numbers import size
from sgs_tui.engine.runs.run_folder import RunRequest, RunState
from sgs_tui.engine.runs.run_list import Run, list_runs

# How large a dump will be: as large as the last one of the same model, else a guess from the model's size.

MODEL_FACTOR = 60
"""A dump is some tens of times as large as its model: 60 is on the safe side for detectors."""

TEXT_FACTOR = 2.6
"""Characters of the string form a payload byte: 634603 / 249117 for `tiny`, 2.5 for its fixed dump."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """`size` in bytes. `known`: measured on an earlier dump of the same kind, so it may be shown as a goal."""

    size: int
    known: bool
    source: str


def estimate_dump(request: RunRequest, runs: Iterable[Run]) -> Estimate | None:
    """What is known of the dump's size; None where there is no model to go by."""
    if request.expected_size is not None:
        return Estimate(request.expected_size, True, "as told")
    for run in runs:
        if run.state is RunState.OK and run.status.products and _same_kind(run.request, request):
            return Estimate(run.status.products[0].size, True, f"the dump of {run.name}")
    try:
        model = Path(request.model).stat().st_size
    except OSError:
        return None
    factor = MODEL_FACTOR * (TEXT_FACTOR if _as_text(request) else 1)
    return Estimate(int(model * factor), False, f"the model's size x {factor:g}")


def _same_kind(earlier: RunRequest, request: RunRequest) -> bool:
    """The same file, stage, switches and form: such dumps have the same size, whatever the image."""
    return (
        _first_product(earlier) == _first_product(request)
        and earlier.backend == request.backend
        and earlier.model == request.model
        and earlier.stage == request.stage
        and earlier.debug_config == request.debug_config
    )


def _first_product(request: RunRequest) -> str | None:
    """The dump's name, which tells text from binary where no DebugConfig.txt does."""
    return request.products[0].path if request.products else None


def _as_text(request: RunRequest) -> bool:
    return any(line.startswith("dumpasstring") for line in (request.debug_config or "").splitlines())


_MARGIN = 1.1
"""Part of an earlier dump's size that must be free: the simulator also writes text copies of its input."""

_HOME_LIMIT = 128
"""The older simulator gives up where $HOME is as long as this, whether it uses it or not (facts 4)."""


_SHELL_SPECIAL = re.compile(r"[\s'\"\\$`&|;<>()*?\[\]]")


class Level(StrEnum):
    """An `ERROR` keeps a run from starting, a `WARNING` is told."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed beforehand: one sentence and what to do."""

    level: Level
    message: str
    hint: str


def check_request(request: RunRequest, root: Path, known: Sequence[Run] | None = None) -> tuple[Finding, ...]:
    """Everything worth saying before `request` is started in `root`. Starts and changes nothing.

    `known`: the runs of `root`, where they have been listed already.
    """
    runs = list_runs(root) if known is None else known
    return (
        *_files(request),
        *_program(request),
        *_place(root),
        *_space(estimate_dump(request, runs), root),
        *_conflicts(request, runs),
        *_home(request),
        *_native_paths(request, root),
        *logout_policy(),
    )


def _error(message: str, hint: str) -> Finding:
    return Finding(Level.ERROR, message, hint)


def _warning(message: str, hint: str) -> Finding:
    return Finding(Level.WARNING, message, hint)


def _files(request: RunRequest) -> Iterator[Finding]:
    for name in request.needs:
        if not os.path.exists(name):
            yield _error(f"{name}: there is no such file", "check the path")
        elif not os.access(name, os.R_OK):
            yield _error(f"{name}: cannot be read", "check its rights")
        elif os.path.isfile(name) and os.path.getsize(name) == 0:
            yield _error(f"{name}: is empty", "was the step that makes it broken off?")


def _program(request: RunRequest) -> Iterator[Finding]:
    path = request.environment.get("PATH") if request.environment is not None else None
    if shutil.which(request.argv[0], path=path) is None:
        yield _error(f"{request.argv[0]}: there is no such program", "name another interpreter or install it")
    if request.cwd and not os.path.isdir(request.cwd):
        yield _error(f"{request.cwd}: there is no such folder", "check the working directory of the command")


def _place(root: Path) -> Iterator[Finding]:
    existing = _existing(root)
    if not existing.is_dir():
        yield _error(f"{root}: {existing} is no folder", "name another --runs folder")
    elif not os.access(existing, os.W_OK | os.X_OK):
        yield _error(f"{root}: no right to make run folders in {existing}", "name another --runs folder")


def _space(estimate: Estimate | None, root: Path) -> Iterator[Finding]:
    if estimate is None:
        return
    free = shutil.disk_usage(_existing(root)).free
    wanted = int(estimate.size * _MARGIN)
    if free >= wanted:
        return
    what = f"{size(free)} free at {root}, about {size(wanted)} wanted ({estimate.source})"
    hint = "delete old runs (`sgs-tui runs`) or name a --runs folder on another disk"
    yield (_error if estimate.known else _warning)(f"the disk may be too small: {what}", hint)


def _conflicts(request: RunRequest, runs: Iterable[Run]) -> Iterator[Finding]:
    """Another living run that works in the same directory, or is about to replace one of our inputs."""
    makes = _outside(request)
    for run in runs:
        if not run.state.active:
            continue
        if request.cwd and run.request.cwd == request.cwd:
            yield _error(f"{run.name} is working in {request.cwd}", "wait for it, or cancel it")
        both = _outside(run.request) & (makes | set(request.needs))
        if both:
            yield _error(f"{run.name} is writing {sorted(both)[0]}", "wait for it, or cancel it")


def _outside(request: RunRequest) -> set[str]:
    """Products that lie outside the run folder."""
    base = Path(request.cwd or "")
    return {str(base / product.path) for product in request.products if (base / product.path).is_absolute()}


def _home(request: RunRequest) -> Iterator[Finding]:
    home = (request.environment or {}).get("HOME", "")
    if request.backend == "sdk" and len(os.fsencode(home)) >= _HOME_LIMIT:
        message = f"$HOME is {len(os.fsencode(home))} bytes long: the simulator gives up from {_HOME_LIMIT} on"
        yield _warning(message, "set HOME to a shorter path (a symbolic link) before the start")


def _native_paths(request: RunRequest, root: Path) -> Iterator[Finding]:
    """The older generation starts its native simulator through a shell, without quotes round these paths."""
    if request.details.get("generation") != "older":
        return
    for what, path in (("runs folder", str(root.absolute())), ("SDK", request.details.get("sdk", ""))):
        if _SHELL_SPECIAL.search(path):
            message = f"{what} {path}: the older simulator breaks on blanks, quotes and brackets in this path"
            yield _error(message, "use one without them (a symbolic link will do)")


def logout_policy(configuration: Path = Path("/etc/systemd")) -> Iterator[Finding]:
    """A warning where this host ends all processes of a user at logout, the supervisor among them."""
    files = [configuration / "logind.conf", *sorted(configuration.glob("logind.conf.d/*.conf"))]
    value = ""
    for path in files:
        text = path.read_text("utf-8", "replace") if path.is_file() else ""
        for match in re.finditer(r"^\s*KillUserProcesses\s*=\s*(\S+)", text, re.MULTILINE):
            value = match[1].lower()
    if value in ("yes", "true", "1", "on"):
        yield _warning(
            "this host ends a user's processes at logout (KillUserProcesses), running simulators too",
            "`loginctl enable-linger` before a long run, or stay logged in",
        )


def _existing(path: Path) -> Path:
    """The nearest folder upwards that is there."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
