"""Runs one of our worker scripts with a time limit and keeps what it prints out of our own output."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO

from sgs_tui.engine.errors import CancelledError, RunError
from sgs_tui.engine.simulate.processes import end_group
from sgs_tui.engine.text import visible

_KEPT = 4096
_GRACE = 1.0


@dataclass(frozen=True, slots=True)
class Worker:
    """A script beside this module, the interpreter to run it with, and its limits (seconds)."""

    script: str
    python: str = sys.executable
    timeout: float = 120.0
    cancel: Event | None = None


def run_worker(worker: Worker, request: Mapping[str, object], what: str) -> dict[str, object]:
    """Give `request` to the worker and return its answer; `what` names the job in errors.

    Raises RunError when the interpreter is missing, the time is over or the worker died without an answer;
    CancelledError when asked to stop. Nothing of the worker's process group survives.
    """
    with tempfile.TemporaryDirectory(prefix="sgs-tui-") as folder:
        asked, answer = Path(folder, "request.json"), Path(folder, "answer.json")
        asked.write_text(json.dumps({**request, "answer": str(answer)}), encoding="ascii")
        process = _start(worker, asked, what)
        printed = _Tail(process.stdout)
        try:
            _wait(process, worker, what)
        finally:
            end_group(process.pid, _GRACE)
            process.wait()
            printed.close()
        if not answer.is_file():
            raise RunError(f"{what}: {_ending(process.returncode)} and left no result", printed.hint())
        result: dict[str, object] = json.loads(answer.read_text(encoding="utf-8"))
        return result | {"printed": printed.hint()}


def _start(worker: Worker, request: Path, what: str) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name(worker.script)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.Popen(
            [worker.python, str(script), str(request)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise RunError(f"{what}: cannot run {worker.python}: {error.strerror}", "name another Python") from error


def _wait(process: subprocess.Popen[bytes], worker: Worker, what: str) -> None:
    deadline = time.monotonic() + worker.timeout
    while True:
        try:
            process.wait(0.2)
            return
        except subprocess.TimeoutExpired:
            if worker.cancel is not None and worker.cancel.is_set():
                raise CancelledError(f"{what}: stopped") from None
            if time.monotonic() > deadline:
                hint = "it was ended; give it more time or find out where it waits"
                raise RunError(f"{what}: not done after {worker.timeout:g} s", hint) from None


def _ending(code: int) -> str:
    return f"crashed with signal {-code}" if code < 0 else f"ended with exit code {code}"


class _Tail:
    """Drains a pipe in a thread and keeps its end, so that a flood neither blocks the child nor fills us."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        self._pipe, self._kept = pipe, b""
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while self._pipe is not None and (chunk := os.read(self._pipe.fileno(), 1 << 16)):
            self._kept = (self._kept + chunk)[-_KEPT:]

    def close(self) -> None:
        """Wait for the rest; a runaway grandchild that still holds the pipe is not waited for."""
        self._thread.join(_GRACE)
        if self._pipe is not None and not self._thread.is_alive():
            self._pipe.close()

    def hint(self) -> str:
        """The last line it printed, fit to be shown; empty when it printed nothing."""
        lines = [line for line in self._kept.decode("utf-8", "replace").splitlines() if line.strip()]
        return f"it printed: {visible(lines[-1].strip())[-300:]}" if lines else ""
