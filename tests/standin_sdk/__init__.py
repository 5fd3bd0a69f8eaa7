"""Build the stand-in SDK where a test wants it, and models, images and preprocess scripts for it."""

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

HERE = Path(__file__).resolve().parent
TINY = HERE.parent / "data" / "sgs" / "tiny"
homes = TemporaryDirectory(prefix="homes-", ignore_cleanup_errors=True)
VALUES = 3072
"""What the input of `tiny` takes: 32 x 32 x 3."""


def new_home() -> Path:
    """An empty home folder. Its path is short wherever tests are told to write: simulators give up on a long one."""
    return Path(mkdtemp(dir=homes.name))


def build_sdk(folder: Path, generation: str = "older") -> Path:
    """A stand-in SDK of that generation in `folder`, which is made."""
    shutil.copytree(HERE / generation, folder)
    shutil.copyfile(HERE / "standin_tools.py", folder / "Scripts" / "standin_tools.py")
    if generation == "older":
        shutil.copy(folder / "bin" / "sgs_simulator_float", folder / "bin" / "sgs_simulator_fixed")
    return folder


def write_model(path: Path, kind: str = "float", behave: str = "") -> Path:
    """A model: `kind` float, cmodel_float or fixed; `behave` as standin_tools.py knows it."""
    path.write_text(json.dumps({"kind": kind, "behave": behave, "dumps": str(TINY), "weights": "0" * 4000}))
    return path


def write_preprocess(path: Path, values: int = VALUES) -> Path:
    """A preprocess script that returns so many values, right or wrong."""
    path.write_text(f"def image_preprocess(path, norm=True):\n    return [0.5 if norm else 128] * {values}\n")
    return path
