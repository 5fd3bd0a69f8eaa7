"""Follow a run: what is new about it, looked at no more than once a second."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from sgs_tui.engine.events import LogLine
from sgs_tui.engine.simulate.log_reader import LogReader, last_line
from sgs_tui.engine.simulate.processes import wait_for_exit
from sgs_tui.engine.simulate.products import growing_size
from sgs_tui.engine.simulate.run_list import Run, read_run
from sgs_tui.engine.simulate.status import RunState

INTERVAL = 1.0
"""Seconds between two looks; the end of a run on this host is noticed at once."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment. `elapsed` in seconds; sizes in bytes, None where nothing is known.

    `progress` is the text of a progress bar that the child draws, `last_line` the last line it printed;
    both are safe to show.
    """

    state: RunState
    elapsed: float | None
    dump_size: int | None
    expected_size: int | None
    progress: str
    last_line: str


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Something about a run has changed."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run has come to its end, whatever it is."""

    run: Run


RunEvent = RunProgress | LogLine | RunEnded


def snapshot(run: Run) -> Snapshot:
    """How `run` stands. No percentages are made up: `expected_size` is that of an earlier dump, or None."""
    return Snapshot(
        run.state,
        run.elapsed,
        growing_size(run.request, run.folder),
        run.request.expected_size,
        run.status.progress,
        last_line(run.folder.log_path),
    )


def follow(path: Path, stop: Event | None = None, log: bool = True) -> Iterator[RunEvent]:
    """What happens to a run until it ends: its log from the start, progress, and RunEnded as the last event.

    Ends early, without RunEnded, soon after `stop` is set. Raises InputError when the folder goes away.
    """
    reader = LogReader(read_run(path).folder.log_path)
    told: Snapshot | None = None
    while True:
        run = read_run(path)  # before the log, so that the log of an ended run is read to its end
        ended = not run.state.active
        yield from (LogLine(line) for line in (reader.new_lines(ended) if log else ()))
        now = snapshot(run)
        if told is None or _worth_telling(told, now):
            told = now
            yield RunProgress(now)
        if ended:
            yield RunEnded(run)
            return
        if not _pause(run, stop):
            return


def wait_run(path: Path, timeout: float | None = None) -> Run:
    """Sleep until the run ends or `timeout` seconds are over; the run as it then stands."""
    left = float("inf") if timeout is None else timeout
    run = read_run(path)
    while run.state.active and left > 0:
        nap = min(INTERVAL, left)
        _sleep(run, nap)
        left -= nap
        run = read_run(path)
    return run


def _worth_telling(told: Snapshot, now: Snapshot) -> bool:
    """Passing time alone is no news: front ends show it from their own clock."""
    changing = ("state", "dump_size", "progress", "last_line")
    return any(getattr(told, name) != getattr(now, name) for name in changing)


def _pause(run: Run, stop: Event | None) -> bool:
    """Sleep until the next look. False when nobody wants it any more."""
    if stop is not None and stop.is_set():
        return False
    _sleep(run, INTERVAL)
    return stop is None or not stop.is_set()


def _sleep(run: Run, seconds: float) -> None:
    if run.status.supervisor is not None:
        wait_for_exit(run.status.supervisor, seconds)
    else:
        Event().wait(seconds)
