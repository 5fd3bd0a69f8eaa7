"""The stand-in SDK with its example scripts, and a model `bad` that only some candidates mend."""

import json
import shutil
from pathlib import Path

from tests.standin_sdk import HERE

_SGS = HERE.parent / "data" / "sgs"
CANDIDATES = _SGS / "optimizer"


def add_examples(sdk: Path) -> None:
    """Put sim_optimizer.py and sim_calibrator.py where the real SDK keeps them."""
    shutil.copytree(HERE / "examples", sdk / "Scripts" / "examples")


def write_bad_model(folder: Path, **behaviour: str) -> Path:
    """`bad_float.sim` in `folder`; `behaviour` as examples/ know it. Its dumps are the real ones of `bad`."""
    broken, mended = folder / "dumps-of-bad", folder / "dumps-of-cat"
    for made in (broken, mended):
        made.mkdir()
        shutil.copy(_SGS / "bad/bad_float.bin", made / "float.bin")
    shutil.copy(_SGS / "bad/bad_fixed_dq.bin", broken / "fixed_dq.bin")
    shutil.copy(_SGS / "bad_int16/cat_fixed_dq.bin", mended / "fixed_dq.bin")
    (folder / "logs").symlink_to(_SGS / "logs")
    model = {"kind": "float", "dumps": str(broken), "dumps_with_cat": str(mended), "candidates": str(CANDIDATES)}
    path = folder / "bad_float.sim"
    path.write_text(json.dumps({**model, **behaviour}))
    return path
