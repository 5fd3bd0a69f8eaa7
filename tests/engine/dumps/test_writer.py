"""The writer: byte for byte what the vendor's tools write, in pieces, and nothing left behind on errors."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.dumps.dtypes import INTEGER_TYPES, AnyArray
from sgs_tui.engine.dumps.format import Direction, Form
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.writer import Draft, Style, draft_of, write_dump
from sgs_tui.engine.errors import DumpError, InputError, UsageError

TEXT, BINARY = Form.TEXT, Form.BINARY


def rewrite(source: Path, target: Path, form: Form, style: Style) -> bytes:
    with open_dump(source) as dump:
        write_dump(target, (draft_of(dump, record) for record in dump.records), dump.is_float, form, style)
    return target.read_bytes()


@pytest.mark.parametrize(
    ("source", "form", "style", "expected"),
    [
        ("tiny/float.bin", BINARY, Style.SIMULATOR, "tiny/float.bin"),
        ("tiny/fixed_raw.bin", BINARY, Style.SIMULATOR, "tiny/fixed_raw.bin"),
        ("tiny/fixed_dq.bin", BINARY, Style.SIMULATOR, "tiny/fixed_dq.bin"),
        ("bad_int16/pool_cat_float.bin", BINARY, Style.SIMULATOR, "bad_int16/pool_cat_float.bin"),
        ("onnx/onnx_NHWC_outtensor_dump.bin", BINARY, Style.DUMPER, "onnx/onnx_NHWC_outtensor_dump.bin"),
        ("tiny/float.bin", TEXT, Style.SIMULATOR, "tiny/float_str.bin"),
        ("tiny/fixed_dq.bin", TEXT, Style.SIMULATOR, "tiny/fixed_dq_str.bin"),
        ("tiny/fixed_dq_str.bin", TEXT, Style.SIMULATOR, "tiny/fixed_dq_str.bin"),
        ("onnx/onnx_NHWC_outtensor_dump.bin", TEXT, Style.DUMPER, "onnx/onnx_NHWC_outtensor_dump.txt"),
    ],
)
def test_rewriting_a_real_dump_gives_its_bytes(
    sgs: Path, tmp_path: Path, source: str, form: Form, style: Style, expected: str
) -> None:
    assert rewrite(sgs / source, tmp_path / "again.bin", form, style) == (sgs / expected).read_bytes()


def test_raw_text_is_the_simulators_without_its_misplaced_lines(sgs: Path, tmp_path: Path) -> None:
    ours = rewrite(sgs / "tiny/fixed_raw.bin", tmp_path / "raw.bin", TEXT, Style.SIMULATOR)
    theirs = (sgs / "tiny/fixed_raw_str.bin").read_bytes()
    split_at = b"\n//"
    sound = [block for block in theirs.split(split_at) if block.count(b"S32") == 0 and block.endswith(b"};")]
    assert len(sound) > 30
    blocks = set(ours.split(split_at))
    assert [block for block in sound[1:] if block not in blocks and b"isFloat" not in block] == []
    with open_dump(tmp_path / "raw.bin") as text, open_dump(sgs / "tiny/fixed_raw.bin") as binary:
        for one, two in zip(text.records, binary.records, strict=True):
            np.testing.assert_array_equal(text.read(one), binary.read(two))


def draft(name: str = "a", payload: AnyArray | Iterator[AnyArray] | None = None, **fields: object) -> Draft:
    values = np.arange(3, dtype=np.float32) if payload is None else payload
    given_fields: dict[str, object] = {"direction": Direction.OUT, "slot": 0, "op_index": 0, "op_type": "ADD"}
    return Draft(name=name, payload=values, **{**given_fields, **fields})  # type: ignore[arg-type]


def test_the_size_line_comes_twice_except_for_an_ops_last(tmp_path: Path) -> None:
    kinds = [("in", 0, 0), ("in", 1, 0), ("out", 0, 0), ("out", 1, 0), ("out", 0, 1)]
    drafts = [draft(f"{way}{slot}{op}", direction=Direction(way), slot=slot, op_index=op) for way, slot, op in kinds]
    write_dump(tmp_path / "d", drafts)
    lines = (tmp_path / "d").read_bytes().split(b"\n")
    repeated = [after.startswith(b"//buffer") for before, after in pairwise(lines) if before == b"};"]
    assert repeated == [True, False, True, False, False]


def test_headers_of_the_newer_generation(tmp_path: Path) -> None:
    write_dump(tmp_path / "d", [draft("x y:0", shape=(1, 3), scale=0.0039062, zero_point=-5, type_name="SGS_S16")])
    head = b"//out 0 s: 0.003906 z: -5 type: SGS_S16 name: x y:0 bConstant:0 shape:[1, 3] dims:2\n"
    assert (tmp_path / "d").read_bytes().split(b"\n", 1)[1].startswith(head + b"op_out[0] ADD = {\n")


def test_a_generator_is_written_in_pieces_and_counted(tmp_path: Path) -> None:
    def pieces(count: int) -> Iterator[AnyArray]:
        for start in range(count):
            yield np.full((2, 5), start, np.float64)

    write_dump(tmp_path / "d", [draft(payload=pieces(40), shape=(40, 10))], form=TEXT)
    with open_dump(tmp_path / "d") as dump:
        np.testing.assert_array_equal(dump.read(dump.records[0]), np.repeat(np.arange(40), 10))
    with pytest.raises(DumpError, match="expected 400 elements to write, got 390"):
        write_dump(tmp_path / "d", [draft(payload=pieces(39), count=400)])
    with pytest.raises(UsageError, match="number of elements is unknown"):
        write_dump(tmp_path / "d", [draft(payload=pieces(1))])
    with open_dump(tmp_path / "d") as dump:
        assert dump.records[0].count == 400, "a failed write must leave the old dump"
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


@pytest.mark.parametrize("wrong", [{"name": "a\nb"}, {"op_type": "A\n"}, {"type_name": "two words"}])
def test_text_that_no_reader_could_take_apart_is_refused(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        write_dump(tmp_path / "d", [draft(**wrong)])  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_writing_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        write_dump(tmp_path / "missing" / "d", [draft()])


names = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1, max_size=300)


@given(
    named=st.lists(st.tuples(names, st.integers(0, 70)), min_size=1, max_size=6),
    type_name=st.sampled_from(sorted(INTEGER_TYPES)),
    is_float=st.booleans(),
    style=st.sampled_from(Style),
)
def test_what_is_written_in_binary_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, named: list[tuple[str, int]], type_name: str, is_float: bool, style: Style
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.bin"
    drafts = [
        draft(name, np.arange(size), op_index=index, type_name=type_name) for index, (name, size) in enumerate(named)
    ]
    write_dump(path, drafts, is_float, BINARY, style)
    with open_dump(path) as dump:
        assert dump.health.ok and [(record.name, record.count) for record in dump.records] == named
        for record in dump.records:
            np.testing.assert_array_equal(dump.read(record), np.arange(record.count))


@pytest.mark.parametrize("sizes", [(0,), (0, 0), (2, 0), (0, 2), (0, 0, 0, 2, 0)])
@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("is_float", [True, False])
def test_empty_tensors_are_records_like_any_others(
    tmp_path: Path, sizes: tuple[int, ...], form: Form, style: Style, is_float: bool
) -> None:
    drafts = [draft("same", np.arange(size), type_name="SGS_S16") for size in sizes]
    write_dump(tmp_path / "d", drafts, is_float, form, style)
    with open_dump(tmp_path / "d") as dump:
        assert [(record.name, record.count) for record in dump.records] == [("same", size) for size in sizes]
        assert dump.health.ok and (dump.form is form or not any(sizes))
        assert [dump.read(record).tolist() for record in dump.records] == [list(range(size)) for size in sizes]
