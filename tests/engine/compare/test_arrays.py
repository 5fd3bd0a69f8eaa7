"""Layers in memory have the figures of the one pass over each."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sgs_tui.engine.compare.arrays import ROW, ROWS, Arrays, laid_out
from sgs_tui.engine.compare.elements import ArrayReader
from sgs_tui.engine.compare.metrics import LayerFigures, figures_of
from sgs_tui.engine.compare.sums import BLOCK, Kernel, Sums

SIZES = st.sampled_from([1, 2, 7, ROW - 1, ROW, ROW + 1, 5 * ROW, ROWS * ROW - 3, ROWS * ROW, ROWS * ROW + 1, 200_000])
KINDS = st.sampled_from(["usual", "positive", "equal", "zero", "zero sample", "nan", "inf", "huge", "tiny"])


def layer(size: int, kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    benchmark = random.normal(size=size).astype(np.float32)
    sample = (benchmark + random.normal(size=size) * 0.01).astype(np.float32)
    changed = {
        "positive": lambda: (np.abs(sample), np.abs(benchmark)),
        "equal": lambda: (benchmark, benchmark),
        "zero": lambda: (sample * 0, benchmark * 0),
        "zero sample": lambda: (sample * 0, benchmark),
        "huge": lambda: (sample * np.float32(1e30), benchmark * np.float32(1e30)),
        "tiny": lambda: (sample * np.float32(1e-30), benchmark * np.float32(1e-30)),
    }
    sample, benchmark = changed.get(kind, lambda: (sample, benchmark))()
    if kind in ("nan", "inf"):
        sample[random.integers(size)] = np.float32(kind)
    return sample, benchmark


def alone(sample: np.ndarray, benchmark: np.ndarray) -> LayerFigures:
    sums, kernel = Sums(), Kernel()
    for start in range(0, len(sample), BLOCK):
        sides = ArrayReader(sample), ArrayReader(benchmark)
        kernel.add(sums, *sides, start, min(BLOCK, len(sample) - start))
    return figures_of(sums)


def untold(figures: LayerFigures) -> LayerFigures:
    """Without what is left out of layers that are measured together."""
    sample, benchmark = (
        replace(side, mean=0.0, zeros=side.zeros if side.all_zero else 0)
        for side in (figures.sample, figures.benchmark)
    )
    sample = replace(sample, minimum=0.0, maximum=0.0)
    return LayerFigures(replace(figures.metrics, max_abs_index=-1, mean_error=0.0), sample, benchmark)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(SIZES, KINDS, st.integers(0, 99)), max_size=7))
def test_figures_are_those_of_the_one_pass(wanted: list[tuple[int, str, int]]) -> None:
    layers = [layer(*each) for each in wanted]
    arrays, laid = Arrays(), laid_out(layers)
    for _ in range(2):  # what a picture leaves in the buffers is not in the next one's figures
        for summed, sides in zip(arrays.sums(laid), layers, strict=True):
            found = arrays.figures(sides, summed)
            expected = alone(*sides)
            if not (expected.sample.finite and expected.benchmark.finite):
                assert repr(found) == repr(expected)  # NaN is no NaN's equal
                continue
            mine, told = untold(found), untold(expected)
            assert mine.sample == told.sample and mine.benchmark == told.benchmark
            assert asdict(mine.metrics) == pytest.approx(asdict(told.metrics), rel=1e-12, abs=1e-13)


def test_an_empty_layer_is_one_too() -> None:
    nothing = np.zeros(0, np.float32)
    layers, arrays = [(nothing, nothing), layer(5, "usual", 1), (nothing, nothing)], Arrays()
    sums = arrays.sums(laid_out(layers))
    first, second, third = (arrays.figures(sides, summed) for sides, summed in zip(layers, sums, strict=True))
    assert first.sample.count == 0 == third.benchmark.count and second.benchmark.count == 5
