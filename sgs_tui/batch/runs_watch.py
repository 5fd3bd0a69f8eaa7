"""Wait for runs, showing how they stand; end them when asked to."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sgs_tui.batch.runs_line import StatusLine
from sgs_tui.batch.runs_words import standing
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.simulate.follow_run import INTERVAL
from sgs_tui.engine.simulate.runs import Run, cancel_run, read_run, snapshot, wait_run

_AFTER_GRACE = 10.0
"""Seconds beyond a run's grace time that its supervisor gets to write the last status."""


def watch(paths: Sequence[Path], line: StatusLine) -> tuple[Run, ...]:
    """Wait until every run has ended; the runs as they then stand. Raises InputError when a folder goes away."""
    ended = []
    for number, path in enumerate(paths, 1):
        run = read_run(path)
        while run.state.active:
            _show(run, f"[{number}/{len(paths)}] " if len(paths) > 1 else "", line)
            run = wait_run(path, INTERVAL)
        ended.append(run)
    line.clear()
    return tuple(ended)


def end_runs(paths: Sequence[Path]) -> tuple[Run, ...]:
    """Cancel those that are not over, the waiting ones first, and wait for their end; the runs that were ended."""
    active = [path for path in reversed(paths) if read_run(path).state.active]
    for path in active:
        with suppress(InputError):  # it came to its end by itself in between
            cancel_run(path)
    return tuple(wait_run(path, read_run(path).request.grace + _AFTER_GRACE) for path in active)


def _show(run: Run, prefix: str, line: StatusLine) -> None:
    now = snapshot(run)
    line.show(f"{prefix}{run.request.title}: {standing(now)}", now.progress or now.last_line)
