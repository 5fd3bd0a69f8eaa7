"""Textual's driver on a line that may drop.

When a terminal goes, the kernel sends SIGHUP and, right behind it, SIGCONT. Textual takes any SIGCONT for the end of a
suspension: it starts a second writer thread, which dies at its first write, and whoever ends the app then waits for
that thread's queue for ever.
"""

import os
from typing import IO

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """Ends with the line, and comes back from any kind of stop exactly once."""

    def __init__(
        self, app: App[int], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        vars(self)["_file"] = Line(vars(self)["_file"])

    def _sigcont_application(self, *unused: object) -> None:
        if not os.isatty(self.fileno):
            return  # hung up, not resumed
        if not self._must_signal_resume and self._auto_restart:
            self.suspend_application_mode()  # stopped by SIGSTOP, which nobody is told of
        super()._sigcont_application()


class Line:
    """A terminal for writing; once it is gone, what is written goes nowhere."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write, or lose it with the line."""
        try:
            self._file.write(text)
        except OSError:
            self._let_go()

    def flush(self) -> None:
        """Send, or lose it with the line."""
        try:
            self._file.flush()
        except OSError:
            self._let_go()

    def isatty(self) -> bool:
        """Whether it was a terminal and still is."""
        return self._file.isatty()

    def fileno(self) -> int:
        """The descriptor."""
        return self._file.fileno()

    def _let_go(self) -> None:
        """Python flushes what is left once more at its end, and would change the exit code when that fails."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._file.fileno())
        os.close(nowhere)
