import json
import math
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.calibration.ranges import Kind, Ranges, load_ranges
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.text import encode

ENTRIES = [
    {"name": "conv1.weight", "min": [-1.0, -3.5], "max": [2, 1.5], "bit": 8},
    {"name": "cat", "min": [0.25], "max": [4.0]},
    {"name": "unused", "min": [], "max": []},
]


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_real_text_files(sgs: Path) -> None:
    tiny = load_ranges(sgs / "tiny" / "tensor_min_max.txt")
    assert tiny.kind is Kind.TEXT
    assert len(tiny.by_name) == 40
    assert tiny.by_name["cat"] == (-4.475394, 3.957022)
    assert tiny.find("sp_a#/Mul0Input#50") == (-0.204907, 3.425411)
    assert load_ranges(sgs / "tiny" / "softmax_lut_range.txt").by_name == {"logits": (-10.027451, 0.0)}


def test_every_real_fault_has_readable_ranges(faults: Path) -> None:
    files = sorted(faults.glob("*/tensor_min_max.txt"))
    assert len(files) == 25
    for file in files:
        lines = file.read_text().splitlines()
        assert set(load_ranges(file).by_name) == {line[5:].split(", min: ")[0] for line in lines}


def test_find_by_sanitised_name_only_when_unambiguous(tmp_path: Path) -> None:
    text = b"Name:a/b, min: 0, max: 1;\nName:a_b, min: 0, max: 2;\nName:/x:0, min: 0, max: 3;\n"
    ranges = load_ranges(written(tmp_path / "r.txt", text))
    assert ranges.find("_x0") == (0, 3)
    assert ranges.find("a/b") == (0, 1)
    assert ranges.find("a_b") == (0, 2)
    assert ranges.find("a/:b") is None, "two names fit"
    assert ranges.find("unknown") is None


def test_names_with_commas_blanks_and_stray_bytes(tmp_path: Path) -> None:
    text = b"Name:a, min: 3, max: 4, b c, min: -1.5, max: 2.5;\r\n\r\nName:\xff\xe4, min: -inf, max: nan;"
    ranges = load_ranges(written(tmp_path / "r.txt", text))
    assert ranges.by_name["a, min: 3, max: 4, b c"] == (-1.5, 2.5)
    (low, high) = next(pair for name, pair in ranges.by_name.items() if encode(name) == b"\xff\xe4")
    assert low == -math.inf
    assert math.isnan(high)


def test_c_library_spelling_of_not_finite_values(tmp_path: Path) -> None:
    low, high = load_ranges(written(tmp_path / "r", b"Name:a, min: -nan, max: inf;\n")).by_name["a"]
    assert math.isnan(low)
    assert high == math.inf


def test_a_name_twice_covers_both_ranges(tmp_path: Path) -> None:
    text = b"Name:a, min: -1, max: 1;\nName:a, min: 0, max: 5;\nName:b, min: nan, max: 1;\nName:b, min: 0, max: 2;\n"
    by_name = load_ranges(written(tmp_path / "r", text)).by_name
    assert by_name["a"] == (-1, 5)
    assert math.isnan(by_name["b"][0])
    assert by_name["b"][1] == 2


@pytest.mark.parametrize("name", ["r.json", "r.pkl", "tensor_min_max.txt"])
def test_the_kind_is_told_by_content_not_by_suffix(tmp_path: Path, name: str) -> None:
    data = {
        Kind.JSON: b"\xef\xbb\xbf \n" + json.dumps(ENTRIES).encode(),
        Kind.PICKLE: pickle.dumps(ENTRIES),
        Kind.TEXT: b"Name:conv1.weight, min: -3.5, max: 2.0;\nName:cat, min: 0.25, max: 4;\n",
    }
    for kind, content in data.items():
        ranges = load_ranges(written(tmp_path / name, content))
        assert ranges.kind is kind
        assert ranges.by_name == {"conv1.weight": (-3.5, 2.0), "cat": (0.25, 4.0)}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_of_every_protocol(tmp_path: Path, protocol: int) -> None:
    ranges = load_ranges(written(tmp_path / "r", pickle.dumps(ENTRIES, protocol)))
    assert ranges.kind is Kind.PICKLE
    assert ranges.by_name["conv1.weight"] == (-3.5, 2.0)


def test_real_pickles(sgs: Path) -> None:
    ranges = load_ranges(sgs / "optimizer" / "optimized_quant_info_6_0.95.pkl")
    assert ranges.kind is Kind.PICKLE
    assert len(ranges.by_name) == 10
    low, high = ranges.by_name["dw.weight"]
    assert (round(low, 6), round(high, 6)) == (-1.331167, 1.183608)


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        (b"Name:a, min: 0, max: 1;\nName:b, min: 0;\n", 2, "expected `Name:<tensor>, min:"),
        (b"a, min: 0, max: 1;\n", 1, "expected `Name:<tensor>, min:"),
        (b"\n\nName:a, min: x, max: 1;\n", 3, "expected `Name:<tensor>, min:"),
        (b"isFloat: 1\n//out 0 s: 0", 1, "this is a dump"),
        (b"Name:data; min: -0.9; max: 1.0; bins: 8160;\n", 1, "tensor_statistics.txt"),
        (b"Name:a, 16\nmin_chn: 1, max_chn: 2;\n", 1, "expected `Name:<tensor>, min:"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, text: bytes, line: int, hint: str) -> None:
    path = written(tmp_path / "r.txt", text)
    with pytest.raises(InputError) as caught:
        load_ranges(path)
    assert caught.value.message.startswith(f"{path}, line {line}: not a range")
    assert hint in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"\n \n", b"[]", pickle.dumps([])])
def test_a_file_without_ranges_is_an_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match="holds no ranges"):
        load_ranges(written(tmp_path / "r", content))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(InputError, match="cannot read"):
            load_ranges(path)


def test_escape_sequences_of_a_bad_line_are_shown_not_sent(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_ranges(written(tmp_path / "r", b"Name:\x1b[31mred, min: 1\n"))
    assert "\x1b" not in caught.value.message
    assert "\\x1b[31mred" in caught.value.message


NAMES = st.binary(min_size=1).filter(lambda raw: not set(raw) & set(b"\r\n") and raw.strip() == raw)
NUMBERS = st.floats(allow_nan=False, width=32)


@given(st.dictionaries(NAMES, st.tuples(NUMBERS, NUMBERS), min_size=1))
def test_any_name_survives(tmp_path_factory: pytest.TempPathFactory, ranges: dict[bytes, tuple[float, float]]) -> None:
    text = b"".join(b"Name:%s, min: %a, max: %a;\n" % (name, *pair) for name, pair in ranges.items())
    read = load_ranges(written(tmp_path_factory.mktemp("ranges") / "r", text))
    assert {encode(name): pair for name, pair in read.by_name.items()} == ranges


@given(st.binary(max_size=200))
def test_any_bytes_give_ranges_or_an_input_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = written(tmp_path_factory.mktemp("ranges") / "r", data)
    try:
        assert isinstance(load_ranges(path), Ranges)
    except InputError as error:
        assert str(path) in error.message
