"""Sorting: the worst first in the sense of each figure, NaN on top, stable."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.compare.metrics import METRICS
from sgs_tui.engine.compare.select import SORT_KEYS, sort_rows
from sgs_tui.engine.errors import UsageError
from tests.engine.build import compare_tensors
from tests.layer_rows import failing, layer, metrics, not_comparable, not_finite, perfect

ROWS = [
    layer("conv10", 0),
    perfect("conv2", 1),
    not_comparable("align", 2),
    failing("gate", 3),
    not_finite("exp", 4),
]


def names(key: str, reverse: bool = False) -> list[str]:
    return [row.name for row in sort_rows(ROWS, key, reverse)]


@pytest.mark.parametrize("key", ["rmse", "cos", "sqnr_db", "sqnr", "mse"])
def test_figures_start_with_nan_then_the_worst_and_end_with_what_has_none(key: str) -> None:
    assert names(key) == ["exp", "gate", "conv10", "conv2", "align"]


@pytest.mark.parametrize("key", ["rmse", "cos", "sqnr_db"])
def test_reversed_figures_keep_nan_on_top(key: str) -> None:
    assert names(key, reverse=True) == ["exp", "conv2", "conv10", "gate", "align"]


def test_words() -> None:
    assert names("name") == ["align", "conv2", "conv10", "exp", "gate"]
    assert names("network") == ["conv10", "conv2", "align", "gate", "exp"]
    assert names("verdict")[:3] == ["gate", "exp", "align"]


def test_an_offset_counts_in_both_directions() -> None:
    assert {row.name for row in sort_rows(ROWS, "mean_error")} == {row.name for row in ROWS}


def test_unknown_key_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean rmse"):
        sort_rows(ROWS, "rsme")


def test_digits_without_end_are_no_trouble() -> None:
    assert len(sort_rows([layer("9" * 5000, 0), layer("8", 1)], "name")) == 2


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0])), st.sampled_from(SORT_KEYS), st.booleans())
def test_sorting_loses_nothing_and_is_stable(values: list[float], key: str, reverse: bool) -> None:
    rows = [layer("same", number, figures=metrics(rmse=value), index=1) for number, value in enumerate(values)]
    done = sort_rows(rows, key, reverse)
    assert sorted(done, key=lambda row: row.pair.number) == rows
    if key == "rmse":
        keys = [((value if reverse else -value), number) for number, value in enumerate(values)]
        assert [row.pair.number for row in done] == [number for _, number in sorted(keys)]


def test_an_empty_tensor_has_no_range_and_stands_behind_those_that_have_one(tmp_path: Path) -> None:
    rows, _ = compare_tensors(
        tmp_path, {"empty": np.zeros(0), "full": np.arange(4.0)}, {"empty": np.zeros(0), "full": np.arange(4.0)}
    )
    assert [row.name for row in sort_rows(rows, "range")] == ["full", "empty"]
    assert METRICS["range"].value(rows[0]) is None and METRICS["sample_min"].value(rows[0]) is None
