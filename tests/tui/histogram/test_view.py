"""Histograms as lines."""

import numpy as np
import pytest

from sgs_tui.engine.compare.channels import ChannelTable
from sgs_tui.engine.compare.histogram import LayerHistogram, SideCounts
from sgs_tui.engine.compare.histogram import Span as Stretch
from sgs_tui.engine.compare.results import LayerRange, RangeSource
from sgs_tui.tui.histogram.view import Look, picture, strip
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


def test_limits_are_red_lines_at_their_place_and_named() -> None:
    lines = picture(_histogram(), CALIBRATED, Look(81, 16))
    bar = "".join(part.text for part in lines[1])
    assert [place for place, char in enumerate(bar) if char == "│"] == [20, 60]
    assert "cal min -2.0000" in _text(lines) and "cal max 2.0000" in _text(lines)
    assert any(part.tone == "fail" for part in lines[1])


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
    values = np.concatenate([np.zeros(100_000), np.full(20, 3.0)])
    plain, log = (picture(_histogram(values), None, Look(80, 20, log=log)) for log in (False, True))

    def height(lines: list[Line]) -> int:
        rows = ["".join(part.text for part in one).ljust(80) for one in lines[1:9]]
        return sum(row[69:72].strip() != "" for row in rows)

    assert height(log) >= 2 > height(plain) >= 1


def test_few_values_get_few_bars() -> None:
    lines = picture(_histogram(np.random.default_rng(1).normal(size=100)), None, Look(120, 12, plain=True))
    runs = "".join(part.text for part in lines[4]).split()
    assert all(len(run) % 6 == 0 for run in runs)


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
    assert _text([words]).startswith("[ch 1 RMSE 0.900, 69 % of error] ch 2 0.300")
    assert bars[1].tone == "cursor" and width(bars) <= 80


@pytest.mark.parametrize("rmse", [[0.0, 0.0], [float("inf"), 1.0], [float("nan"), 1.0], [0.5] * 3000])
@pytest.mark.parametrize("plain", [False, True])
def test_channel_strip_takes_any_figures(rmse: list[float], plain: bool) -> None:
    for chosen in (None, 0, len(rmse) - 1):
        lines = strip(_table(rmse), chosen, 60, plain)
        assert len(lines) == 2 and all(width(one) <= 60 for one in lines)
