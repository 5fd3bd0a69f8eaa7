"""Real dumps with known faults: the first cause is the true one, a culprit is named, healthy ones stay healthy."""

import json
import lzma
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from sgs_tui.engine.diagnosis.results import Cause, Course, Role
from tests.conftest import SHARED
from tests.engine.diagnosis.runs import diagnosed

INDEX = SHARED / "faults" / "index.json"
REAL = SHARED / "real"
TRAINED: list[Mapping[str, str]] = (
    json.loads((REAL / "index.json").read_text()) if (REAL / "index.json").is_file() else []
)
CASES: list[Mapping[str, object]] = json.loads(INDEX.read_text()) if INDEX.is_file() else []


@pytest.mark.skipif(not CASES, reason="the real dumps of ../shared/data are not on this machine")
@pytest.mark.parametrize("with_ranges", [True, False], ids=["ranges", "no ranges"])
@pytest.mark.parametrize("case", CASES, ids=[str(case["dir"]) for case in CASES])
def test_the_first_cause_is_the_true_one(case: Mapping[str, object], with_ranges: bool) -> None:
    folder = INDEX.parent / str(case["dir"])
    ranges = folder / "tensor_min_max.txt" if with_ranges else None
    with diagnosed(folder / "fixed.bin", folder / "float.bin", ranges) as found:
        first = found.diagnosis.first
    culprits = case["culprit_layers"]
    assert isinstance(culprits, list)
    assert first.cause == case["expected_cause"], [(str(f.cause), f.layers) for f in found.diagnosis.findings]
    assert not culprits or set(culprits) & set(first.layers)


@pytest.mark.skipif(not TRAINED, reason="the real dumps of ../shared/data are not on this machine")
@pytest.mark.parametrize("case", TRAINED, ids=[str(case["name"]) for case in TRAINED])
def test_the_first_cause_on_trained_networks_is_the_true_one(case: Mapping[str, str], tmp_path: Path) -> None:
    paths = [_unpacked(case[which], tmp_path) for which in ("fixed", "float")]
    with diagnosed(paths[0], paths[1], REAL / case["ranges"]) as found:
        first, foresight = found.diagnosis.first, found.diagnosis.foresight
    other = "input_mismatch" in case["expected_cause"]
    assert foresight is None or (foresight.explained < 0.25 if other else foresight.explained > 0.8), foresight.text
    assert str(first.cause) in case["expected_cause"].split("|"), [str(f.cause) for f in found.diagnosis.findings]
    assert not case["culprit_layers"] or set(case["culprit_layers"]) & set(first.layers)


def _unpacked(name: str, folder: Path) -> Path:
    target = folder / name
    with lzma.open(REAL / f"{name}.xz") as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file)
    return target


def test_tiny_is_healthy_and_its_worst_layer_named(sgs: Path) -> None:
    for sample in ("fixed_dq", "cmodel_float", "fixed_nofuse_dq", "fixed_dq_str"):
        with diagnosed(sgs / "tiny" / f"{sample}.bin", sgs / "tiny" / "float.bin") as found:
            first = found.diagnosis.first
            assert first.cause is Cause.HEALTHY and len(found.diagnosis.findings) == 1, sample
            assert first.layers[0] in {row.name for row in found.rows}
            assert {each.role for each in found.diagnosis.blame} == {Role.CLEAN}
            assert found.diagnosis.trend.course is Course.LOW


def test_a_repaired_network_is_healthy(sgs: Path) -> None:
    for name in ("cat", "pool_cat"):
        folder = sgs / "bad_int16"
        with diagnosed(folder / f"{name}_fixed_dq.bin", folder / f"{name}_float.bin") as found:
            assert found.diagnosis.first.cause is Cause.HEALTHY


