"""An SDK on disk: where it is, which generation, what its simulator's command line understands."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.simulate.sdk_setting import configured_sdk
from sgs_tui.engine.text import visible

ENVIRONMENT_SCRIPTS = ("cfg_env.sh", "envsetup.sh")
"""The vendor's script, and the one that repackaged SDKs have instead."""


class Generation(StrEnum):
    """`OLDER`: versions 1.* and Q_*, native simulators started by scripts. `NEWER`: S*, everything in Python."""

    OLDER = "older"
    NEWER = "newer"


@dataclass(frozen=True, slots=True)
class Sdk:
    """One SDK. `keeps_inputs`: its simulator can be told to keep the preprocessed input (--save_input)."""

    root: Path
    version: str
    generation: Generation
    environment_script: Path
    keeps_inputs: bool

    @property
    def scripts(self) -> Path:
        """Where simulator.py, calibrator.py and compiler.py are."""
        return self.root / "Scripts" / "calibrator"

    @property
    def simulator(self) -> Path:
        """simulator.py."""
        return self.scripts / "simulator.py"

    @property
    def preprocess_folder(self) -> Path:
        """The preprocess modules that -n names without a path."""
        return self.scripts / "preprocess_method"


def find_sdk(argument: Path | None, setting: Path | None = None, environ: Mapping[str, str] = os.environ) -> Sdk:
    """The SDK that was asked for (--sdk), else the one of the settings, else that of SGS_IPU_DIR.

    `setting` stands in for what settings.toml says. Raises UsageError when none is named, and InputError when the
    folder is no SDK or the settings can not be read.
    """
    variable = environ.get("SGS_IPU_DIR")
    root = argument or setting or configured_sdk() or (Path(variable) if variable else None)
    if root is None:
        raise UsageError(
            "no SDK is named",
            'give --sdk FOLDER (it holds cfg_env.sh), set SGS_IPU_DIR, or put `sdk = "FOLDER"` into settings.toml',
        )
    return open_sdk(root.expanduser().absolute())


def open_sdk(root: Path) -> Sdk:
    """The SDK in `root`. Raises InputError when something of it is missing."""
    simulator = root / "Scripts" / "calibrator" / "simulator.py"
    if not simulator.is_file():
        raise InputError(f"{root}: is no SDK: Scripts/calibrator/simulator.py is missing", "name its root folder")
    script = next((root / name for name in ENVIRONMENT_SCRIPTS if (root / name).is_file()), None)
    if script is None:
        raise InputError(f"{root}: has no cfg_env.sh and no envsetup.sh", "unpack the SDK again, or name its root")
    text = simulator.read_text("utf-8", "replace")
    version = _version(root)
    return Sdk(root, version, _generation(version, text), script, "--save_input" in text)


def _version(root: Path) -> str:
    """From versions.py, which is read and not run; empty where there is none to read."""
    path = root / "Scripts" / "calibrator_custom" / "versions.py"
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return ""
    found = re.search(r"^\w*VERSION\w*\s*=\s*['\"]([^'\"]+)['\"]", text, re.MULTILINE | re.IGNORECASE)
    return visible(found[1]) if found else ""


def _generation(version: str, simulator: str) -> Generation:
    """By the version's first letters; by an option that only newer simulators know where there is no version."""
    if version:
        return Generation.OLDER if version.startswith(("1.", "Q_")) else Generation.NEWER
    return Generation.NEWER if "--input_config" in simulator else Generation.OLDER
