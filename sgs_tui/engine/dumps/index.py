"""Recognize what a file is and index it by its headers."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sgs_tui.engine.configs.debugconfig import DUMP_NAME
from sgs_tui.engine.dumps.dtypes import FLOAT32, payload_type, type_named
from sgs_tui.engine.dumps.format import (
    BITS_LINE,
    FIRST_LINE,
    HEADER_START,
    TRAILER,
    Direction,
    DumpIndex,
    Form,
    Header,
    Health,
    HealthState,
    Record,
    Stage,
    goes_on,
    parse_header,
    parse_next,
)
from sgs_tui.engine.dumps.mistaken import known_as
from sgs_tui.engine.dumps.results import index_results, looks_like_results
from sgs_tui.engine.dumps.search import HeaderSearch, behind
from sgs_tui.engine.dumps.source import ScanWindow, Source
from sgs_tui.engine.errors import DumpError, NotADumpError
from sgs_tui.engine.numbers import count
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, plural

HEAD = 8192
"""Bytes that tell what a file is."""
_LONG = 1 << 20  # bytes of a header that was cut; what begins like one farther from the end is damaged
_USUALLY = 1024  # bytes that hold a trailer and the next header; longer ones take the slower way
_TEXT_BYTES = frozenset(b"0123456789 \r\n\t,.-+eEinfaN};")
_DIGITS = re.compile(r"(?<![\w#])\d+")
_NO_VALUES = re.compile(rb"\s*\n\s*\n\};?")
"""An empty payload as the dumpers write it in text: behind a blank line, which the binary form never has."""


def build_index(source: Source) -> DumpIndex:
    """Index every record of `source`, a dump or results as text. Raises DumpError where it is neither."""
    if looks_like_results(source.read_at(0, HEAD)):
        return index_results(source)
    is_float, start = _first_line(source)
    form = detect_form(source, start)
    scan = (_BinaryScan if form is Form.BINARY else _TextScan)(source, is_float, start, HeaderSearch(source))
    records = tuple(scan)
    health = _judge(scan.health, records, is_float, scan.promised, source.size)
    if not health.ok and source.has_changed():
        health = replace(
            health,
            detail=Message("{detail}; the file changed while it was opened, try again", detail=health.detail),
        )
    return DumpIndex(is_float, form, records, health, source.state)


def looks_like_dump(first_bytes: bytes) -> bool:
    """Whether a file whose first HEAD bytes are these is worth opening as a dump, or as results."""
    starts = FIRST_LINE.match(first_bytes) or HEADER_START.match(first_bytes)
    return bool(starts) or looks_like_results(first_bytes)


def _first_line(source: Source) -> tuple[bool, int]:
    """(isFloat, byte after the first line). A dumper's per-tensor files have no such line and are float."""
    head = source.read_at(0, 128)
    line = FIRST_LINE.match(head)
    if line:
        return line[1] == b"1", line.end()
    if HEADER_START.match(head):
        return True, 0
    if found := known_as(source.path, head):
        raise DumpError(Message("{path}: not a dump but {found}", path=source.path, found=found[0]), found[1])
    found_text = visible(head[:24].decode("latin-1")) if head else Message("an empty file")
    raise NotADumpError(
        Message(
            "{path}: not a dump: expected `isFloat: 0` or `isFloat: 1` in the first line, found {found}",
            path=source.path,
            found=found_text,
        ),
        Message("name a {name} or another dump", name=DUMP_NAME),
    )


def detect_form(source: Source, start: int) -> Form:
    """Whether payloads are bytes or text, from the first record whose payload is not empty."""
    window = ScanWindow(source)
    while (header := _header_at(window, start)) is not None:
        if header.declared is None:
            return Form.TEXT if header.end < source.size else Form.BINARY
        start = header.end + header.declared
        buffer, first = window.at(start, 512)
        trailer = TRAILER.match(buffer, first)
        stop = trailer.end() if trailer else first
        ends = start <= source.size and start + stop - first >= source.size
        follows = HEADER_START.match(buffer, stop) is not None
        if header.declared == 0 and follows:
            start += stop - first  # the same in both forms
        elif follows or ends:
            return Form.BINARY
        else:
            sample = source.read_at(header.end, 512).split(b"//", 1)[0]
            is_text = set(sample) <= _TEXT_BYTES and (b"," in sample or _NO_VALUES.match(sample))
            return Form.TEXT if is_text else Form.BINARY
    return Form.BINARY


