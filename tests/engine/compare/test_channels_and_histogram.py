"""Histograms, channels and worst elements of a layer."""

from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.compare.channels import channel_table, worst_elements
from sgs_tui.engine.compare.compare import Sides
from sgs_tui.engine.compare.histogram import Span, count_histogram, grouped, percentile_span
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.session import CompareRequest, Comparison, open_comparison
from tests.engine.build import Tensor, compare_tensors, rows_of


def one(folder: Path, sample: Tensor, benchmark: Tensor) -> tuple[LayerDiff, Sides]:
    rows, comparison = compare_tensors(folder, {"a": sample}, {"a": benchmark})
    return rows[0], Sides(comparison.sample, comparison.benchmark)


@pytest.fixture
def bad(sgs: Path) -> Comparison:
    request = CompareRequest(
        sgs / "bad/bad_fixed_dq.bin", sgs / "bad/bad_float.bin", ranges=sgs / "bad/tensor_min_max.txt"
    )
    return open_comparison(request)


def test_counts_are_numpys_and_sum_to_the_layer(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    benchmark = rng.standard_normal(400_000).astype(np.float32)
    sample = (benchmark + 0.1).astype(np.float32)
    row, sides = one(tmp_path, sample, benchmark)
    found = count_histogram(row, sides, bins=200)
    low, high = float(min(sample.min(), benchmark.min())), float(max(sample.max(), benchmark.max()))
    assert (found.span.low, found.span.high) == (low, high)
    np.testing.assert_array_equal(found.sample.counts, np.histogram(sample.astype(float), 200, (low, high))[0])
    assert found.sample.total == found.benchmark.total == found.error.total == 400_000
    assert grouped(found.sample.counts, 37).sum() == 400_000 and len(grouped(found.sample.counts, 37)) == 37
    zoomed = count_histogram(row, sides, Span(-1.0, 1.0), bins=50)
    assert zoomed.sample.below == np.count_nonzero(sample < -1) and zoomed.sample.total == 400_000


@pytest.mark.parametrize(
    "values",
    [
        np.full(100, 3.25),
        np.zeros(100),
        np.array([np.nan, np.inf, -np.inf, 1.0, 2.0] * 20),
        np.full(100, np.nan),
        np.array([3e38, -3e38] * 50),
        np.array([1e-42, 2e-42] * 50),
        np.array([0.0, 1e-45] * 50),
    ],
)
def test_odd_tensors_are_counted_too(tmp_path: Path, values: np.ndarray) -> None:
    row, sides = one(tmp_path, values, values)
    found = count_histogram(row, sides, bins=16)
    assert found.span.low < found.span.high
    for side in (found.sample, found.benchmark, found.error):
        assert side.total == 100
    assert found.sample.non_finite == np.count_nonzero(~np.isfinite(values.astype(np.float32)))


def test_percentiles_zoom_to_where_the_values_are(tmp_path: Path) -> None:
    values = np.concatenate([np.linspace(-1, 1, 99_000), np.linspace(900, 1000, 1_000)])
    row, sides = one(tmp_path, values, values)
    span = percentile_span(count_histogram(row, sides), 97)
    assert -1.3 < span.low < -0.7 and 0.7 < span.high < 1.3


def test_share_outside_the_calibrated_range(bad: Comparison) -> None:
    row = next(row for row in rows_of(bad) if row.name == "gate")
    found = count_histogram(row, Sides(bad.sample, bad.benchmark))
    assert 0.0 <= found.benchmark.outside_range < 0.05


def test_worst_channel_of_gate_without_shapes(bad: Comparison) -> None:
    row = next(row for row in rows_of(bad) if row.name == "gate")
    sides = Sides(bad.sample, bad.benchmark)
    table = channel_table(row, sides)
    sample = bad.sample.values(row.pair.sample).reshape(-1, 6)
    benchmark = bad.benchmark.values(row.pair.benchmark).reshape(-1, 6)
    expected = np.abs(sample - benchmark).sum(axis=0) / np.abs(benchmark).sum(axis=0)
    np.testing.assert_allclose(table.rmse, expected)
    assert table.worst_first()[0] == int(np.argmax(expected)) and table.share.sum() == pytest.approx(1.0)


def test_unknown_channels_are_said(bad: Comparison) -> None:
    row = next(row for row in rows_of(bad) if row.name == "resh")
    with pytest.raises(InputError, match="how many channels"):
        channel_table(row, Sides(bad.sample, bad.benchmark))


def test_worst_elements_with_positions(tmp_path: Path) -> None:
    benchmark = np.zeros((1, 20, 30, 500), np.float32)
    sample = benchmark.copy()
    for rank, where in enumerate([(0, 19, 29, 499), (0, 0, 0, 1), (0, 7, 3, 250)]):
        sample[where] = 9 - rank
    row, sides = one(tmp_path, (sample, sample.shape), (benchmark, benchmark.shape))
    found = worst_elements(row, sides, 3)
    assert [e.position for e in found] == [(0, 19, 29, 499), (0, 0, 0, 1), (0, 7, 3, 250)]
    assert [e.sample for e in found] == [9.0, 8.0, 7.0]


def test_channels_follow_a_transposed_row(tmp_path: Path) -> None:
    nhwc = np.random.default_rng(0).standard_normal((1, 9, 8, 4)).astype(np.float32)
    nchw = np.ascontiguousarray(nhwc.transpose(0, 3, 1, 2))
    nchw[0, 2] *= 1.3
    row, sides = one(tmp_path, nchw.ravel(), (nhwc, nhwc.shape))
    assert row.transposed
    assert channel_table(row, sides).worst_first()[0] == 2


def test_channels_that_carry_the_error_rank_before_dead_ones(tmp_path: Path) -> None:
    benchmark = np.random.default_rng(1).standard_normal((1, 8, 8, 5)).astype(np.float32)
    benchmark[..., 0], benchmark[..., 3] = 0, benchmark[..., 3] * 1e-6
    sample = benchmark.copy()
    sample[0, 0, 0, 0], sample[0, 0, 0, 3] = 0.01, 0.02
    sample[..., 4] += 0.5
    sample[..., 1] += 0.05
    table = channel_table(*one(tmp_path, (sample, sample.shape), (benchmark, benchmark.shape)))
    assert table.worst_first() == [4, 1, 3, 0, 2]
    sample[..., 0] = 9
    table = channel_table(*one(tmp_path, (sample, sample.shape), (benchmark, benchmark.shape)))
    assert table.worst_first()[0] == 0, "a dead channel that carries the error is the worst"
