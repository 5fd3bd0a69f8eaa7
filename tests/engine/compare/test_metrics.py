"""Metrics of a layer: the formulas, the odd tensors, and independence of how the layer was cut."""

from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from math import inf, isnan
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sgs_tui.engine.compare import compare, parallel
from sgs_tui.engine.compare import sums as kernels
from sgs_tui.engine.compare.compare import Measured, Sides
from sgs_tui.engine.compare.results import LayerDiff, Metrics, Pair, Verdict
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.session import CompareRequest, open_comparison
from tests.engine.build import compare_one, compare_tensors, rows_of, write_outputs

RELAXED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FINITE = st.floats(-(2.0**66), 2.0**66, width=32, allow_subnormal=False)


def metrics(row: LayerDiff) -> Metrics:
    assert row.metrics is not None
    return row.metrics


def reference(sample: np.ndarray, benchmark: np.ndarray) -> dict[str, float]:
    s, b = sample.astype(np.longdouble).ravel(), benchmark.astype(np.longdouble).ravel()
    d = s - b
    return {
        "mse": float((d * d).mean()),
        "cos": float((s * b).sum() / np.sqrt((s * s).sum() * (b * b).sum())),
        "rmse": float(np.abs(d).sum() / np.abs(b).sum()),
        "sqnr_db": float(10 * np.log10((b * b).sum() / (d * d).sum())),
        "relative_l2": float(np.sqrt((d * d).sum() / (b * b).sum())),
        "mean_error": float(d.mean()),
    }


@pytest.mark.parametrize("count", [1, 2, 100, 8191, 8192, 8193, 131_072, 300_001])
def test_formulas_at_every_size(tmp_path: Path, count: int) -> None:
    rng = np.random.default_rng(count)
    benchmark = rng.standard_normal(count).astype(np.float32) + 5
    sample = benchmark + rng.standard_normal(count).astype(np.float32) * 0.1
    row = compare_one(tmp_path, sample, benchmark)
    for name, value in reference(sample, benchmark).items():
        assert getattr(metrics(row), name) == pytest.approx(value, rel=1e-11, abs=1e-13), name
    error = np.abs(sample.astype(float) - benchmark.astype(float))
    assert metrics(row).max_abs_error == error.max() and metrics(row).max_abs_index == error.argmax()
    assert row.sample is not None and row.benchmark is not None
    assert (row.sample.minimum, row.sample.maximum) == (float(sample.min()), float(sample.max()))
    assert row.benchmark.mean == pytest.approx(float(benchmark.astype(float).mean()), rel=1e-12)
    assert row.sample.zeros == np.count_nonzero(sample == 0)


@RELAXED
@given(arrays(np.float32, st.integers(1, 200), elements=FINITE), st.data())
def test_properties(tmp_path: Path, benchmark: np.ndarray, data: st.DataObject) -> None:
    sample = data.draw(arrays(np.float32, len(benchmark), elements=FINITE))
    there, back = compare_one(tmp_path, sample, benchmark), compare_one(tmp_path, benchmark, sample)
    assert metrics(there).mse == metrics(back).mse
    assert metrics(there).cos == metrics(back).cos
    assert -1.0 <= metrics(there).cos <= 1.0
    same = metrics(compare_one(tmp_path, benchmark, benchmark))
    assert (same.cos, same.rmse, same.mse, same.sqnr_db, same.max_abs_error) == (1.0, 0.0, 0.0, inf, 0.0)
    doubled = metrics(compare_one(tmp_path, 2 * sample.astype(np.float64), 2 * benchmark.astype(np.float64)))
    assert doubled.cos == metrics(there).cos and doubled.rmse == metrics(there).rmse  # powers of two are exact


