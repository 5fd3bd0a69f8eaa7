"""The supervisor (`main`; its program is backends/supervise.py) looks after runs while they wait and run.

A small process of its own session that runs the given folders one after another, so that neither the end of
the app nor of the SSH line ends a run. It goes into the background by itself: the command returns once every
folder's status.json names the process that looks after it, or with an error on stderr.

SIGHUP and SIGINT are ignored; SIGUSR1 means "look whether somebody asked to cancel"; SIGTERM (a host that
shuts down) ends the runs as cancelled.
"""

import errno
import fcntl
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from sgs_tui.engine.errors import InputError, SgsError, reason
from sgs_tui.engine.runs.backend import Lookup
from sgs_tui.engine.runs.child import CANCELLED, ChildWatch, Ending, end_elsewhere
from sgs_tui.engine.runs.log import LogFile
from sgs_tui.engine.runs.processes import ProcessIdentity
from sgs_tui.engine.runs.products import file_states
from sgs_tui.engine.runs.run_folder import HEARTBEAT, RunFolder, RunRequest, RunState, RunStatus, working_directory
from sgs_tui.language import Message

_LOOK = 1.0
"""Seconds between two looks of a run that waits."""


def _wait_for_slot(root: Path, parallel: int, wait: Callable[[float], bool]) -> ExitStack | None:
    """Queue up until one of `parallel` slots is free; closing the stack gives it back.

    A slot and a place in the queue are both locked files, for all supervisors of one runs root, so the system gives
    them back when a supervisor dies. The oldest waiting run takes the next free slot. `wait(seconds)` sleeps and says
    whether to go on waiting; None is returned when it says no. A file system without locks has no queue: the slot is
    then granted at once.
    """
    folder = root / ".slots"
    folder.mkdir(exist_ok=True)
    slot = ExitStack()
    try:
        ticket, place = _take_ticket(folder)
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            return slot
        raise
    try:
        while True:
            if _is_first(folder, ticket) and (descriptor := _free_slot(folder, parallel)) is not None:
                slot.callback(os.close, descriptor)
                return slot
            if not wait(_LOOK):
                return None
    finally:
        ticket.unlink(missing_ok=True)
        os.close(place)


def _take_ticket(folder: Path) -> tuple[Path, int]:
    """A place in the queue: locked first and then named, so that nobody takes it for a dead one's."""
    name = f"{time.time_ns():020d}-{os.getpid()}"
    unnamed, ticket = folder / f"new-{name}", folder / f"ticket-{name}"
    descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        unnamed.unlink()
        raise
    unnamed.rename(ticket)
    return ticket, descriptor


def _free_slot(folder: Path, parallel: int) -> int | None:
    locked = (_locked(folder / f"slot-{number}") for number in range(parallel))
    return next((descriptor for descriptor in locked if descriptor is not None), None)


def _is_first(folder: Path, ticket: Path) -> bool:
    """Whether nobody older waits; places whose owner died are cleared away."""
    for name in sorted(entry.name for entry in folder.glob("ticket-*")):
        if name == ticket.name:
            return True
        older = folder / name
        with suppress(FileNotFoundError):
            descriptor = _locked(older, os.O_RDWR)
            if descriptor is None:
                return False
            older.unlink(missing_ok=True)
            os.close(descriptor)
    return True


