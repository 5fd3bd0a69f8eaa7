"""Bit-exact comparison: the first element that differs, on all axes, by both values; nothing that is only rounding."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sgs_tui.engine.compare.compare import Sides
from sgs_tui.engine.compare.exact import Exact, compare_exactly
from sgs_tui.engine.compare.sums import BLOCK
from sgs_tui.engine.dumps.format import Direction, Form
from sgs_tui.engine.dumps.writer import Draft, create_dump
from sgs_tui.engine.session import CompareRequest, open_comparison
from tests.engine.boards import padded

RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def exactly(sample: Path, benchmark: Path) -> list[Exact]:
    comparison = open_comparison(CompareRequest(sample, benchmark))
    try:
        return list(compare_exactly(comparison.matching, Sides(comparison.sample, comparison.benchmark)))
    finally:
        comparison.close()


def write(path: Path, values: np.ndarray, shape: tuple[int, ...] | None = None, **more: object) -> Path:
    """A dump of one layer `x`; integers are written as codes."""
    codes = values.dtype.kind in "iu"
    kind = {"uint8": "SGS_U8", "int16": "SGS_S16"}.get(values.dtype.name, "float")
    form = Form(more.pop("form", Form.BINARY))
    with create_dump(path, is_float=not codes, form=form) as writer:
        writer.write(Draft(Direction.OUT, 0, 7, "ADD", "x", values, type_name=kind, shape=shape, **more))  # type: ignore[arg-type]
    return path


SHAPE = (1, 3, 4, 5)


@RELAXED
@given(
    hnp.arrays(np.float32, SHAPE, elements=st.floats(width=32)),
    st.sets(st.integers(0, 59), max_size=5),
    st.booleans(),
)
def test_the_first_and_the_number_of_all(
    tmp_path: Path, values: np.ndarray, changed: set[int], with_shape: bool
) -> None:
    """A flipped bit in any element, NaN and infinity included, is one difference, at its place."""
    other = values.copy()
    other.reshape(-1).view(np.uint32)[list(changed)] ^= 1
    shape = SHAPE if with_shape else None
    found = exactly(write(tmp_path / "a.bin", other, shape), write(tmp_path / "b.bin", values, shape))[0]
    assert (found.differing, found.elements, found.bitwise) == (len(changed), 60, True)
    assert found.identical is not bool(changed)
    first = min(changed, default=-1)
    assert found.first == first
    if changed:
        place = tuple(int(i) for i in np.unravel_index(first, SHAPE)) if with_shape else (first,)
        assert found.position == place
        assert np.array_equal(found.sample, float(other.reshape(-1)[first]), equal_nan=True)
        assert np.array_equal(found.benchmark, float(values.reshape(-1)[first]), equal_nan=True)


def test_minus_zero_is_another_element(tmp_path: Path) -> None:
    zero = np.zeros((1, 2), np.float32)
    found = exactly(write(tmp_path / "a.bin", -zero), write(tmp_path / "b.bin", zero))[0]
    assert (found.differing, found.sample, found.benchmark) == (2, 0.0, 0.0)


@pytest.mark.parametrize("place", [0, BLOCK - 1, BLOCK, 2 * BLOCK + 5])
def test_anywhere_in_a_large_layer(tmp_path: Path, place: int) -> None:
    values = np.random.default_rng(1).normal(size=2 * BLOCK + 6).astype(np.float32)
    other = values.copy()
    other[place] += 1
    found = exactly(write(tmp_path / "a.bin", other), write(tmp_path / "b.bin", values))[0]
    assert (found.first, found.differing) == (place, 1)
    assert found.sample == pytest.approx(found.benchmark + 1)


def test_codes_are_told_and_another_scale_differs(tmp_path: Path) -> None:
    codes = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    other = codes.copy()
    other[0, 1, 2] += 3
    kept = write(tmp_path / "b.bin", codes, scale=0.5, zero_point=2)
    found = exactly(write(tmp_path / "a.bin", other, scale=0.5, zero_point=2), kept)[0]
    assert (found.codes, found.sample, found.benchmark) == ((9, 6), 3.5, 2.0)
    scaled = exactly(write(tmp_path / "a.bin", codes, scale=0.25, zero_point=2), kept)[0]
    assert scaled.differing == 11 and not scaled.bitwise, "all but the zero"


def test_padding_is_no_difference(tmp_path: Path) -> None:
    values = np.random.default_rng(2).normal(size=SHAPE).astype(np.float32)
    sample = write(tmp_path / "a.bin", padded(values, 8))
    found = exactly(sample, write(tmp_path / "b.bin", values, SHAPE))[0]
    assert found.identical and found.bitwise
    values[0, 2, 3, 4] += 1
    found = exactly(sample, write(tmp_path / "b.bin", values, SHAPE))[0]
    assert (found.first, found.position) == (59, (0, 2, 3, 4))


@RELAXED
@given(hnp.arrays(np.float32, 24, elements=st.floats(-1e5, 1e5, width=32)), st.integers(0, 23))
def test_text_is_compared_as_far_as_it_is_written(tmp_path: Path, values: np.ndarray, place: int) -> None:
    binary, text = write(tmp_path / "b.bin", values), write(tmp_path / "t.txt", values, form=Form.TEXT)
    for sides in ((text, binary), (binary, text), (text, text)):
        assert exactly(*sides)[0].identical
    values[place] += np.float32(max(2e-6, 4e-7 * abs(float(values[place]))))
    assert exactly(text, write(tmp_path / "b.bin", values))[0].first == place


def test_every_layer_of_the_real_raw_dump_is_the_dequantized_one(sgs: Path) -> None:
    """Headers print six decimals of a scale; the rest is told by the numbers, to the last bit of float32."""
    tiny = sgs / "tiny"
    for other in ("fixed_raw.bin", "fixed_raw_str.bin", "fixed_dq_str.bin"):
        found = exactly(tiny / other, tiny / "fixed_dq.bin")
        assert len(found) == 20
        assert [each.pair.name for each in found if not each.identical] == []
    assert all(each.bitwise for each in exactly(tiny / "fixed_raw.bin", tiny / "fixed_raw_str.bin"))


def test_one_wrong_code_of_a_real_dump_is_found(sgs: Path, tmp_path: Path) -> None:
    data = bytearray((sgs / "tiny/fixed_raw.bin").read_bytes())
    comparison = open_comparison(CompareRequest(sgs / "tiny/fixed_raw.bin", sgs / "tiny/fixed_dq.bin"))
    record = comparison.sample.find("gate")[0]
    comparison.close()
    data[record.offset + 100 * record.dtype.itemsize] ^= 1
    path = tmp_path / "changed.bin"
    path.write_bytes(data)
    different = [each for each in exactly(path, sgs / "tiny/fixed_dq.bin") if not each.identical]
    assert [(each.pair.name, each.first, each.differing) for each in different] == [("gate", 100, 1)]
    assert different[0].position == (16, 4), "pixel and channel of six, the shape is not in the file"