@pytest.mark.parametrize("lowest", [0.0, -0.0, -1e-30])
def test_a_benchmark_of_positive_values_has_the_same_rmse(tmp_path: Path, lowest: float) -> None:
    """No value under zero takes a shorter way to the sum of absolute values."""
    rng = np.random.default_rng(3)
    benchmark = np.abs(rng.standard_normal(20_000)).astype(np.float32).astype(np.float64)
    benchmark[100] = np.float32(lowest)
    sample = (benchmark + rng.standard_normal(20_000)).astype(np.float32).astype(np.float64)
    row = compare_one(tmp_path, sample, benchmark)
    assert row.metrics is not None
    assert row.metrics.rmse == pytest.approx(np.abs(sample - benchmark).sum() / np.abs(benchmark).sum(), rel=1e-12)


def test_both_sides_zero_are_equal(tmp_path: Path) -> None:
    row = compare_one(tmp_path, np.zeros(10), np.zeros(10))
    assert row.verdict is Verdict.OK
    assert (metrics(row).cos, metrics(row).rmse, metrics(row).sqnr_db) == (1.0, 0.0, inf)
    assert row.sample is not None and row.sample.zeros == 10


@pytest.mark.parametrize(("sample", "benchmark", "rmse"), [(0.0, 1.0, 1.0), (1.0, 0.0, inf)])
def test_one_side_zero_fails_and_is_never_cos_one(tmp_path: Path, sample: float, benchmark: float, rmse: float) -> None:
    row = compare_one(tmp_path, np.full(9, sample), np.full(9, benchmark))
    assert row.verdict is Verdict.FAIL and metrics(row).cos == 0.0 and metrics(row).rmse == rmse
    assert "all zero" in row.reasons[0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("both", [False, True])
def test_non_finite_values_fail_and_are_counted(tmp_path: Path, bad: float, both: bool) -> None:
    benchmark = np.linspace(-1, 1, 20_000).astype(np.float32)
    sample = benchmark.copy()
    sample[[5, 9_000]] = bad
    row = compare_one(tmp_path, sample, sample if both else benchmark)
    assert row.verdict is Verdict.FAIL and row.has_non_finite and isnan(metrics(row).cos)
    assert row.sample is not None and row.benchmark is not None
    assert row.sample.nan + row.sample.inf == 2 and row.sample.nan == (2 if np.isnan(bad) else 0)
    assert (row.benchmark.nan + row.benchmark.inf > 0) == both
    assert (row.sample.minimum, row.sample.maximum) == (-1.0, 1.0)


def test_all_nan_against_numbers(tmp_path: Path) -> None:
    row = compare_one(tmp_path, np.full(4, np.nan), np.ones(4))
    assert row.verdict is Verdict.FAIL and row.sample is not None and isnan(row.sample.minimum)


def test_gain_and_sign(tmp_path: Path) -> None:
    base = np.random.default_rng(0).standard_normal(1000)
    doubled, negated = compare_one(tmp_path, 2 * base, base), compare_one(tmp_path, -base, base)
    assert metrics(doubled).cos == pytest.approx(1.0) and doubled.verdict is Verdict.FAIL
    assert metrics(doubled).sqnr_db == pytest.approx(0.0, abs=1e-6)
    assert metrics(negated).cos == pytest.approx(-1.0) and metrics(negated).rmse == pytest.approx(2.0)


@pytest.mark.parametrize("scale", [1e20, 1e-25, 3e38, 1e-38])
def test_huge_and_tiny_values(tmp_path: Path, scale: float) -> None:
    base = np.linspace(0.1, 1, 1000)
    row = compare_one(tmp_path, base * scale, base * scale * 0.99)
    assert metrics(row).cos == pytest.approx(1.0, abs=1e-6) and metrics(row).rmse == pytest.approx(0.0101, rel=1e-2)


def test_offset_of_twenty_million_values_keeps_nine_digits(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    benchmark = np.maximum(rng.standard_normal(4_000_000, np.float32), 0) + np.float32(5)
    sample = benchmark + rng.standard_normal(len(benchmark), np.float32) * np.float32(0.01)
    row = compare_one(tmp_path, sample, benchmark)
    assert metrics(row).cos == pytest.approx(reference(sample, benchmark)["cos"], abs=1e-12)


def test_scalars_empty_tensors_and_integers(tmp_path: Path, sgs: Path) -> None:
    assert metrics(compare_one(tmp_path, np.array([2.0]), np.array([2.0]))).cos == 1.0
    empty = compare_one(tmp_path, (np.empty(0), (1, 0)), (np.empty(0), (1, 0)))
    assert empty.verdict is Verdict.OK and metrics(empty).max_abs_index == -1
    raw = open_comparison(CompareRequest(sgs / "tiny/fixed_raw.bin", sgs / "tiny/float.bin"))
    exact = open_comparison(CompareRequest(sgs / "tiny/fixed_dq.bin", sgs / "tiny/float.bin"))
    for left, right in zip(rows_of(raw), rows_of(exact), strict=True):
        assert metrics(left).cos == pytest.approx(metrics(right).cos, abs=1e-3)
        assert "sample dequantized" in left.notes
    assert any("six decimals" in note for note in raw.notes)


def test_figures_do_not_depend_on_blocks_or_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    layers = {f"l{n}": rng.standard_normal(n) for n in (1, 9_000, 131_072, 600_000, 17, 50_000)}
    noisy = {name: values + rng.standard_normal(len(values)) * 0.1 for name, values in layers.items()}
    rows, comparison = compare_tensors(tmp_path, noisy, layers)
    monkeypatch.setattr(parallel, "TASK", 2 * kernels.BLOCK)
    apart = rows_of(comparison, workers=2)
    assert [(r.name, r.metrics, r.sample, r.benchmark) for r in apart] == [
        (r.name, r.metrics, r.sample, r.benchmark) for r in rows
    ]
    monkeypatch.setattr(compare, "BLOCK", kernels.CELL)
    assert [r.metrics for r in rows_of(comparison)] == [r.metrics for r in rows]


def test_a_layer_of_a_rewritten_file_is_not_comparable(tmp_path: Path) -> None:
    layers = {f"l{n}": np.arange(1000.0 + n) for n in range(4)}  # those of one size are read together
    request = CompareRequest(write_outputs(tmp_path / "s.bin", layers), write_outputs(tmp_path / "b.bin", layers))
    comparison = open_comparison(request)
    rows = []
    for event in comparison.run():
        if hasattr(event, "value"):
            rows.append(event.value)
            if len(rows) == 2:
                (tmp_path / "s.bin").write_bytes(b"isFloat: 1\n")
    assert [row.metrics is None for row in rows] == [False, False, True, True]
    assert rows[2].verdict is Verdict.NOT_COMPARABLE
    assert rows[2].reasons == ("file changed",)


def test_the_same_in_processes(tmp_path: Path) -> None:
    layers = {f"l{n}": np.arange(1000.0) + n for n in range(4)}
    paths = write_outputs(tmp_path / "s.bin", layers), write_outputs(tmp_path / "b.bin", layers)
    comparison = open_comparison(CompareRequest(*paths))
    paths[1].write_bytes(paths[1].read_bytes() + b"more")
    assert {row.verdict for row in rows_of(comparison, workers=2)} == {Verdict.NOT_COMPARABLE}


@pytest.mark.parametrize("finished", [0, 2])
def test_a_killed_worker_costs_no_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: int) -> None:
    layers = {f"l{n}": np.arange(1000.0) + n for n in range(4)}
    rows, comparison = compare_tensors(tmp_path, {name: values + 1 for name, values in layers.items()}, layers)

    def killed(pairs: Sequence[Pair], sides: Sides, cancel: Event, count: int) -> Iterator[Measured]:
        for pair in pairs[:finished]:
            yield Measured(pair, compare.measure(pair, sides, kernels.Kernel()))
        raise BrokenProcessPool("killed")

    monkeypatch.setattr(parallel, "measure_in_processes", killed)
    again = rows_of(comparison, workers=2)
    assert [(row.name, row.metrics) for row in again] == [(row.name, row.metrics) for row in rows]


def test_health_reaches_the_notes(sgs: Path) -> None:
    comparison = open_comparison(CompareRequest(sgs / "damaged/stops_early.bin", sgs / "tiny/float.bin"))
    assert any("stops early" in note for note in comparison.notes)
    assert rows_of(comparison) and not open_dump(sgs / "damaged/stops_early.bin").health.ok
