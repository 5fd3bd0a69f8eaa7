"""The worker: `python -m sgs_tui.engine.backends.worker BACKEND job.json`, started by a run's supervisor.

Apart because it is a process of its own. It does one job (jobs.py) in its working directory, which is fresh and its
own. What is worth knowing goes to result.json beside the dump, an error to failure.json; both are told on the output
too, which is the run's log. TERM, with which a run is cancelled, ends the job cleanly: preprocess children and
temporary folders go with it.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from sgs_tui.engine.backends.jobs import LocalBackend, Made, job_from_json, write_result
from sgs_tui.engine.backends.registry import backend_of
from sgs_tui.engine.errors import CancelledError, SgsError
from sgs_tui.engine.runs.known_failures import write_failure
from sgs_tui.engine.text import visible
from sgs_tui.language import Message

_RUN_FOLDER = Path(os.pardir)


def main(arguments: Sequence[str]) -> int:
    """Do the job of the file named; the exit code is 0, or 1 for a failure that was told."""
    signal.signal(signal.SIGTERM, _cancel)
    path = Path(arguments[1])
    try:
        backend = backend_of(arguments[0])
        assert isinstance(backend, LocalBackend), arguments
        _finish(job_from_json(path.read_text("ascii"), path, backend.job).do())
    except SgsError as error:
        write_failure(error)
        _say(f"{type(error).__name__}: {error}")
        return 1
    return 0


def _cancel(number: int, frame: FrameType | None) -> None:
    """An exception unwinds everything: children are ended, unfinished files go."""
    raise CancelledError(Message("the run was stopped"))


def _finish(made: Made) -> None:
    """Leave notes and the folders of per-tensor files in the run folder, where the supervisor moves the dump."""
    result = write_result(made, _RUN_FOLDER)
    for line in (*result.notes, *(f"left out: {name}: {reason}" for name, reason in result.skipped)):
        _say(line)
    for name in ("NHWC", "NCHW"):
        if os.path.isdir(name):
            os.rename(name, _RUN_FOLDER / name)


def _say(line: str) -> None:
    sys.stdout.write(visible(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
