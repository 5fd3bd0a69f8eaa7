"""Start runs: each is checked by its backend, gets a folder of its own, and goes on in the background.

concerns = check_run(request, root)              what to know beforehand
folder = start_run(request, root)                it runs by itself from here on (runs/runs.py follows it)
"""

import os
import shutil
import site
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import sgs_tui
from sgs_tui.engine.backends.registry import backend_of
from sgs_tui.engine.errors import RunError
from sgs_tui.engine.numbers import clock, count
from sgs_tui.engine.runs.backend import Concern, Level
from sgs_tui.engine.runs.preflight import check_request, estimate_dump, estimate_time
from sgs_tui.engine.runs.run_folder import RunFolder, RunRequest, create_run_folder, default_root
from sgs_tui.engine.runs.run_list import Run, list_runs
from sgs_tui.language import Message

_SUPERVISOR = "sgs_tui.engine.backends.supervise"
_WORTH_TELLING = 5.0
"""Seconds."""
_LAUNCH = 60.0
"""Seconds for the supervisor to go into the background; it takes a tenth of one."""


def check_run(request: RunRequest, root: Path, known: Sequence[Run] | None = None) -> tuple[Concern, ...]:
    """Everything worth saying before `request` is started in `root`. Starts and changes nothing.

    `known`: the runs of `root`, where they have been listed already.
    """
    return check_request(request, root, list_runs(root) if known is None else known, backend_of(request.backend))


def start_run(request: RunRequest, root: Path | None = None, parallel: int = 1) -> RunFolder:
    """Start one run in the background; it is queued or running when this returns. See `start_runs`."""
    return start_runs([request], root, parallel)[0]


def start_runs(requests: Sequence[RunRequest], root: Path | None = None, parallel: int = 1) -> tuple[RunFolder, ...]:
    """Start runs that follow one another, in this order, whatever becomes of each.

    `parallel` runs of one root may be at work at a time, those of other starters counted. Raises RunError
    with the first error of `check_run`, before anything is made; warnings go into each run's notes.
    """
    place = (root or default_root()).absolute()
    known = list_runs(place)
    prepared = [_prepared(request, place, known) for request in requests]
    folders: list[RunFolder] = []
    try:
        folders.extend(create_run_folder(request, place) for request in prepared)
        _launch(folders, parallel)
    except Exception:
        for folder in folders:
            shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return tuple(folders)


def told_time(folders: Sequence[RunFolder], parallel: int = 1) -> str:
    """How long such runs took before, in words; nothing where that is not known of all, or not worth a word."""
    known = [folder.read_request().expected_time for folder in folders]
    if not known or None in known:
        return ""
    total = sum(seconds or 0.0 for seconds in known) / min(parallel, len(known))
    if total < _WORTH_TELLING:
        return ""
    return Message(
        "about {total} for {known}, as earlier runs of the same models took",
        total=clock(total),
        known=count(len(known), "run"),
    )


def _prepared(request: RunRequest, root: Path, known: Sequence[Run]) -> RunRequest:
    concerns = check_run(request, root, known)
    for concern in concerns:
        if concern.level is Level.ERROR:
            raise RunError(concern.message, concern.hint)
    estimate = estimate_dump(request, known, backend_of(request.backend))
    told = tuple(Message("{message} ({hint})", message=concern.message, hint=concern.hint) for concern in concerns)
    return replace(
        request,
        warnings=request.warnings + told,
        expected_size=estimate.size if estimate is not None and estimate.known else None,
        expected_time=estimate_time(request, known),
    )


def _launch(folders: Sequence[RunFolder], parallel: int) -> None:
    """Start the supervisor and wait until it has taken the folders over. Raises RunError when it does not."""
    log = folders[0].supervisor_log_path
    try:
        code = _background(["--parallel", str(parallel), *(str(folder.path) for folder in folders)], log)
    except subprocess.TimeoutExpired as error:
        raise RunError(
            Message("the supervisor did not start within a minute"), Message("is the host out of memory?")
        ) from error
    if code != 0:
        last = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
        raise RunError(
            Message("the supervisor did not start: {why}", why=last or Message("exit code {code}", code=code)),
            Message("is sgs-tui installed whole?"),
        )
    if log.exists() and log.stat().st_size == 0:
        log.unlink()


def _background(arguments: Sequence[str], log: Path) -> int:
    """The supervisor in a session of its own, its errors in `log`: the exit code of its launching half."""
    with log.open("wb") as errors:
        return subprocess.run(
            [sys.executable, "-P", "-m", _SUPERVISOR, *arguments],
            cwd="/",
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            timeout=_LAUNCH,
            check=False,
        ).returncode


def _environment() -> dict[str, str]:
    """Ours, plus the way to this package where it is not installed but found beside the starter."""
    home = str(Path(sgs_tui.__file__).resolve().parent.parent)
    installed = home in (*site.getsitepackages(), site.getusersitepackages())
    paths = [part for part in (os.environ.get("PYTHONPATH"), None if installed else home) if part]
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return ours | ({"PYTHONPATH": os.pathsep.join(paths)} if paths else {})
