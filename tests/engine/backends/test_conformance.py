"""A slice of the onnx package's own backend tests; tests/benchmarks/bench_onnx_backend.py runs all of them."""

from collections import Counter

import pytest

from tests.benchmarks.bench_onnx_backend import KINDS, cases, run

pytestmark = pytest.mark.xdist_group("backend tests of onnx")  # they take seconds to load, once in a process


def test_every_thirteenth_backend_test_passes_or_is_refused_in_one_line() -> None:
    outcomes = list(run(cases(every=13, kinds=KINDS[:-1])))
    counts = Counter(outcome.kind for outcome in outcomes)
    wrong = [outcome for outcome in outcomes if outcome.kind in ("crash", "different")]
    assert len(outcomes) >= 150 and not wrong, wrong
    assert counts["pass"] >= 0.78 * len(outcomes)


@pytest.mark.parametrize(
    "name", ["test_range_int32", "test_einsum_scalar", "test_clip_default_int8", "test_hannwindow"]
)
def test_scalar_inputs_stay_scalars(name: str) -> None:
    outcomes = list(run(cases(name)))
    assert outcomes and {outcome.kind for outcome in outcomes} <= {"pass"}, outcomes


def test_bodies_of_scan_know_their_shapes_in_slices() -> None:
    outcomes = list(run(cases("linear_attention_linear_expanded"), slices=3))
    assert [outcome.kind for outcome in outcomes] == ["pass"] * len(outcomes) and outcomes
