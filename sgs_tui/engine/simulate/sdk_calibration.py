"""The calibration files that belong to a model: found and kept before a run wipes them.

Every run of the SDK's tools empties `log/` of its working directory, where calibration put them.
"""

from collections.abc import Iterator
from pathlib import Path

RANGES = ("tensor_min_max.txt", "tensor_min_max.json", "tensor_min_max.pkl")
SHAPES = "tensor_statistics.txt"
"""Carries `Shape:` of every tensor, which the older generation's dumps lack."""


def calibration_files(model: Path, sdk: Path) -> tuple[Path, ...]:
    """The ranges, and the statistics beside them: of the model's folder, its log/, the current one, the SDK.

    The first folder that has ranges wins; the statistics are taken from the same one.
    """
    for folder in _places(model, sdk):
        ranges = next((folder / name for name in RANGES if (folder / name).is_file()), None)
        if ranges is not None:
            statistics = folder / SHAPES
            return (ranges, statistics) if statistics.is_file() else (ranges,)
    return ()


def _places(model: Path, sdk: Path) -> Iterator[Path]:
    for folder in (model.absolute().parent, Path.cwd(), sdk):
        yield folder
        yield folder / "log"
