"""Progress on stderr: only on a terminal, only when work takes over half a second, gone at the end.

One line of plain ASCII, a few times a second: it must not be in the way of a slow connection or an old terminal.
"""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.cells import cell_len

from sgs_tui.batch.console import Screen, cut
from sgs_tui.batch.output import emit
from sgs_tui.engine.errors import InputError, RunError
from sgs_tui.engine.events import LogLine
from sgs_tui.engine.numbers import clock, figure, size
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import Run, read_run
from sgs_tui.engine.runs.runs import INTERVAL, RunEnded, RunProgress, Snapshot, cancel_run, follow, snapshot, wait_run
from sgs_tui.engine.text import encode

if TYPE_CHECKING:
    from sgs_tui.engine.optimize.onnx import OnnxResult, SearchEvent, TrialDone
    from sgs_tui.engine.optimize.sdk import SdkEvent, SdkResult

PATIENCE = 0.5
"""Seconds before anything is shown: what is over by then needs no bar."""
_EVERY = 0.2
_CELLS = 30


class Meter:
    """Shows how far a job is; call `report` as often as there is news. Leaves nothing on the screen."""

    def __init__(self, what: str, wanted: bool | None = None) -> None:
        self._what = what
        self._wanted = _on_a_terminal() if wanted is None else wanted
        self._start = monotonic()
        self._next = self._start + PATIENCE
        self._shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._write("")

    def report(self, done: int, total: int) -> None:
        """`done` of `total` units are finished."""
        now = monotonic()
        if self._wanted and now >= self._next:
            self._next = now + _EVERY
            self._write(self._line(min(1.0, done / total if total else 1.0), now - self._start))

    def _line(self, share: float, elapsed: float) -> str:
        full = round(share * _CELLS)
        left = f"  {elapsed / share - elapsed:.0f} s left" if share > 0 else ""
        return f"{self._what} [{'#' * full}{'.' * (_CELLS - full)}] {100 * share:3.0f} %{left}"

    def _write(self, line: str) -> None:
        """Over the line before, blanks where that was longer; the cursor ends in the first column."""
        if line or self._shown:
            sys.stderr.write(f"\r{line:<{self._shown}}\r")
            sys.stderr.flush()
            self._shown = len(line)


def _on_a_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


# One line on stderr that replaces itself: how the runs under way stand. Nothing where stderr is no terminal.


class StatusLine:
    """`show` as often as there is news; the line is gone when the block ends."""

    def __init__(self, screen: Screen, wanted: bool | None = None) -> None:
        self._screen = screen
        self._wanted = sys.stderr is not None and sys.stderr.isatty() if wanted is None else wanted
        self._shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()

    def show(self, what: str, detail: str = "") -> None:
        """`what` whole as far as there is room, and as much of `detail` as fits behind it."""
        room = _columns() - 1
        line = cut(what, room, self._screen)
        left = room - cell_len(line) - 2
        if detail and left > len(self._screen.ellipsis):
            line += "  " + cut(detail, left, self._screen)
        self._write(line)

    def clear(self) -> None:
        """Take the line away, so that something else can be printed."""
        self._write("")

    def _write(self, line: str) -> None:
        """Over the line before, blanks where that was longer; the cursor ends in the first column."""
        if not self._wanted or not (line or self._shown):
            return
        width = cell_len(line)
        sys.stderr.write(f"\r{line}{' ' * (self._shown - width)}\r")
        sys.stderr.flush()
        self._shown = width


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


# Runs in words: how one stands, how long it took, how it failed.


def standing(now: Snapshot) -> str:
    """`running 0:12, dump 12.3 MB of 171.6 MB`: sizes only where they are known, nothing made up."""
    words = f"{now.state} {clock(now.elapsed)}".rstrip()
    if now.dump_size is None:
        return words
    goal = f" of {size(now.expected_size)}" if now.expected_size else ""
    return f"{words}, dump {size(now.dump_size)}{goal}"


def failure(run: Run) -> tuple[str, str]:
    """(what went wrong, what to do) of a run that is over and not ok; the log is named where it has more to say."""
    message, hint = run.status.message or str(run.state), run.status.hint
    if run.state is RunState.FAILED and run.folder.log_path.is_file():
        hint = f"{hint} (log: {run.folder.log_path})" if hint else f"log: {run.folder.log_path}"
    return f"{run.name}: {message}", hint


# Consume a search's events: how it stands on one line of stderr, what is worth keeping as notes.

Note = Callable[[str], None]


def watch_onnx(events: "Iterable[SearchEvent]", screen: Screen, note: Note) -> "OnnxResult":
    """The result of the search; `note` takes what is worth knowing, one line each."""
    from sgs_tui.engine.optimize.onnx import OnnxResult, TrialDone

    start = monotonic()
    best: TrialDone | None = None
    with StatusLine(screen) as line:
        for event in events:
            if isinstance(event, OnnxResult):
                return event
            if isinstance(event, LogLine):
                line.clear()
                note(event.text)
            elif isinstance(event, TrialDone):
                best = event if best is None or event.accuracy.rank < best.accuracy.rank else best
                line.show(f"trial {event.number} {clock(monotonic() - start)}, {event.ahead} to come", _best(best))
    raise RunError("the search ended without a result", "start it again: it goes on where it stopped")


def watch_sdk(events: "Iterable[SdkEvent]", screen: Screen, note: Note) -> "SdkResult":
    """The same for a search by the SDK's optimizer."""
    from sgs_tui.engine.optimize.sdk import SdkResult, StepEnded, StepProgress

    with StatusLine(screen) as line:
        for event in events:
            match event:
                case SdkResult():
                    return event
                case LogLine(text):
                    line.clear()
                    note(text)
                case StepProgress(title, run):
                    now = snapshot(run)
                    line.show(f"{title}: {standing(now)}", now.progress or now.last_line)
                case StepEnded(title, run, found):
                    line.clear()
                    note(f"{title}: {run.state}, {'found, ' if found else ''}{run.name}")
    raise RunError("the search ended without a result", "start it again: it goes on where it stopped")


def _best(best: "TrialDone") -> str:
    one = best.accuracy
    worst = f"{one.failing} of {one.layers} layers over, worst RMSE {figure(one.worst_rmse)}"
    return f"best with {len(best.names)} of 16 bits: {worst}"


# Progress of long reading: how far, how long still, and how fast.


class RateMeter(Meter):
    """A meter of bytes that also shows the rate."""

    def __init__(self, what: str, wanted: bool | None = None) -> None:
        super().__init__(what, wanted)
        self._bytes = 0

    def report(self, done: int, total: int) -> None:
        """`done` of `total` bytes are finished."""
        self._bytes = done
        super().report(done, total)

    def _line(self, share: float, elapsed: float) -> str:
        rate = f"  {size(round(self._bytes / elapsed))}/s" if elapsed > 0 else ""
        return super()._line(share, elapsed) + rate


# Follow one run: its log on stdout, how it stands on stderr.


def print_events(path: Path, log: bool, screen: Screen) -> Run:
    """Print what happens until the run ends; the run as it then stands."""
    title = read_run(path).request.title
    with StatusLine(screen) as line:
        for event in follow(path, log=log):
            match event:
                case LogLine(text):
                    line.clear()
                    emit(encode(screen.text(text) + "\n"), None)
                case RunProgress(now):
                    line.show(f"{title}: {standing(now)}", now.progress or ("" if log else now.last_line))
                case RunEnded(run):
                    return run
    return read_run(path)


# Wait for runs, showing how they stand; end them when asked to.

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
