"""Channels of outputs and branches of concats: what drowns in the step fails its layer, what is silent does not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.diagnosis.results import Cause
from sgs_tui.engine.events import Row
from sgs_tui.engine.session import CompareRequest, open_comparison
from tests.engine.compare.heads import FAULTY, HEALTHY, Head, run
from tests.engine.diagnosis.runs import diagnosed


def rows_of(head: Head, folder: Path, ranges: bool) -> list[LayerDiff]:
    files = run(head.model, folder, int16=head.int16)
    comparison = open_comparison(CompareRequest(files.fixed_dump, files.float_dump, files.ranges if ranges else None))
    try:
        return [event.value for event in comparison.run(workers=1) if isinstance(event, Row)]
    finally:
        comparison.close()


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
@pytest.mark.parametrize("make", FAULTY.values(), ids=FAULTY)
def test_scores_that_drown_beside_boxes_fail_their_layer(
    make: Callable[[], Head], ranges: bool, tmp_path: Path
) -> None:
    head = make()
    found = {row.name: row for row in rows_of(head, tmp_path, ranges)}
    for layer, branch, channels in head.lost:
        row = found[layer]
        assert row.verdict is Verdict.FAIL and "slice_sqnr_db" in row.over, row
        assert row.slices is not None and row.reasons[0].startswith("lost slices: ")
        lost = [each for each in row.slices.narrow if branch in ("*", each.branch) and each.sqnr_db < 10]
        assert tuple(each.channel for each in lost if each.channel is not None) == channels
    others = [row.name for row in found.values() if row.slices and row.slices.narrow]
    assert set(others) <= {layer for layer, _, _ in head.lost} | {"output0"}


@pytest.mark.parametrize("make", HEALTHY.values(), ids=HEALTHY)
def test_nothing_is_lost_in_healthy_networks(make: Callable[[], Head], tmp_path: Path) -> None:
    for ranges in (True, False):
        for row in rows_of(make(), tmp_path / str(ranges), ranges):
            assert row.slices is None or not row.slices.narrow, (row.name, row.reasons)
            assert row.verdict is not Verdict.FAIL, (row.name, row.reasons)


def test_lost_scores_are_diagnosed_and_int16_heals_them_on_the_twin(tmp_path: Path) -> None:
    files = run(FAULTY["yolov8"]().model, tmp_path)
    with diagnosed(files.fixed_dump, files.float_dump, files.ranges) as found:
        first = found.diagnosis.first
    assert first.cause is Cause.SHARED_SCALE and first.layers == ("output0", "scores", "boxes")
    assert first.explained > 0.9 and "as two outputs each has a scale of its own" in first.advice[0]
    assert "tried on the twin" in first.advice[1]


def test_a_classifier_tells_whether_the_best_class_is_the_same(tmp_path: Path) -> None:
    row = {row.name: row for row in rows_of(HEALTHY["classifier"](), tmp_path, ranges=True)}["prob"]
    assert row.top1 is not None and row.top1.agrees and f"top-1 agrees: class {row.top1.benchmark}" in row.notes
