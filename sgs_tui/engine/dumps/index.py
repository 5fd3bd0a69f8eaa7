"""Recognise what a file is and index it by its headers."""

from dataclasses import replace

from sgs_tui.engine.configs.switches import DUMP_NAME
from sgs_tui.engine.dumps.binary_index import BinaryScan
from sgs_tui.engine.dumps.grammar import FIRST_LINE, HEADER_START, TRAILER
from sgs_tui.engine.dumps.records import Direction, DumpIndex, Form, Health, HealthState, Record
from sgs_tui.engine.dumps.scanning import header_at
from sgs_tui.engine.dumps.source import Source, Window
from sgs_tui.engine.dumps.text_index import TextScan
from sgs_tui.engine.errors import DumpError
from sgs_tui.engine.text import visible

_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf": "7-zip",
}
"""First bytes of what dumps are sent around in."""

_TEXT_BYTES = frozenset(b"0123456789 \r\n\t,.-+eEinfaN};")


def build_index(source: Source) -> DumpIndex:
    """Index every record of `source`. Raises DumpError where it is no dump at all."""
    is_float, start = _first_line(source)
    form = detect_form(source, start)
    scan = (BinaryScan if form is Form.BINARY else TextScan)(source, is_float, start)
    records = tuple(scan)
    health = _judge(scan.health, records, is_float, scan.promised, source.size)
    if not health.ok and source.has_changed():
        health = replace(health, detail=f"{health.detail}; the file changed while it was opened, try again")
    return DumpIndex(is_float, form, records, health, source.state)


def looks_like_dump(first_bytes: bytes) -> bool:
    """Whether a file that begins so is worth opening as a dump."""
    return bool(FIRST_LINE.match(first_bytes) or HEADER_START.match(first_bytes))


def _first_line(source: Source) -> tuple[bool, int]:
    """(isFloat, byte after the first line). A dumper's per-tensor files have no such line and are float."""
    head = source.read_at(0, 128)
    line = FIRST_LINE.match(head)
    if line:
        return line[1] == b"1", line.end()
    if HEADER_START.match(head):
        return True, 0
    packed = next((kind for magic, kind in _PACKED.items() if head.startswith(magic)), None)
    if packed:
        raise DumpError(f"{source.path}: not a dump but a {packed} file", "unpack it first")
    found = visible(head[:24].decode("latin-1")) if head else "an empty file"
    raise DumpError(
        f"{source.path}: not a dump: expected `isFloat: 0` or `isFloat: 1` in the first line, found {found}",
        f"name a {DUMP_NAME} or another dump",
    )


def detect_form(source: Source, start: int) -> Form:
    """Whether payloads are bytes or text, from the first record whose payload is not empty."""
    header = header_at(Window(source), start, source.size)
    if header is None:
        return Form.BINARY
    if header.declared is None:
        return Form.TEXT if header.end < source.size else Form.BINARY
    after = header.end + header.declared
    tail = source.read_at(after, 512)
    trailer = TRAILER.match(tail)
    rest = tail[trailer.end() :] if trailer else tail
    if after <= source.size and (HEADER_START.match(rest) or (not rest and after + len(tail) == source.size)):
        return Form.BINARY
    sample = source.read_at(header.end, 512).split(b"//", 1)[0]
    return Form.TEXT if sample and set(sample) <= _TEXT_BYTES and b"," in sample else Form.BINARY


def _judge(health: Health, records: tuple[Record, ...], is_float: bool, promised: bool, size: int) -> Health:
    """The scan's health, or what only the records together can tell."""
    if not health.ok:
        return health
    if not records:
        return Health(HealthState.EMPTY, f"{size} bytes and no record: the simulator dumped nothing", size, 0)
    last = records[-1]
    where = f"ends well-formed after record {last.number} ({visible(last.name)}) at byte {size}"
    if not is_float and all(record.type_name == "float" for record in records if not record.constant):
        why = "but isFloat: 0 with float tensors only means a float model in the fixed simulator, which stops early"
        return Health(HealthState.STOPS_EARLY, f"{where}, {why}", size, last.number)
    if last.direction is Direction.IN or promised:
        why = f"but op {last.op_index} ({visible(last.op_type)}) has more to come"
        return Health(HealthState.STOPS_EARLY, f"{where}, {why}", size, last.number)
    return health


def with_shapes(index: DumpIndex, shapes: dict[str, tuple[int, ...]]) -> DumpIndex:
    """The index with shapes from elsewhere for records that have none of their own."""
    records = tuple(
        replace(record, shape=shapes[record.name]) if record.shape is None and record.name in shapes else record
        for record in index.records
    )
    return replace(index, records=records)
