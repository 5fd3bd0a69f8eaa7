"""Run one child to its end: its output into the log, a time limit, an end when asked for one.

The loop sleeps in `select` until there is output, a signal or a deadline; a silent child costs one wake-up
per heartbeat.
"""

import os
import select
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.runs.log import LogFile, ProgressWatch

# Start a child that can be watched and ended whole, and say how it ended.


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended. `stopped`: why we ended it ('cancelled', 'timed out', ...), empty when it ended itself."""

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


@dataclass(frozen=True, slots=True)
class Command:
    """What to start."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] | None
    directory: Path
    timeout: float | None
    grace: float


@dataclass(frozen=True, slots=True)
class Child:
    """A started child and the reading end of the one pipe that both its outputs go into."""

    process: subprocess.Popen[bytes]
    output: int


def start_child(command: Command) -> Child:
    """Start the command in a process group of its own, stdin closed. Raises OSError when that fails."""
    output, writing_end = os.pipe2(os.O_CLOEXEC)
    try:
        process = subprocess.Popen(
            command.argv,
            cwd=command.directory,
            env=None if command.environment is None else dict(command.environment),
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
    return Child(process, output)


# Which process is which: a pid alone is not enough, since the system gives it out again.
#
# A process is known by its pid, its start time (clock ticks since boot, field 22 of `/proc/PID/stat`), the
# boot it belongs to and the place (host and pid namespace) where that pid means anything.


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process, for ever: no later process is equal to it."""

    pid: int
    started_ticks: int
    boot: str
    place: str

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity":
        """The identity of a process that lives here and now."""
        return cls(pid, _start_ticks(pid) or 0, _boot_id(), place())


def place() -> str:
    """Host and pid namespace: two containers on one host see different processes under one number."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{socket.gethostname()} {namespace}".strip()


def is_alive(identity: ProcessIdentity) -> bool | None:
    """Whether that very process still runs; None when it lives in a place that can not be seen from here."""
    if identity.place != place():
        return None
    if identity.boot != _boot_id():
        return False
    ticks = _start_ticks(identity.pid)
    return ticks is not None and ticks == identity.started_ticks


def group_is_alive(leader: ProcessIdentity) -> bool:
    """Whether any process of the group that `leader` founded still runs.

    The kernel gives no process the number of a group that still has members, so a living group of that
    number with members as old as the leader or younger is the leader's own.
    """
    if is_alive(leader):
        return True
    if leader.place != place() or leader.boot != _boot_id():
        return False
    return any(fields.group == leader.pid and fields.start_ticks >= leader.started_ticks for fields in _all_processes())


def send_to_group(leader_pid: int, number: signal.Signals) -> bool:
    """Signal a whole process group. False when it has no members left."""
    try:
        os.killpg(leader_pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        # Some members changed their user id; those that could be signalled were.
        return True
    return True


def end_group(leader_pid: int, grace: float) -> None:
    """TERM for the whole group, and KILL for what is left of it after `grace` seconds."""
    if not send_to_group(leader_pid, signal.SIGTERM):
        return
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline:
        time.sleep(0.05)
        if not _group_has_living(leader_pid):
            return
    send_to_group(leader_pid, signal.SIGKILL)


def wait_for_exit(identity: ProcessIdentity, timeout: float) -> None:
    """Sleep until that process ends, at most `timeout` seconds. It need not be a child of ours, and where
    it can not be seen (another host) the whole time is slept."""
    alive = is_alive(identity)
    if alive is False:
        return
    try:
        descriptor = os.pidfd_open(identity.pid) if alive else None
    except ProcessLookupError:
        return
    except (OSError, AttributeError):  # a kernel or a Python from before pidfd
        descriptor = None
    if descriptor is None:
        time.sleep(timeout)
        return
    try:
        if is_alive(identity):  # the number may have gone to another process before it was opened
            select.select([descriptor], [], [], timeout)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Stat:
    state: str
    group: int
    start_ticks: int


def _stat(pid: int | str) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = text.rpartition(b")")[2].split()  # the name in parentheses may hold blanks and parentheses
    return _Stat(fields[0].decode(), int(fields[2]), int(fields[19])) if len(fields) > 19 else None


def _start_ticks(pid: int) -> int | None:
    stat = _stat(pid)
    return None if stat is None or stat.state in "ZX" else stat.start_ticks


def _all_processes() -> list[_Stat]:
    found = [_stat(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [stat for stat in found if stat is not None and stat.state not in "ZX"]


def _group_has_living(leader_pid: int) -> bool:
    return any(stat.group == leader_pid for stat in _all_processes())


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


_CHUNK = 64 << 10
_DRAIN = 1.0
"""Seconds that output may still arrive after the child ended (a grandchild may hold the pipe open)."""


class ChildWatch:
    """Watches one started child.

    `wakeup` is a descriptor that becomes readable on signals (SIGCHLD among them); `stop_reason` says why to
    end the child, empty for no reason; `on_tick` is called with the progress text about once a second when
    that text changed, and once per `heartbeat` seconds in any case.
    """

    def __init__(
        self,
        child: Child,
        command: Command,
        log: LogFile,
        wakeup: int,
        stop_reason: Callable[[], str],
        on_tick: Callable[[str], None],
        heartbeat: float,
    ) -> None:
        self._child, self._command, self._log = child, command, log
        self._wakeup, self._stop_reason, self._on_tick = wakeup, stop_reason, on_tick
        self._heartbeat = heartbeat
        self._progress = ProgressWatch()
        self._told = ""
        self._stopped = ""
        now = time.monotonic()
        self._deadline = now + command.timeout if command.timeout else None
        self._kill_at: float | None = None
        self._next_beat = now + heartbeat
        self._next_progress = now

    def run(self) -> Ending:
        """Until the child and its whole group are gone."""
        process = self._child.process
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.output, selectors.EVENT_READ)
            selector.register(self._wakeup, selectors.EVENT_READ)
            while process.poll() is None:
                self._wait(selector)
                self._obey_deadlines()
        self._drain()
        end_group(process.pid, self._command.grace)
        self._drain()
        os.close(self._child.output)
        return Ending.of(process.returncode, self._stopped)

    def _wait(self, selector: selectors.BaseSelector) -> None:
        for key, _ in selector.select(self._time_to_sleep()):
            if key.fd == self._wakeup:
                os.read(self._wakeup, 4096)
            elif not self._take():
                selector.unregister(self._child.output)

    def _take(self) -> bool:
        """One chunk of output. False at its end."""
        try:
            data = os.read(self._child.output, _CHUNK)
        except BlockingIOError:
            return True
        self._log.write(data)
        self._progress.feed(data)
        return bool(data)

    def _drain(self) -> None:
        """What is still in the pipe, for as long as `_DRAIN` says."""
        until = time.monotonic() + _DRAIN
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.output, selectors.EVENT_READ)
            while selector.select(max(0.0, until - time.monotonic())):
                if not self._take():
                    return

    def _time_to_sleep(self) -> float:
        times = [self._next_beat, self._kill_at, None if self._stopped else self._deadline]
        if self._progress.text != self._told:
            times.append(self._next_progress)
        return max(0.0, min(t for t in times if t is not None) - time.monotonic())

    def _obey_deadlines(self) -> None:
        now = time.monotonic()
        if not self._stopped:
            timed_out = self._deadline is not None and now >= self._deadline
            self._stopped = "timed out" if timed_out else self._stop_reason()
            if self._stopped:
                send_to_group(self._child.process.pid, signal.SIGTERM)
                self._kill_at = now + self._command.grace
        elif self._kill_at is not None and now >= self._kill_at:
            send_to_group(self._child.process.pid, signal.SIGKILL)
            self._kill_at = now + 1.0
        self._tick(now)

    def _tick(self, now: float) -> None:
        changed = self._progress.text != self._told and now >= self._next_progress
        if changed or now >= self._next_beat:
            self._told = self._progress.text
            self._on_tick(self._told)
            self._next_progress = now + 1.0
            self._next_beat = now + self._heartbeat
