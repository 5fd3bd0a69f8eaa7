"""Outputs that a simulator leaves as text: every value, without its padding, or one line on what is wrong."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.dumps.format import Direction, HealthState, Stage
from sgs_tui.engine.dumps.index import guess_stage
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.errors import DumpError, SgsError
from tests.engine.boards import aligned_up, results_text

RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = st.text("ab/:#. []-", min_size=1, max_size=10).map(str.strip).filter(bool)
TENSORS = st.lists(
    st.tuples(
        NAMES,
        hnp.arrays(
            np.float64,
            hnp.array_shapes(min_dims=1, max_dims=4, max_side=5),
            elements=st.floats(-1e6, 1e6).map(lambda value: round(value, 6)),
        ),
        st.sampled_from([None, 4, 8, 16]),
    ),
    max_size=4,
)


def opened(path: Path, text: str) -> Dump:
    path.write_text(text)
    return open_dump(path)


@RELAXED
@given(TENSORS)
def test_every_value_comes_back_without_its_padding(
    tmp_path: Path, tensors: list[tuple[str, FloatArray, int | None]]
) -> None:
    text = "".join(results_text(name, values, unit) for name, values, unit in tensors)
    if not tensors:
        return
    with opened(tmp_path / "r.txt", text) as dump:
        assert dump.health.ok, dump.health
        assert [record.name for record in dump.records] == [name for name, _, _ in tensors]
        for record, (_, values, _) in zip(dump.records, tensors, strict=True):
            assert (record.shape, record.count) == (values.shape, values.size)
            assert dump.values(record).tolist() == values.reshape(-1).tolist()
            assert dump.values(record, 1, 3).tolist() == values.reshape(-1)[1:3].tolist()


def test_padding_on_any_axis_is_taken_out(tmp_path: Path) -> None:
    values = np.arange(24.0).reshape(1, 2, 3, 4)
    stored = np.pad(values, [(0, 0), (0, 1), (0, 2), (0, 4)], constant_values=-7)
    text = results_text("a", stored, None).replace("Original shape:[1 3 5 8]", "Original shape:[1 2 3 4],  Alignment "
    "shape:[1 3 5 8]\nThe following tensor data shape is alignment shape.")  # fmt: skip
    with opened(tmp_path / "r.txt", text) as dump:
        assert dump.records[0].stored == (1, 3, 5, 8)
        assert dump.values(dump.records[0]).tolist() == values.reshape(-1).tolist()


def test_a_file_of_several_steps(tmp_path: Path) -> None:
    """Values, padding and counts do not depend on where the text is cut for reading."""
    values = np.round(np.random.default_rng(1).normal(size=(1, 300, 41, 15)), 6)
    with opened(tmp_path / "r.txt", results_text("big", values, 16)) as dump:
        assert dump.records[0].size > 3 << 19
        assert np.array_equal(dump.values(dump.records[0]), values.reshape(-1))
        pieces = list(dump.chunks(dump.records[0], 1000))
        assert np.array_equal(np.concatenate(pieces), values.reshape(-1))


def test_what_a_record_says_of_itself(tmp_path: Path) -> None:
    with opened(tmp_path / "r.txt", results_text("a b/c:0", np.ones((1, 3)), 8)) as dump:
        record = dump.records[0]
        assert (record.direction, record.name, record.is_layer) == (Direction.OUT, "a b/c:0", True)
        assert dump.index.results == "results as text, six decimals"
        assert guess_stage(dump.index) is Stage.UNKNOWN


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("a Tensor:\n{\ntensor data:\n1.0 2.0\n3.0\n}\n", [1, 2, 3]),  # no shape at all
        ("a Tensor:\r\n{\r\ntensor data:\r\n1.0  2.0  \r\n}\r\n\r\n", [1, 2]),
        ("a Tensor:\n{\ntensor dim:1,  Original shape:[3]\ntensor data:\n1.0, 2.0, 3.0\n}", [1, 2, 3]),
        ("\n\na Tensor:\n{\nTensor data:\n-1e3 nan -inf}", [-1000, np.nan, -np.inf]),
        ("a Tensor:\n{\ntensor data:\n}\n", []),
        ("a Tensor:\n{\nanything else\ntensor dim:2, Original shape:[1 2]\ntensor data:\n5  6  }", [5, 6]),
        ("a Tensor:\n{\ntensor dim:2, original shape:[1,2], alignment shape:[1,4]\ntensor data:\n5 6 0 0 }", [5, 6]),
    ],
)
def test_more_than_the_vendor_writes_is_read(tmp_path: Path, given_text: str, expected: list[float]) -> None:
    with opened(tmp_path / "r.txt", given_text) as dump:
        assert dump.health.ok, dump.health
        assert np.array_equal(dump.values(dump.records[0]), expected, equal_nan=True)


@pytest.mark.parametrize(
    ("text", "state", "said"),
    [
        (results_text("a", np.ones((1, 4)), None)[:-20], HealthState.TRUNCATED, "record 0 (a): no closing brace"),
        (
            "a Tensor:\n{\ntensor dim:2,  Original shape:[1 3],  Alignment shape:[1 8]\ntensor data:\n1  2  }\n",
            HealthState.SHORT_RECORDS,
            "holds 2 values, expected 3 for [1, 3] or 8 for the alignment shape [1, 8]",
        ),
        (
            "a Tensor:\n{\nOriginal shape:[99999999 99999999 9999999]\ntensor data:\n1  2  }\n",
            HealthState.SHORT_RECORDS,
            "holds 2 values, expected 99999988",
        ),
        ("a Tensor:\n{\n1  2  3\n}\n", HealthState.DAMAGED, "no tensor at byte 0, record 0"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, state: HealthState, said: str) -> None:
    with opened(tmp_path / "r.txt", text + results_text("good", np.ones(2), None)) as dump:
        assert dump.health.state is state or state is HealthState.TRUNCATED
        assert said in dump.health.detail or state is HealthState.TRUNCATED
        if state is not HealthState.TRUNCATED:
            assert dump.values(dump.records[-1]).tolist() == [1, 1], "what follows is read"
    if state is HealthState.TRUNCATED:
        with opened(tmp_path / "r.txt", text) as dump:
            assert dump.health.state is state
            assert said in dump.health.detail


@pytest.mark.parametrize("values", ["1.0  zero", "1.0  0x10", "1.0  1_0", "1.0  --2", "1.0  2.0.0", "\x001.0"])
def test_words_between_the_numbers_are_one_line(tmp_path: Path, values: str) -> None:
    text = f"a Tensor:\n{{\ntensor data:\n{values}  \n}}\n"
    said = r"record 0 \(a\), text before byte \d+: expected numbers"
    with opened(tmp_path / "r.txt", text) as dump, pytest.raises(DumpError, match=said):
        dump.values(dump.records[0])


BASE = results_text("trans", np.round(np.arange(12.0).reshape(1, 3, 4) / 7, 6), 8) + results_text("b", np.ones(3), None)


def read_everything(path: Path) -> None:
    try:
        with open_dump(path) as dump:
            for record in dump.records:
                try:
                    assert len(dump.values(record)) == record.count
                except DumpError as error:
                    assert "\n" not in str(error)
    except SgsError as error:
        assert error.message and "\n" not in error.message


@RELAXED
@given(st.integers(0, len(BASE)), st.integers(0, 3), st.binary(max_size=4))
def test_cut_and_changed_anywhere_it_is_values_or_one_line(tmp_path: Path, place: int, lost: int, new: bytes) -> None:
    data = BASE.encode()
    path = tmp_path / "r.txt"
    path.write_bytes(data[:place] + new + data[place + lost :])
    read_everything(path)
    path.write_bytes(data[:place])
    read_everything(path)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "noise", [b"a Tensor:\n{\n", b"Tensor:\n", b"{\n", b" ", b"x", b"\n", b"a Tensor:\n{\ntensor data:\n"]
)
def test_rubbish_takes_linear_time(tmp_path: Path, noise: bytes) -> None:
    path = tmp_path / "r.txt"
    path.write_bytes(b"a Tensor:\n{\n" + noise * (2_000_000 // len(noise)))
    read_everything(path)


def test_padding_of_the_vendors_rule() -> None:
    assert [aligned_up(number, 8) for number in (0, 1, 8, 9)] == [0, 8, 8, 16]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cat.jpg\n281 0.873210\n282 0.101000\n", "a classification's result"),
        ('{"image_id": 1, "category_id": 3, "bbox": [1.0,2.0,3.0,4.0], "score": 0.9},\n', "a detection's result"),
    ],
)
def test_results_without_tensors_are_told_from_dumps(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DumpError, match=said) as caught:
        opened(tmp_path / "classification_net.txt", text)
    assert "-c Unknown" in caught.value.hint
