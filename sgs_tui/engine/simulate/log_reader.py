"""Read simulator.log: line by line while it grows, or its ends."""

import os
from pathlib import Path

from sgs_tui.engine.simulate.log_stream import shown


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
        note = [f"[{skipped} bytes of output passed by, see {self._path.name}]"] if skipped else []
        return note + [shown(line) for line in lines]

    def _new_bytes(self) -> tuple[bytes, int]:
        try:
            with self._path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                skipped = max(0, size - self._offset - self._most)
                file.seek(self._offset + skipped)
                data = file.read(self._most)
        except FileNotFoundError:
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
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            first = file.read(head)
            file.seek(max(len(first), size - tail))
            return first + file.read(tail)
    except FileNotFoundError:
        return b""
