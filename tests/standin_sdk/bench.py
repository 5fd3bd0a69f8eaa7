"""A folder with an SDK, an image and a preprocess script, and one call that makes a run of them."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sgs_tui.engine.backends.sdk import SdkRequest, sdk_runs
from sgs_tui.engine.backends.sdk_install import Sdk, open_sdk
from sgs_tui.engine.backends.start import start_runs
from sgs_tui.engine.runs.run_folder import RunRequest
from sgs_tui.engine.runs.run_list import Run
from sgs_tui.engine.runs.runs import wait_run
from tests.standin_sdk import build_sdk, new_home, write_model, write_preprocess

TIME_LIMIT = 600.0
"""Seconds for a run; every one takes far less, and a loaded machine is no reason to fail."""


@dataclass(frozen=True)
class Bench:
    """Where a test works: everything of the user's is in `home`, the runs in `root`."""

    home: Path
    root: Path
    sdk: Sdk
    environ: Mapping[str, str]

    @classmethod
    def at(cls, folder: Path, generation: str = "older") -> "Bench":
        home = folder / "project"
        home.mkdir()
        (home / "test.jpg").write_bytes(b"\xff\xd8 picture")
        write_preprocess(home / "pre.py")
        path = os.pathsep.join([os.path.join(sys.base_prefix, "bin"), os.environ["PATH"]])  # no slow shims
        environ = {**os.environ, "HOME": str(new_home()), "PATH": path}
        return cls(home, folder / "sgs_runs", open_sdk(build_sdk(folder / "sdk", generation)), environ)

    def request(self, kind: str = "float", behave: str = "", **changes: Any) -> RunRequest:
        """One run of a new model `tiny_<behave><kind>.sim`; `changes` to the SdkRequest."""
        model = write_model(self.home / f"tiny_{behave}{kind}.sim", kind, behave)
        values = {"model": model, "image": str(self.home / "test.jpg"), "preprocess": str(self.home / "pre.py")}
        asked = SdkRequest(**{**values, "python": sys.executable, "timeout": TIME_LIMIT, **changes})
        [run] = sdk_runs(asked, self.sdk, self.environ)
        return run

    def run(self, request: RunRequest) -> Run:
        """Start it and wait for its end."""
        return self.run_all([request])[0]

    def run_all(self, requests: Sequence[RunRequest]) -> list[Run]:
        """Start them under one supervisor and wait for the end of all."""
        return [wait_run(folder.path) for folder in start_runs(requests, self.root)]

    def dump(self, kind: str = "float", behave: str = "", **changes: Any) -> Run:
        """`request` and `run` in one."""
        return self.run(self.request(kind, behave, **changes))


def with_config(request: RunRequest, text: str) -> RunRequest:
    """The run with a DebugConfig.txt as a user might have written it."""
    return replace(request, files={**request.files, "DebugConfig.txt": text})


def with_arguments(request: RunRequest, changes: dict[str, str | None]) -> RunRequest:
    """The run with other values for some options of simulator.py; None drops the option."""
    argv = list(request.argv)
    for option, value in changes.items():
        at = argv.index(option)
        argv[at : at + 2] = [] if value is None else [option, value]
    return replace(request, argv=tuple(argv), needs=())
