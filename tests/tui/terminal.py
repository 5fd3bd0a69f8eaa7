"""The app in a terminal of its own: a pty, keys in, bytes out, and what a screen would show of them (pyte)."""

import errno
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

REPOSITORY = Path(__file__).resolve().parents[2]
BAD = Path("tests/data/sgs/bad")
PAIR = (str(BAD / "bad_fixed_dq.bin"), str(BAD / "bad_float.bin"))
PATIENCE = 40.0
"""Seconds to wait for anything: a loaded machine is no failure."""


class Terminal:
    """A process under a pty of `columns` x `lines`; use as a context manager."""

    def __init__(
        self,
        arguments: tuple[str, ...] = PAIR,
        columns: int = 80,
        lines: int = 24,
        environment: dict[str, str] | None = None,
        command: tuple[str, ...] = (sys.executable, "-m", "sgs_tui"),
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.output = b""
        self.exit_code: int | None = None
        full = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})}
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.chdir(REPOSITORY)
            os.execvpe(command[0], [*command, *arguments], full)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *unused: object) -> None:
        if self.exit_code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)

    @property
    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(self.screen.display)

    def read(self, seconds: float) -> bytes:
        """Everything that arrives in the next `seconds`, or until the process is gone."""
        deadline, got = time.monotonic() + seconds, b""
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self._fd], [], [], left)[0]:
                break
            piece = self._read_once()
            if not piece:
                break
            got += piece
        return got

    def read_some(self) -> bytes:
        """Wait for the next bytes, however long they take."""
        return self._read_once() if select.select([self._fd], [], [], PATIENCE)[0] else b""

    def read_for(self, seconds: float) -> None:
        """Take in whatever arrives in the next `seconds`."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.read(left)

    def _read_once(self) -> bytes:
        try:
            piece = os.read(self._fd, 1 << 16)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return b""
        self.output += piece
        self._stream.feed(piece)
        return piece

    def wait_for(self, wanted: str | Callable[[str], bool]) -> None:
        """Until the screen shows it."""
        shows = wanted if callable(wanted) else lambda text: wanted in text
        deadline = time.monotonic() + PATIENCE
        while not shows(self.text):
            if time.monotonic() > deadline:
                raise AssertionError(f"never shown: {wanted!r}; the screen says:\n{self.text}")
            self.read(0.05)

    def settle(self, quiet: float = 0.7) -> None:
        """Until nothing has arrived for `quiet` seconds."""
        while self.read(quiet):
            pass

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._fd, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Another window size."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def hang_up(self) -> None:
        """The line drops."""
        os.close(self._fd)
        self._fd = os.open(os.devnull, os.O_RDONLY)

    def signal(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def finish(self) -> int:
        """Wait for the end; the exit code, 128 + n when a signal killed it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.read(0.02)
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                while self._read_once():
                    pass
                code = os.waitstatus_to_exitcode(status)
                self.exit_code = code if code >= 0 else 128 - code
                return self.exit_code
        raise AssertionError(f"still running; the screen says:\n{self.text}")


def compared(text: str) -> bool:
    """The comparison of PAIR is finished and on the screen."""
    return "1 fail" in text and "%" not in text.split("\n", maxsplit=1)[0]
