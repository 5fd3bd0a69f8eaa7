"""Progress on stderr: only on a terminal, one line that replaces itself, gone at the end.

Drawn here and not by rich.progress, which hides and moves the cursor by escape codes: this is a carriage return and
text, a few times a second, and must not be in the way of a slow connection or an old terminal.
"""

import os
import sys
from time import monotonic
from types import TracebackType
from typing import Self

from rich.cells import cell_len

from sgs_tui.batch.console import Screen, cut
from sgs_tui.engine.numbers import size
from sgs_tui.language import _, shown

PATIENCE = 0.5
"""Seconds before a meter is shown: what is over by then needs none."""
_EVERY = 0.2
_CELLS = 30


class _Line:
    """The line; `wanted` None: where stderr is a terminal."""

    def __init__(self, wanted: bool | None = None) -> None:
        on_a_terminal = sys.stderr is not None and sys.stderr.isatty()
        self._wanted = on_a_terminal if wanted is None else wanted
        self._shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()

    def clear(self) -> None:
        self._write("")

    def _write(self, line: str) -> None:
        """Over the line before, blanks where that was longer; the cursor ends in the first column."""
        if not self._wanted or not (line or self._shown):
            return
        width = cell_len(line)
        sys.stderr.write(f"\r{line}{' ' * (self._shown - width)}\r")
        sys.stderr.flush()
        self._shown = width


class Meter(_Line):
    """How far a job is: call `report` as often as there is news. `rate`: its units are bytes, show how fast."""

    def __init__(self, what: str, wanted: bool | None = None, rate: bool = False) -> None:
        super().__init__(wanted)
        self._what = what
        self._rate = rate
        self._start = monotonic()
        self._next = self._start + PATIENCE

    def report(self, done: int, total: int) -> None:
        now = monotonic()
        if self._wanted and now >= self._next:
            self._next = now + _EVERY
            self._write(self._line(done, min(1.0, done / total if total else 1.0), now - self._start))

    def _line(self, done: int, share: float, elapsed: float) -> str:
        full = round(share * _CELLS)
        left = "  " + _("{seconds:.0f} s left", seconds=elapsed / share - elapsed) if share > 0 else ""
        rate = f"  {size(round(done / elapsed))}/s" if self._rate and elapsed > 0 else ""
        return f"{shown(self._what)} [{'#' * full}{'.' * (_CELLS - full)}] {100 * share:3.0f} %{left}{rate}"


class StatusLine(_Line):
    """How what is under way stands: `show` as often as there is news."""

    def __init__(self, screen: Screen, wanted: bool | None = None) -> None:
        super().__init__(wanted)
        self._screen = screen

    def show(self, what: str, detail: str = "") -> None:
        """`what` whole as far as there is room, and as much of `detail` as fits behind it."""
        room = _columns() - 1
        line = cut(what, room, self._screen)
        left = room - cell_len(line) - 2
        if detail and left > len(self._screen.ellipsis):
            line += "  " + cut(detail, left, self._screen)
        self._write(line)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
