"""One line on stderr that replaces itself: how the runs under way stand. Nothing where stderr is no terminal."""

import os
import sys
from types import TracebackType
from typing import Self

from rich.cells import cell_len

from sgs_tui.batch.drawing import cut
from sgs_tui.batch.screen import Screen


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
