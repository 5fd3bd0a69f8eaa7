"""Progress on stderr: only on a terminal, only when work takes over half a second, gone at the end."""

import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 0.5
"""Seconds before anything is shown: what is over by then needs no bar."""


class Meter:
    """Shows how far a job is; call `report` as often as there is news. Leaves nothing on the screen."""

    def __init__(self, what: str, wanted: bool | None = None) -> None:
        self._what = what
        self._wanted = sys.stderr.isatty() if wanted is None else wanted
        self._start = monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def report(self, done: int, total: int) -> None:
        """`done` of `total` units are finished."""
        if self._bar is None and self._wanted and monotonic() - self._start > PATIENCE:
            self._show()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        bar = BarColumn(bar_width=30)
        columns = (TextColumn("{task.description}", markup=False), bar, TextColumn("{task.percentage:>3.0f} %"))
        self._bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(self._what, total=None)
        self._bar.start()
