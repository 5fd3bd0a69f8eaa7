"""Small dumps made on the spot."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sgs_tui.engine.compare.limits import MANUAL, Profile
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.writer import Draft, create_dump
from sgs_tui.engine.events import Row
from sgs_tui.engine.session import CompareRequest, Comparison, open_comparison

Tensor = np.ndarray | tuple[np.ndarray, tuple[int, ...] | None]


def write_outputs(path: Path, tensors: Mapping[str, Tensor]) -> Path:
    """A float dump of outputs; a tensor may come as (payload, shape to print)."""
    with create_dump(path) as writer:
        for number, (name, tensor) in enumerate(tensors.items()):
            payload, shape = tensor if isinstance(tensor, tuple) else (tensor, None)
            values = np.asarray(payload, np.float32)
            writer.write(Draft(Direction.OUT, 0, number, "CONV_2D", name, values, shape=shape))
    return path


def rows_of(comparison: Comparison, workers: int | None = None) -> list[LayerDiff]:
    return [event.value for event in comparison.run(workers=workers) if isinstance(event, Row)]


def compare_tensors(
    folder: Path, sample: Mapping[str, Tensor], benchmark: Mapping[str, Tensor], profile: Profile = MANUAL
) -> tuple[list[LayerDiff], Comparison]:
    """Rows and the comparison of two dumps written into `folder`."""
    request = CompareRequest(
        write_outputs(folder / "sample.bin", sample),
        write_outputs(folder / "benchmark.bin", benchmark),
        profile=profile,
    )
    comparison = open_comparison(request)
    return rows_of(comparison), comparison


def compare_one(folder: Path, sample: Tensor, benchmark: Tensor) -> LayerDiff:
    rows, _ = compare_tensors(folder, {"layer": sample}, {"layer": benchmark})
    assert len(rows) == 1
    return rows[0]
