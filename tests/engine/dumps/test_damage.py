"""A valid dump cut or flipped at any byte gives records or one SgsError, never another exception."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sgs_tui.engine.dumps import index
from sgs_tui.engine.dumps.format import Form
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.source import Source
from sgs_tui.engine.errors import DumpError, SgsError

NAMES = (
    "tiny/fixed_raw.bin",
    "tiny/fixed_raw_str.bin",
    "onnx/onnx_NHWC_outtensor_dump.bin",
    "damaged/ends_in_header.bin",
)
RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HEAD = 8_000
"""Bytes of each file that are used: headers lie dense there, and one example stays quick."""


def read_everything(path: Path) -> int:
    try:
        with open_dump(path) as dump:
            for record in dump.records:
                assert len(dump.values(record)) == record.count
            assert str(dump.health)
            return len(dump.records)
    except SgsError as error:
        assert error.message and "\n" not in error.message
        return 0


@pytest.mark.parametrize("name", NAMES)
@RELAXED
@given(st.integers(0, HEAD))
def test_cut_anywhere(sgs: Path, tmp_path: Path, name: str, length: int) -> None:
    path = tmp_path / "cut.bin"
    path.write_bytes((sgs / name).read_bytes()[:length])
    read_everything(path)


@pytest.mark.parametrize("name", NAMES)
@RELAXED
@given(st.integers(0, HEAD - 1), st.binary(min_size=1, max_size=5))
def test_flipped_anywhere(sgs: Path, tmp_path: Path, name: str, position: int, replacement: bytes) -> None:
    data = bytearray((sgs / name).read_bytes()[:HEAD])
    data[position : position + len(replacement)] = replacement
    path = tmp_path / "flipped.bin"
    path.write_bytes(data)
    read_everything(path)


@RELAXED
@given(st.binary(max_size=400))
def test_anything_after_the_first_line(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "junk.bin"
    path.write_bytes(b"isFloat: 1\n//out 0 s: " + junk)
    read_everything(path)


@RELAXED
@given(st.integers(0, 200), st.integers(0, 10**18))
def test_any_declared_size(tmp_path: Path, carried: int, declared: int) -> None:
    path = tmp_path / "size.bin"
    head = b"isFloat: 1\n//out 0 s: 0.000000 z: 0 type: float name: a bConstant:0\nop_out[0] RELU = {\n"
    path.write_bytes(head + b"//buffer data size: %d\n" % declared + b"\1" * carried)
    assert read_everything(path) <= 1


@pytest.mark.parametrize("text", [b"1.000000, \n}\n, ", b", 1.000000, ", b"1.000000, , 2.000000, ", b"1.000000, x, "])
def test_a_comma_without_a_number_is_damage_and_no_value(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "text.bin"
    path.write_bytes(
        b"isFloat: 1\n//out 0 s: 0.000000 z: 0 type: float name: a bConstant:0\nop_out[0] RELU = {\n\n"
        + text
        + b"\n};\n"
    )
    with open_dump(path) as dump, pytest.raises(DumpError, match="each followed by a comma"):
        dump.values(dump.records[0])


def test_bytes_behind_the_last_whole_value_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "odd.bin"
    head = b"isFloat: 1\n//out 0 s: 0.000000 z: 0 type: float name: a bConstant:0\nop_out[0] RELU = {\n"
    path.write_bytes(head + b"//buffer data size: 6\n" + b"\0" * 6 + b"\n};\n")
    with open_dump(path) as dump:
        assert dump.records[0].count == 1
        assert "6 bytes are no whole number of 4-byte values" in str(dump.health)


def test_a_file_that_changes_while_it_is_indexed_says_so(
    sgs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.bin"
    path.write_bytes((sgs / "tiny/float.bin").read_bytes())

    original = index.detect_form

    def after_a_cut(source: Source, start: int) -> Form:
        form = original(source, start)
        path.write_bytes((sgs / "tiny/float.bin").read_bytes()[:70_000])
        return form

    monkeypatch.setattr(index, "detect_form", after_a_cut)
    with open_dump(path) as dump:
        assert "changed while it was opened" in str(dump.health)
