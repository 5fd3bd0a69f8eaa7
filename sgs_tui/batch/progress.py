"""Progress on stderr: only on a terminal, only when work takes over half a second, gone at the end.

One line of plain ASCII, a few times a second: it must not be in the way of a slow connection or an old terminal.
"""

import sys
from time import monotonic
from types import TracebackType
from typing import Self

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
