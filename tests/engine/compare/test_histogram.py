"""Counting in one pass: nothing lost, nothing moved, whatever the pieces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.compare.histogram import BINS, Tallier, Tally, bars_of, covering, step_of, view_of
from tests.layer_rows import record

VALUES = st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=0, max_size=60)


def tally_of(values: list[float], pieces: int = 1, bounds: tuple[float, float] | None = None) -> Tally:
    tallier = Tallier(bounds)
    for piece in np.array_split(np.array(values, np.float64), pieces):
        tallier.add(piece)
    return tallier.tally()


@given(VALUES, st.integers(1, 9))
def test_pieces_do_not_matter(values: list[float], pieces: int) -> None:
    whole, cut = tally_of(values), tally_of(values, pieces)
    assert whole.counts.tolist() == cut.counts.tolist()
    assert (whole.first, whole.stats.nan, whole.stats.inf, whole.stats.zeros) == (
        cut.first,
        cut.stats.nan,
        cut.stats.inf,
        cut.stats.zeros,
    )
    assert whole.exponent == cut.exponent or not whole.finite


@given(VALUES)
def test_every_value_is_in_its_bin(values: list[float]) -> None:
    tally = tally_of(values)
    finite = np.array([value for value in values if np.isfinite(value)])
    assert tally.finite == len(finite)
    assert tally.stats.count == len(values)
    assert len(tally.counts) <= BINS
    for value in finite:
        place = int(np.floor(value / 2.0**tally.exponent)) - tally.first
        assert tally.counts[place] >= 1
    if len(finite):
        assert (tally.stats.minimum, tally.stats.maximum) == (finite.min(), finite.max())


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=60), st.integers(2, 50))
def test_bars_keep_every_value(values: list[float], most: int) -> None:
    tally = tally_of(values)
    bars = bars_of([tally], most)
    assert bars is not None
    assert len(bars.sides[0]) <= most
    assert len(bars.edges) == len(bars.sides[0]) + 1
    assert int(bars.sides[0].sum()) == len(values)
    assert bars.edges[0] <= min(values)
    assert bars.edges[-1] > max(values)


def test_bars_of_two_sides_share_their_edges() -> None:
    rng = np.random.default_rng(0)
    wide, narrow = rng.normal(0, 10, 5000), rng.normal(0, 0.1, 300)
    bars = bars_of([tally_of(wide.tolist()), tally_of(narrow.tolist())], 64)
    assert bars is not None
    for side, values in zip(bars.sides, (wide, narrow), strict=True):
        assert side.tolist() == np.histogram(values, bars.edges)[0].tolist()


def test_a_concentrated_tensor_with_one_far_value_needs_no_more_bins() -> None:
    values = np.concatenate([np.random.default_rng(1).normal(0, 1e-4, 100_000), [1e6]])
    tally = tally_of(values.tolist())
    assert len(tally.counts) <= BINS
    bars = bars_of([tally])
    assert bars is not None
    assert len(bars.sides[0]) <= 200
    assert int(bars.sides[0].sum()) == len(values)


def test_outside_is_counted_exactly() -> None:
    tally = tally_of([-2.0, -1.0, 0.0, 1.0, 1.0000001, float("nan"), float("inf")], 3, (-1.0, 1.0))
    assert tally.outside == 2
    assert tally.outside_share == pytest.approx(0.4)


def test_nothing_finite_gives_no_bars() -> None:
    tally = tally_of([float("nan"), float("-inf")])
    assert np.isnan(tally.stats.minimum)
    assert bars_of([tally, tally_of([])]) is None


def test_one_empty_side_is_a_flat_line() -> None:
    bars = bars_of([tally_of([1.0, 2.0]), tally_of([])], 8)
    assert bars is not None
    assert bars.sides[1].tolist() == [0] * len(bars.sides[0])


def test_eight_bit_codes_make_no_comb() -> None:
    """Equally frequent codes are equally high bars, which two hundred bars for 256 codes would not give."""
    scale = 0.037
    codes = np.repeat(np.arange(256), 50)
    tally = tally_of(((codes - 11) * np.float32(scale)).astype(np.float32).tolist())
    plain, stepped = bars_of([tally]), bars_of([tally], step=scale)
    assert plain is not None and stepped is not None
    assert len(set(plain.sides[0].tolist()[1:-1])) > 1
    assert len(set(stepped.sides[0].tolist()[1:-1])) == 1


def test_steps_are_only_those_of_eight_bits_with_enough_decimals() -> None:
    from dataclasses import replace

    base = replace(record(), type_name="SGS_U8", scale=0.05)
    assert step_of(base, -1.0, 2.0) == 0.05
    assert step_of(base, 0.0, 0.5) is None
    assert step_of(base, -100.0, 100.0) is None
    assert step_of(replace(base, scale=0.000031), 0.0, 0.001) is None
    assert step_of(replace(base, type_name="SGS_S16"), -1.0, 2.0) is None


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=30), st.floats(-1e4, 0), st.floats(0, 1e4))
def test_covering_keeps_every_value(values: list[float], low: float, high: float) -> None:
    bars = bars_of([tally_of(values)], 30)
    assert bars is not None
    wider = covering(bars, low, high, 50)
    assert int(wider.sides[0].sum()) == len(values)
    assert len(wider.edges) == len(wider.sides[0]) + 1 <= 101
    reach = 1e-9 * float(wider.edges[-1] - wider.edges[0])
    assert wider.edges[0] <= min(low, bars.edges[0]) + reach
    assert wider.edges[-1] >= max(high, bars.edges[-1]) - reach
    assert (np.diff(wider.edges) > 0).all()


def test_what_a_picture_shows() -> None:
    assert view_of(-1.0, 2.0) == (-1.0, 2.0)
    assert view_of(-1.0, 2.0, (-3.0, 1.0)) == (-3.0, 2.0)
    assert view_of(-1.0, 2.0, (float("nan"), float("inf"))) == (-1.0, 2.0)
    assert view_of(0.0, 1.0, (-9.0, 9.0), 0.25) == (0.0, 1.0)
    assert view_of(4.0, 4.0) == (2.0, 6.0)
    assert view_of(0.0, 0.0) == (-0.5, 0.5)
