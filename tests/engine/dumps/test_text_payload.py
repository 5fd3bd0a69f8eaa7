"""The fast parser gives what numpy's gives, bit for bit, or steps aside."""

import warnings

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.dumps.text_payload import parse_fast, text_rows

FLOATS = st.one_of(
    st.floats(-10, 10),
    st.floats(-1e9 + 1, 1e9 - 1),
    st.sampled_from([0.0, -0.0, 0.1, 0.000001, -0.0000004, 9.9999995, 999999999.999999, 1 / 3]),
)
OPENINGS = st.sampled_from([b"", b"\n", b" ", b" \n"])


def as_printed(rows: bytes) -> bytes:
    """Rows up to their last comma, as the reader cuts them."""
    return rows[: rows.rfind(b",") + 1]


def by_numpy(text: bytes) -> FloatArray:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.fromstring(text.rstrip(b" ,\n"), sep=",")


def same_bits(left: FloatArray, right: FloatArray) -> bool:
    return left.shape == right.shape and bool((left.view(np.uint64) == right.view(np.uint64)).all())


@given(st.lists(FLOATS, min_size=4, max_size=70), OPENINGS)
@example([-0.0] * 40, b"\n")
@example([123456789.5, -123456789.5, 12.0, -1.0, 0.5], b"")
def test_floats_equal_numpys(values: list[float], opening: bytes) -> None:
    text = opening + as_printed(b"".join(text_rows([np.array(values)], False, True)))
    found = parse_fast(text)
    assert found is not None
    assert same_bits(found, by_numpy(text))


@given(st.binary(min_size=5, max_size=70), OPENINGS)
@example(bytes(range(256)), b"")
def test_bytes_equal_numpys(values: bytes, opening: bytes) -> None:
    text = opening + as_printed(b"".join(text_rows([np.frombuffer(values, np.uint8)], True, True)))
    found = parse_fast(text)
    assert found is not None
    assert found.tolist() == list(values)


@given(st.lists(FLOATS, min_size=4, max_size=40), st.data())
def test_whatever_is_changed_it_never_disagrees_with_numpy(values: list[float], data: st.DataObject) -> None:
    """A changed, lost or added character: the same numbers as numpy, or nothing at all."""
    text = bytearray(as_printed(b"".join(text_rows([np.array(values)], False, True))))
    place = data.draw(st.integers(0, len(text) - 1))
    new = data.draw(st.sampled_from([b"", b"0", b"9", b".", b"-", b" ", b"\n", b",", b"e", b"n", b"+", b"}", b"\xff"]))
    text[place : place + data.draw(st.integers(0, 2))] = new
    _agree(bytes(text))


@given(st.binary(min_size=8, max_size=40), st.data())
def test_changed_bytes_never_disagree_with_numpy(values: bytes, data: st.DataObject) -> None:
    text = bytearray(as_printed(b"".join(text_rows([np.frombuffer(values, np.uint8)], True, True))))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place : place + 1] = data.draw(st.sampled_from([b"", b"0", b"9", b".", b"-", b" ", b"\n", b",", b"1 ", b"/"]))
    _agree(bytes(text))


@given(st.text(alphabet="0123456789.,- \nne", min_size=32, max_size=120))
def test_noise_never_disagrees_with_numpy(noise: str) -> None:
    _agree(noise.encode() + b",")


def _agree(text: bytes) -> None:
    found = parse_fast(text)
    if found is None:
        return
    try:
        expected = by_numpy(text)
    except (ValueError, DeprecationWarning):
        pytest.fail(f"numpy refuses what was read: {text!r}")
    assert same_bits(found, expected), text


@pytest.mark.parametrize(
    "text",
    [
        b"0.000000, nan, 1.000000, 2.000000, 3.000000,",
        b"0.000000, -inf, 1.000000, 2.000000, 3.000000,",
        b"nan, 1.000000, 2.000000, 3.000000, 4.000000,",
        b"1e10, 1.000000, 2.000000, 3.000000, 4.000000,",
        b"1.000000, 1234567890.000000, 3.000000, 4.000000,",
        b"1.00000, 2.000000, 3.000000, 4.0000000, 5.000000,",
        b"1.000000,2.000000,3.000000\n};\n,4.000000, 5.000000,",
        b"     6,    -12,      0,      0,      0,      0,",
        b"     6,   1234,      0,      0,      0,      0,",
        b"     6,    1 2,      0,      0,      0,      0,",
        b"1.000000, 2.000000, 3.000000, 4.000000, 5.000000",
        b"",
        b",",
    ],
)
def test_other_forms_are_left_to_numpy(text: bytes) -> None:
    assert parse_fast(text) is None
