"""Sets of small pairs of dumps with known faults."""

from pathlib import Path

import numpy as np
import pytest

from tests.engine.build import write_outputs

LAYERS = ("a", "b", "c")


def values(seed: int, gain: float = 1.0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {name: (gain * random.standard_normal(64)).astype(np.float32) for name in LAYERS}


def write_pair(folder: Path, name: str, seed: int, error: float = 0.01) -> None:
    """A pair whose layers are off by `error`."""
    benchmark = values(seed)
    noise = np.random.default_rng(seed + 1000)
    sample = {key: each * (1 + error * noise.standard_normal(each.shape)) for key, each in benchmark.items()}
    (folder / "fixed").mkdir(exist_ok=True, parents=True)
    (folder / "float").mkdir(exist_ok=True)
    write_outputs(folder / "fixed" / f"{name}.bin", sample)
    write_outputs(folder / "float" / f"{name}.bin", benchmark)


@pytest.fixture
def dumps(tmp_path: Path) -> Path:
    """fixed/ and float/ with ten pairs; p3 is far off."""
    for number in range(10):
        write_pair(tmp_path, f"p{number}", number, 3.0 if number == 3 else 0.01)
    return tmp_path
