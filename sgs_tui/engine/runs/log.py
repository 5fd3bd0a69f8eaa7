r"""What a child prints: kept whole in simulator.log, shown as lines, progress bars understood.

Calibrators draw `\r[===>  ]25.00% | ETA: 00:00:09` over and over on one line; simulators color lines with
ANSI escapes. The log keeps the bytes; what is shown is each line as a terminal would have left it.
"""

import os
import re
from pathlib import Path

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.files import reading
from sgs_tui.engine.text import decode, visible
from sgs_tui.language import plural

_ANSI = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_SHOWN = 1000
"""Characters of a line that are shown: a flood without a newline is not a line to read."""


def shown(line: bytes) -> str:
    """One line of output as a terminal leaves it: what `\\r` overwrote and colors are gone, the rest visible."""
    plain = _ANSI.sub(b"", line).rstrip(b"\r\n")
    text = decode(plain.rpartition(b"\r")[2]).expandtabs()
    return visible(text[:_SHOWN]) + (" ..." if len(text) > _SHOWN else "")


class ProgressWatch:
    r"""Finds the text of a progress bar in a stream: what stands behind the last `\r` of the open line."""

    def __init__(self) -> None:
        self._open = b""
        self.text = ""

    def feed(self, data: bytes) -> None:
        """Take the next bytes; `text` is then the bar as it stands, empty when ordinary lines follow it."""
        self._open = (self._open + data)[-4096:]
        finished, newline, rest = self._open.rpartition(b"\n")
        line = rest if b"\r" in rest.rstrip(b"\r") else finished.rpartition(b"\n")[2].rstrip(b"\r")
        if b"\r" in line:
            drawings = [part for part in line.split(b"\r") if part.strip()]
            self.text = shown(drawings[-1])[:200] if drawings else ""
        elif newline:
            self.text = ""
        self._open = rest


class LogFile:
    """simulator.log as it is written: the first `whole` bytes at once, the last `tail` ones of more at the end.

    A full disk never stops the child: what can not be written is counted in `lost`.
    """

    def __init__(self, path: Path, whole: int = 32 << 20, tail: int = 1 << 20) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._room = whole
        self._tail_limit = tail
        self._tail = bytearray()
        self._skipped = 0
        self.lost = 0
        self.disk_full = False

    def write(self, data: bytes) -> None:
        now, later = data[: self._room], data[self._room :]
        self._room -= len(now)
        self._put(now)
        if later:
            self._tail += later
            overflow = len(self._tail) - self._tail_limit
            if overflow > self._tail_limit:  # cut rarely: deleting from the front moves the rest
                del self._tail[:overflow]
                self._skipped += overflow

    def close(self) -> None:
        """Write what was kept from the end, with a line that says how much is missing between."""
        overflow = max(0, len(self._tail) - self._tail_limit)
        self._skipped += overflow
        if self._skipped:
            self._put(f"\n[sgs-tui: {self._skipped} bytes of output are left out here]\n".encode())
        self._put(bytes(self._tail[overflow:]))
        os.close(self._descriptor)

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except OSError:  # no space, a quota, a lost network share: the run goes on without this output
                self.disk_full = True
                self.lost += len(view)
                return


def plain_text(data: bytes) -> str:
    """A log's bytes without colors, undecodable bytes kept as surrogates: what patterns are matched on."""
    return decode(_ANSI.sub(b"", data)).replace("\r", "\n")


class LogReader:
    """Reads a growing log from where it stood; used by front ends that follow a run."""

    def __init__(self, path: Path, most: int = 256 << 10) -> None:
        self._path = path
        self._most = most
        self._offset = 0
        self._open = b""

    def new_lines(self, ended: bool = False) -> list[str]:
        """The lines that became whole since the last call; with `ended` the unfinished last one too."""
        data, skipped = self._new_bytes()
        *lines, self._open = (self._open + data).split(b"\n")
        self._open = self._open[-self._most :]
        if ended and self._open:
            lines, self._open = [*lines, self._open], b""
        note = (
            [
                plural(
                    skipped,
                    "[{number} byte of output passed by, see {name}]",
                    "[{number} bytes of output passed by, see {name}]",
                    name=self._path.name,
                )
            ]
            if skipped
            else []
        )
        return note + [shown(line) for line in lines]

    def _new_bytes(self) -> tuple[bytes, int]:
        try:
            with reading(self._path) as file:
                size = os.fstat(file.fileno()).st_size
                skipped = max(0, size - self._offset - self._most)
                file.seek(self._offset + skipped)
                data = file.read(self._most)
        except InputError:
            return b"", 0
        self._offset += skipped + len(data)
        return data, skipped


def last_line(path: Path, window: int = 16 << 10) -> str:
    """The last line of a log that is not blank, as shown; empty for no log."""
    for line in reversed(read_ends(path, 0, window).split(b"\n")):
        if text := shown(line).strip():
            return text
    return ""


def read_ends(path: Path, head: int = 1 << 18, tail: int = 1 << 19) -> bytes:
    """The first `head` and the last `tail` bytes of a log, which is all that a diagnosis needs."""
    try:
        with reading(path) as file:
            size = os.fstat(file.fileno()).st_size
            first = file.read(head)
            file.seek(max(len(first), size - tail))
            return first + file.read(tail)
    except InputError:
        return b""