def _judge(health: Health, records: tuple[Record, ...], is_float: bool, promised: bool, size: int) -> Health:
    """The scan's health, or what only the records together can tell."""
    if not health.ok:
        return health
    if not records:
        return Health(
            HealthState.EMPTY,
            plural(
                size,
                "{number} byte and no record: the simulator dumped nothing",
                "{number} bytes and no record: the simulator dumped nothing",
            ),
            size,
            0,
        )
    last = records[-1]
    where = Message(
        "ends well-formed after record {number} ({name}) at byte {size}",
        number=last.number,
        name=visible(last.name),
        size=size,
    )
    if not is_float and all(record.type_name == "float" for record in records if not record.constant):
        why = Message(
            "{where}, but isFloat: 0 with float tensors only means a float model in the fixed simulator, "
            "which stops early",
            where=where,
        )
        return Health(HealthState.STOPS_EARLY, why, size, last.number)
    if last.direction is Direction.IN or promised:
        why = Message(
            "{where}, but op {op_index} ({op_type}) has more to come",
            where=where,
            op_index=last.op_index,
            op_type=visible(last.op_type),
        )
        return Health(HealthState.STOPS_EARLY, why, size, last.number)
    return health


def _header_at(window: ScanWindow, offset: int) -> Header | None:
    """The header at `offset` with `end` as a file offset; reads more only where the header is longer."""
    count = ScanWindow.FIRST
    while True:
        buffer, start = window.at(offset, count)
        header = parse_header(buffer, start, offset - start)
        complete = offset + count >= window.size
        if header and (complete or header.end + BITS_LINE < offset - start + len(buffer)):
            return header
        if complete or count >= ScanWindow.LARGEST or not (header or goes_on(buffer, start)):
            return None
        count *= 4


