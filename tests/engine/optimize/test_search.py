"""The search for the smallest set, on made-up networks whose answer is known."""

from collections.abc import Callable
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sgs_tui.engine.compare.limits import MANUAL, SOP, STRICT, Limits, Profile
from sgs_tui.engine.compare.results import LayerRange, Metrics, RangeSource, SideStats
from sgs_tui.engine.optimize.search import LOST, Accuracy, MeasuredLayer, SearchOutcome, accuracy, search

Chosen = frozenset[str]
Ask = Callable[[Chosen], Accuracy]


def acc(failing: int, deficit: float) -> Accuracy:
    return Accuracy(20, failing, deficit, 0.1 + deficit, "x", 0.01 + deficit / 20, 0.99, 0.999)


def solve(candidates: list[str], ask: Ask) -> tuple[SearchOutcome, list[Chosen]]:
    """Drive the search to its end; also every set that was tried, in order."""
    tried: list[Chosen] = []
    searching = search(candidates)
    wanted = next(searching)
    while True:
        assert not set(wanted) & set(tried), "nothing is tried twice"
        tried.extend(wanted)
        try:
            wanted = searching.send({names: ask(names) for names in wanted})
        except StopIteration as end:
            return end.value, tried


def faulty(*faults: set[str]) -> Ask:
    """A network with faults, each mended when all its tensors are raised."""

    def ask(names: Chosen) -> Accuracy:
        left = [fault for fault in faults if not fault <= names]
        return acc(3 * len(left), 1.5 * len(left))

    return ask


NAMES = [f"t{number}" for number in range(24)]


def test_a_healthy_network_needs_nothing() -> None:
    outcome, tried = solve(NAMES, faulty())
    assert (outcome.chosen, outcome.reached, outcome.everything) == ((), True, None)
    assert tried == [frozenset()]


def test_one_culprit_is_found_with_one_trial_a_tensor() -> None:
    outcome, tried = solve(NAMES, faulty({"t7"}))
    assert (outcome.chosen, outcome.reached) == (("t7",), True)
    assert len(tried) == len(NAMES) + 2
    assert outcome.sensitivities[0].name == "t7" and len(outcome.sensitivities) == len(NAMES)
    assert [len(step.names) for step in outcome.steps] == [0, 1]


def test_two_culprits_one_by_one() -> None:
    outcome, tried = solve(NAMES, faulty({"t7"}, {"t20"}))
    assert set(outcome.chosen) == {"t7", "t20"} and outcome.reached
    assert [step.accuracy.failing for step in outcome.steps] == [6, 3, 0]
    assert len(tried) < 2 * len(NAMES)


def test_tensors_that_only_help_together() -> None:
    outcome, tried = solve(NAMES, faulty({"t3", "t4"}))
    assert set(outcome.chosen) == {"t3", "t4"} and outcome.reached
    assert len(tried) < 3 * len(NAMES)


def test_what_a_later_one_makes_unnecessary_is_taken_out() -> None:
    def ask(names: Chosen) -> Accuracy:
        if {"a", "b"} <= names:
            return acc(0, 0.0)
        return acc(3, 1.0 if "c" in names else 1.5 if "a" in names else 2.0 if "b" in names else 3.0)

    outcome, _ = solve(["a", "b", "c"], ask)
    assert set(outcome.chosen) == {"a", "b"} and outcome.reached
    assert [len(step.names) for step in outcome.steps] == [0, 1, 2]


def test_where_not_even_all_tensors_do_it() -> None:
    def ask(names: Chosen) -> Accuracy:
        return acc(5, 4.0) if "t5" not in names else acc(2, 0.5 - 0.001 * len(names))

    outcome, _ = solve(NAMES, ask)
    assert (outcome.chosen, outcome.reached) == (("t5",), False)
    assert outcome.everything is not None and outcome.everything.failing == 2


def test_where_sixteen_bits_change_nothing() -> None:
    outcome, _ = solve(NAMES, lambda names: acc(5, 4.0))
    assert (outcome.chosen, outcome.reached) == ((), False)
    assert len(outcome.steps) == 1


