"""Positioned reads of one file. Never mmap: a run that truncates a mapped file kills the reader (SIGBUS)."""

import errno
import os
import stat
from pathlib import Path

from sgs_tui.engine.configs.debugconfig import DUMP_NAME
from sgs_tui.engine.dumps.format import FileState
from sgs_tui.engine.errors import DumpError, FileChangedError, reason
from sgs_tui.engine.files import mark_read
from sgs_tui.language import Message

_DISK = Message("check the disk or the network drive it is on")


def _state(status: os.stat_result) -> FileState:
    return FileState(status.st_size, status.st_mtime_ns, status.st_ino)


class Source:
    """An open file whose reads do not share a position, so that threads may share it."""

    def __init__(self, path: Path) -> None:
        """Open `path`. Raises DumpError where that is impossible."""
        self.path = path
        self._name = os.fspath(path)
        try:
            # O_NONBLOCK: opening a pipe must not wait for its writer.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise DumpError(
                Message("{path}: cannot open: {why}", path=path, why=reason(error)),
                Message("check the path and its rights"),
            ) from error
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            if stat.S_ISDIR(status.st_mode):
                raise DumpError(
                    Message("{path}: is a folder, expected a dump file", path=path),
                    Message("name the file in it: {path}?", path=path / DUMP_NAME),
                )
            raise DumpError(
                Message("{path}: is no regular file, expected a dump file", path=path),
                Message("copy it to a file first"),
            )
        mark_read(status)
        self.state = _state(status)
        self.size = status.st_size

    def read_at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`; fewer only at the end of the file."""
        try:
            return os.pread(self._descriptor, count, offset)
        except OSError as error:
            raise DumpError(
                Message("{path}: byte {offset}: cannot read: {why}", path=self.path, offset=offset, why=reason(error)),
                _DISK,
            ) from error

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill `buffer` from `offset`. Raises FileChangedError where the file ends before it is full."""
        done = 0
        while done < buffer.nbytes:
            rest = buffer.cast("B")[done:] if done else buffer
            try:
                got = os.preadv(self._descriptor, [rest], offset + done)
            except OSError as error:
                raise DumpError(
                    Message(
                        "{path}: byte {offset}: cannot read: {why}",
                        path=self.path,
                        offset=offset + done,
                        why=reason(error),
                    ),
                    _DISK,
                ) from error
            if got == 0:
                raise FileChangedError(
                    Message(
                        "{path}: ends at byte {end}, expected {expected}: file changed",
                        path=self.path,
                        end=offset + done,
                        expected=offset + buffer.nbytes,
                    ),
                    Message("a run overwrote it while it was read; reload"),
                )
            done += got

    def data_from(self, offset: int) -> int:
        """The next byte at or after `offset` that is not in a hole of a sparse file; `size` where there is none."""
        try:
            return min(os.lseek(self._descriptor, offset, os.SEEK_DATA), self.size)
        except OSError as error:  # a file system that knows no holes says EINVAL
            return self.size if error.errno == errno.ENXIO else offset

    def check_unchanged(self) -> None:
        """Raise FileChangedError when the path no longer leads to the file as it was opened."""
        try:
            now = _state(os.stat(self._name))
        except OSError as error:
            raise FileChangedError(
                Message("{path}: file changed: {why}", path=self.path, why=reason(error)),
                Message("dump again or reload"),
            ) from error
        if now != self.state:
            then = (
                Message("written anew, of the same size")
                if now.size == self.size
                else Message("{then} bytes then, {now} now", then=self.size, now=now.size)
            )
            raise FileChangedError(
                Message("{path}: file changed since it was opened ({then})", path=self.path, then=then),
                Message("reload it"),
            )

    def has_changed(self) -> bool:
        """Whether `check_unchanged` would raise."""
        try:
            self.check_unchanged()
        except FileChangedError:
            return True
        return False

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class ScanWindow:
    """A moving view of a source for the scanners: small reads, grown where a header or many records need it."""

    FIRST = 4096
    LARGEST = 1 << 24
    """Bytes of the longest header that is looked for: its names may have any length."""
    AHEAD = 1 << 16
    """Bytes read at once where one asks for places that are CLOSE to each other: many small records."""
    CLOSE = 1 << 14

    def __init__(self, source: Source) -> None:
        self._source, self.size = source, source.size
        self._start, self._end, self._last = 0, 0, -self.CLOSE
        self._bytes = b""

    def at(self, offset: int, count: int = FIRST) -> tuple[bytes, int]:
        """A buffer and the index in it of `offset`; `count` bytes follow, fewer only at the end of the file."""
        start = self._start
        if not start <= offset or (offset + count > self._end and self._end < self.size):
            close = 0 <= offset - self._last < self.CLOSE
            self._bytes = self._source.read_at(offset, max(count, self.AHEAD if close else self.FIRST))
            start = self._start = offset
            self._end = offset + len(self._bytes)
        self._last = offset
        return self._bytes, offset - start
