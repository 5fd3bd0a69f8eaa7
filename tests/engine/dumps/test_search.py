"""Headers are found again in time linear in the file's size, whatever lies between them."""

import os
from pathlib import Path

import pytest

from sgs_tui.engine.dumps import search
from sgs_tui.engine.dumps.format import Form, HealthState
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.source import Source
from sgs_tui.engine.errors import DumpError

START = b"//out 0 s: 0.000000 z: 0 type: float name: "
OP = b"op_out[0] ADD = {\n"
GOOD = START + b"good bConstant:0\n" + OP + b"//buffer data size: 4\n\0\0\x80?\n};\n"
SHORT = START + b"short bConstant:0\n" + OP + b"//buffer data size: 99999999\n"
PATTERNS = {
    "first words": b"//out 0 s: ",
    "lines without an end": START,
    "lines without an op": START + b"a\n",
    "names within ops": b"op_out[0] " + START + b" = {\n",
    "no size lines": START + b"a\n" + OP[:-1],
    "short records": SHORT,
    "comments": b"//c " + START + b"\n",
    "blanks": b" ",
    "shapes": b" bConstant:1 shape:[1",
    "size lines": b"//buffer data size: 1\n",
    "slashes": b"/",
}
SIZE = 500_000


@pytest.fixture
def bytes_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    counted, read_at = [0], Source.read_at

    def counting(source: Source, offset: int, count: int) -> bytes:
        data = read_at(source, offset, count)
        counted[0] += len(data)
        return data

    monkeypatch.setattr(Source, "read_at", counting)
    return counted


@pytest.mark.parametrize("start", [b"", START, SHORT], ids=["after the first line", "in a header", "in a payload"])
@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_a_record_behind_any_rubbish_is_found_and_nothing_read_again_and_again(
    tmp_path: Path, bytes_read: list[int], pattern: bytes, start: bytes
) -> None:
    path = tmp_path / "d.bin"
    path.write_bytes(b"isFloat: 1\n" + start + pattern * (SIZE // len(pattern)) + b"\n" + GOOD)
    with open_dump(path) as dump:
        assert dump.records[-1].name == "good"
        assert not dump.health.ok
        assert dump.form is Form.TEXT or dump.read(dump.records[-1]).tolist() == [1.0]
    assert bytes_read[0] < 12 * SIZE


@pytest.mark.parametrize("head", [b"", GOOD, SHORT, START + b"t bConstant:0\n" + OP + b"\n1.0, "])
def test_holes_of_a_sparse_file_are_not_read(tmp_path: Path, bytes_read: list[int], head: bytes) -> None:
    path = tmp_path / "d.bin"
    path.write_bytes(b"isFloat: 1\n" + head)
    os.truncate(path, 1 << 40)
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(GOOD)
    with open_dump(path) as dump:
        assert dump.records[-1].name == "good"
        assert not dump.health.ok or b"\n1.0" in head
    assert bytes_read[0] < 20 << 20


def test_the_search_ends_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.bin"
    path.write_bytes(b"isFloat: 1\n" + GOOD + b"x" * (3 << 20) + GOOD)
    with open_dump(path) as dump:
        assert len(dump.records) == 2
    monkeypatch.setattr(search, "REACH", 1 << 20)
    with open_dump(path) as dump:
        assert len(dump.records) == 1 and dump.health.state is HealthState.DAMAGED


def test_a_text_without_commas_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "d.txt"
    text = b"\n1.0, " + b"1" * (3 << 20) + b", \n};\n"
    path.write_bytes(b"isFloat: 1\n" + START + b"t bConstant:0\n" + OP + text)
    with open_dump(path) as dump, pytest.raises(DumpError, match="expected numbers, each followed by a comma"):
        dump.read(dump.records[0])


def test_a_dump_that_ends_behind_a_size_line_is_truncated(tmp_path: Path) -> None:
    path = tmp_path / "d.bin"
    path.write_bytes(b"isFloat: 1\n" + GOOD[:-4] + START + b"last bConstant:0\n" + OP + b"//buffer data size: 8\n")
    with open_dump(path) as dump:
        assert [record.name for record in dump.records] == ["good", "last"]
        assert dump.health.state is HealthState.TRUNCATED and "0 of 8 bytes" in dump.health.detail
