"""The pictures inside a tensor as lines: they fit, in ASCII too, and show what is there."""

from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from sgs_tui.engine.compare.feature_map import FeatureMap, HeatRow
from sgs_tui.engine.compare.histogram import Span as Stretch
from sgs_tui.engine.compare.scatter import BINS, Scatter
from sgs_tui.tui.tensor.view import (
    COLD,
    GRAYS,
    WARM,
    heat_cells,
    heat_lines,
    hottest,
    map_words,
    maps_of,
    regrouped,
    scatter_lines,
    scatter_words,
    shaded,
)
from sgs_tui.tui.text import Line, width

SIZES = [(80, 20), (120, 36), (160, 46), (30, 8)]


def text_of(lines: list[Line]) -> str:
    return "\n".join("".join(part.text for part in one) for one in lines)


def points(places: list[tuple[int, int]]) -> Scatter:
    counts = np.zeros((BINS, BINS), np.int64)
    for row, column in places:
        counts[row, column] += 1
    return Scatter(Stretch(-1, 3), counts, len(places), 0, 0.5, 0.1, 0.99, -1.0, 3.0, True, 0.25, 0.0)


@pytest.mark.parametrize(("cells", "rows"), SIZES)
@pytest.mark.parametrize("plain", [False, True])
def test_a_scatter_fits_and_has_its_corners_right(cells: int, rows: int, plain: bool) -> None:
    lines = scatter_lines(points([(BINS - 1, 0), (0, BINS - 1)]), cells, rows, plain)
    assert len(lines) <= rows and all(width(one) <= cells for one in lines)
    text = text_of(lines)
    assert not plain or text.isascii() or "…" in text
    mark = "@" if plain else "█"
    first, last = text_of([lines[2]])[10:], text_of([lines[-3]])[10:]
    assert first[0] == mark and last[-1] == mark, "large samples of small benchmarks are above on the left"
    assert "slope 0.5000  offset 0.1000" in text or cells < 40


def test_a_diagonal_shows_what_equal_values_would_be() -> None:
    text = text_of(scatter_lines(points([]), 80, 20))
    assert text.count("·") == 70 + 1 and "(· both are equal)" in text


def test_groups_keep_the_sum_and_repeat_where_there_are_fewer() -> None:
    values = np.arange(12.0).reshape(3, 4)
    assert regrouped(values, 2, 2, np.add).sum() == values.sum()
    assert regrouped(values, 6, 4, np.add)[::2].tolist() == values.tolist()


def a_map(rows: int = 6, columns: int = 9) -> FeatureMap:
    benchmark = np.linspace(0, 1, rows * columns).reshape(rows, columns)
    sample = benchmark.copy()
    sample[2, 3] += 5
    sample[-2, -2] -= 5
    return FeatureMap(7, benchmark, sample, False)


@pytest.mark.parametrize(("cells", "rows"), SIZES)
@pytest.mark.parametrize("size", [(6, 9), (1, 50), (300, 2), (1, 1), (400, 500)])
def test_maps_fit_side_by_side(cells: int, rows: int, size: tuple[int, int]) -> None:
    found = a_map(*size) if size[0] > 4 and size[1] > 3 else FeatureMap(0, np.zeros(size), np.ones(size), True)
    maps = maps_of(found, (size[0] - 1, size[1] - 1), cells, rows - 4)
    assert 3 * maps.cells + 4 <= cells or maps.cells <= 4
    assert 1 <= maps.lines <= max(2, rows - 4)
    for picture in (maps.benchmark, maps.sample, maps.error):
        assert picture.colors.shape == picture.levels.shape == (2 * maps.lines, maps.cells)
    assert maps.cursor[0] < maps.lines and maps.cursor[1] < maps.cells


def test_one_wrong_pixel_of_a_large_map_is_still_seen() -> None:
    maps = maps_of(a_map(400, 500), (0, 0), 80, 18)
    assert (maps.error.levels > 0.99).sum() == 2
    assert set(np.unique(maps.error.colors)) <= set(COLD) | set(WARM)
    assert {COLD[-1], WARM[-1]} <= set(np.unique(maps.error.colors)), "below the benchmark and above it"
    assert set(np.unique(maps.benchmark.colors)) <= set(GRAYS)


def test_signs_where_there_are_no_shades() -> None:
    maps = maps_of(a_map(), (0, 0), 80, 18)
    for plain, ramp in ((True, " .:-=+*#%@"), (False, " ░▒▓█")):
        text = text_of([shaded(maps.sample, number, "", plain) for number in range(maps.lines)])
        assert set(text) <= set(ramp) | {"\n"} and ramp[-1] in text


