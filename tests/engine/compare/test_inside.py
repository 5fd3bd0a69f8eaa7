"""Scatter, feature maps and heat rows: right values, whatever the size and the shape."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sgs_tui.engine.compare.channels import channel_table
from sgs_tui.engine.compare.compare import Sides
from sgs_tui.engine.compare.feature_map import feature_map, heat_rows
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.compare.scatter import BINS, Scatter, count_scatter
from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.writer import Draft, create_dump
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.session import CompareRequest, open_comparison
from tests.engine.build import rows_of

RELAXED = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def opened(folder: Path, sample: np.ndarray, benchmark: np.ndarray, **more: object) -> tuple[LayerDiff, Sides]:
    for name, values, fields in (("s.bin", sample, more), ("b.bin", benchmark, {})):
        with create_dump(folder / name) as writer:
            shape = values.shape if values.ndim > 1 else None
            writer.write(Draft(Direction.OUT, 0, 0, "CONV_2D", "x", values, shape=shape, **fields))  # type: ignore[arg-type]
    comparison = open_comparison(CompareRequest(folder / "s.bin", folder / "b.bin"))
    return rows_of(comparison)[0], Sides(comparison.sample, comparison.benchmark)


def scatter(folder: Path, sample: np.ndarray, benchmark: np.ndarray, **more: object) -> Scatter:
    return count_scatter(*opened(folder, sample, benchmark, **more))


@RELAXED
@given(st.floats(0.1, 3), st.floats(-500, 500), st.integers(2, 4000))
def test_gain_and_offset_come_back(tmp_path: Path, slope: float, offset: float, count: int) -> None:
    benchmark = np.linspace(-2, 3, count).astype(np.float32)
    found = scatter(tmp_path, benchmark * slope + offset, benchmark)
    assert found.slope == pytest.approx(slope, rel=1e-3)
    assert found.offset == pytest.approx(offset, abs=1e-3 * max(1.0, abs(offset)))
    assert found.correlation == pytest.approx(1, abs=1e-5)
    assert found.pairs == count == int(found.counts.sum())


def test_every_element_is_in_its_bin(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    sample, benchmark = random.normal(size=(2, 300_000)).astype(np.float32)
    found = scatter(tmp_path, sample, benchmark)
    edges = np.linspace(found.span.low, found.span.high, BINS + 1)
    expected = np.histogram2d(sample.astype(float), benchmark.astype(float), (edges, edges))[0]
    assert int(np.abs(found.counts - expected).sum()) <= 4, "only what lies on an edge may round the other way"
    assert found.correlation == pytest.approx(np.corrcoef(sample, benchmark)[0, 1], abs=1e-6)


def test_shares_on_the_limits_of_the_grid(tmp_path: Path) -> None:
    codes = np.array([0, 0, 0, 10, 200, 255, 254, 255])
    found = scatter(tmp_path, (codes - 10) * 0.5, codes * 0.5, scale=0.5, zero_point=10, type_name="SGS_U8")
    assert (found.grid, found.low, found.high) == (True, -5.0, 122.5)
    assert (found.on_low, found.on_high) == (3 / 8, 2 / 8)
    own = scatter(tmp_path, np.array([1.0, 2, 2, 3]), np.array([1.0, 2, 3, 4]))
    assert (own.grid, own.on_low, own.on_high) == (False, 1 / 4, 1 / 4)


def test_constants_have_no_line_and_nan_is_left_out(tmp_path: Path) -> None:
    found = scatter(tmp_path, np.array([1.0, 2, 3]), np.array([5.0, 5, 5]))
    assert np.isnan([found.slope, found.offset, found.correlation]).all()
    found = scatter(tmp_path, np.array([1.0, np.nan, 3, np.inf]), np.array([1.0, 2, 3, 4]))
    assert (found.pairs, found.left_out) == (2, 2) and found.slope == pytest.approx(1)


@pytest.mark.parametrize(
    ("shape", "size"),
    [((1, 3, 4, 5), (3, 4)), ((2, 3, 4, 5), (6, 4)), ((1, 7, 5), (1, 7)), ((9, 5), (1, 9))],
)
def test_a_channel_as_a_picture(tmp_path: Path, shape: tuple[int, ...], size: tuple[int, int]) -> None:
    benchmark = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    found = feature_map(*opened(tmp_path, benchmark + 1, benchmark), 2)
    assert np.array_equal(found.benchmark, benchmark[..., 2].reshape(size))
    assert np.array_equal(found.sample, found.benchmark + 1)
    assert not found.guessed


def test_without_shapes_the_rectangle_is_a_guess(sgs: Path) -> None:
    comparison = open_comparison(CompareRequest(sgs / "bad/bad_fixed_dq.bin", sgs / "bad/bad_float.bin"))
    row = next(each for each in rows_of(comparison) if each.name == "gate")
    sides = Sides(comparison.sample, comparison.benchmark)
    found = feature_map(row, sides, 3)
    assert (found.benchmark.shape, found.guessed) == ((8, 8), True)
    with comparison.benchmark as dump:
        values = dump.values(dump.find("gate")[0]).reshape(-1, 6)
        assert np.array_equal(found.benchmark.reshape(-1), values[:, 3])


def test_heat_has_every_layer_and_its_channels(sgs: Path) -> None:
    comparison = open_comparison(CompareRequest(sgs / "bad/bad_fixed_dq.bin", sgs / "bad/bad_float.bin"))
    rows, sides = rows_of(comparison), Sides(comparison.sample, comparison.benchmark)
    found = {each.name: each for each in heat_rows(rows, sides)}
    assert list(found) == [row.name for row in rows]
    assert found["gate"].rmse.shape == (6,) and found["gate"].rmse.min() > 0.9
    assert found["prob"].whole and found["prob"].rmse.tolist() == [rows[-1].metrics.rmse]  # type: ignore[union-attr]


def test_a_map_needs_channels(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="how many channels"):
        feature_map(*opened(tmp_path, np.ones(7), np.ones(7)), 0)


def test_channels_have_no_share_of_an_error_that_is_not_finite(tmp_path: Path) -> None:
    benchmark = np.ones((1, 2, 2, 3), np.float32)
    sample = benchmark.copy()
    sample[0, 0, 0, 1] = np.nan
    table = channel_table(*opened(tmp_path, sample, benchmark))
    assert np.isnan(table.share).all() and table.largest_share_first()[0] == table.worst_first()[0] == 1
    equal = channel_table(*opened(tmp_path, benchmark, benchmark))
    assert (equal.share == 0).all()
