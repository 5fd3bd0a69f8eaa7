from pathlib import Path

import pytest

from sgs_tui.engine.calibration.ranges import load_shapes
from sgs_tui.engine.errors import InputError

LINE = "Name:{}; min: 0.0; max: 1.0; bins: 8; affiliation:[,ADD_IN0]; type: UINT8; isConstant: FALSE; Shape:[{}]; {}\n"


def test_real_shapes(sgs: Path) -> None:
    shapes = load_shapes(sgs / "tiny" / "tensor_statistics.txt")
    assert len(shapes) == 40
    assert shapes["data"] == (1, 32, 32, 3)
    assert shapes["conv1.bias"] == (2, 16)
    assert shapes["sp_a#/Mul0Input1#51"] == (1,)
    assert shapes["resh"] == (1, 14, 16)


def test_histograms_longer_than_any_buffer_and_odd_names(tmp_path: Path) -> None:
    histogram = "KLHistogram: " + "123456, " * 40_000 + "1;"
    names = ["a", "b; min: 3; c", "d; Shape:[9]; e"]
    text = "".join(LINE.format(name, "1, 2,3", histogram) for name in names) + LINE.format("scalar", "", "")
    (tmp_path / "s.txt").write_text(text)
    assert load_shapes(tmp_path / "s.txt") == dict.fromkeys(names, (1, 2, 3)) | {"scalar": ()}


@pytest.mark.parametrize("text", ["isFloat: 1\n", "Name:a, min: 0, max: 1;\n", LINE.format("a", "1,x", "")])
def test_other_files_are_refused_with_the_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.txt").write_text(LINE.format("ok", "1", "") + text)
    with pytest.raises(InputError, match=r"s\.txt, line 2: no shape here") as caught:
        load_shapes(tmp_path / "s.txt")
    assert "Shape:[" in caught.value.hint


def test_an_empty_file_has_no_shapes(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("\n")
    with pytest.raises(InputError, match="holds no shapes"):
        load_shapes(tmp_path / "s.txt")