def test_words_of_a_map() -> None:
    text = text_of(map_words(a_map(), (2, 3), 16, 0, 0.91, 100))
    assert "channel 7, 1 of 16 by share of error (91 %), 6x9" in text
    assert "(2, 3): benchmark 0.3962, sample 5.3962, error 5.0000" in text


HEAT = [
    HeatRow(0, "first", np.array([0.0, 0.5, 0.02]), False),
    HeatRow(1, "second", np.array([np.inf] + [0.2] * 400), False),
    HeatRow(2, "third", np.array([0.04]), True),
]


@pytest.mark.parametrize(("cells", "rows"), SIZES)
@pytest.mark.parametrize("plain", [False, True])
def test_heat_fits_and_its_hottest_come_first(cells: int, rows: int, plain: bool) -> None:
    lines = heat_lines(HEAT, (1, 0), 0, cells, rows, True, plain)
    assert all(width(one) <= max(cells, 34) for one in lines[-2:])
    assert "second, channel" in text_of(lines)
    order = hottest(heat_cells(HEAT, 40))
    assert [(hot.row, hot.first) for hot in order[:2]] == [(1, 0), (0, 1)]
    assert all(hot.rmse > 0 for hot in order)
    assert {
        channel for row in heat_cells(HEAT, 40)[1:2] for hot in row for channel in range(hot.first, hot.last + 1)
    } == set(range(401))


def test_nothing_counted_yet() -> None:
    assert "nothing compared yet" in text_of(heat_lines([], (0, 0), 0, 80, 20, False, False))


def test_a_scatter_of_constants_says_why_there_is_no_line() -> None:
    one = replace(points([(0, 0)]), slope=nan, offset=nan, correlation=nan, low=2.0, high=2.0, grid=False, on_low=1.0)
    first, second = (text_of([each]) for each in scatter_words(one, 100))
    assert "the values of one side are all the same" in first and "the sample is 2.0000 everywhere" in second


def test_a_scatter_without_finite_pairs_says_so() -> None:
    assert "no element is finite on both sides" in text_of(scatter_words(replace(points([]), slope=nan), 100))


@pytest.mark.parametrize("left_out", [1, 1234])
@pytest.mark.parametrize("places", [[], [(0, 0), (5, 9)]])
def test_pairs_that_are_not_drawn_are_counted(left_out: int, places: list[tuple[int, int]]) -> None:
    found = replace(points(places), left_out=left_out, slope=0.5 if places else nan)
    wanted = "1 pair with NaN or Inf is not drawn" if left_out == 1 else "1,234 pairs with NaN or Inf are not drawn"
    assert wanted in text_of(scatter_words(found, 80)) and "not drawn" not in text_of(scatter_words(points(places), 80))
    assert len(scatter_lines(found, 80, 20)) == len(scatter_lines(points(places), 80, 20)) == 20


def test_a_map_says_how_many_values_it_can_not_show() -> None:
    right = np.array([[1.0, nan], [inf, 2.0]])
    found = FeatureMap(0, right, np.array([[1.0, nan], [3.0, -inf]]), False)
    assert "benchmark 2, sample 2 NaN or Inf, drawn as 0" in text_of(map_words(found, (0, 0), 4, 1, nan, 100))
    assert "drawn as 0" not in text_of(map_words(FeatureMap(0, np.eye(2), np.eye(2), False), (0, 0), 4, 1, 0.1, 100))


def test_a_map_of_an_error_that_is_no_number_promises_no_share() -> None:
    zeros = np.zeros((2, 2))
    found = FeatureMap(3, zeros, zeros, False)
    text = text_of(map_words(found, (0, 0), 4, 1, nan, 100))
    assert "channel 3, 2 of 4, the layer's error is not finite" in text and "%" not in text


def test_a_heat_map_says_which_layers_it_shows_and_what_its_mark_means() -> None:
    rows = [HeatRow(n, f"layer{n}", np.array([0.02, inf if n == 3 else 0.0]), False) for n in range(30)]
    text = text_of(heat_lines(rows, (2, 0), 2, 100, 12, True, False))
    assert "layers 3 to 12 of 30" in text and "! not finite" in text
    whole = text_of(heat_lines(rows[5:10], (0, 0), 0, 100, 12, True, False))
    assert "layers" not in whole.split("\n")[-2] and "!" not in whole
