"""One run from its place in the queue to its last status. Runs inside the supervisor process."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.simulate.child_process import Command, Ending, start_child
from sgs_tui.engine.simulate.log_stream import LogFile
from sgs_tui.engine.simulate.processes import ProcessIdentity
from sgs_tui.engine.simulate.products import FileStates, file_states
from sgs_tui.engine.simulate.run_folder import RunFolder, working_directory
from sgs_tui.engine.simulate.run_request import RunRequest
from sgs_tui.engine.simulate.slots import wait_for_slot
from sgs_tui.engine.simulate.status import HEARTBEAT, RunState, RunStatus
from sgs_tui.engine.simulate.watch_child import ChildWatch


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the supervisor process lends to a run.

    `wakeup`: descriptor that becomes readable on signals; `told_to_stop`: why the whole supervisor has to
    end, empty for no reason; `wait`: sleep for so many seconds or until a signal.
    """

    identity: ProcessIdentity
    wakeup: int
    told_to_stop: Callable[[], str]
    wait: Callable[[float], None]
    parallel: int


class SupervisedRun:
    """One queued run folder that this process looks after."""

    def __init__(self, folder: RunFolder, surroundings: Surroundings) -> None:
        self._folder = folder
        self._surroundings = surroundings
        self._request: RunRequest = folder.read_request()
        self._status: RunStatus = folder.read_status()
        self._last_beat = time.monotonic()

    def claim(self) -> None:
        """Write down who looks after the run. Raises InputError when it is not waiting for anybody."""
        if self._status.state is not RunState.QUEUED or self._status.supervisor is not None:
            raise InputError(f"{self._folder.path}: this run has been started before", "start a new one")
        self._status = replace(self._status, supervisor=self._surroundings.identity)
        self._folder.write_status(self._status)

    def run(self) -> None:
        """Wait for a slot, run the child, judge what it left. Ends in a last status, whatever happens."""
        if not self._folder.request_path.exists():
            return  # deleted while it waited
        try:
            waits = not self._stop_reason()
            root, parallel = self._folder.root, self._surroundings.parallel
            slot = wait_for_slot(root, parallel, self._still_waiting) if waits else None
        except OSError as error:
            self.fail(f"cannot queue up in {self._folder.root}: {error.strerror}", "check its rights")
            return
        if slot is None:
            message = "cancelled before it was started"
            self._finish(replace(self._status, state=RunState.CANCELLED, message=message))
            return
        try:
            self._run_child()
        finally:
            slot.release()

    def fail(self, message: str, hint: str) -> None:
        """End a run that could not be started or looked after."""
        self._finish(replace(self._status, state=RunState.FAILED, message=message, hint=hint))

    def crash(self, details: str) -> None:
        """End a run that a defect of ours broke; `details` go into supervisor.log."""
        with self._folder.supervisor_log_path.open("a", encoding="utf-8") as log:
            log.write(details)
        last = details.strip().rpartition("\n")[2]
        self.fail(f"the supervisor broke off: {last}", f"please report it with {self._folder.supervisor_log_path}")

    def _run_child(self) -> None:
        before = file_states(self._request, self._folder)
        log = LogFile(self._folder.log_path)
        try:
            ending = self._watch(log)
        except OSError as error:
            what = f"cannot start {self._request.argv[0]}: {error.strerror}"
            self.fail(what, "check that the program and the working directory exist")
            return
        finally:
            log.close()
        self._judge(ending, before, log.disk_full)

    def _watch(self, log: LogFile) -> Ending:
        request = self._request
        directory = working_directory(self._folder, request)
        command = Command(request.argv, request.environment, directory, request.timeout, request.grace)
        child = start_child(command)
        running = replace(self._status, state=RunState.RUNNING, started=time.time())
        self._write_softly(replace(running, child=ProcessIdentity.of(child.process.pid)))
        return ChildWatch(
            child, command, log, self._surroundings.wakeup, self._stop_reason, self._tick, HEARTBEAT
        ).run()

    def _judge(self, ending: Ending, before: FileStates, disk_full: bool) -> None:
        # Only here numpy and the dump reader are loaded: a supervisor waits in a few megabytes.
        from sgs_tui.engine.simulate.diagnose_run import judge

        verdict = judge(self._request, self._folder, ending, before, disk_full)
        self._finish(
            replace(
                self._status,
                state=verdict.state,
                message=verdict.message,
                hint=verdict.hint,
                failure=verdict.failure,
                notes=self._status.notes + verdict.notes,
                products=verdict.products,
                exit_code=ending.exit_code,
                signal=ending.signal,
            )
        )

    def _finish(self, status: RunStatus) -> None:
        self._folder.reserve_path.unlink(missing_ok=True)
        self._write_softly(replace(status, ended=time.time(), progress=""))

    def _stop_reason(self) -> str:
        if self._folder.cancel_path.exists():
            return "cancelled"
        return self._surroundings.told_to_stop()

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
        """A disk that is full, or a folder deleted under us, does not end a run; readers then see it as lost."""
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
