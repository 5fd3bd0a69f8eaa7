"""Index of a dump in text form (`dumpasstring`): payloads run from a header to the next one."""

from collections.abc import Iterator

from sgs_tui.engine.dumps.grammar import HEADER_START
from sgs_tui.engine.dumps.records import Health, HealthState, Record
from sgs_tui.engine.dumps.scanning import SCAN_STEP, Scan, find_header, header_at, make_record
from sgs_tui.engine.dumps.source import Window
from sgs_tui.engine.text import visible


class TextScan(Scan):
    """The scan of a dump in text form: iterate it once."""

    def __iter__(self) -> Iterator[Record]:
        window, position = Window(self.source), self.start
        while position < self.source.size:
            header = header_at(window, position, self.source.size)
            if header is None:
                position = self._skip(position)
                continue
            stop, values, closed = self._payload(header.end)
            record = make_record(header, self.number, self.is_float, header.end, stop - header.end, values)
            self._judge(record, header.declared, closed, stop)
            yield record
            self.number, position = self.number + 1, stop

    def _payload(self, start: int) -> tuple[int, int, bool]:
        """(end, values, whether a closing brace was seen) of the text payload that begins at `start`."""
        position, values, closed = start, 0, False
        while position < self.source.size:
            chunk = self.source.read_at(position, SCAN_STEP + 64)
            found = HEADER_START.search(chunk)
            cut = found.start() if found and found.start() < SCAN_STEP else min(len(chunk), SCAN_STEP)
            values += chunk.count(b",", 0, cut)
            closed = closed or chunk.find(b"}", 0, cut) >= 0
            position += cut
            if found and found.start() < SCAN_STEP:
                break
        return position, values, closed

    def _judge(self, record: Record, declared: int | None, closed: bool, stop: int) -> None:
        """Note a payload that is cut, or holds fewer values than its size line says."""
        where = f"record {record.number} ({visible(record.name)})"
        carried = record.count * record.dtype.itemsize
        if not self.health.ok:
            return
        if not closed and stop >= self.source.size:
            detail = f"ends at byte {stop} inside {where}, no closing brace"
            self.health = Health(HealthState.TRUNCATED, detail, stop, record.number)
        elif declared is not None and carried < declared:
            detail = f"{where} holds {carried} of {declared} bytes' worth of values at byte {record.offset}"
            self.health = Health(HealthState.SHORT_RECORDS, detail, record.offset, record.number)

    def _skip(self, position: int) -> int:
        following = find_header(self.source, position + 1)
        stop = self.source.size if following is None else following
        state = HealthState.TRUNCATED if following is None else HealthState.DAMAGED
        if self.health.ok:
            detail = f"unreadable header of record {self.number} at byte {position}, skipped {stop - position} bytes"
            self.health = Health(state, detail, position, self.number)
        return stop