def test_bad_blames_gate_and_nobody_behind_it(sgs: Path) -> None:
    folder = sgs / "bad"
    with diagnosed(folder / "bad_fixed_dq.bin", folder / "bad_float.bin", folder / "tensor_min_max.txt") as found:
        first = found.diagnosis.first
        assert first.cause is Cause.SHARED_SCALE and len(found.diagnosis.findings) == 1
        assert first.layers == ("gate", "cat", "sq888"), "the crushed one, the concatenation, the partner"
        assert "tensor_arrays='cat';" in first.advice[0]
        assert found.blame("gate").role is Role.INTRODUCED and found.blame("gate").proven
        assert found.blame("cat").role is Role.RECOVERED
        assert [each.name for each in found.diagnosis.blame if each.role is Role.INTRODUCED] == ["gate"]
        assert found.diagnosis.trend.layer == "gate" and found.diagnosis.trend.course is Course.JUMP
        assert 0 < found.blame("gate").own_steps < 0.5, "within half a step, and yet all of the signal"


def test_kept_padding_is_undone_layer_by_layer(sgs: Path) -> None:
    folder = sgs / "tiny"
    config = folder / "fixed_dq_keepgarbage.DebugConfig.txt"
    with diagnosed(folder / "fixed_dq_keepgarbage.bin", folder / "float.bin", debug_config=config) as found:
        first = found.diagnosis.first
        assert first.cause is Cause.PADDING_KEPT and len(found.diagnosis.findings) == 1
        assert any("DebugConfig.txt" in each.text for each in first.evidence)
        recovered = found.diagnosis.recovered
        assert {each.row.name for each in recovered} == set(first.layers) and len(recovered) == 12
        cosines = {each.row.name: each.row.metrics.cos for each in recovered if each.row.metrics}
        assert min(cosines.values()) > 0.999, cosines
        assert {each.row.name: round(each.kept, 3) for each in recovered}["gate"] == 0.375
        assert all("recovered from" in each.row.notes[-1] for each in recovered)
    with diagnosed(folder / "fixed_dq_keepgarbage.bin", folder / "float.bin") as again:
        assert again.diagnosis.first.cause is Cause.PADDING_KEPT, "without the DebugConfig.txt too"


def test_integer_codes_come_first_though_rows_are_dequantized(sgs: Path) -> None:
    with diagnosed(sgs / "tiny" / "fixed_raw.bin", sgs / "tiny" / "float.bin") as found:
        causes = [finding.cause for finding in found.diagnosis.findings]
        assert causes == [Cause.NOT_DEQUANTIZED, Cause.HEALTHY]
        assert all(row.metrics and row.metrics.cos > 0.99 for row in found.rows)


def test_a_dump_of_outputs_only_says_what_it_can_not_know(sgs: Path) -> None:
    with diagnosed(sgs / "tiny" / "fixed_dq.bin", sgs / "onnx" / "onnx_NHWC_outtensor_dump.bin") as found:
        assert found.diagnosis.first.cause is Cause.HEALTHY
        assert any("outputs only" in note for note in found.diagnosis.notes)
        assert not any(each.proven for each in found.diagnosis.blame)


def test_the_effective_mean_and_std_are_told(faults: Path) -> None:
    folder = faults / "f2_offset_dwres48"
    with diagnosed(folder / "fixed.bin", folder / "float.bin") as found:
        text = " ".join(each.text for each in found.diagnosis.first.evidence)
        assert "(grey - 137.0) / 128.0" in text and "(grey - 127.0) / 128.2" in text
        assert found.blame("/stem/Relu_output_0").role is Role.INTRODUCED


def test_wide_tensors_are_named_before_the_layers_they_spoil(faults: Path) -> None:
    folder = faults / "b_wide_dwres48"
    with diagnosed(folder / "fixed.bin", folder / "float.bin") as found:
        assert found.diagnosis.first.layers == ("/blocks/1/expand/Relu_output_0",)
        assert found.diagnosis.first.behind == ("/blocks/1/dw/Relu_output_0",)
        assert found.blame("/blocks/1/dw/Relu_output_0").culprits == ("/blocks/1/expand/Relu_output_0",)
