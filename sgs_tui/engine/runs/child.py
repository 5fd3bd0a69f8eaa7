"""Run one child to its end: its output into the log, a time limit, an end when asked for one, and how it ended.

The loop sleeps in `select` until there is output, a signal or a deadline; a silent child costs one wake-up
per heartbeat.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.runs.log import LogFile, ProgressWatch
from sgs_tui.engine.runs.processes import ProcessIdentity, end_group, send_to_group
from sgs_tui.engine.runs.run_folder import HEARTBEAT, RunRequest
from sgs_tui.language import Message

_CHUNK = 64 << 10
_DRAIN = 1.0
"""Seconds that output may still arrive after the child ended (a grandchild may hold the pipe open)."""


CANCELLED, TIMED_OUT = Message("cancelled"), Message("timed out")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended. `stopped`: why we ended it (CANCELLED, TIMED_OUT, ...), empty when it ended itself."""

    exit_code: int | None
    signal: str | None
    stopped: str = ""

    @classmethod
    def of(cls, returncode: int, stopped: str) -> "Ending":
        """From Popen's return code; a shell's 128 + N counts as signal N."""
        number = -returncode if returncode < 0 else returncode - 128 if 128 < returncode < 160 else 0
        try:
            name = signal.Signals(number).name if number else None
        except ValueError:
            name = None
        return cls(returncode if returncode >= 0 else None, name, stopped)


def _start(request: RunRequest, directory: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The command in a process group of its own, stdin closed, and the end of the pipe that both outputs go into."""
    output, writing_end = os.pipe2(os.O_CLOEXEC)
    try:
        process = subprocess.Popen(
            request.argv,
            cwd=directory,
            env=None if request.environment is None else dict(request.environment),
            stdin=subprocess.DEVNULL,
            stdout=writing_end,
            stderr=writing_end,
            process_group=0,
        )
    except BaseException:
        os.close(output)
        raise
    finally:
        os.close(writing_end)
    os.set_blocking(output, False)
    return process, output


def end_elsewhere(request: RunRequest, directory: Path) -> None:
    """End what a child that is gone left running elsewhere. What fails is left in failure.json of `directory`."""
    if request.ending:
        subprocess.run(request.ending, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, check=False)


class ChildWatch:
    """Starts one child, the leader of its group, and watches it. Raises OSError where it can not be started.

    `wakeup` is a descriptor that becomes readable on signals (SIGCHLD among them); `stop_reason` says why to
    end the child, empty for no reason; `on_tick` is called with the progress text about once a second when
    that text changed, and once per `HEARTBEAT` seconds in any case.
    """

    def __init__(
        self,
        request: RunRequest,
        directory: Path,
        log: LogFile,
        wakeup: int,
        stop_reason: Callable[[], str],
        on_tick: Callable[[str], None],
    ) -> None:
        self._process, self._output = _start(request, directory)
        self.identity = ProcessIdentity.of(self._process.pid)
        self._grace, self._log = request.grace, log
        self._wakeup, self._stop_reason, self._on_tick = wakeup, stop_reason, on_tick
        self._progress = ProgressWatch()
        self._told = ""
        self._stopped = ""
        now = time.monotonic()
        self._deadline = now + request.timeout if request.timeout else None
        self._kill_at: float | None = None
        self._next_beat = now + HEARTBEAT
        self._next_progress = now

    def run(self) -> Ending:
        """Until the child and its whole group are gone."""
        process = self._process
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            selector.register(self._wakeup, selectors.EVENT_READ)
            while process.poll() is None:
                self._wait(selector)
                self._obey_deadlines()
        self._drain()
        end_group(self.identity, self._grace)
        self._drain()
        os.close(self._output)
        return Ending.of(process.returncode, self._stopped)

    def _wait(self, selector: selectors.BaseSelector) -> None:
        times = [self._next_beat, self._kill_at, None if self._stopped else self._deadline]
        if self._progress.text != self._told:
            times.append(self._next_progress)
        sleep = max(0.0, min(t for t in times if t is not None) - time.monotonic())
        for key, _ in selector.select(sleep):
            if key.fd == self._wakeup:
                os.read(self._wakeup, 4096)
            elif not self._take():
                selector.unregister(self._output)

    def _take(self) -> bool:
        """One chunk of output. False at its end."""
        try:
            data = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return True
        self._log.write(data)
        self._progress.feed(data)
        return bool(data)

    def _drain(self) -> None:
        until = time.monotonic() + _DRAIN
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            while selector.select(max(0.0, until - time.monotonic())):
                if not self._take():
                    return

    def _obey_deadlines(self) -> None:
        now = time.monotonic()
        if not self._stopped:
            timed_out = self._deadline is not None and now >= self._deadline
            self._stopped = TIMED_OUT if timed_out else self._stop_reason()
            if self._stopped:
                send_to_group(self.identity, signal.SIGTERM)
                self._kill_at = now + self._grace
        elif self._kill_at is not None and now >= self._kill_at:
            send_to_group(self.identity, signal.SIGKILL)
            self._kill_at = now + 1.0
        self._tick(now)

    def _tick(self, now: float) -> None:
        changed = self._progress.text != self._told and now >= self._next_progress
        if changed or now >= self._next_beat:
            self._told = self._progress.text
            self._on_tick(self._told)
            self._next_progress = now + 1.0
            self._next_beat = now + HEARTBEAT
