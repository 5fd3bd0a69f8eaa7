"""A folder with the stand-in SDK, models, an image and a preprocess script, and the form that runs them."""

import os
import sys
from pathlib import Path

from sgs_tui.tui.runs.form import RunForm, form_of
from tests.standin_sdk import build_sdk, write_model, write_preprocess

REAL = Path(__file__).resolve().parents[1] / "data" / "sgs"


def set_up(folder: Path, behave: str = "") -> RunForm:
    """Everything in `folder`; both models behave that way."""
    folder.mkdir(exist_ok=True)
    (folder / "test.jpg").write_bytes(b"\xff\xd8 picture")
    write_preprocess(folder / "pre.py")
    write_model(folder / "net_float.sim", "float", behave)
    write_model(folder / "net_fixed.sim", "fixed", behave)
    build_sdk(folder / "sdk")
    return form(folder)


def form(folder: Path) -> RunForm:
    """The form filled in."""
    return form_of(
        {
            "float": str(folder / "net_float.sim"),
            "fixed": str(folder / "net_fixed.sim"),
            "image": str(folder / "test.jpg"),
            "preprocess": str(folder / "pre.py"),
            "sdk": str(folder / "sdk"),
            "python": sys.executable,
        }
    )


def environment(folder: Path) -> dict[str, str]:
    """A home of its own, and no slow shims in front of the interpreter."""
    home = folder / "h"
    home.mkdir(exist_ok=True)
    path = os.pathsep.join([os.path.join(sys.base_prefix, "bin"), os.environ["PATH"]])
    return {"HOME": str(home), "PATH": path, "XDG_STATE_HOME": str(folder / "state"), "SGS_IPU_DIR": ""}
