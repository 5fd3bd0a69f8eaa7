"""Images and containers of the stand-in docker, and the way to it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.standin_sdk import HERE, new_home


@dataclass(frozen=True)
class DockerHome:
    """`folder`: what $STANDIN_DOCKER names."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> "DockerHome":
        for name in ("bin", "images", "containers"):
            (folder / name).mkdir(parents=True)
        program = folder / "bin" / "docker"
        program.write_text(f"#!{sys.executable} -I\n" + (HERE / "docker").read_text().partition("\n")[2])
        program.chmod(0o755)
        return cls(folder)

    def on_path(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on `docker` is this one."""
        monkeypatch.setenv("STANDIN_DOCKER", str(self.folder))
        monkeypatch.setenv("PATH", os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]]))

    def add_image(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        (self.folder / "images" / name).write_text(json.dumps(self._environment(environment)))

    def add_container(self, name: str, state: str = "running", environment: Mapping[str, str] | None = None) -> None:
        made = {"state": state, "env": self._environment(environment)}
        (self.folder / "containers" / name).write_text(json.dumps(made))

    def _environment(self, more: Mapping[str, str] | None) -> dict[str, str]:
        path = os.pathsep.join([os.path.join(sys.base_prefix, "bin"), os.defpath])
        return {"PATH": path, "HOME": str(new_home()), **(more or {})}

    def containers(self) -> set[str]:
        found = {path.name: json.loads(path.read_text()) for path in (self.folder / "containers").iterdir()}
        return {name for name, told in found.items() if told["state"] == "running"}

    def kill(self, name: str) -> None:
        subprocess.run([shutil.which("docker") or "docker", "kill", name], check=True)

    def without_cv2(self) -> Path:
        """A folder for PYTHONPATH that makes `import cv2` fail as in an image that lacks it."""
        folder = self.folder / "without_cv2"
        folder.mkdir(exist_ok=True)
        (folder / "cv2.py").write_text("""raise ModuleNotFoundError("No module named 'cv2'")\n""")
        return folder

    def mounts(self) -> list[list[str]]:
        """The -v of every `docker run` so far."""
        return [json.loads(line) for line in (self.folder / "mounts").read_text().splitlines()]
