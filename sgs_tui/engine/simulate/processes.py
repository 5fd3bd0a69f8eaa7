"""Which process is which: a pid alone is not enough, since the system gives it out again.

A process is known by its pid, its start time (clock ticks since boot, field 22 of `/proc/PID/stat`), the
boot it belongs to and the place (host and pid namespace) where that pid means anything.
"""

import os
import select
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path


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
