"""Headers of simulators newer than any that could be run: what is not known is named, the rest is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import HealthState, batches_of
from sgs_tui.engine.dumps.index import oddities
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.session import CompareRequest, open_comparison
from tests.engine.build import compare_one, rows_of

RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
BITS = b"//data size is 1024 bits\n"


@dataclass(frozen=True)
class Piece:
    """One record with what newer simulators may print around it."""

    name: str
    payload: bytes
    kind: str = "float"
    shape: tuple[int, ...] | None = None
    under_name: bytes = b""
    over_size: bytes = b""
    under_size: bytes = b""
    after: bytes = b""
    fields: str = ""
    before_type: str = ""

    def written(self) -> bytes:
        shape = f" shape:[{', '.join(map(str, self.shape))}] dims:{len(self.shape)}" if self.shape else ""
        first = f"//out 0 s: 0.500000 z: 2 {self.before_type}type: {self.kind} name: {self.name} bConstant:0{shape}"
        return b"".join(
            (
                f"{first}{self.fields}\n".encode(),
                self.under_name,
                b"op_out[3] CONV_2D = {\n",
                self.over_size,
                b"//buffer data size: %d\n" % len(self.payload),
                self.under_size,
                self.payload,
                b"\n};\n",
                self.after,
            )
        )


def write(path: Path, pieces: Sequence[Piece], is_float: bool = True) -> Path:
    path.write_bytes(b"isFloat: %d\n" % is_float + b"".join(piece.written() for piece in pieces))
    return path


def floats(*values: float) -> bytes:
    return np.array(values, "<f4").tobytes()


LAST = Piece("last", floats(7, 8))


def read_last(path: Path) -> AnyArray:
    """The values of the record behind the odd one; the dump has to be whole."""
    with open_dump(path) as dump:
        assert dump.health.state is HealthState.COMPLETE, dump.health
        assert dump.records[-1].name == "last"
        return dump.values(dump.records[-1])


@pytest.mark.parametrize("place", ["under_name", "over_size", "under_size", "after"])
def test_a_line_about_the_size_in_bits_is_named_wherever_it_stands(tmp_path: Path, place: str) -> None:
    odd = Piece("odd", floats(1, 2, 3), **{place: BITS})  # type: ignore[arg-type]
    path = write(tmp_path / "d.bin", [odd, LAST])
    assert read_last(path).tolist() == [7, 8]
    with open_dump(path) as dump:
        assert dump.values(dump.records[0]).tolist() == [1, 2, 3]
        said = oddities(dump.records)
    expected = "unknown in the header: //data size is N bits (1 record, first odd)"
    assert said == ([] if place == "after" else [expected])


def test_unknown_fields_are_named_and_are_no_part_of_the_name(tmp_path: Path) -> None:
    odd = Piece("a b", floats(1), shape=(1, 1), before_type="bits: 4 ", fields=" batch:4 layout:NHWC")
    path = write(tmp_path / "d.bin", [odd, LAST])
    assert read_last(path).tolist() == [7, 8]
    with open_dump(path) as dump:
        assert (dump.records[0].name, dump.records[0].shape) == ("a b", (1, 1))
        assert dump.records[0].remarks == "bits: 4 batch:4 layout:NHWC"


def test_a_shape_without_its_rank_is_a_shape(tmp_path: Path) -> None:
    path = write(tmp_path / "d.bin", [Piece("odd", floats(1, 2), fields=" shape:[1, 2]"), LAST])
    with open_dump(path) as dump:
        assert (dump.records[0].name, dump.records[0].shape) == ("odd", (1, 2))


@pytest.mark.parametrize("kind", ["SGS_S4", "SGS_U4", "unknown", "SGS_FP8", "x\x1b[31m"])
def test_the_payload_of_an_unknown_type_is_skipped_by_its_size(tmp_path: Path, kind: str) -> None:
    payload = b"//out 0 s: 0.000000 z: 0 type: float name: no bConstant:0\nop_out[0] A = {\n"
    last = Piece("last", np.array([7, 8], "<i2").tobytes(), "SGS_S16")
    path = write(tmp_path / "d.bin", [Piece("odd", payload, kind), last], is_float=False)
    assert read_last(path).tolist() == [2.5, 3.0]
    with open_dump(path) as dump:
        record = dump.records[0]
        assert len(dump.records) == 2, "nothing inside the payload is a record"
        assert (record.count, record.size) == (0, len(payload))
        assert f"{len(payload)} bytes are skipped" in record.problem
        said = oddities(dump.records)
        assert len(said) == 1 and said[0].startswith("not read: type ") and "\x1b" not in said[0]


def test_an_unknown_type_in_a_dump_of_floats_is_read_where_its_size_is_theirs(tmp_path: Path) -> None:
    fits = Piece("fits", floats(1, 2), "SGS_S4", (1, 2))
    not_whole = Piece("not_whole", b"12345", "SGS_S4")
    too_short = Piece("too_short", b"1234", "SGS_S4", (1, 2))
    path = write(tmp_path / "d.bin", [fits, not_whole, too_short, LAST])
    assert read_last(path).tolist() == [7, 8]
    with open_dump(path) as dump:
        assert [bool(record.problem) for record in dump.records] == [False, True, True, False]
        assert dump.values(dump.records[0]).tolist() == [1, 2]
        assert len(oddities(dump.records)) == 2


HALVES = [1.0, -2.5, 0.333251953125, 65504.0, 2.0**-24, float("inf")]
BRAINS = [1.0, -2.5, 0.333984375, 3.3895313892515355e38, 2.0**-126, float("-inf")]


def brain_bytes(values: Sequence[float]) -> bytes:
    """The upper half of each float32, which is what bfloat16 is."""
    return (np.array(values, "<f4").view("<u4") >> 16).astype("<u2").tobytes()


@pytest.mark.parametrize("is_float", [True, False])
@pytest.mark.parametrize(
    ("kind", "values", "payload"),
    [
        ("float16", HALVES, np.array(HALVES, "<f2").tobytes()),
        ("SGS_FP16", HALVES, np.array(HALVES, "<f2").tobytes()),
        ("bfloat16", BRAINS, brain_bytes(BRAINS)),
        ("SGS_BF16", BRAINS, brain_bytes(BRAINS)),
    ],
)
def test_sixteen_bit_floats(tmp_path: Path, kind: str, values: list[float], payload: bytes, is_float: bool) -> None:
    path = write(tmp_path / "d.bin", [Piece("odd", payload, kind, (1, 6)), LAST], is_float)
    with open_dump(path) as dump:
        assert dump.values(dump.records[0]).tolist() == values, "no scale is applied to floats"
        assert dump.values(dump.records[0], 2, 4).tolist() == values[2:4]
        assert not oddities(dump.records)


def test_a_dump_of_floats_that_calls_float32_half_is_float32(tmp_path: Path) -> None:
    """`isFloat: 1` is float32 whatever the type says; only a shape proves something else."""
    wide = Piece("odd", floats(1, 2, 3, 4), "float16", (1, 4))
    path = write(tmp_path / "d.bin", [wide, Piece("last", floats(1, 2), "float16")])
    assert read_last(path).tolist() == [1, 2]
    with open_dump(path) as dump:
        assert dump.values(dump.records[0]).tolist() == [1, 2, 3, 4]


def test_half_floats_are_compared_and_padding_is_taken_out(tmp_path: Path) -> None:
    values = np.arange(12, dtype="<f2").reshape(1, 2, 2, 3)
    padded = np.full((1, 2, 2, 8), 99, "<f2")
    padded[..., :3] = values
    sample = write(tmp_path / "s.bin", [Piece("x", padded.tobytes(), "SGS_F16", values.shape)], is_float=False)
    benchmark = write(tmp_path / "b.bin", [Piece("x", values.astype("<f4").tobytes(), shape=values.shape)])
    comparison = open_comparison(CompareRequest(sample, benchmark))
    row = rows_of(comparison)[0]
    assert row.metrics is not None and row.metrics.rmse == 0
    assert row.notes == ("sample un-padded, last axis 8 to 3",)


def test_a_layer_that_is_not_read_says_so_and_the_others_are_compared(tmp_path: Path) -> None:
    odd = Piece("odd", b"1234567", "SGS_S4")
    sample = write(tmp_path / "s.bin", [odd, LAST])
    benchmark = write(tmp_path / "b.bin", [Piece("odd", floats(1)), LAST])
    comparison = open_comparison(CompareRequest(sample, benchmark))
    assert [pair.name for pair in comparison.matching.pairs] == ["last"]
    reason = "sample not read: its type SGS_S4 is not known, 7 bytes are skipped"
    assert {item.reason for item in comparison.matching.unmatched} == {reason}
    assert any("type SGS_S4 is not known" in note for note in comparison.notes)


SHAPE = (1, 2, 2, 12)


def test_batches_are_named_and_compared_as_a_whole(tmp_path: Path) -> None:
    values = np.arange(3 * prod(SHAPE), dtype=np.float32)
    row = compare_one(tmp_path, (values + 1, SHAPE), (values, SHAPE))
    assert row.pair.notes == (f"3 batches of {list(SHAPE)}",)
    assert row.metrics is not None and row.metrics.mean_error == pytest.approx(1)
    assert row.benchmark is not None and row.benchmark.count == len(values)


def test_batches_on_one_side_only_are_not_compared(tmp_path: Path) -> None:
    elements = prod(SHAPE)
    sample = write(tmp_path / "s.bin", [Piece("x", bytes(4 * 3 * elements), shape=SHAPE)])
    benchmark = write(tmp_path / "b.bin", [Piece("x", bytes(4 * elements), shape=SHAPE)])
    comparison = open_comparison(CompareRequest(sample, benchmark))
    assert not comparison.matching.pairs
    expected = f"sample holds 3 batches of {list(SHAPE)}"
    assert all(expected in item.reason for item in comparison.matching.unmatched)


@pytest.mark.parametrize(
    ("count", "shape", "batches"),
    [
        (48, (1, 2, 2, 12), 1),
        (64, (1, 2, 2, 12), 1),  # the last axis aligned to 16
        (96, (1, 2, 2, 12), 2),
        (64, (1, 2, 2, 8), 1),  # 8 aligned to 16
        (128, (1, 2, 2, 8), 4),
        (64, (1, 2), 1),  # alone in its memory lines
        (50, (1, 2, 2, 12), 1),  # no whole number of tensors
        (0, (1, 2), 0),
        (5, None, 1),
        (5, (0, 4), 1),
    ],
)
def test_batches_and_padding_are_told_apart(count: int, shape: tuple[int, ...] | None, batches: int) -> None:
    assert batches_of(count, shape) == batches


PIECES = st.builds(
    Piece,
    name=st.text("ab/:#. []", min_size=1, max_size=12).filter(lambda name: name == name.rstrip()),
    payload=st.binary(max_size=40).map(lambda raw: raw[: len(raw) // 4 * 4]),
    kind=st.sampled_from(["float", "SGS_U8", "SGS_S16", "SGS_S4", "bits8"]),
    under_name=st.sampled_from([b"", BITS, b"//anything else\n"]),
    over_size=st.sampled_from([b"", BITS, b"//batch 1 of 4\n//and more\n"]),
    under_size=st.sampled_from([b"", BITS]),
    after=st.sampled_from([b"", b"//buffer data size: 4\n", BITS, b"//done\n"]),
    fields=st.sampled_from(["", " batch:4", " batch:4 bits:8"]),
    before_type=st.sampled_from(["", "scale[2]: 0.1,0.2 "]),
)


@RELAXED
@given(st.lists(PIECES, min_size=1, max_size=5), st.booleans())
def test_every_mixture_gives_every_record_its_own_name_and_bytes(
    tmp_path: Path, pieces: list[Piece], is_float: bool
) -> None:
    path = write(tmp_path / "d.bin", pieces, is_float)
    data = path.read_bytes()
    with open_dump(path) as dump:
        assert [record.name for record in dump.records] == [piece.name for piece in pieces]
        for record, piece in zip(dump.records, pieces, strict=True):
            assert data[record.offset : record.offset + record.size] == piece.payload
            assert len(dump.values(record)) == record.count
            assert bool(record.problem) == (piece.kind in ("SGS_S4", "bits8") and not is_float)
