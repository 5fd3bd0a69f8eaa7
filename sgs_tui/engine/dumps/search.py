"""Find the next header of a dump after damage, or behind text.

The time is linear in the bytes searched, whatever they are: each is read once however often one asks, and holes of a
sparse file not at all. No more than REACH bytes of data are searched for one header; where none is found in them the
rest of the file counts as unreadable. A header found so is at most ScanWindow.LARGEST / 2 bytes long (see `behind`).

Apart because the index tells records, and this tells only where one may begin: its cost is tested alone.
"""

from sgs_tui.engine.dumps.format import HEADER_START, has_name
from sgs_tui.engine.dumps.source import ScanWindow, Source

REACH = 4 << 30
_STEP = 1 << 20
_OVERLAP = 64  # longer than anything HEADER_START matches, so that a header across two steps is found


class HeaderSearch:
    """Where headers may begin in a source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._start, self._end = 0, 0
        self._bytes = b""

    def find(self, start: int) -> int | None:
        """The next byte at or after `start` where a header may begin; None where there is none within reach."""
        position = self._source.data_from(start)
        reach = REACH
        while position < self._source.size and reach > 0:
            buffer, first, stop = self.step(position)
            found = HEADER_START.search(buffer, first)
            if found:
                return position + found.start() - first
            reach -= stop - first
            position = self._source.data_from(position + stop - first)
        return None

    def step(self, position: int) -> tuple[bytes, int, int]:
        """A buffer, the index of `position` in it, and the index where the next step has to begin.

        A header that begins before that index is in the buffer so far that HEADER_START finds it.
        """
        if not self._start <= position < self._stop:
            self._bytes = self._source.read_at(position, _STEP + _OVERLAP)
            self._start, self._end = position, position + len(self._bytes)
        return self._bytes, position - self._start, max(self._stop, position + 1) - self._start

    @property
    def _stop(self) -> int:
        return self._end if self._end >= self._source.size else self._end - _OVERLAP


def behind(window: ScanWindow, position: int) -> int:
    """Where to search on behind what begins like a header at `position` and is none.

    Behind its line where all places on it fail for the same reason (`has_name`); half as far as was looked for the
    line's end where that was in vain.
    """
    buffer, start = window.at(position)
    if not has_name(buffer, start):
        return position + 1
    line_end = buffer.find(b"\n", start)
    return position + (line_end - start if line_end >= 0 else max(1, (len(buffer) - start) // 2))
