"""Index of a binary dump: reads headers, seeks over payloads, finds its way again after damage."""

from collections.abc import Iterator

from sgs_tui.engine.dumps.grammar import HEADER_START, TRAILER, Header, parse_usual
from sgs_tui.engine.dumps.records import Health, HealthState, Record
from sgs_tui.engine.dumps.scanning import SCAN_STEP, Scan, find_header, header_at, make_record
from sgs_tui.engine.dumps.source import Window
from sgs_tui.engine.text import visible

_USUALLY = 1024
"""Bytes that hold a trailer and the next header; longer ones take the slower way."""


class BinaryScan(Scan):
    """The scan of a binary dump: iterate it once."""

    def __iter__(self) -> Iterator[Record]:
        window, size, position, header = Window(self.source), self.source.size, self.start, None
        while position < size:
            header = header or header_at(window, position, size)
            if header is None or header.declared is None:
                position, header = self._skip_damage(position, header), None
                continue
            end = header.end + header.declared
            following = self._usual(window, end) if end < size else None
            after = following.end if following else self._after_trailer(window, end)
            record, position = self._whole(header, after) if after is not None else self._short(header, end)
            header = following
            yield record
            self.number += 1

    def _usual(self, window: Window, end: int) -> Header | None:
        """The next header where everything is as usual."""
        buffer, start = window.at(end, _USUALLY)
        return parse_usual(buffer, start, end - start)

    def _whole(self, header: Header, after: int) -> tuple[Record, int]:
        assert header.declared is not None
        record = make_record(header, self.number, self.is_float, header.end, header.declared)
        if rest := header.declared % record.dtype.itemsize:
            where = f"record {self.number} ({visible(header.name)}): {header.declared} bytes"
            values = f"no whole number of {record.dtype.itemsize}-byte values, the last {rest} are left out"
            self._note(HealthState.DAMAGED, f"{where} are {values}", header.end)
        return record, after

    def _after_trailer(self, window: Window, end: int) -> int | None:
        """Where the next header begins, or the end of the file; None where something else follows."""
        if end > self.source.size:
            return None
        buffer, start = window.at(end, 512)
        trailer = TRAILER.match(buffer, start)
        stop = trailer.end() if trailer else start
        self.promised = bool(trailer and trailer[1])
        position = end + stop - start
        at_end = position >= self.source.size
        return position if at_end or HEADER_START.match(*window.at(position, 64)) else None

    def _short(self, header: Header, end: int) -> tuple[Record, int]:
        """A record whose payload is not `declared` bytes long: take what is there, go on at the next header."""
        assert header.declared is not None
        following = find_header(self.source, header.end)
        stop = self.source.size if following is None else following
        carried = min(stop - header.end - self._trailing(header.end, stop), header.declared)
        where = f"record {self.number} ({visible(header.name)})"
        if following is None and end > self.source.size:
            self._note(
                HealthState.TRUNCATED,
                f"ends at byte {stop} inside {where}: {carried} of {header.declared} bytes",
            )
        elif carried < header.declared:
            self._note(HealthState.SHORT_RECORDS, f"{where} carries {carried} of {header.declared} bytes", header.end)
        else:
            self._note(HealthState.DAMAGED, f"{stop - end} unknown bytes follow {where}", end)
        return make_record(header, self.number, self.is_float, header.end, carried), stop

    def _trailing(self, start: int, stop: int) -> int:
        """Bytes of a trailer that ends at `stop` (at most what lies after `start`)."""
        tail = self.source.read_at(max(start, stop - 64), stop - max(start, stop - 64))
        for cut in range(len(tail)):
            trailer = TRAILER.match(tail, cut)
            if trailer and trailer.end() == len(tail) and b"}" in tail[cut:]:
                return len(tail) - cut
        return 0

    def _skip_damage(self, position: int, header: Header | None) -> int:
        """Note what is unreadable at `position` and return where reading can go on."""
        following = find_header(self.source, position + 1)
        where = f"record {self.number}" + (f" ({visible(header.name)})" if header else "")
        if following is None:
            starts = HEADER_START.match(self.source.read_at(position, 64))
            detail = f"ends at byte {self.source.size} in the header of {where}"
            unknown = f"unreadable header of {where} at byte {position}, nothing after it"
            cut = starts and (header is not None or self.source.size - position < SCAN_STEP)
            self._note(HealthState.TRUNCATED if cut else HealthState.DAMAGED, detail if cut else unknown, position)
            return self.source.size
        self._note(
            HealthState.DAMAGED,
            f"unreadable header of {where} at byte {position}, skipped {following - position} bytes",
            position,
        )
        return following

    def _note(self, state: HealthState, detail: str, byte: int | None = None) -> None:
        """Keep the first damage: what follows is its consequence."""
        if self.health.ok:
            at = "" if byte is None or "byte " in detail else f" at byte {byte}"
            self.health = Health(state, detail + at, self.source.size if byte is None else byte, self.number)