def _locked(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> int | None:
    """The locked file, or None where somebody else holds it."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return None
        raise
    return descriptor


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the supervisor process lends to a run.

    `backend_of`: who judges it; `wakeup`: descriptor that becomes readable on signals; `told_to_stop`: why the whole
    supervisor has to end, empty for no reason; `wait`: sleep for so many seconds or until a signal.
    """

    identity: ProcessIdentity
    backend_of: Lookup
    wakeup: int
    told_to_stop: Callable[[], str]
    wait: Callable[[float], None]
    parallel: int


class SupervisedRun:
    """One queued run folder that this process looks after, from its place in the queue to its last status."""

    def __init__(self, folder: RunFolder, surroundings: Surroundings) -> None:
        self._folder = folder
        self._surroundings = surroundings
        self._request: RunRequest = folder.read_request()
        self._status: RunStatus = folder.read_status()
        self._last_beat = time.monotonic()

    def claim(self) -> None:
        """Write down who looks after the run. Raises InputError when it is not waiting for anybody."""
        if self._status.state is not RunState.QUEUED or self._status.supervisor is not None:
            raise InputError(
                Message("{folder}: this run has been started before", folder=self._folder.path),
                Message("start a new one"),
            )
        self._status = replace(self._status, supervisor=self._surroundings.identity)
        self._folder.write_status(self._status)

    def run(self) -> None:
        """Wait for a slot, run the child, judge what it left. Ends in a last status, whatever happens."""
        if not self._folder.request_path.exists():
            return  # deleted while it waited
        try:
            root, parallel = self._folder.root, self._surroundings.parallel
            slot = None if self._stop_reason() else _wait_for_slot(root, parallel, self._still_waiting)
        except OSError as error:
            what = Message("cannot queue up in {folder}: {why}", folder=self._folder.root, why=reason(error))
            self.fail(what, Message("check its rights"))
            return
        if slot is None:
            message = Message("cancelled before it was started")
            self._finish(replace(self._status, state=RunState.CANCELLED, message=message))
            return
        with slot:
            self._run_child()

    def fail(self, message: str, hint: str) -> None:
        """End a run that could not be started or looked after."""
        self._finish(replace(self._status, state=RunState.FAILED, message=message, hint=hint))

    def crash(self, details: str) -> None:
        """End a run that a defect of ours broke; `details` go into supervisor.log."""
        with suppress(OSError), self._folder.supervisor_log_path.open("a", encoding="utf-8") as log:
            log.write(details)
        last = details.strip().rpartition("\n")[2]
        self.fail(
            Message("the supervisor broke off: {error}", error=last),
            Message("please report it with {path}", path=self._folder.supervisor_log_path),
        )

    def _run_child(self) -> None:
        before = file_states(self._request, self._folder)
        log = LogFile(self._folder.log_path)
        try:
            ending = self._watch(log)
        except OSError as error:
            what = Message("cannot start {program}: {why}", program=self._request.argv[0], why=reason(error))
            self.fail(what, Message("check that the program and the working directory exist"))
            return
        finally:
            log.close()
        if self._is_gone():
            return
        # Only here numpy and the dump reader are loaded: a supervisor waits in a few megabytes.
        from sgs_tui.engine.runs.outcome import judge

        backend = self._surroundings.backend_of(self._request.backend)
        self._finish(judge(self._status, self._request, backend, self._folder, ending, before, log.disk_full))

    def _watch(self, log: LogFile) -> Ending:
        directory, wakeup = working_directory(self._folder, self._request), self._surroundings.wakeup
        watch = ChildWatch(self._request, directory, log, wakeup, self._stop_reason, self._tick)
        running = replace(self._status, state=RunState.RUNNING, started=time.time())
        self._write_softly(replace(running, child=watch.identity))
        ending = watch.run()
        if ending.stopped or ending.exit_code != 0:
            end_elsewhere(self._request, directory)
        return ending

    def _finish(self, status: RunStatus) -> None:
        self._folder.reserve_path.unlink(missing_ok=True)
        self._write_softly(replace(status, ended=time.time(), progress=""))

    def _stop_reason(self) -> str:
        if self._folder.cancel_path.exists():
            return CANCELLED
        return Message("its folder was deleted") if self._is_gone() else self._surroundings.told_to_stop()

    def _is_gone(self) -> bool:
        """The folder was deleted, or moved: nobody can reach the run any more, nor what it leaves."""
        try:
            self._folder.path.stat()
        except FileNotFoundError:
            return True
        except OSError:  # a file system that does not answer now
            return False
        return False

    def _still_waiting(self, seconds: float) -> bool:
        if time.monotonic() - self._last_beat >= HEARTBEAT:
            self._beat()
        if not self._stop_reason():
            self._surroundings.wait(seconds)
        return not self._stop_reason()

    def _tick(self, progress: str) -> None:
        if progress != self._status.progress:
            self._write_softly(replace(self._status, progress=progress))
        self._beat()

    def _beat(self) -> None:
        self._last_beat = time.monotonic()
        touch(self._folder.status_path)

    def _write_softly(self, status: RunStatus) -> None:
        """A disk that is full does not end a run; readers then see it as lost."""
        self._status = status
        try:
            self._folder.write_status(status)
        except InputError:
            self._folder.reserve_path.unlink(missing_ok=True)
            touch(self._folder.status_path)


def touch(path: Path) -> None:
    """Renew a file's time stamp; a file that was deleted under us stays deleted."""
    with suppress(OSError):
        os.utime(path)


_READY = b"+"


class Signals:
    """What the system told this process, and a descriptor that wakes it from sleep."""

    def __init__(self) -> None:
        self._terminated = False
        self.wakeup, writing_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writing_end, warn_on_full_buffer=False)
        for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
            signal.signal(ignored, signal.SIG_IGN)
        for noticed in (signal.SIGCHLD, signal.SIGUSR1):  # the wake-up descriptor has what matters
            signal.signal(noticed, lambda number, frame: None)
        signal.signal(signal.SIGTERM, self._terminate)

    def told_to_stop(self) -> str:
        return Message("the supervisor was told to stop (SIGTERM)") if self._terminated else ""

    def wait(self, seconds: float) -> None:
        """Sleep, at most until the next signal."""
        if select.select([self.wakeup], [], [], seconds)[0]:
            os.read(self.wakeup, 4096)

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        self._terminated = True


def main(arguments: Sequence[str], backend_of: Lookup) -> int:
    """Go into the background and supervise. The exit code is the launching half's: 0 once all is claimed."""
    parallel = 1
    if arguments[:1] == ["--parallel"]:
        parallel, arguments = max(1, int(arguments[1])), arguments[2:]
    paths = [Path(argument).absolute() for argument in arguments]
    reading_end, writing_end = os.pipe()
    if os.fork():
        os.close(writing_end)
        return 0 if os.read(reading_end, 1) == _READY else 1
    os.close(reading_end)
    # A fork of the session's leader can never get a terminal again, and its parent can not leave a zombie.
    code = 1
    try:
        _supervise(parallel, paths, writing_end, backend_of)
        code = 0
    except SgsError as error:
        print(error, file=sys.stderr, flush=True)
    except Exception:
        traceback.print_exc()
    os._exit(code)


def _supervise(parallel: int, paths: list[Path], ready: int, backend_of: Lookup) -> None:
    signals = Signals()
    identity = ProcessIdentity.of(os.getpid())
    surroundings = Surroundings(identity, backend_of, signals.wakeup, signals.told_to_stop, signals.wait, parallel)
    runs = [SupervisedRun(RunFolder(path), surroundings) for path in paths]
    for run in runs:
        run.claim()
    os.write(ready, _READY)
    os.close(ready)
    for run in runs:  # a defect in one run is written into its status and does not take the others along
        try:
            run.run()
        except SgsError as error:
            run.fail(error.message, error.hint)
        except Exception:
            run.crash(traceback.format_exc())