def test_tensors_that_can_not_be_raised_are_left_out() -> None:
    fault = faulty({"t1"})
    outcome, tried = solve(NAMES[:4], lambda names: LOST if "t2" in names else fault(names))
    assert (outcome.chosen, outcome.useless, outcome.reached) == (("t1",), ("t2",), True)
    assert all("t2" not in names for names in tried if len(names) > 1)


def test_no_candidates() -> None:
    outcome, _ = solve([], lambda names: acc(1, 1.0))
    assert (outcome.chosen, outcome.reached) == ((), False)


faults = st.lists(st.sets(st.sampled_from(NAMES[:12]), min_size=1, max_size=3), max_size=3)


@settings(max_examples=200, deadline=None)
@given(faults, st.dictionaries(st.sampled_from(NAMES[:12]), st.floats(0, 0.01)))
def test_exactly_what_is_needed_is_found(needed: list[set[str]], noise: dict[str, float]) -> None:
    fault = faulty(*needed)

    def ask(names: Chosen) -> Accuracy:
        found = fault(names)
        gain = sum(noise.get(name, 0.0) for name in names) / 12
        return acc(found.failing, found.deficit and found.deficit - gain)

    outcome, tried = solve(NAMES[:12], ask)
    assert outcome.reached and set(outcome.chosen) == set().union(*needed)
    assert outcome.steps[-1].accuracy == ask(frozenset(outcome.chosen))
    assert len(tried) < 200


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.frozensets(st.sampled_from("abcd")), st.floats(0, 3), min_size=4), st.floats(0, 3))
def test_whatever_the_figures_the_result_is_tried_and_can_spare_nothing(
    known: dict[Chosen, float], otherwise: float
) -> None:
    def ask(names: Chosen) -> Accuracy:
        deficit = known.get(names, otherwise)
        return acc(int(deficit > 1), deficit if deficit > 1 else 0.0)

    outcome, tried = solve(list("abcd"), ask)
    chosen = frozenset(outcome.chosen)
    assert chosen in tried and outcome.steps[-1].accuracy == ask(chosen)
    assert outcome.reached == ask(chosen).meets
    if ask(frozenset("abcd")).meets:
        assert outcome.reached
    if outcome.reached:
        assert not any(ask(chosen - {name}).meets for name in chosen)


def layer(rmse: float, cos: float = 1.0, sqnr: float = 40.0, **side: float) -> MeasuredLayer:
    metrics = Metrics(0.0, cos, rmse, sqnr, rmse, 0.0, 0, 0.0)
    stats = SideStats(
        **{"count": 8, "minimum": -1.0, "maximum": 1.0, "mean": 0.0, "nan": 0, "inf": 0, "zeros": 0, **side}
    )  # type: ignore[arg-type]
    return MeasuredLayer("x", "CONV_2D", metrics, stats, stats, LayerRange(-99, 99, RangeSource.CALIBRATION), True)


def test_the_deficit_counts_decades_beyond_the_limits() -> None:
    found = accuracy([layer(0.4), layer(5.0), layer(0.6)], MANUAL)
    assert (found.failing, found.layers, found.worst_rmse) == (2, 3, 5.0)
    assert found.deficit == pytest.approx(1.0 + 0.0792, abs=1e-3)
    assert found.mean_rmse == pytest.approx(2.0)
    assert accuracy([layer(0.05, cos=0.9)], SOP).deficit == pytest.approx(1.0)
    assert accuracy([layer(0.05, sqnr=7.0)], STRICT).deficit == pytest.approx(1.0)
    assert accuracy([layer(0.05)], SOP).meets


def test_numbers_that_are_none_weigh_more_than_any_other() -> None:
    found = accuracy([layer(float("nan"), float("nan"), nan=3), layer(0.1)], MANUAL)
    assert found.failing == 1 and found.worst_rmse == inf and found.mean_rmse == 0.1
    assert found.deficit > accuracy([layer(1e30), layer(0.1)], MANUAL).deficit


def test_a_range_that_fails_is_none_of_sixteen_bits_business() -> None:
    narrow = Profile("narrow", Limits(range=10), Limits())
    found = accuracy([layer(0.1)], narrow)
    assert (found.failing, found.deficit) == (1, 0.0)


def test_layers_survive_json() -> None:
    import json

    one = layer(0.25, cos=float("nan"))
    again = MeasuredLayer.from_json(json.loads(json.dumps(one.to_json())))
    assert repr(again) == repr(one)
