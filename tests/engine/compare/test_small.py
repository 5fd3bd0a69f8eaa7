"""Layers measured together have the figures that they have alone, to the last bit."""

from pathlib import Path
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sgs_tui.engine.compare import parallel
from sgs_tui.engine.compare.compare import Sides, measure
from sgs_tui.engine.compare.elements import ArrayReader
from sgs_tui.engine.compare.metrics import figures_of
from sgs_tui.engine.compare.pairing import match
from sgs_tui.engine.compare.small import blocks, figures_of_rows
from sgs_tui.engine.compare.sums import CELL, Kernel, Sums
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.writer import Draft, create_dump

SHAPES = st.tuples(st.just(2), st.integers(1, 5), st.integers(1, 70))
VALUES = st.floats(width=32) | st.floats(-2, 2, width=32) | st.just(0.0)


def alone(sample: AnyArray, benchmark: AnyArray) -> str:
    sums = Sums()
    Kernel().add(sums, ArrayReader(sample), ArrayReader(benchmark), 0, len(sample))
    return repr(figures_of(sums))


@given(SHAPES.flatmap(lambda shape: arrays.arrays(np.float32, shape, elements=VALUES)))
def test_rows_have_the_figures_of_single_layers(stored: AnyArray) -> None:
    for row, found in enumerate(figures_of_rows(stored)):
        assert (found is None) == (not np.isfinite(stored[:, row]).all())
        if found is not None:
            assert repr(found) == alone(*stored[:, row])


@pytest.mark.parametrize("count", [255, 1024, 4097, CELL])
def test_rows_of_many_values_too(count: int) -> None:
    stored = np.random.default_rng(count).standard_normal((2, 4, count), dtype=np.float32)
    assert [repr(each) for each in figures_of_rows(stored)] == [alone(*stored[:, row]) for row in range(4)]


SIZES = [256] * 9 + [CELL + 1, 7, 7, 0, 0, 0, 0, *[7] * 5, *[100] * 3, *[8] * 40]


def dump(path: Path, seed: int) -> Dump:
    """Layers of `SIZES` values, in reverse for an even seed; one holds a NaN."""
    random = np.random.default_rng(seed)
    with create_dump(path) as writer:
        for number, size in list(enumerate(SIZES))[:: 1 if seed % 2 else -1]:
            values = random.standard_normal(size, dtype=np.float32)
            values[3:4] = np.nan if number == 4 else values[3:4]
            writer.write(Draft(Direction.OUT, 0, number, "RELU", f"layer_{number}", values))
    return open_dump(path)


def test_a_dump_of_many_sizes_is_measured_as_layer_by_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together: list[int] = []
    plain = parallel.figures_of_block
    monkeypatch.setattr(
        parallel, "figures_of_block", lambda block, *dumps: together.append(len(block)) or plain(block, *dumps)
    )
    sides = Sides(dump(tmp_path / "sample.bin", 1), dump(tmp_path / "benchmark.bin", 2))
    pairs = match(sides.sample, sides.benchmark).pairs
    found = list(parallel.measure_all(pairs, sides, Event()))
    assert [each.pair for each in found] == list(pairs)
    assert [repr(each.figures) for each in found] == [repr(measure(pair, sides, Kernel())) for pair in pairs]
    assert together == [40, 5, 9]


def test_every_pair_is_in_one_block(tmp_path: Path) -> None:
    sides = dump(tmp_path / "sample.bin", 1), dump(tmp_path / "benchmark.bin", 2)
    pairs = match(*sides).pairs
    assert [pair for block in blocks(pairs, True) for pair in block] == list(pairs)
    assert all(len(block) == 1 for block in blocks(pairs, False))


def test_a_file_that_changes_is_told_of_each_layer(tmp_path: Path) -> None:
    sides = Sides(dump(tmp_path / "sample.bin", 1), dump(tmp_path / "benchmark.bin", 2))
    pairs = match(sides.sample, sides.benchmark).pairs
    (tmp_path / "sample.bin").write_bytes(b"isFloat: 1\n")
    found = list(parallel.measure_all(pairs, sides, Event()))
    assert all(each.figures is None and "changed" in str(each.error) for each in found)
