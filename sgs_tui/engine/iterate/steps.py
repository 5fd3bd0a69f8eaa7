"""The steps of an iteration, each a run of its own below the iteration's folder, told on this worker's output."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from sgs_tui.engine.errors import CancelledError, RunError
from sgs_tui.engine.simulate.follow_run import INTERVAL
from sgs_tui.engine.simulate.log_reader import LogReader
from sgs_tui.engine.simulate.runs import (
    Run,
    RunRequest,
    RunState,
    cancel_run,
    read_run,
    snapshot,
    start_run,
    wait_run,
)

STEPS = "steps"
"""The runs root of the steps, in the iteration's run folder."""

LAST_LINES = 12
"""Lines of a failed step's log that the iteration's log repeats."""

GRACE = 30.0
"""Seconds that a worker told to stop may take to end its step."""


@dataclass(frozen=True, slots=True)
class Stepper:
    """Runs steps one after the other. `say` takes a line for the log, `bar` what is drawn over and over.

    `cancel` is looked at once a second: a step that was started is always ended, whenever it is set.
    """

    root: Path
    count: int
    cancel: Event
    say: Callable[[str], None]
    bar: Callable[[str], None]

    def run(self, number: int, title: str, request: RunRequest) -> Run:
        """Do a step and wait for its end. Raises RunError when it did not end well, CancelledError when told to."""
        head = f"[{number}/{self.count}] {title}"
        self._check_cancelled()
        run = read_run(start_run(request, self.root).path)
        self.say(f"{head}: {run.folder.path}")
        run = self._watched(head, run)
        self._check_cancelled()
        if run.state is not RunState.OK:
            self._tell_last_words(run)
            message = run.status.message or str(run.state)
            raise RunError(
                f"{title} failed: {message}", f"{run.status.hint} (the step's log: {run.folder.log_path})".strip()
            )
        self.say(f"{head}: {run.status.message}")
        for note in run.status.notes:
            self.say(f"{head}: note: {note}")
        return run

    def _tell_last_words(self, run: Run) -> None:
        """What a failed step printed at last: whoever reads the iteration's log need not look for another."""
        for line in LogReader(run.folder.log_path, 8 << 10).new_lines(ended=True)[-LAST_LINES:]:
            self.say(f"    {line}")

    def _watched(self, head: str, run: Run) -> Run:
        told = ""
        while run.state.active:
            if self.cancel.is_set():
                cancel_run(run.folder.path)
                return wait_run(run.folder.path, GRACE)
            now = snapshot(run)
            drawn = f"{head}: {now.progress or now.last_line}"
            if drawn not in (told, f"{head}: "):
                told = drawn
                self.bar(drawn)
            run = wait_run(run.folder.path, INTERVAL)
        return run

    def _check_cancelled(self) -> None:
        if self.cancel.is_set():
            raise CancelledError("the iteration was stopped")


def publish(dump: Path, name: str) -> None:
    """Make a step's dump a product of the iteration: the same file under another name, in the working directory."""
    try:
        os.link(dump, name)
    except OSError:  # a file system without links
        shutil.copyfile(dump, name)
