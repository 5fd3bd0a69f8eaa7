"""What a board or the offline simulator gave, against dumps: real outputs of `tiny`, and every kind of bytes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.dumps.dtypes import INTEGER_TYPES, AnyArray, FloatArray
from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.writer import Draft, create_dump
from sgs_tui.engine.errors import DumpError, InputError, UsageError
from sgs_tui.engine.session import CompareRequest, open_comparison, open_sides
from tests.engine.boards import aligned_up, padded, results_text
from tests.engine.build import rows_of

RELAXED = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SHAPES = {"trans": (1, 16, 14), "prob": (1, 10)}
"""Outputs of `tiny`."""


def values_of(dump: Path, stored: bool = False) -> dict[str, AnyArray]:
    """The network's outputs in their shapes: numbers, or as they are stored."""
    with open_dump(dump) as opened:
        read = opened.read if stored else opened.values
        return {name: np.asarray(read(opened.find(name)[0])).reshape(shape) for name, shape in SHAPES.items()}


def compared(
    sample: Path, benchmark: Path, shapes: Path | None = None, outputs: tuple[str, ...] = ()
) -> list[LayerDiff]:
    comparison = open_comparison(CompareRequest(sample, benchmark, shapes=shapes, outputs=outputs))
    try:
        return rows_of(comparison)
    finally:
        comparison.close()


def sqnr(rows: list[LayerDiff]) -> dict[str, float]:
    return {row.name: row.metrics.sqnr_db for row in rows if row.metrics is not None}


@pytest.mark.parametrize("unit", [None, 8, 16])
@pytest.mark.parametrize("benchmark", ["fixed_dq.bin", "fixed_raw.bin", "fixed_dq_str.bin"])
def test_text_of_the_simulator(sgs: Path, tmp_path: Path, unit: int | None, benchmark: str) -> None:
    text = "".join(results_text(name, each, unit) for name, each in values_of(sgs / "tiny/fixed_dq.bin").items())
    path = tmp_path / "unknown_tiny_sgsimg.img_cat.bmp.txt"
    path.write_text(text)
    found = sqnr(compared(path, sgs / "tiny" / benchmark))
    assert set(found) == {"trans", "prob"}, "outputs only"
    assert min(found.values()) > 100, "six decimals are left"