@dataclass(slots=True)
class _Scan:
    """One pass over a dump's records from byte `start`. `health` and `promised` are valid when it is done."""

    source: Source
    is_float: bool
    start: int
    search: HeaderSearch
    health: Health = Health(HealthState.COMPLETE)  # noqa: RUF009 (frozen)
    number: int = 0
    promised: bool = False
    """Whether the last trailer announces another record of its op."""

    def _record(self, header: Header, size: int, printed: int | None = None) -> Record:
        """A Record from its header; `size` is what the file really carries.

        `printed` is the number of values in a text payload: elements of a float dump, single bytes of a raw one.
        """
        declared = header.declared if printed is None else None
        text_of_floats = printed is not None and self.is_float
        dtype = (
            FLOAT32 if text_of_floats else payload_type(header.type_name, self.is_float, declared or 0, header.shape)
        )
        nbytes = size if printed is None else printed * (FLOAT32.itemsize if self.is_float else 1)
        shared = (self.number, *header[:10], dtype or FLOAT32, header.end, size, declared)
        if dtype is None:
            why = Message(
                "its type {type_name} is not known, {size} bytes are skipped",
                type_name=visible(header.type_name),
                size=size,
            )
            return Record(*shared, 0, header.remarks, why)
        return Record(*shared, nbytes // dtype.itemsize, header.remarks)

    def _note(self, state: HealthState, detail: str, byte: int | None = None) -> None:
        """Keep the first damage: what follows is its consequence."""
        if self.health.ok:
            if byte is not None and "byte " not in detail:
                detail = Message("{detail} at byte {byte}", detail=detail, byte=byte)
            self.health = Health(state, detail, self.source.size if byte is None else byte, self.number)


class _BinaryScan(_Scan):
    """Reads headers, seeks over payloads, finds its way again after damage."""

    def __iter__(self) -> Iterator[Record]:
        window, size, position, header = ScanWindow(self.source), self.source.size, self.start, None
        while position < size or header:  # the last record may be a header and nothing else
            header = header or _header_at(window, position)
            if header is None or header.declared is None:
                position, header = self._skip_damage(window, position, header), None
                continue
            end = header.end + header.declared
            following = self._next(window, end) if end < size else None
            after = following.end if following else self._after_trailer(window, end)
            record, position = self._whole(header, after) if after is not None else self._short(header, end)
            header = following
            yield record
            self.number += 1

    def _next(self, window: ScanWindow, end: int) -> Header | None:
        """The next header where it follows in the usual distance."""
        buffer, start = window.at(end, _USUALLY)
        return parse_next(buffer, start, end - start)

    def _whole(self, header: Header, after: int) -> tuple[Record, int]:
        assert header.declared is not None
        record = self._record(header, header.declared)
        if not record.problem and (rest := header.declared % record.dtype.itemsize):
            where = Message(
                "record {number} ({name}): {declared} bytes",
                number=self.number,
                name=visible(header.name),
                declared=header.declared,
            )
            detail = Message(
                "{where} are no whole number of {itemsize}-byte values, the last {rest} are left out",
                where=where,
                itemsize=record.dtype.itemsize,
                rest=rest,
            )
            self._note(HealthState.DAMAGED, detail, header.end)
        return record, after

    def _after_trailer(self, window: ScanWindow, end: int) -> int | None:
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
        following = self.search.find(header.end)
        stop = self.source.size if following is None else following
        carried = min(stop - header.end - self._trailing(header.end, stop), header.declared)
        where = Message("record {number} ({name})", number=self.number, name=visible(header.name))
        if following is None and end > self.source.size:
            self._note(
                HealthState.TRUNCATED,
                Message(
                    "ends at byte {stop} inside {where}: {carried} of {declared} bytes",
                    stop=stop,
                    where=where,
                    carried=carried,
                    declared=header.declared,
                ),
            )
        elif carried < header.declared:
            self._note(
                HealthState.SHORT_RECORDS,
                Message(
                    "{where} carries {carried} of {declared} bytes",
                    where=where,
                    carried=carried,
                    declared=header.declared,
                ),
                header.end,
            )
        else:
            self._note(
                HealthState.DAMAGED,
                Message("{unknown} unknown bytes follow {where}", unknown=stop - end, where=where),
                end,
            )
        return self._record(header, carried), stop

    def _trailing(self, start: int, stop: int) -> int:
        """Bytes of a trailer that ends at `stop` (at most what lies after `start`)."""
        tail = self.source.read_at(max(start, stop - 64), stop - max(start, stop - 64))
        for cut in range(len(tail)):
            trailer = TRAILER.match(tail, cut)
            if trailer and trailer.end() == len(tail) and b"}" in tail[cut:]:
                return len(tail) - cut
        return 0

    def _skip_damage(self, window: ScanWindow, position: int, header: Header | None) -> int:
        """Note what is unreadable at `position` and return where reading can go on."""
        following = self.search.find(behind(window, position))
        where = Message("record {number}", number=self.number)
        if header:
            where = Message("record {number} ({name})", number=self.number, name=visible(header.name))
        if following is None:
            starts = HEADER_START.match(self.source.read_at(position, 64))
            detail = Message("ends at byte {size} in the header of {where}", size=self.source.size, where=where)
            unknown = Message(
                "unreadable header of {where} at byte {position}, nothing after it", where=where, position=position
            )
            cut = starts and (header is not None or self.source.size - position < _LONG)
            self._note(HealthState.TRUNCATED if cut else HealthState.DAMAGED, detail if cut else unknown, position)
            return self.source.size
        detail = Message(
            "unreadable header of {where} at byte {position}, skipped {skipped} bytes",
            where=where,
            position=position,
            skipped=following - position,
        )
        self._note(HealthState.DAMAGED, detail, position)
        return following


class _TextScan(_Scan):
    """Payloads run from a header to the next one."""

    def __iter__(self) -> Iterator[Record]:
        window, position = ScanWindow(self.source), self.start
        while position < self.source.size:
            header = _header_at(window, position)
            if header is None:
                position = self._skip(window, position)
                continue
            stop, values, closed = self._payload(header.end)
            record = self._record(header, stop - header.end, values)
            self._judge(record, header.declared, closed, stop)
            yield record
            self.number, position = self.number + 1, stop

    def _payload(self, start: int) -> tuple[int, int, bool]:
        """(end, values, whether a closing brace was seen) of the text payload that begins at `start`."""
        following = self.search.find(start)
        end, position, values, closed = following or self.source.size, start, 0, False
        while (position := self.source.data_from(position)) < end:
            chunk, first, stop = self.search.step(position)
            stop = min(stop, first + end - position)
            values += chunk.count(b",", first, stop)
            closed = closed or chunk.find(b"}", first, stop) >= 0
            position += stop - first
        return end, values, closed

    def _judge(self, record: Record, declared: int | None, closed: bool, stop: int) -> None:
        """Note a payload that is cut, or holds fewer values than its size line says."""
        where = Message("record {number} ({name})", number=record.number, name=visible(record.name))
        carried = record.count * record.dtype.itemsize
        if not closed and stop >= self.source.size:
            self._note(
                HealthState.TRUNCATED,
                Message("ends at byte {stop} inside {where}, no closing brace", stop=stop, where=where),
                stop,
            )
        elif declared is not None and carried < declared:
            detail = Message(
                "{where} holds {carried} of {declared} bytes' worth of values",
                where=where,
                carried=carried,
                declared=declared,
            )
            self._note(HealthState.SHORT_RECORDS, detail, record.offset)

    def _skip(self, window: ScanWindow, position: int) -> int:
        following = self.search.find(behind(window, position))
        stop = self.source.size if following is None else following
        state = HealthState.TRUNCATED if following is None else HealthState.DAMAGED
        detail = Message(
            "unreadable header of record {number} at byte {position}, skipped {skipped} bytes",
            number=self.number,
            position=position,
            skipped=stop - position,
        )
        self._note(state, detail, position)
        return stop


def oddities(records: Iterable[Record]) -> list[str]:
    """What headers say that this reader does not know, and several batches: each with its first record, in words."""
    found: dict[str, list[Record]] = {}
    for record in records:
        for text in _odd(record):
            found.setdefault(text, []).append(record)
    return [
        Message(
            "{text} ({records}, first {name})",
            text=text,
            records=count(len(those), "record"),
            name=visible(those[0].name),
        )
        for text, those in found.items()
    ]


def _odd(record: Record) -> Iterator[str]:
    if record.problem:
        yield Message(
            "not read: type {type_name} is not known, the payload is skipped by its size line",
            type_name=visible(record.type_name),
        )
    elif type_named(record.type_name) is None and record.type_name != "unknown":
        yield Message("type {type_name} is not known, its size is that of float32", type_name=visible(record.type_name))
    if record.remarks:
        yield Message("unknown in the header: {remarks}", remarks=_DIGITS.sub("N", visible(record.remarks)))
    if record.batches > 1:
        yield Message("payloads of {batches} batches", batches=record.batches)


def with_shapes(index: DumpIndex, shapes: dict[str, tuple[int, ...]]) -> DumpIndex:
    """The index with shapes from elsewhere for records that have none of their own."""
    records = tuple(
        replace(record, shape=shapes[record.name]) if record.shape is None and record.name in shapes else record
        for record in index.records
    )
    return replace(index, records=records)


def guess_stage(index: DumpIndex) -> Stage:
    """The stage that wrote such headers.

    Seen in real dumps: the vendor's dumpers for original models write outputs only; an offline model's records
    declare a size and carry nothing; a fixed model's activations have integer types, where it quantizes few of them
    with a scale; the cmodel's are float but some already carry a scale; a float model's have none.
    """
    activations = [record for record in index.records if not record.constant]
    if not activations or index.results:
        return Stage.UNKNOWN
    if all(record.declared and not record.size for record in activations):
        return Stage.OFFLINE
    # Most, not any: float networks hold a few integer tensors, such as indices.
    integers = [record for record in activations if record.type_name.startswith("SGS_")]
    if 2 * len(integers) > len(activations) or any(record.scale for record in integers):
        return Stage.FIXED
    if all(record.direction is Direction.OUT for record in index.records):
        return Stage.ORIGINAL
    return Stage.CMODEL_FLOAT if any(record.scale for record in activations) else Stage.FLOAT


_QUANTIZED = {Stage.ORIGINAL: 0, Stage.FLOAT: 0, Stage.CMODEL_FLOAT: 1, Stage.FIXED: 2, Stage.OFFLINE: 3}
"""How far a stage is from the original; a quantized model that was dumped as an original can not be told from one."""


def look_swapped(sample: Stage, benchmark: Stage) -> bool:
    """Whether what is judged is nearer to the original than the reference."""
    known = sample in _QUANTIZED and benchmark in _QUANTIZED
    return known and _QUANTIZED[sample] < _QUANTIZED[benchmark]
