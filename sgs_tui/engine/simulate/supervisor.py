"""The supervisor: `python -m sgs_tui.engine.simulate.supervisor [--parallel N] RUN_FOLDER...`

A small process of its own session that runs the given folders one after another, so that neither the end of
the app nor of the SSH line ends a run. It goes into the background by itself: the command returns once every
folder's status.json names the process that looks after it, or with an error on stderr.

SIGHUP and SIGINT are ignored; SIGUSR1 means "look whether somebody asked to cancel"; SIGTERM (a host that
shuts down) ends the runs as cancelled.
"""

import os
import select
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.simulate.processes import ProcessIdentity
from sgs_tui.engine.simulate.run_folder import RunFolder
from sgs_tui.engine.simulate.supervise_run import SupervisedRun, Surroundings

_READY = b"+"


class Signals:
    """What the system told this process, and a descriptor that wakes it from sleep."""

    def __init__(self) -> None:
        self._terminated = False
        self.wakeup, writing_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writing_end, warn_on_full_buffer=False)
        for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
            signal.signal(ignored, signal.SIG_IGN)
        for noticed in (signal.SIGCHLD, signal.SIGUSR1):
            signal.signal(noticed, self._notice)
        signal.signal(signal.SIGTERM, self._terminate)

    def told_to_stop(self) -> str:
        """Why this process has to end; empty for no reason."""
        return "the supervisor was told to stop (SIGTERM)" if self._terminated else ""

    def wait(self, seconds: float) -> None:
        """Sleep, at most until the next signal."""
        if select.select([self.wakeup], [], [], seconds)[0]:
            os.read(self.wakeup, 4096)

    def _notice(self, number: int, frame: FrameType | None) -> None:
        """Nothing to do: the wake-up descriptor has what matters."""

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        self._terminated = True


def main(arguments: Sequence[str]) -> int:
    """Go into the background and supervise. The exit code is the launching half's: 0 once all is claimed."""
    parallel, paths = _parse(arguments)
    reading_end, writing_end = os.pipe()
    if os.fork():
        os.close(writing_end)
        return 0 if os.read(reading_end, 1) == _READY else 1
    os.close(reading_end)
    # A fork of the session's leader can never get a terminal again, and its parent can not leave a zombie.
    code = 1
    try:
        _supervise(parallel, paths, writing_end)
        code = 0
    except SgsError as error:
        _complain(str(error))
    except Exception:
        _complain(traceback.format_exc())
    os._exit(code)


def _parse(arguments: Sequence[str]) -> tuple[int, list[Path]]:
    parallel = 1
    if arguments[:1] == ["--parallel"]:
        parallel, arguments = max(1, int(arguments[1])), arguments[2:]
    return parallel, [Path(argument).absolute() for argument in arguments]


def _supervise(parallel: int, paths: list[Path], ready: int) -> None:
    signals = Signals()
    identity = ProcessIdentity.of(os.getpid())
    surroundings = Surroundings(identity, signals.wakeup, signals.told_to_stop, signals.wait, parallel)
    runs = [SupervisedRun(RunFolder(path), surroundings) for path in paths]
    for run in runs:
        run.claim()
    os.write(ready, _READY)
    os.close(ready)
    for run in runs:
        _run_one(run)


def _run_one(run: SupervisedRun) -> None:
    """A defect in one run is written into its status and does not take the others along."""
    try:
        run.run()
    except SgsError as error:
        run.fail(error.message, error.hint)
    except Exception:
        run.crash(traceback.format_exc())


def _complain(text: str) -> None:
    sys.stderr.write(text.rstrip() + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