def test_layers_inside_the_network_are_listed_as_such(sgs: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    path.write_text(results_text("prob", values_of(sgs / "tiny/fixed_dq.bin")["prob"], 8))
    comparison = open_comparison(CompareRequest(path, sgs / "tiny/fixed_dq.bin"))
    reasons = {item.name: item.reason for item in comparison.matching.unmatched}
    assert reasons["gate"] == "inside the network, the other side holds its outputs alone"
    assert reasons["trans"] == "only in benchmark"
    assert any("holds the network's outputs alone" in note for note in comparison.notes)
    assert not comparison.swapped
    comparison.close()


def test_an_output_of_another_name_is_told_by_its_size(sgs: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    path.write_text(results_text("output 1", values_of(sgs / "tiny/fixed_dq.bin")["prob"], None))
    row = compared(path, sgs / "tiny/fixed_dq.bin")[0]
    assert row.name == "prob"
    assert "matched by size, sample's is output 1" in row.pair.notes


BYTES = {
    "codes": lambda codes, numbers: codes.tobytes(),
    "codes in lines of 16 bytes": lambda codes, numbers: padded(codes, 8).tobytes(),
    "codes in lines of 16 elements": lambda codes, numbers: padded(codes, 16).tobytes(),
    "codes in buffers of 64 bytes": lambda codes, numbers: codes.tobytes().ljust(aligned_up(codes.nbytes, 64), b"M"),
    "codes in pages": lambda codes, numbers: codes.tobytes().ljust(4096, b"M"),
    "numbers": lambda codes, numbers: numbers.astype("<f4").tobytes(),
}


@pytest.mark.parametrize("kind", BYTES)
@pytest.mark.parametrize("benchmark", ["fixed_dq.bin", "fixed_raw.bin"])
def test_bare_bytes_of_a_board(sgs: Path, tmp_path: Path, kind: str, benchmark: str) -> None:
    codes, numbers = values_of(sgs / "tiny/fixed_raw.bin", stored=True), values_of(sgs / "tiny/fixed_dq.bin")
    path = tmp_path / "board.bin"
    path.write_bytes(b"".join(BYTES[kind](codes[name], numbers[name]) for name in SHAPES))
    found = sqnr(compared(path, sgs / "tiny" / benchmark, sgs / "tiny/tensor_statistics.txt"))
    assert set(found) == {"trans", "prob"}
    assert min(found.values()) > 100


def test_one_output_in_a_file_named_after_it(sgs: Path, tmp_path: Path) -> None:
    codes = values_of(sgs / "tiny/fixed_raw.bin", stored=True)
    for name in SHAPES:
        path = tmp_path / f"out0_{name}.bin"
        path.write_bytes(codes[name].tobytes())
        assert set(sqnr(compared(path, sgs / "tiny/fixed_dq.bin"))) == {name}


def two_alike(folder: Path) -> tuple[Path, FloatArray]:
    """A dump of two outputs of one size, and their values."""
    values = np.random.default_rng(3).normal(size=(2, 24)).round(3)
    path = folder / "fixed.bin"
    with create_dump(path) as writer:
        for number, each in enumerate(values):
            writer.write(Draft(Direction.OUT, 0, number, "CONV_2D", f"out{number}", each, shape=(1, 2, 3, 4)))
    return path, values


def test_outputs_in_doubt_are_told_by_their_values_or_asked_for(tmp_path: Path) -> None:
    fixed, values = two_alike(tmp_path)
    board = tmp_path / "board.bin"
    board.write_bytes(values[1].astype("<f4").tobytes())
    assert set(sqnr(compared(board, fixed))) == {"out1"}, "only that one agrees"
    board.write_bytes(np.random.default_rng(4).normal(size=24).astype("<f4").tobytes())
    with pytest.raises(DumpError, match=r"96 bytes can be read as out0 float32; or out1 float32") as caught:
        compared(board, fixed)
    assert "--outputs" in caught.value.hint
    assert set(sqnr(compared(board, fixed, outputs=("out0",)))) == {"out0"}
    board.write_bytes(values[::-1].astype("<f4").tobytes())
    found = sqnr(compared(board, fixed, outputs=("out1", "out0")))
    assert min(found.values()) > 100, "in the order asked for"


def test_bytes_that_fit_nothing_are_one_line(sgs: Path, tmp_path: Path) -> None:
    path = tmp_path / "board.bin"
    path.write_bytes(bytes(range(1, 100)))
    with pytest.raises(DumpError, match=r"no dump, and its 99 bytes are no outputs of .*: sig 384 elements") as caught:
        compared(path, sgs / "tiny/fixed_dq.bin")
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="no output is called nope"):
        compared(path, sgs / "tiny/fixed_dq.bin", outputs=("nope",))
    with pytest.raises(DumpError, match="not a dump: expected `isFloat: 0`"):
        compared(path, path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"an empty file|0 bytes"):
        compared(path, sgs / "tiny/fixed_dq.bin")


PIXELS = st.tuples(st.just(1), st.just(1), st.integers(1, 9), st.integers(1, 9))
CODES = st.sampled_from(["SGS_U8", "SGS_S8"]).flatmap(
    lambda kind: st.tuples(st.just(kind), hnp.arrays(INTEGER_TYPES[kind], PIXELS))
)


@RELAXED
@given(CODES, st.floats(0.002, 0.9), st.integers(-30, 30))
def test_codes_of_eight_bits_in_text_or_bytes_have_the_dumps_scale(
    tmp_path: Path, drawn: tuple[str, AnyArray], scale: float, zero: int
) -> None:
    """The vendor prints 8-bit outputs as codes; a dequantized dump has the numbers and a header with six decimals."""
    kind, codes = drawn
    numbers = (codes.astype(np.float64) - zero) * scale
    fixed = tmp_path / "fixed.bin"
    with create_dump(fixed) as writer:
        writer.write(Draft(Direction.OUT, 0, 0, "CONV_2D", "x", numbers, scale, zero, kind, shape=codes.shape))
    text, raw = tmp_path / "r.txt", tmp_path / "board.bin"
    text.write_text(results_text("x", codes, 16))
    raw.write_bytes(padded(codes, 16).tobytes())
    for path in (text, raw):
        row = compared(path, fixed)[0]
        assert row.metrics is not None
        if not np.all(numbers == np.rint(numbers)):  # then nothing tells codes from numbers
            assert row.metrics.max_abs_error <= 1e-6 * max(1.0, np.abs(numbers).max())


def test_sides_may_be_swapped_and_are_closed_after_errors(sgs: Path, tmp_path: Path) -> None:
    path = tmp_path / "prob.bin"
    path.write_bytes(values_of(sgs / "tiny/fixed_raw.bin", stored=True)["prob"].tobytes())
    rows = compared(sgs / "tiny/fixed_dq.bin", path)
    assert sqnr(rows)["prob"] > 100
    before = len(list(Path("/proc/self/fd").iterdir()))
    for wrong in (tmp_path / "none.bin", Path(__file__)):
        with pytest.raises(InputError):
            open_sides(CompareRequest(sgs / "tiny/fixed_dq.bin", wrong))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_diagnosis_is_not_made_of_outputs_alone(sgs: Path, tmp_path: Path) -> None:
    from sgs_tui.engine.diagnosis.diagnose import diagnose

    path = tmp_path / "r.txt"
    path.write_text(results_text("prob", values_of(sgs / "tiny/fixed_dq.bin")["prob"], 8))
    comparison = open_comparison(CompareRequest(path, sgs / "tiny/fixed_dq.bin"))
    with pytest.raises(InputError, match="holds the network's outputs alone"):
        diagnose(comparison, rows_of(comparison))
