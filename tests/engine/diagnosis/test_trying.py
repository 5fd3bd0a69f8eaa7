"""What is advised was tried on the twin: what it gives is said, and what does not help is not advised."""

from dataclasses import replace
from pathlib import Path

import pytest

from sgs_tui.engine.compare.limits import MANUAL
from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.foresight import open_subject
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding
from sgs_tui.engine.diagnosis.trying import Change, Trying, tried, tried_in_turn
from tests.engine.diagnosis.runs import Diagnosed, diagnosed


def case_of(found: Diagnosed) -> Case:
    return Case(found.comparison.sample, found.comparison.benchmark, found.rows, found.comparison.ranges)


def test_calibrating_again_is_advised_where_this_pictures_ranges_heal(faults: Path) -> None:
    folder = faults / "d_clip_dwres48"
    with diagnosed(folder / "fixed.bin", folder / "float.bin", folder / "tensor_min_max.txt") as found:
        [line] = found.diagnosis.first.advice
    assert line.startswith("calibrate again with about 30 pictures") and "this picture's own ranges" in line
    assert "/stem/Relu_output_0: RMSE 1.0425 now, 0.1677 then" in line


def test_clipping_that_own_ranges_do_not_heal_is_refuted(faults: Path) -> None:
    """Limits that the calibrator chose on purpose: values lie beyond them, and wider ones are no better."""
    folder = faults / "a_healthy_dwres48"
    with diagnosed(folder / "fixed.bin", folder / "float.bin", folder / "tensor_min_max.txt") as found:
        layer = found.rows[5].name
        claimed = Finding(Cause.CLIPPING, (layer,), 0.9, (Evidence("5.7% lie beyond the limits"),), ("calibrate",))
        given = tried(claimed, Trying(open_subject(found.comparison)), case_of(found).compared, MANUAL)[0]
    assert given.confidence <= 0.2 and given.explained == 0 and "calibrat" not in given.advice[0]
    assert "own ranges do not heal it" in given.evidence[0].text and f"{layer}: RMSE" in given.advice[0]


def test_many_layers_of_rounding_are_all_put_into_int16_where_that_helps(faults: Path) -> None:
    folder = faults / "i_drift_deep24_leaky"
    with diagnosed(folder / "fixed.bin", folder / "float.bin", folder / "tensor_min_max.txt") as found:
        first, case = found.diagnosis.first, case_of(found)
        assert first.cause is Cause.DRIFT and not case.by_channel, "level L1"
    assert "input_format=ALL_INT16" in first.advice[0] and "tried on the twin: " in first.advice[0]


@pytest.mark.parametrize(("folder", "by_channel"), [("a_healthy_dwres48", False), ("a2_healthyL2_dwres48", True)])
def test_a_level_is_tried_only_where_it_changes_weights(folder: str, by_channel: bool, faults: Path) -> None:
    paths = [faults / folder / name for name in ("fixed.bin", "float.bin", "tensor_min_max.txt")]
    with diagnosed(*paths) as found:
        case, trying = case_of(found), Trying(open_subject(found.comparison))
        assert case.by_channel is by_channel
        weak = Finding(Cause.DRIFT, (found.rows[5].name,), 0.9, (), ("calibrate with a higher level",))
        tried(weak, trying, case.compared, MANUAL)
        assert (Change(level=2) in trying._scores) is not by_channel


def test_int16_that_is_there_stays_there(sgs: Path) -> None:
    folder = sgs / "bad_int16"
    with diagnosed(folder / "cat_fixed_dq.bin", folder / "cat_float.bin", folder / "cat_tensor_min_max.txt") as found:
        plan = open_subject(found.comparison).plan
        changed = Change(int16=("pool",)).of(plan)
        assert plan.raised == {"cat"} and changed.raised == {"cat", "pool"}


def test_changes_in_words() -> None:
    both = Change(int16=("a", "b"), level=2)
    assert str(both).startswith("calibrate with --quant_level L2") and "tensor_arrays='a,b'; in" in str(both)
    assert "ALL_INT16" in str(replace(both, everything=True, level=None))
    assert str(Change(ranges=(("x", (-1.0, 2.0)),))).startswith("give x the limits ")


def test_what_comes_second_is_tried_with_the_first_mended(faults: Path) -> None:
    """Its figures now are those with the first one's advice done, not those that were measured."""
    folder = faults / "b_wide_dwres48"
    with diagnosed(folder / "fixed.bin", folder / "float.bin", folder / "tensor_min_max.txt") as found:
        trying, rows = Trying(open_subject(found.comparison)), case_of(found).compared
        culprit, worst = "/blocks/1/expand/Relu_output_0", max(rows, key=case_of(found).error)
        findings = [Finding(Cause.WIDE_RANGE, (culprit,), 0.9, ()), Finding(Cause.DRIFT, (worst,), 0.5, ())]
        first, second = tried_in_turn(findings, trying, rows, MANUAL)
        alone, change = tried(findings[0], trying, rows, MANUAL)
        assert change is not None and first == alone and first.tried is not None and not first.tried.mended
        assert second.tried is not None and second.tried.mended == 1
        mended, measured = (each[second.tried.layer].metrics for each in (trying.rows(rows, change), rows))
        assert mended is not None and measured is not None
        assert second.tried.now == pytest.approx(mended.rmse) and mended.rmse < 0.5 * measured.rmse
    assert "with what comes before mended, " in second.advice[0] and " now, " in first.advice[0]
