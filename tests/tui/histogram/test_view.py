"""Histograms as lines."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sgs_tui.engine.compare.channels import ChannelTable
from sgs_tui.engine.compare.histogram import LayerHistogram, SideCounts, beyond, on_edges
from sgs_tui.engine.compare.histogram import Span as Stretch
from sgs_tui.engine.compare.results import LayerRange, RangeSource
from sgs_tui.language import CHINESE, ENGLISH, speak
from sgs_tui.tui.histogram.picture import Look, picture, short_count
from sgs_tui.tui.histogram.view import strip
from sgs_tui.tui.text import Line, width
from sgs_tui.tui.widgets import bar_chart


def _side(values: np.ndarray, stretch: Stretch, **more: float) -> SideCounts:
    counts = np.histogram(values, 4096, (stretch.low, stretch.high))[0]
    return SideCounts(counts, int(more.get("below", 0)), 0, int(more.get("non_finite", 0)), more.get("outside", 0.0))


def _histogram(values: np.ndarray | None = None, **more: float) -> LayerHistogram:
    stretch = Stretch(-4.0, 4.0)
    values = np.random.default_rng(0).normal(size=100_000) if values is None else values
    side = _side(values, stretch, **more)
    return LayerHistogram(stretch, side, _side(np.round(values), stretch), Stretch(-1, 1), _side(values / 9, stretch))


CALIBRATED = LayerRange(-2.0, 2.0, RangeSource.CALIBRATION)


def _text(lines: list[Line]) -> str:
    return "\n".join("".join(part.text for part in one) for one in lines)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(("cells", "rows"), [(80, 16), (57, 20), (30, 6), (200, 40), (33, 7)])
def test_it_fills_its_room_exactly(cells: int, rows: int, plain: bool) -> None:
    for error in (False, True):
        lines = picture(_histogram(), CALIBRATED, Look(cells, rows, error=error, plain=plain))
        assert len(lines) == rows
        assert all(width(one) <= cells for one in lines)
        assert not plain or all(ord(char) < 128 or char in "│◂▸…" for char in _text(lines))


def test_limits_are_red_lines_of_their_own_with_ticks_and_names() -> None:
    lines = picture(_histogram(), CALIBRATED, Look(87, 16))
    bar = _text([lines[1]])[6:]
    assert [place for place, char in enumerate(bar) if char == "│"] == [20, 60]
    assert "cal min -2.0000" in _text(lines) and "cal max 2.0000" in _text(lines)
    assert any(part.tone == "fail" for part in lines[1])
    ticks = _text([lines[-3]])[6:]
    assert ticks[20] == ticks[60] == ticks[0] == ticks[-1] == "┴"
    assert _text([lines[-1]]) == "█ benchmark  █ sample  │ min, max of calibration"


@pytest.mark.parametrize("low", [-3.0, -2.0, -1.2, 0.0])
@pytest.mark.parametrize("cells", [40, 57, 61, 99])
@pytest.mark.parametrize("plain", [False, True])
def test_no_bar_passes_a_limit_whatever_the_width(low: float, cells: int, plain: bool) -> None:
    """Values up to max and not beyond: right of its line nothing is drawn, though the picture goes on."""
    limits = LayerRange(low, 1.37, RangeSource.CALIBRATION)
    span, bins = on_edges(Stretch(-4.1, 4.3), limits)
    values = np.concatenate([np.linspace(low, 1.37, 999), np.full(50, low), np.full(50, 1.37)])
    side = SideCounts(np.histogram(values, bins, (span.low, span.high))[0], 0, 0, 0, 0.0)
    for overlay in (False, True):
        look = Look(cells, 14, overlay=overlay, plain=plain)
        lines = picture(LayerHistogram(span, side, side, span, side), limits, look)
        bare = [_text([one]).replace("|", "│")[6 if cells >= 44 else 0 :] for one in lines[1:-3]]
        rows = [row for row in bare if row.count("│") == 2]
        assert len(rows) >= 8
        for row in rows:
            assert row[: row.index("│")].strip() == "" and row[row.rindex("│") + 1 :].strip() == "", row
        assert any(row[row.rindex("│") - 1] != " " for row in rows), "the bar of max itself stands before its line"


@settings(deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.integers(16, 4096))
def test_bins_end_on_limits(low: float, size: float, one: float, other: float, bins: int) -> None:
    span = Stretch(low, low + size)
    limits = LayerRange(*sorted((low + one * size, low + other * size)), RangeSource.CALIBRATION)
    found, number = on_edges(span, limits, bins)
    edges = np.linspace(found.low, found.high, number + 1)
    width = (found.high - found.low) / number
    inside = [end for end in (beyond(limits).low, beyond(limits).high) if span.low < end < span.high]
    if len(inside) == 2 and inside[1] - inside[0] < size / bins:
        inside.pop()  # both in one bin: only one can be an edge
    for end in inside:
        assert np.abs(edges - end).min() <= 1e-6 * width + 1e-9 * max(1.0, abs(low) + size)
    assert found.low <= span.low + 1e-9 * size and found.high >= span.high - 1e-9 * size
    assert bins / 2 <= number <= 2 * bins + 2
    assert on_edges(span, None, bins) == (span, bins)


def test_a_spike_is_cut_off_and_its_count_is_on_it() -> None:
    values = np.concatenate([np.zeros(50_000), np.random.default_rng(2).normal(size=4000)])
    for plain, sign in ((False, "◂"), (True, "<")):
        text = _text(picture(_histogram(values), None, Look(90, 18, plain=plain)))
        assert f"{sign} 50," in text and "cut off" in text
        assert "cut off" not in _text(picture(_histogram(values), None, Look(90, 18, log=True, plain=plain)))
    assert "cut off" not in _text(picture(_histogram(), None, Look(90, 18)))


def test_counts_have_an_axis() -> None:
    lines = picture(_histogram(), None, Look(80, 20))
    axis = [_text([one])[:6] for one in lines[1:8] if "┤" in _text([one])]
    assert axis[-1] == "    0┤" and axis[0].endswith("┤") and axis[0].strip("┤ ") not in ("", "0")
    assert [short_count(value) for value in (0, 999, 1234, 45_678, 3_100_000, 2e9)] == [
        *("0", "999", "1.2k", "46k", "3.1M", "2.0G"),
    ]


def test_both_sides_in_one_picture_have_signs_of_their_own() -> None:
    stretch = Stretch(-4.0, 4.0)
    left, right = _side(np.full(500, -2.0), stretch), _side(np.full(500, 2.0), stretch)
    for plain, signs in ((False, "█░"), (True, "bs")):
        apart = LayerHistogram(stretch, right, left, stretch, right)
        text = _text(picture(apart, None, Look(80, 16, overlay=True, plain=plain))[2:-3])
        assert all(sign in text for sign in signs)
        alike = LayerHistogram(stretch, left, left, stretch, left)
        same = _text(picture(alike, None, Look(80, 16, overlay=True))[2:-3])
        assert "▓" in same and "░" not in same


def test_limits_off_the_picture_are_named_at_its_edge() -> None:
    text = _text(picture(_histogram(), LayerRange(-900.0, 900.0, RangeSource.CALIBRATION), Look(80, 16)))
    assert "◂ cal min -900.0" in text and "cal max 900.0" in text and "▸" in text


@pytest.mark.parametrize("values", [np.zeros(1000), np.full(10, 3.0), np.empty(0), np.array([1.0])])
def test_constants_and_nothing_are_drawn_too(values: np.ndarray) -> None:
    for log in (False, True):
        lines = picture(_histogram(values), CALIBRATED, Look(60, 12, log=log))
        assert len(lines) == 12


def test_what_is_not_drawn_is_said() -> None:
    text = _text(picture(_histogram(outside=0.002, non_finite=12, below=3), CALIBRATED, Look(110, 16)))
    assert "12 NaN or Inf not drawn" in text and "0.2 % outside min/max" in text and "3 below, 0 above" in text


def test_logarithmic_counts_show_what_is_rare() -> None:
    values = np.concatenate([np.zeros(100_000), np.full(30_000, -1.0), np.full(20, 3.0)])
    plain, log = (picture(_histogram(values), None, Look(80, 20, log=log)) for log in (False, True))

    def height(lines: list[Line]) -> int:
        rows = ["".join(part.text for part in one).ljust(80) for one in lines[1:9]]
        return sum(row[69:72].strip() != "" for row in rows)

    assert height(log) >= 2 > height(plain) >= 1


def test_few_values_get_few_bars() -> None:
    lines = picture(_histogram(np.random.default_rng(1).normal(size=100)), None, Look(120, 12, plain=True))
    runs = "".join(part.text for part in lines[4])[6:].split()
    assert all(len(run) % 5 == 0 for run in runs if run.strip("#") == "")


def test_no_room_is_said() -> None:
    assert "no room" in _text(picture(_histogram(), None, Look(60, 4)))
    assert width(picture(_histogram(), None, Look(20, 20))[0]) <= 20


def test_bars_are_as_wide_as_asked() -> None:
    for plain in (False, True):
        columns = bar_chart.columns_of(40, plain)
        lines = bar_chart.bars([1.0] * columns, 40, 3, "sample", plain=plain)
        assert [width(one) for one in lines] == [40, 40, 40]
        assert {part.tone for one in lines for part in one} == {"sample"}


def _table(rmse: list[float]) -> ChannelTable:
    array = np.array(rmse)
    share = np.nan_to_num(array, posinf=1.0) / max(1e-9, np.nan_to_num(array, posinf=1.0).sum())
    return ChannelTable(array, share)


def test_channel_strip_names_the_worst_first_and_marks_the_chosen() -> None:
    bars, words = strip(_table([0.1, 0.9, 0.3]), 0, 80)
    assert _text([words]).startswith("[ch 1 69 % of error, RMSE 0.900] ch 2 23 % (0.300)")
    assert bars[1].tone == "cursor" and width(bars) <= 80


@pytest.mark.parametrize("rmse", [[0.0, 0.0], [float("inf"), 1.0], [float("nan"), 1.0], [0.5] * 3000])
@pytest.mark.parametrize("plain", [False, True])
def test_channel_strip_takes_any_figures(rmse: list[float], plain: bool) -> None:
    for chosen in (None, 0, len(rmse) - 1):
        lines = strip(_table(rmse), chosen, 60, plain)
        assert len(lines) == 2 and all(width(one) <= 60 for one in lines)


def test_the_count_of_a_spike_keeps_its_line_as_long_as_the_others() -> None:
    values = np.concatenate([np.zeros(50_000), np.random.default_rng(2).normal(size=4000)])
    found = []
    for language in (ENGLISH, CHINESE):
        speak(language)
        try:
            lines = picture(_histogram(values), None, Look(90, 18))
        finally:
            speak(ENGLISH)
        found.append([width(each) for each in lines if "◂" in _text([each])])
    assert found[0] == found[1] and found[0]
