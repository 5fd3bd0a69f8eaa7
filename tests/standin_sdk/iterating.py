"""A network's folder with sgs-tui.toml, whose models a stand-in SDK makes: `bad`, mended by raising `cat`."""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.standin_sdk import HERE, build_sdk, new_home, write_preprocess

_SGS = HERE.parent / "data" / "sgs"
_FILES = {"bad": "bad/bad", "cat": "bad_int16/cat", "pool_cat": "bad_int16/pool_cat"}
_DUMPS = {"": "bad", "cat": "cat", "pool,cat": "pool_cat", "cat,pool": "pool_cat"}

TOML = """[iterate]
convert = '''{python} $SGS_IPU_DIR/Scripts/ConvertTool/ConvertTool.py onnx --model_file bad.json \\
  --input_shapes 1,3,32,32 --input_arrays data --output_arrays prob \\
  --input_config input_config.ini --output_file bad_float.sim'''
calibrate = '''{python} $SGS_IPU_DIR/Scripts/calibrator/calibrator.py -i images -m bad_float.sim -n pre.py \\
  --input_config input_config.ini'''
float_model = "bad_float.sim"
fixed_model = "bad_fixed.sim"
image = "images/test.jpg"
preprocess = "pre.py"
sdk = "../sdk"
python = "{python}"
timeout = 60
"""


@dataclass(frozen=True)
class Network:
    """The folder `bad` below a test's own: sgs-tui.toml, the original model, its ini, an image."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "sgs_runs"

    @property
    def ini(self) -> Path:
        return self.folder / "input_config.ini"

    @property
    def float_model(self) -> Path:
        return self.folder / "bad_float.sim"

    @property
    def fixed_model(self) -> Path:
        return self.folder / "bad_fixed.sim"

    def behave(self, how: str) -> None:
        """What the tools do wrong from now on: convert_lies, calibration_fails, slow, hang."""
        dumps = {raised: str(self.folder.parent / "dumps" / name) for raised, name in _DUMPS.items()}
        (self.folder / "bad.json").write_text(json.dumps({"dumps": dumps, "behave": how}))


def build_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    """Everything in `folder`, no model made yet."""
    sdk = build_sdk(folder / "sdk")
    shutil.copytree(HERE / "convert", sdk / "Scripts" / "ConvertTool")
    for name, source in _FILES.items():
        made = folder / "dumps" / name
        made.mkdir(parents=True)
        shutil.copy(_SGS / f"{source}_float.bin", made / "float.bin")
        shutil.copy(_SGS / f"{source}_fixed_dq.bin", made / "fixed_dq.bin")
    (folder / "dumps" / "logs").symlink_to(_SGS / "logs")
    home = folder / "net"
    (home / "images").mkdir(parents=True)
    (home / "images" / "test.jpg").write_bytes(b"\xff\xd8 picture")
    write_preprocess(home / "pre.py")
    shutil.copy(_SGS / "bad" / "input_config.ini", home)
    network = Network(home)
    network.behave("")
    (home / "sgs-tui.toml").write_text(TOML.format(python=sys.executable))
    monkeypatch.setenv("HOME", str(new_home()))
    # The SDK's scripts run in a clean environment, where a slow shim may stand in front of the interpreter.
    monkeypatch.setenv("PATH", os.pathsep.join([os.path.join(sys.base_prefix, "bin"), os.environ["PATH"]]))
    return network
