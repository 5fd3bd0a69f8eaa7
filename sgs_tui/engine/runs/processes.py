"""Which process is which, who is left of its group, and an end for all of them.

A pid alone is not enough, since the system gives it out again. A process is known by its pid and its start, by the
boot it belongs to, and by the place (host and pid namespace) where that pid means anything. The start counts in clock
ticks since boot (psutil's create_time less its boot_time), so that it stays the same when somebody sets the clock.
psutil is imported where it is used: a comparison reads run folders and looks at no process.
"""

import os
import select
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.language import Message

_LOOK = 0.2
"""Seconds between two looks at a process where the system does not say that it ended."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process, for ever: no later process is equal to it. `session` is 0 in files of earlier versions."""

    pid: int
    started_ticks: int
    boot: str
    place: str
    session: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for what would mean a group, or all processes, to the kernel."""
        if not 0 < self.pid < 1 << 31:
            raise ValueError(Message("expected a process number, found {found}", found=self.pid))

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity":
        session = 0
        with suppress(ProcessLookupError):
            session = os.getsid(pid)
        return cls(pid, _started_ticks(pid) or 0, _boot_id(), place(), session)


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
    same = identity.boot == _boot_id() and _started_ticks(identity.pid) == identity.started_ticks
    return same and _runs(identity.pid)


def group_is_alive(leader: ProcessIdentity) -> bool:
    """Whether any process of the group that `leader` founded still runs.

    A process with the leader's number and another start time means that the number was given out again, which the
    kernel does only once no member of the group is left: a group of that number is then a stranger's. Where no
    process has the number, the group is ours only if it lies in the leader's session; the leader of a stranger's
    group may have ended as well (the first command of a pipeline does).
    """
    import psutil

    if leader.place != place() or leader.boot != _boot_id():
        return False
    ticks = _started_ticks(leader.pid)
    if ticks is not None and ticks != leader.started_ticks:
        return False
    return any(_is_member(pid, leader, ticks is not None) and _runs(pid) for pid in psutil.pids())


def _is_member(pid: int, leader: ProcessIdentity, leader_is_there: bool) -> bool:
    try:
        return os.getpgid(pid) == leader.pid and (leader_is_there or os.getsid(pid) == leader.session)
    except ProcessLookupError:
        return False


def send_to_group(leader: ProcessIdentity, number: signal.Signals) -> bool:
    """Signal the whole group that `leader` founded. False when nothing is left of it."""
    if not group_is_alive(leader):
        return False
    try:
        os.killpg(leader.pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # some members changed their user id; those that could be signalled were
    return True


def end_group(leader: ProcessIdentity, grace: float) -> None:
    """TERM for the whole group, and KILL for what is left of it after `grace` seconds."""
    if not send_to_group(leader, signal.SIGTERM):
        return
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline:
        time.sleep(0.05)
        if not group_is_alive(leader):
            return
    send_to_group(leader, signal.SIGKILL)


def send(identity: ProcessIdentity, number: signal.Signals) -> None:
    """Signal that very process, where it still runs here. Raises PermissionError for one of somebody else."""
    import psutil

    if is_alive(identity):
        try:
            psutil.Process(identity.pid).send_signal(number)
        except psutil.NoSuchProcess:
            return
        except psutil.AccessDenied as error:
            raise PermissionError(1, "not our process") from error


def wait_for_exit(identity: ProcessIdentity, timeout: float) -> None:
    """Sleep until that process ends, at most `timeout` seconds. It need not be a child of ours, and where
    it can not be seen (another host) the whole time is slept.

    A process that ended may stay in the table until somebody collects it, in a container without an init for ever:
    psutil's wait would sleep on.
    """
    try:
        descriptor = os.pidfd_open(identity.pid) if identity.place == place() else -1
    except ProcessLookupError:
        return
    except OSError:  # a kernel before 5.3, or no descriptor is left
        descriptor = -1
    try:
        alive = is_alive(identity)
        if alive is None:
            time.sleep(timeout)
        elif alive and descriptor >= 0:
            ended = select.poll()
            ended.register(descriptor, select.POLLIN)
            ended.poll(1000 * timeout)
        elif alive:
            deadline = time.monotonic() + timeout
            while (left := deadline - time.monotonic()) > 0 and is_alive(identity):
                time.sleep(min(left, _LOOK))
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _started_ticks(pid: int) -> int | None:
    """The start of the process that has this number, ended but not yet collected ones too; None for none."""
    import psutil

    try:
        boot = psutil.boot_time()
        return round((psutil.Process(pid).create_time() - boot) * os.sysconf("SC_CLK_TCK"))
    except psutil.NoSuchProcess:
        return None


def _runs(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
