"""INT16 advice: the right names, each with its rule and numbers, the smallest set, what it should bring."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sgs_tui.engine.advice.advise import advise
from sgs_tui.engine.advice.results import Advice, Candidate, Rule
from sgs_tui.engine.compare.limits import MANUAL, SOP, STRICT, Profile
from sgs_tui.engine.configs.inputconfig import load, set_tensor_arrays
from sgs_tui.engine.configs.inputconfig_check import lint
from sgs_tui.engine.demo.demo import CULPRIT, build_demo
from sgs_tui.engine.diagnosis.results import Cause
from sgs_tui.engine.network.graph import build_graph
from sgs_tui.engine.session import with_profile
from sgs_tui.language import shown
from tests.engine.compare.heads import run
from tests.engine.diagnosis.runs import Diagnosed, diagnosed
from tests.engine.diagnosis.test_chains import chained


@contextmanager
def bad(sgs: Path, profile: Profile = MANUAL) -> Iterator[Diagnosed]:
    folder = sgs / "bad"
    with diagnosed(folder / "bad_fixed_dq.bin", folder / "bad_float.bin", folder / "tensor_min_max.txt") as found:
        yield replace(found, comparison=with_profile(found.comparison, profile))


def advice(found: Diagnosed, *marked: str, unmarked: tuple[str, ...] = ()) -> Advice:
    return advise(found.comparison, found.rows, found.diagnosis, marked, unmarked)


def candidate(given: Advice, tensor: str) -> Candidate:
    return next(each for each in given.candidates if each.tensor == tensor)


@pytest.mark.parametrize("profile", [MANUAL, SOP], ids=lambda profile: profile.name)
def test_bad_is_mended_by_cat_alone(sgs: Path, profile: Profile) -> None:
    with bad(sgs, profile) as found:
        given = advice(found)
        first = given.candidates[0]
        assert given.chosen == given.smallest == ("cat",) and given.remaining == ()
        assert first.tensor == "cat" and first.chosen and first.bits == 8
        assert first.raises == ("gate", "sq888"), "they share its scale"
        rules = {reason.rule: reason for reason in first.reasons}
        assert {Rule.DIAGNOSIS, Rule.RANGE, Rule.CONCENTRATED} <= set(rules)
        assert rules[Rule.RANGE].value == pytest.approx(1488.5, abs=0.1) and rules[Rule.RANGE].limit == 30
        assert first.expected is not None and first.expected.layer == "gate"


def test_the_prediction_is_near_what_16_bits_really_brought(sgs: Path) -> None:
    """The real pair repaired with `cat`; a few decibels are what such a model can promise."""
    folder = sgs / "bad_int16"
    with bad(sgs) as found, diagnosed(folder / "cat_fixed_dq.bin", folder / "cat_float.bin") as healed:
        predicted = {each.layer: each for each in advice(found).predicted}
        real = {row.name: row.metrics for row in healed.rows if row.metrics}
        assert predicted["gate"].sqnr_db == pytest.approx(real["gate"].sqnr_db, abs=6), "0 dB before"
        over = {name: each.sqnr_db - real[name].sqnr_db for name, each in predicted.items()}
        assert max(over.values()) < 6, "never much more promised than came"
        assert not any(each.fails for each in predicted.values())


def test_the_manuals_second_rule_names_the_input_of_the_convolution_before(sgs: Path) -> None:
    with bad(sgs) as found:
        second = candidate(advice(found), "sp_b")
        reason = next(each for each in second.reasons if each.rule is Rule.RMSE)
        assert (reason.layer, reason.limit) == ("gate", 0.5) and reason.value == pytest.approx(0.999, abs=0.001)
        assert not second.chosen, "it would not help gate, whose scale comes from cat"


def test_names_are_convolution_inputs_and_nothing_else(sgs: Path) -> None:
    with bad(sgs) as found:
        known = build_graph(found.comparison.benchmark).convolution_inputs()
        given = advice(found)
        assert {each.tensor for each in given.candidates} <= set(known)
        ini = load(sgs / "bad" / "input_config.ini")
        written = set_tensor_arrays(ini, given.chosen)
        assert b"tensor_arrays='cat';" in written
        after = type(ini)(ini.lines) if written == ini.render() else None
        assert after is None and not [f for f in lint(ini, known) if f.severity.name == "ERROR"]


def test_marks_of_layers_are_followed_to_what_raises_them(sgs: Path) -> None:
    with bad(sgs) as found:
        marked = advice(found, "gate", "lrelu:0", "prob")
        assert "cat" in marked.chosen and "sp_b" in marked.chosen and "pool" in marked.chosen
        assert any(reason.rule is Rule.MARKED for reason in candidate(marked, "pool").reasons)
        unmarked = advice(found, unmarked=("cat",))
        assert "cat" not in unmarked.chosen and not candidate(unmarked, "cat").chosen


def test_the_networks_input_is_marked_as_unaffected(faults: Path) -> None:
    folder = faults / "d_clip_dwres48"
    with diagnosed(folder / "fixed.bin", folder / "float.bin", folder / "tensor_min_max.txt") as found:
        given = advice(found)
        assert "never become INT16" in candidate(given, "images").unaffected
        assert given.candidates[-1].tensor == "images" and "images" not in given.chosen


def test_bits_are_not_advised_against_a_wrong_calibration(faults: Path) -> None:
    folder = faults / "d_clip_dwres48"
    with diagnosed(folder / "fixed.bin", folder / "float.bin") as found:
        given = advice(found)
        assert given.chosen == () and given.remaining
        assert any("clipping" in note and "fix that first" in note for note in given.notes)


SPOILT = {
    "j_padding_dwres48": Cause.PADDING_KEPT,
    "k_raw_dwres48": Cause.NOT_DEQUANTIZED,
    "l_nonfinite_expnet30": Cause.NON_FINITE,
    "e_order_dwres48": Cause.INPUT_MISMATCH,
    "f_gain_dwres48": Cause.GAIN_OFFSET,
    "d3_clipact_unet28": Cause.CLIPPING,
}


@pytest.mark.parametrize("folder", SPOILT)
@pytest.mark.parametrize("profile", [MANUAL, STRICT], ids=lambda profile: profile.name)
def test_nothing_is_chosen_before_what_spoils_the_figures_is_mended(
    folder: str, profile: Profile, faults: Path
) -> None:
    """Whatever the limits: marks alone are raised, and no gain is promised from spoilt figures."""
    with diagnosed(faults / folder / "fixed.bin", faults / folder / "float.bin") as plain:
        found = replace(plain, comparison=with_profile(plain.comparison, profile))
        given = advice(found)
        assert given.chosen == given.smallest == ()
        assert given.fix_first is not None and given.fix_first.cause is SPOILT[folder]
        assert not any(each.expected for each in given.candidates)
        assert any(f"{SPOILT[folder]}" in note and "fix that first: " in note for note in given.notes)
        free = next(each.tensor for each in advice(found, *found_inputs(found)).candidates if not each.unaffected)
        assert advice(found, free).chosen == (free,), "what the user names is raised all the same"


def found_inputs(found: Diagnosed) -> tuple[str, ...]:
    return build_graph(found.comparison.benchmark).convolution_inputs()


def test_a_concatenation_is_named_for_the_branch_it_crushes(faults: Path) -> None:
    folder = faults / "c_shared1_unet28"
    with diagnosed(folder / "fixed.bin", folder / "float.bin") as found:
        assert advice(found).chosen == ("/Concat_1_output_0",)


def test_a_wide_tensor_is_named_with_the_input_of_the_convolution_whose_8_bit_weights_make_it(faults: Path) -> None:
    folder = faults / "b_wide_dwres48"
    wide, before = "/blocks/1/expand/Relu_output_0", "/blocks.0/Add_output_0"
    with diagnosed(folder / "fixed.bin", folder / "float.bin") as found:
        given = advice(found)
        first = found.diagnosis.first
    assert set(given.chosen) == {wide, before} and given.remaining == (), "the wide tensor alone stays at RMSE 1.07"
    assert first.int16 == (before, wide) and "tried on the twin: /blocks/1/dw/Relu_output_0: RMSE 1." in first.advice[0]
    assert "tried on the twin: " in given.how


def test_without_a_twin_the_advice_says_that_it_is_an_estimate(sgs: Path) -> None:
    with bad(sgs) as found:
        blind = replace(found, diagnosis=replace(found.diagnosis, trying=None, foresight=None))
        given = advice(blind)
    assert given.chosen == ("cat",) and "estimate" in given.how and given.remarks[-1] == given.how


def test_advice_does_not_rest_on_a_twin_that_does_not_give_the_dump(sgs: Path) -> None:
    with bad(sgs) as found:
        known = found.diagnosis.foresight
        assert known is not None and known.reproduces
        far = replace(known, median_db=3.0, reproduces=False)
        given = advice(replace(found, diagnosis=replace(found.diagnosis, trying=None, foresight=far)))
    assert given.chosen == ("cat",) and not far.reproduces
    assert "estimate" in given.how and "not the twin's: it does not give this dump" in given.how
    assert "3.00 dB off" in given.how


def test_a_concat_that_fails_once_its_branch_is_healed_is_part_of_the_set(tmp_path: Path) -> None:
    """Its branch fails itself before, so it is not named; 8 bits for it would then lose the other branch."""
    files = run(chained("LeakyRelu", "Concat"), tmp_path)
    with diagnosed(files.fixed_dump, files.float_dump, files.ranges) as found:
        given = advice(found)
    assert set(given.chosen) == {"c", "act", "cat"} and not given.remaining


def test_what_is_16_bit_already_is_not_raised_again(sgs: Path) -> None:
    folder = sgs / "bad_int16"
    with diagnosed(folder / "cat_fixed_dq.bin", folder / "cat_float.bin", folder / "cat_tensor_min_max.txt") as found:
        given = advice(found)
        assert candidate(given, "cat").unaffected == "is INT16 already" and given.chosen == ()


def test_a_healthy_network_needs_nothing(sgs: Path) -> None:
    with diagnosed(sgs / "tiny" / "fixed_dq.bin", sgs / "tiny" / "float.bin") as found:
        assert advice(found).chosen == () and advice(found).remaining == ()


def test_strict_limits_say_which_layers_no_bits_will_bring_under_them(sgs: Path) -> None:
    with bad(sgs, STRICT) as found:
        given = advice(found)
        assert "cat" in given.chosen
        assert set(given.remaining) == {each.layer for each in given.predicted if each.fails}


def test_demo_names_the_planted_tensor_and_the_prediction_comes_true(tmp_path: Path) -> None:
    before = build_demo(tmp_path / "before")
    with diagnosed(before.fixed_dump, before.float_dump, before.ranges) as found:
        given = advice(found)
    assert given.chosen == (CULPRIT,) and given.remaining == ()
    reason = next(each for each in candidate(given, CULPRIT).reasons if each.rule is Rule.RANGE)
    assert reason.value == pytest.approx(1235, abs=5) and reason.limit == 30
    after = build_demo(tmp_path / "after", given.chosen)
    predicted = {each.layer: each.sqnr_db for each in given.predicted}
    with diagnosed(after.fixed_dump, after.float_dump, after.ranges) as healed:
        over = {row.name: predicted[row.name] - row.metrics.sqnr_db for row in healed.rows if row.metrics}
        assert max(over.values()) < 3, "never much more promised than came"
        assert over["mix_relu"] == pytest.approx(0, abs=3), "the layer that the culprit spoilt"
        assert max(row.metrics.rmse for row in healed.rows if row.metrics) < 0.5


def test_a_name_that_begins_another_is_told(sgs: Path, tmp_path: Path) -> None:
    """`c` raises every convolution input that begins with c: here `pool` becomes `cat_1` on both sides."""
    paths = []
    for side in ("bad_fixed_dq", "bad_float"):
        data = (sgs / "bad" / f"{side}.bin").read_bytes().replace(b"name: pool ", b"name: cat_1 ")
        paths.append(tmp_path / f"{side}.bin")
        paths[-1].write_bytes(data)
    with diagnosed(*paths) as found:
        given = advice(found)
        assert candidate(given, "cat").also == ("cat_1",)
        assert any("naming cat also makes cat_1 INT16" in note for note in given.notes)


def test_without_a_graph_it_says_what_it_needs(sgs: Path) -> None:
    onnx = sgs / "onnx" / "onnx_NHWC_outtensor_dump.bin"
    with diagnosed(onnx, onnx) as found:
        given = advice(found)
        assert given.candidates == () and any("float dump" in note for note in given.notes)


def test_swapped_sides_are_named_without_a_layer(faults: Path) -> None:
    folder = faults / "d_clip_dwres48"
    with diagnosed(folder / "float.bin", folder / "fixed.bin") as found:
        notes = [shown(note) for note in advice(found).notes]
        assert any("the likeliest cause, swapped: fix that first" in note for note in notes), notes
