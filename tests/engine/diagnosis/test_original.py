"""Three dumps: which step breaks a layer, on real files and on planted ones."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.diagnosis.original import Breaks, ThreeWay, compare_original
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.session import CompareRequest, open_comparison
from tests.engine.build import rows_of, write_outputs

SGS = Path(__file__).parents[2] / "data" / "sgs"
ONNX = SGS / "onnx" / "onnx_NHWC_outtensor_dump.bin"
RNG = np.random.default_rng(3)
VALUES = RNG.normal(size=(1, 4, 4, 8)).astype(np.float32)


def three(fixed: Path, float_: Path, original: Path) -> ThreeWay:
    comparison = open_comparison(CompareRequest(fixed, float_))
    try:
        return compare_original(comparison, rows_of(comparison, 1), original)
    finally:
        comparison.close()


def planted(
    folder: Path, fixed: Mapping[str, np.ndarray], float_: Mapping[str, np.ndarray], original: Mapping[str, np.ndarray]
) -> ThreeWay:
    paths = [folder / name for name in ("fixed.bin", "float.bin", "original.bin")]
    for path, tensors in zip(paths, (fixed, float_, original), strict=True):
        write_outputs(path, tensors)
    return three(*paths)


def test_a_real_network_follows_its_original() -> None:
    found = three(SGS / "tiny" / "fixed_dq.bin", SGS / "tiny" / "float.bin", ONNX)
    assert found.blame is Breaks.NOTHING and found.compared == 19 and str(found.stage) == "original"
    assert "neither conversion nor quantization breaks a layer; 19 of 25 layers" in found.text
    conv = found.by_name["/backbone/conv1/Conv_output_0"]
    assert conv.conversion is not None and conv.quantization is None and conv.breaks is Breaks.NOTHING
    assert found.by_name["flat#46"].breaks is Breaks.UNKNOWN, "the original has no such layer"
    gate = found.by_name["gate"]
    assert gate.whole is not None and gate.whole.metrics is not None and gate.quantization is not None
    assert gate.quantization.metrics is not None
    assert gate.whole.metrics.rmse == pytest.approx(gate.quantization.metrics.rmse, rel=1e-4)


def test_other_weights_are_the_conversions_fault() -> None:
    found = three(SGS / "bad" / "bad_fixed_dq.bin", SGS / "bad" / "bad_float.bin", ONNX)
    assert found.blame is Breaks.CONVERSION and found.text.startswith("conversion is to blame: float differs")
    assert "quantization breaks 1 layer more" in found.text
    assert found.by_name["gate"].breaks is Breaks.QUANTIZATION and found.by_name["sq888"].breaks is Breaks.CONVERSION


def test_each_step(tmp_path: Path) -> None:
    noise = 0.45 * np.abs(VALUES).mean() * np.sign(RNG.normal(size=VALUES.shape)).astype(np.float32)
    names = ("fine", "conversion", "quantization", "together")
    original = dict.fromkeys(names, VALUES)
    float_ = original | {"conversion": -VALUES, "together": VALUES + noise}
    fixed = float_ | {"quantization": -VALUES, "together": VALUES + 1.8 * noise}
    found = planted(tmp_path, fixed, float_, original)
    assert {row.name: row.breaks.value for row in found.rows} == {**{n: n for n in names}, "fine": "nothing"}
    assert found.blame is Breaks.CONVERSION
    quantized = planted(tmp_path, fixed, fixed | {"quantization": VALUES}, fixed | {"quantization": VALUES})
    assert quantized.blame is Breaks.QUANTIZATION and "float is at most RMSE 0 off" in quantized.text


def test_only_the_sum_is_too_much(tmp_path: Path) -> None:
    noise = 0.45 * np.abs(VALUES).mean() * np.sign(RNG.normal(size=VALUES.shape)).astype(np.float32)
    found = planted(tmp_path, {"a": VALUES + 1.8 * noise}, {"a": VALUES + noise}, {"a": VALUES})
    assert found.blame is Breaks.TOGETHER and found.text.startswith("conversion and quantization together: fixed")


def test_a_broken_layer_is_read_in_the_order_of_axes_that_float_tells(tmp_path: Path) -> None:
    """No order fits a layer of noise; float says which one the original has."""
    values = RNG.normal(size=(1, 5, 7, 3)).astype(np.float32)
    noise = values + 3 * RNG.normal(size=values.shape).astype(np.float32)
    stored = values.transpose(0, 3, 1, 2).copy()
    paths = [tmp_path / name for name in ("fixed.bin", "float.bin", "original.bin")]
    for path, tensor in zip(paths, ((noise, None), (values, None), (stored, (1, 3, 5, 7))), strict=True):
        write_outputs(path, {"a": tensor})
    (row,) = three(*paths).rows
    assert row.conversion is not None and row.conversion.transposed and row.whole is not None and row.whole.transposed
    assert row.quantization is not None and row.quantization.metrics is not None and row.whole.metrics is not None
    assert row.whole.metrics.rmse == pytest.approx(row.quantization.metrics.rmse, rel=1e-6)
    assert row.breaks is Breaks.QUANTIZATION


def test_an_original_that_shares_no_layer_proves_nothing(tmp_path: Path) -> None:
    found = planted(tmp_path, {"a": -VALUES}, {"a": VALUES}, {"other": VALUES})
    assert found.blame is Breaks.UNKNOWN and found.compared == 0 and found.unmatched == 1
    assert "nothing can be said" in found.text and found.by_name["a"].breaks is Breaks.QUANTIZATION


def test_an_original_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="absent"):
        three(SGS / "tiny" / "fixed_dq.bin", SGS / "tiny" / "float.bin", tmp_path / "absent.bin")
