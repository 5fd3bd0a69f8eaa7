"""Synthetic pairs of dumps of a given size, and a sparse one, for the benchmarks."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.writer import Draft, create_dump

MB = 1 << 20


def write_pair(folder: Path, layers: int, layer_bytes: int) -> tuple[Path, Path]:
    """(sample, benchmark) with `layers` outputs of `layer_bytes` float32 payload each."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "fixed.bin", folder / "float.bin"
    for path, noise in zip(paths, (0.01, 0.0), strict=True):
        with create_dump(path) as writer:
            for draft in _drafts(layers, layer_bytes // 4, noise):
                writer.write(draft)
    return paths


def _drafts(layers: int, count: int, noise: float) -> Iterator[Draft]:
    base = np.random.default_rng(0).standard_normal(1 << 20, dtype=np.float32)
    error = np.random.default_rng(1).standard_normal(1 << 20, dtype=np.float32) * np.float32(noise)
    values = base + error
    for layer in range(layers):
        yield Draft(Direction.OUT, 0, layer, "CONV_2D", f"layer_{layer}", _repeated(values, count), count=count)


def _repeated(values: np.ndarray, count: int) -> Iterator[np.ndarray]:
    for start in range(0, count, len(values)):
        yield values[: count - start]


def write_sparse(path: Path, records: int, payload: int) -> Path:
    """A dump of `records` payloads that are holes in the file: huge to look at, small on disk."""
    with path.open("wb") as file:
        file.write(b"isFloat: 1\n")
        for number in range(records):
            header = (
                f"//out 0 s: 0.000000 z: 0 type: float name: layer/{number} bConstant:0\nop_out[{number}] RELU = {{\n"
            )
            file.write(header.encode() + b"//buffer data size: %d\n" % payload)
            file.seek(payload, 1)
            file.write(b"\n};\n")
    return path
