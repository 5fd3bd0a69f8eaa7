"""Start the supervisor process and hand run folders over to it."""

import os
import site
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import sgs_tui
from sgs_tui.engine.errors import RunError
from sgs_tui.engine.simulate.run_folder import RunFolder

_MODULE = "sgs_tui.engine.simulate.supervisor"
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
