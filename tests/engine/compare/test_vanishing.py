"""A layer that is all but zero is judged by the steps of its grid; one that varies by steps by its own size."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgs_tui.engine.compare.limits import BUILT_IN, SOP, STRICT, VANISHING, judged
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.writer import Draft, create_dump
from sgs_tui.engine.session import CompareRequest, open_comparison
from tests.engine.build import rows_of, write_outputs

Array = np.ndarray
GRIDS = {"SGS_U8": 1 / 255, "SGS_S8": 1 / 127, "SGS_S16": 1 / 65536}
"""Steps of an output of 0 to 1; S16 holds 0 to 0.5 then, as the simulator's softmax and sigmoid do."""


def row_of(
    folder: Path, sample: Array, benchmark: Array, kind: str = "float", scale: float = 0.0, ranges: str = ""
) -> LayerDiff:
    """One layer; `ranges`: the calibration's line about it."""
    with create_dump(folder / "sample.bin") as writer:
        values = np.asarray(sample, np.float32)
        writer.write(Draft(Direction.OUT, 0, 1, "LOGISTIC", "out", values, scale, 0, kind))
    path = write_outputs(folder / "benchmark.bin", {"out": benchmark})
    known = folder / "ranges.txt" if ranges else None
    if known is not None:
        known.write_text(ranges)
    return rows_of(open_comparison(CompareRequest(folder / "sample.bin", path, known)))[0]


def tiny(largest: float) -> Array:
    return np.random.default_rng(1).uniform(0, 1, 400) ** 4 * largest


@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("codes", [0, 1], ids=["all zero", "one code"])
def test_an_output_below_every_step_does_not_fail(kind: str, codes: int, tmp_path: Path) -> None:
    scale = GRIDS[kind]
    sample = np.zeros(400)
    sample[7] = codes * scale * 0.9  # headers print six decimals: a step of the grid may be a little more
    row = row_of(tmp_path, sample, tiny(1e-9), kind, scale)
    for profile in BUILT_IN.values():
        found = judged(row, profile)
        assert found.verdict is Verdict.OK and not found.failing, found.reasons
        assert (found.reasons[-1].startswith(VANISHING) and "says nothing" in found.reasons[-1]) or not codes
    assert row.metrics is not None and row.metrics.rmse > 0.5


@pytest.mark.parametrize("kind", GRIDS)
def test_an_error_of_steps_or_a_benchmark_that_varies_by_them_fails(kind: str, tmp_path: Path) -> None:
    scale = GRIDS[kind]
    wrong = np.zeros(400)
    wrong[3] = 0.02  # five steps of 8 bits
    assert row_of(tmp_path, wrong, tiny(1e-9), kind, scale).verdict is Verdict.FAIL
    dead = row_of(tmp_path, np.zeros(400), tiny(0.3), kind, scale)
    assert dead.verdict is Verdict.FAIL and "sample is all zero" in dead.reasons
    # Less than a step of 8 bits, but INT16 would have told it: a scale that is too coarse.
    coarse = row_of(tmp_path, np.zeros(400), tiny(0.002), kind, scale)
    assert coarse.verdict is Verdict.FAIL


def test_without_a_header_the_calibrated_range_tells_and_without_both_nothing_does(tmp_path: Path) -> None:
    line = "Name:out, min: 0.000000, max: 1.000000;\n"
    sample = np.zeros(400)
    sample[7] = 0.001
    assert row_of(tmp_path, sample, tiny(1e-9), ranges=line).verdict is Verdict.OK
    assert row_of(tmp_path, sample, tiny(1e-9)).verdict is Verdict.FAIL


def test_nan_and_absolute_limits_count_as_ever(tmp_path: Path) -> None:
    broken = np.zeros(400)
    broken[0] = np.nan
    assert row_of(tmp_path, broken, tiny(1e-9), "SGS_U8", 1 / 255).verdict is Verdict.FAIL


@given(width=st.floats(1e-2, 1e4), steps=st.floats(0.0, 3.0), share=st.floats(1e-9, 1e-3))
def test_the_bound_is_one_step_of_8_bits_and_a_value_below_one_of_16(
    width: float, steps: float, share: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sample = np.zeros(64)
    sample[5] = steps * width / 255
    row = row_of(tmp_path_factory.mktemp("v"), sample, tiny(share * width)[:64], "SGS_U8", width / 255)
    grid, benchmark, metrics = row.grid_width, row.benchmark, row.metrics
    assert benchmark is not None and metrics is not None
    fine = benchmark.maximum * 65535 < grid and metrics.max_abs_error * 255 <= grid
    assert (judged(row, SOP).verdict is not Verdict.FAIL) >= fine
    assert fine or judged(row, STRICT).verdict is Verdict.FAIL or metrics.sqnr_db >= 27


def test_what_fills_its_own_calibrated_range_is_dead_beside_a_wider_tensor_it_shares_the_scale_with(
    tmp_path: Path,
) -> None:
    row = row_of(tmp_path, np.zeros(400), tiny(1.0), "SGS_S16", 10.0, "Name:out, min: 0.000000, max: 1.000000;\n")
    assert row.verdict is Verdict.FAIL
    nothing = row_of(tmp_path, np.zeros(400), tiny(1e-9), "SGS_S16", 10.0, "Name:out, min: 0.000000, max: 0.000000;\n")
    assert nothing.verdict is Verdict.OK
