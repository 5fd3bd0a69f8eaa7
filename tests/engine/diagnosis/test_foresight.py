"""What the twin says of a diagnosis: how much is quantization, from which source, how well it gives the dump."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.demo.demo import CULPRIT, build_demo
from sgs_tui.engine.diagnosis.results import Cause, Proof
from sgs_tui.engine.diagnosis.trying import Change
from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.writer import Draft, write_dump
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


def test_what_another_quantizer_made_is_foreseen_by_its_own_rules(tmp_path: Path) -> None:
    demo, healed = build_demo(tmp_path / "eight"), build_demo(tmp_path / "sixteen", (CULPRIT,))
    with diagnosed(demo.fixed_dump, demo.float_dump, demo.ranges) as found:
        foresight, trying = found.diagnosis.foresight, found.diagnosis.trying
        assert foresight is not None and foresight.reproduces and foresight.p90_db < 0.1
        assert found.diagnosis.first.proof is Proof.TWIN
        assert "; it foresees 4 more bad layers to a factor of 2, as they have few values (the twin" in foresight.text
        assert trying is not None
        foreseen = trying.rows({row.name: row for row in found.rows}, Change(int16=(CULPRIT,)))
    with diagnosed(healed.fixed_dump, healed.float_dump, healed.ranges) as after:
        measured = {row.name: row.metrics for row in after.rows}
        assert after.diagnosis.first.cause is Cause.HEALTHY
    for name in ("stem_relu", "mix_relu", "deep_relu"):
        then, real = foreseen[name].metrics, measured[name]
        assert then is not None and real is not None and then.rmse == pytest.approx(real.rmse, abs=0.002)


def test_what_there_was_no_time_to_look_at_is_said_not_to_be_looked_at(tmp_path: Path) -> None:
    demo = build_demo(tmp_path)
    with diagnosed(demo.fixed_dump, demo.float_dump, demo.ranges, seconds=1e-6) as found:
        diagnosis = found.diagnosis
    assert diagnosis.foresight is None and diagnosis.first.proof is Proof.FIGURES
    assert "(not proven: the time was up before it was computed again)" in diagnosis.first.evidence[0].text
    assert any(note.startswith("stopped after 1e-06 s, not looked at: ") for note in diagnosis.notes)
    said = [fact.text for each in diagnosis.findings for fact in each.evidence]
    assert not any("0%" in text or "can not be computed again" in text for text in said), said


def test_nothing_rests_on_a_twin_that_does_not_foresee_the_dump(tmp_path: Path) -> None:
    """Every layer is off by a step or so more than the rules of any known quantizer make it."""
    demo = build_demo(tmp_path)
    _with_noise(demo.fixed_dump, tmp_path / "noisy.bin", steps=0.5)
    with diagnosed(tmp_path / "noisy.bin", demo.float_dump, demo.ranges) as found:
        diagnosis = found.diagnosis
    foresight = diagnosis.foresight
    assert foresight is not None and not foresight.reproduces and not foresight.elsewhere
    assert foresight.text.startswith("does not foresee this dump: off by median ")
    assert "another quantizer" in foresight.text and "not quantization" not in foresight.text
    assert diagnosis.trying is None and not foresight.sources
    assert all(each.proof is not Proof.TWIN for each in diagnosis.findings)
    assert not any(
        "twin" in line for each in diagnosis.findings for line in (*each.advice, *(e.text for e in each.evidence))
    )


def _with_noise(source: Path, target: Path, steps: float) -> None:
    dump, random, changed = open_dump(source), np.random.default_rng(5), dict[str, np.ndarray]()
    drafts = []
    for each in dump.records:
        values = changed.get(each.name, dump.read(each))
        if each.direction is Direction.OUT:
            values = values + steps * each.scale * random.choice([-1, 1], values.size).astype(np.float32)
            changed[each.name] = values
        drafts.append(
            Draft(
                each.direction, each.slot, each.op_index, each.op_type, each.name, values, each.scale, each.zero_point,
                each.type_name, each.constant, each.shape,
            )
        )  # fmt: skip
    write_dump(target, drafts)


def test_the_same_sources_are_looked_at_in_every_run(shared_data: Path) -> None:
    """What is told of an error does not depend on how busy the machine is."""
    folder = shared_data / "sgs" / "bad"
    told = set()
    for _ in range(2):
        with diagnosed(folder / "bad_fixed_dq.bin", folder / "bad_float.bin", folder / "tensor_min_max.txt") as found:
            foresight = found.diagnosis.foresight
            assert foresight is not None and foresight.looked_at == foresight.all_sources == 13
            told.add(foresight.sources)
    assert len(told) == 1
