"""What the twin says of a diagnosis: how much is quantization, from which source, how well it gives the dump."""

import shutil
from pathlib import Path

import pytest

from tests.engine.diagnosis.runs import diagnosed


def test_a_crushed_tensor_is_quantization_by_the_scale_it_shares(sgs: Path) -> None:
    folder = sgs / "bad"
    with diagnosed(folder / "bad_fixed_dq.bin", folder / "bad_float.bin", folder / "tensor_min_max.txt") as found:
        foresight = found.diagnosis.foresight
    assert foresight is not None and foresight.reproduces and foresight.median_db < 0.1
    assert foresight.explained > 0.99
    gate = next(each for each in foresight.sources if each.layer == "gate")
    assert gate.parts[0][:2] == ("shared scale", "gate") and gate.parts[0][2] == pytest.approx(1, abs=0.02)
    assert gate.together == pytest.approx(1, abs=0.05)
    assert foresight.lines[0].startswith("quantization explains 100% of what was measured at 2 layers (the twin")


@pytest.mark.parametrize("case", ["e_order", "e2_orderraw", "f_gain", "f2_offset", "g_otherimage"])
def test_another_input_is_no_quantization(case: str, faults: Path) -> None:
    folder = faults / f"{case}_dwres48"
    with diagnosed(folder / "fixed.bin", folder / "float.bin", folder / "tensor_min_max.txt") as found:
        foresight = found.diagnosis.foresight
    assert foresight is not None and foresight.explained < 0.1 and foresight.median_db > 10
    assert "the rest is not quantization" in foresight.text and not foresight.sources


def test_clipping_of_the_input_is_a_source_of_its_own(faults: Path) -> None:
    folder = faults / "d_clip_dwres48"
    with diagnosed(folder / "fixed.bin", folder / "float.bin", folder / "tensor_min_max.txt") as found:
        foresight = found.diagnosis.foresight
    assert foresight is not None and foresight.explained > 0.99 and foresight.sources
    assert {each.parts[0][:2] for each in foresight.sources} == {("clipping", "images")}
    assert foresight.looked_at == foresight.all_sources > 20


def test_a_quiet_pair_and_one_of_outputs_only_have_no_twin(sgs: Path) -> None:
    for benchmark in ("tiny/float.bin", "onnx/onnx_NHWC_outtensor_dump.bin"):
        with diagnosed(sgs / "tiny" / "fixed_dq.bin", sgs / benchmark) as found:
            assert found.diagnosis.foresight is None


def test_damaged_softmax_ranges_are_named_in_a_note(sgs: Path, tmp_path: Path) -> None:
    folder = sgs / "bad"
    ranges = Path(shutil.copy(folder / "tensor_min_max.txt", tmp_path))
    (tmp_path / "softmax_lut_range.txt").write_text("no ranges\n")
    with diagnosed(folder / "bad_fixed_dq.bin", folder / "bad_float.bin", ranges) as found:
        notes = [each for each in found.diagnosis.notes if "softmax_lut_range.txt" in each]
    assert len(notes) == 1 and "\n" not in notes[0]
