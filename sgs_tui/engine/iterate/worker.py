"""The worker: `python -m sgs_tui.engine.iterate.worker plan.json`, started by a run's supervisor.

Converts, calibrates, dumps both stages, compares with the state before (iteration.py). Each step is a run in `steps/`
of the run folder; what the iteration leaves there itself: float.bin, fixed.bin, layers.json (the layers now),
before.json (the layers before), triage.jsonl (the journal, that of the state before carried over). An error goes to
failure.json. TERM, with which a run is cancelled, ends the step at work first.
"""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.iterate.iteration import Iteration
from sgs_tui.engine.iterate.plan import plan_from_json
from sgs_tui.engine.simulate.worker_failure import write_failure
from sgs_tui.engine.text import visible

FAILED = 1


def main(arguments: Sequence[str]) -> int:
    """Do the plan of the file named; the exit code is 0 or `FAILED`."""
    cancel = Event()
    signal.signal(signal.SIGTERM, lambda number, frame: cancel.set())
    path, output = Path(arguments[0]), _Output()
    try:
        Iteration(plan_from_json(path.read_text("ascii"), path), cancel, output.say, output.bar).run()
    except SgsError as error:
        write_failure(error)
        output.say(f"{type(error).__name__}: {error}")
        return FAILED
    return 0


class _Output:
    """The run's log: lines, and a bar that is drawn over itself, since a line for each drawing would fill it."""

    def __init__(self) -> None:
        self._open = False

    def say(self, line: str) -> None:
        """A line of its own."""
        self._write(f"{chr(10) * self._open}{visible(line)}\n")
        self._open = False

    def bar(self, text: str) -> None:
        """What stands there until the next line."""
        self._write(f"\r{visible(text)}")
        self._open = True

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
