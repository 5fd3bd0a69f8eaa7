"""Before and after: the real network and its two repairs, renumbered names, casts."""

from math import nan
from pathlib import Path

import pytest

from sgs_tui.engine.compare.baseline import Change, Snapshot, is_cast, regress, stem
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.events import Row
from sgs_tui.engine.session import CompareRequest, open_comparison


def rows(sample: Path, benchmark: Path) -> list[LayerDiff]:
    comparison = open_comparison(CompareRequest(sample, benchmark))
    try:
        return [event.value for event in comparison.run(workers=1) if isinstance(event, Row)]
    finally:
        comparison.close()


@pytest.fixture
def before(sgs: Path) -> list[LayerDiff]:
    return rows(sgs / "bad" / "bad_fixed_dq.bin", sgs / "bad" / "bad_float.bin")


def repaired(sgs: Path, name: str) -> list[LayerDiff]:
    return rows(sgs / "bad_int16" / f"{name}_fixed_dq.bin", sgs / "bad_int16" / f"{name}_float.bin")


def layer(name: str, error: float = 0.01, verdict: Verdict = Verdict.OK) -> Snapshot:
    return Snapshot(name, "CONV_2D", verdict, error, 1 - error**2, 40.0, error)


def test_cat_in_16_bit_mends_gate_and_breaks_nothing(sgs: Path, before: list[LayerDiff]) -> None:
    found = regress(repaired(sgs, "cat"), before)
    assert [step.name for step in found.newly_fixed] == ["gate"] and found.newly_failing == ()
    assert len(found.matched) == len(found.steps) == 20
    assert found.of(Change.WORSE) == ()


def test_an_added_cast_and_renumbered_names_are_explained(sgs: Path, before: list[LayerDiff]) -> None:
    found = regress(repaired(sgs, "pool_cat"), before)
    assert [step.name for step in found.newly_fixed] == ["gate"] and found.newly_failing == ()
    assert len(found.matched) == 20 and len(found.steps) == 21
    (cast,) = found.of(Change.CAST_ADDED)
    assert cast.name == "pool#/Mul0Output#51" and cast.note
    notes = {step.name: step.note for step in found.steps if step.note.startswith("was")}
    assert notes == {
        "sp_a#/Mul0Input#52": "was sp_a#/Mul0Input#50",
        "n_flat_transpose_output#/Mul0Output#55": "was n_flat_transpose_output#/Mul0Output#53",
    }


def test_backward_it_is_a_regression(sgs: Path, before: list[LayerDiff]) -> None:
    found = regress(before, repaired(sgs, "pool_cat"))
    assert [step.name for step in found.newly_failing] == ["gate"] and found.newly_fixed == ()
    assert [step.change for step in found.steps if step.after is None] == [Change.CAST_GONE]


def test_the_same_comparison_changes_nothing(before: list[LayerDiff]) -> None:
    found = regress(before, before)
    assert {step.change for step in found.steps} == {Change.SAME} and not found.newly_failing


def test_a_number_is_no_name() -> None:
    found = regress([layer("a#7"), layer("b#8", 0.5)], [layer("b#7", 0.5), layer("a#6")])
    assert [(step.name, step.note, step.change) for step in found.steps] == [
        ("a#7", "was a#6", Change.SAME),
        ("b#8", "was b#7", Change.SAME),
    ]
    assert stem("x#/Mul0Output#51") == "x#/Mul0Output" and is_cast("x#/Mul0Output#51") and not is_cast("x#51")


def test_better_worse_and_gone() -> None:
    old = [layer("a", 0.2), layer("b", 0.2), layer("c", 0.2), layer("d", 0.2, Verdict.FAIL), layer("e")]
    new = [
        layer("a", 0.1),
        layer("b", 0.4),
        layer("c", 0.21),
        layer("d", nan, Verdict.FAIL),
        layer("f", 0.9, Verdict.FAIL),
    ]
    found = regress(new, old)
    assert [(step.name, step.change) for step in found.steps] == [
        ("a", Change.BETTER),
        ("b", Change.WORSE),
        ("c", Change.SAME),
        ("d", Change.WORSE),
        ("f", Change.ADDED),
        ("e", Change.GONE),
    ]
    assert [step.name for step in found.newly_failing] == ["f"], "d failed before, too"


def test_tiny_errors_are_all_the_same() -> None:
    assert regress([layer("a", 9e-7)], [layer("a", 1e-9)]).steps[0].change is Change.SAME


def test_every_layer_is_counted_once(sgs: Path, before: list[LayerDiff]) -> None:
    found = regress(repaired(sgs, "cat"), before)
    counts = found.counts()
    assert sum(counts.values()) == len(found.steps) == 20
    assert counts["newly fixed"] == 1 and counts["better"] == len(found.of(Change.BETTER)) - 1
    back = regress([layer("lost", verdict=Verdict.NOT_COMPARABLE), layer("new", verdict=Verdict.FAIL)], [layer("lost")])
    assert {words for words, number in back.counts().items() if number} == {"no longer comparable", "newly failing"}
