"""Reading real dumps: every form the vendor writes gives the same tensors, health says what is missing."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.dumps.format import Direction, Form, HealthState
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.errors import DumpError, FileChangedError


def values_by_key(dump: Dump) -> dict[tuple[int, str, int], np.ndarray]:
    return {(r.op_index, r.direction, r.slot): dump.read(r) for r in dump.records}


def test_headers_of_the_float_dump(sgs: Path) -> None:
    dump = open_dump(sgs / "tiny/float.bin")
    assert dump.is_float and dump.form is Form.BINARY and dump.health.ok
    assert len(dump.records) == 74 and len(dump.outputs()) == 25
    first = dump.records[0]
    assert (first.direction, first.slot, first.op_index, first.op_type) == (Direction.IN, 0, 0, "CONV_2D")
    assert (first.name, first.type_name, first.constant, first.shape) == ("data", "float", False, None)
    assert (first.size, first.declared, first.count) == (12288, 12288, 3072)
    bias = dump.records[2]
    assert bias.constant and bias.name == "conv1.bias" and bias.count == 32


def test_integer_dump_has_native_types_and_scales(sgs: Path) -> None:
    dump = open_dump(sgs / "tiny/fixed_raw.bin")
    assert not dump.is_float
    gate = dump.find("gate")[0]
    assert (gate.dtype, gate.scale, gate.zero_point, gate.type_name) == (np.uint8, 0.033408, 137, "SGS_U8")
    codes, values = dump.read(gate), dump.values(gate)
    np.testing.assert_array_equal(values, (codes.astype(float) - 137) * 0.033408)


def test_constants_are_never_dequantized(sgs: Path) -> None:
    dump = open_dump(sgs / "tiny/fixed_raw.bin")
    weights = dump.find("conv1.weight")[0]
    np.testing.assert_array_equal(dump.values(weights), dump.read(weights).astype(float))


def test_onnx_dump_has_shapes_and_no_trailers(sgs: Path) -> None:
    dump = open_dump(sgs / "onnx/onnx_NHWC_outtensor_dump.bin")
    assert dump.health.ok and len(dump.records) == 20
    assert dump.find("gate")[0].shape == (1, 8, 8, 6)
    assert dump.find("gate")[0].op_type == "n_gate"


@pytest.mark.parametrize(
    ("text", "binary", "tolerance"),
    [
        ("tiny/float_str.bin", "tiny/float.bin", 6e-7),
        ("tiny/fixed_dq_str.bin", "tiny/fixed_dq.bin", 6e-7),
        ("onnx/onnx_NHWC_outtensor_dump.txt", "onnx/onnx_NHWC_outtensor_dump.bin", 6e-7),
    ],
)
def test_text_form_equals_binary_form(sgs: Path, text: str, binary: str, tolerance: float) -> None:
    written, stored = open_dump(sgs / text), open_dump(sgs / binary)
    assert written.form is Form.TEXT and written.health.ok
    left, right = values_by_key(written), values_by_key(stored)
    assert left.keys() == right.keys()
    for key, values in left.items():
        np.testing.assert_allclose(values, right[key], rtol=1e-6, atol=tolerance)


def test_raw_text_with_the_glued_line_equals_the_raw_binary(sgs: Path) -> None:
    written, stored = open_dump(sgs / "tiny/fixed_raw_str.bin"), open_dump(sgs / "tiny/fixed_raw.bin")
    right = values_by_key(stored)
    lost = []
    for key, values in values_by_key(written).items():
        if len(values) < len(right[key]):
            lost.append(key)
        np.testing.assert_array_equal(values, right[key][: len(values)])
    constants = {(r.op_index, r.direction, r.slot) for r in stored.records if r.constant}
    assert set(lost) <= constants  # the vendor's writer loses partial lines of S32 constants only


def test_reading_a_part_equals_a_slice_of_the_whole(sgs: Path) -> None:
    for name in ("tiny/float.bin", "tiny/float_str.bin"):
        dump = open_dump(sgs / name)
        record = dump.find("cat")[0]
        whole = dump.read(record)
        np.testing.assert_array_equal(dump.read(record, 100, 333), whole[100:333])
        np.testing.assert_array_equal(np.concatenate(list(dump.chunks(record, 97))), whole)
        assert dump.read(record, 10_000, 20_000).size == 0


@pytest.mark.parametrize(
    ("name", "state", "records", "said"),
    [
        ("empty.bin", HealthState.EMPTY, 0, "11 bytes"),
        ("stops_early.bin", HealthState.STOPS_EARLY, 30, "float model in the fixed simulator"),
        ("ends_in_header.bin", HealthState.TRUNCATED, 13, "byte 66636 in the header of record 13 (sp_a)"),
    ],
)
def test_damaged_files_give_what_they_hold(sgs: Path, name: str, state: HealthState, records: int, said: str) -> None:
    dump = open_dump(sgs / "damaged" / name)
    assert dump.health.state is state
    assert len(dump.records) == records
    assert said in dump.health.detail
    for record in dump.records:
        assert len(dump.read(record)) == record.count


def test_a_cut_payload_is_a_short_record(sgs: Path, tmp_path: Path) -> None:
    data = (sgs / "tiny/float.bin").read_bytes()
    cut = tmp_path / "cut.bin"
    cut.write_bytes(data[:20_000])
    dump = open_dump(cut)
    assert dump.health.state is HealthState.TRUNCATED and dump.health.record == 3 and dump.health.byte == 20_000
    last = dump.records[-1]
    assert last.is_short and last.declared == 16384 and dump.read(last).size == last.count


def test_records_without_their_payload_are_short(tmp_path: Path) -> None:
    text = b"isFloat: 1\n"
    for number in range(3):
        text += b"//out 0 s: 0.000000 z: 0 type: float name: l%d bConstant:0\nop_out[%d] RELU = {\n" % (number, number)
        text += b"//buffer data size: 4096\n\n};\n"
    path = tmp_path / "offline.bin"
    path.write_bytes(text)
    dump = open_dump(path)
    assert dump.health.state is HealthState.SHORT_RECORDS
    assert [(r.name, r.size) for r in dump.records] == [("l0", 0), ("l1", 0), ("l2", 0)]


def test_an_unreadable_header_costs_one_record(sgs: Path, tmp_path: Path) -> None:
    data = (sgs / "tiny/float.bin").read_bytes()
    spoilt = tmp_path / "spoilt.bin"
    spoilt.write_bytes(data.replace(b"op_out[9] MUL = {", b"op_XXX[9] MUL = {"))
    dump = open_dump(spoilt)
    assert dump.health.state is HealthState.DAMAGED and "record 30 at byte 177585" in dump.health.detail
    assert len(dump.records) == 73


@pytest.mark.parametrize("content", [b"", b"hello\n", b"isFlo", b"\x00" * 100, b"PK\x03\x04" + b"x" * 100])
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(DumpError) as caught:
        open_dump(path)
    assert "not a dump" in caught.value.message and "\n" not in caught.value.message and caught.value.hint


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path / "none.bin", tmp_path, pipe):
        with pytest.raises(DumpError):
            open_dump(path)


def test_a_changed_file_is_an_error_not_wrong_numbers(sgs: Path, tmp_path: Path) -> None:
    path = tmp_path / "d.bin"
    path.write_bytes((sgs / "tiny/float.bin").read_bytes())
    dump = open_dump(path)
    record = dump.find("gate")[0]
    dump.read(record)
    same = path.read_bytes()
    path.unlink()
    path.write_bytes(same)
    os.utime(path, ns=(1, 1))
    with pytest.raises(FileChangedError, match="written anew, of the same size"):
        dump.read(record)
    path.write_bytes(b"isFloat: 1\n")
    with pytest.raises(FileChangedError, match="bytes then, 11 now"):
        dump.read(record)


def header(name: bytes, size: int, number: int = 0) -> bytes:
    first = b"//out 0 s: 0.000000 z: 0 type: float name: " + name + b" bConstant:0\n"
    return first + b"op_out[%d] RELU = {\n//buffer data size: %d\n" % (number, size)


@pytest.mark.parametrize(
    "name",
    [
        b"x" * 100_000,
        b"y" * (3 << 20),
        b"\xff\xfe bad utf-8",
        "名前".encode(),
        b"a b bConstant:1 c",
        b"[red]x[/b]",
        b"",
        b"a:b/c#1.2",
    ],
    ids=["long", "3 MB", "bad UTF-8", "Chinese", "header inside", "markup", "empty", "separators"],
)
def test_any_name_survives(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / "names.bin"
    path.write_bytes(b"isFloat: 1\n" + header(name, 4) + b"\0\0\x80\x3f\n};\n" + header(b"next", 0, 1) + b"\n};\n")
    dump = open_dump(path)
    assert dump.health.ok
    assert [r.name.encode("utf-8", "surrogateescape") for r in dump.records] == [name, b"next"]
    assert dump.read(dump.records[0]).tolist() == [1.0]


def test_zero_dimensional_and_empty_tensors(tmp_path: Path) -> None:
    path = tmp_path / "odd.bin"
    scalar = header(b"scalar", 4).replace(b"bConstant:0", b"bConstant:0 shape:[] dims:0")
    empty = header(b"empty", 0, 1).replace(b"bConstant:0", b"bConstant:0 shape:[1, 0, 3] dims:3")
    path.write_bytes(b"isFloat: 1\n" + scalar + b"\0\0\0\x40};\n" + empty + b"};\n")
    dump = open_dump(path)
    assert dump.health.ok
    assert [(r.shape, r.count) for r in dump.records] == [((), 1), ((1, 0, 3), 0)]
    assert not any(r.padded for r in dump.records)


def test_a_payload_may_look_like_a_header(tmp_path: Path) -> None:
    payload = (b"\n};\n" + header(b"fake", 8)).ljust(256, b"\0")
    path = tmp_path / "tricky.bin"
    path.write_bytes(b"isFloat: 1\n" + header(b"real", 256) + payload + b"\n};\n" + header(b"two", 0, 1) + b"\n};\n")
    dump = open_dump(path)
    assert dump.health.ok and [r.name for r in dump.records] == ["real", "two"]


def test_a_hundred_thousand_records(tmp_path: Path) -> None:
    path = tmp_path / "many.bin"
    with path.open("wb") as file:
        file.write(b"isFloat: 1\n")
        for number in range(100_000):
            file.write(header(b"l%d" % number, 4, number) + b"\0\0\0\0\n};\n")
    dump = open_dump(path)
    assert dump.health.ok and len(dump.records) == 100_000
    assert dump.records[99_999].name == "l99999"


def test_a_packed_dump_says_so(tmp_path: Path, sgs: Path) -> None:
    path = tmp_path / "float.bin.gz"
    path.write_bytes(gzip.compress((sgs / "tiny/float.bin").read_bytes()))
    with pytest.raises(DumpError, match=r"not a dump but a gzip file.*unpack it first"):
        open_dump(path)


def test_a_first_line_that_is_all_there_is(tmp_path: Path) -> None:
    path = tmp_path / "cut.bin"
    path.write_bytes(b"isFloat: 1")
    with open_dump(path) as dump:
        assert dump.health.state is HealthState.EMPTY
