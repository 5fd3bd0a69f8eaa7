"""Every command line of the README runs as it is printed, in a folder that holds the files it names."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.dumps.reader import open_dump

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
RECIPES = sorted({block for block in BLOCKS if block.startswith("sgs-tui ")}, key=README.index)
GOOD = {0, 1}
"""A failing layer is what the example files have; anything else is a broken line."""
FINDS_FAULTS = "sgs-tui debugconfig check"
"""Ends with 3 here: the example file's path leads to another machine's folder, which the next line mends."""


@pytest.fixture
def workplace(tmp_path: Path, sgs: Path) -> Path:
    """The files that the README's lines name."""
    bad = sgs / "bad"
    files = {
        "fixed.bin": bad / "bad_fixed_dq.bin",
        "float.bin": bad / "bad_float.bin",
        "tensor_min_max.txt": bad / "tensor_min_max.txt",
        "input_config.ini": bad / "input_config.ini",
        "DebugConfig.txt": bad / "bad_float.DebugConfig.txt",
        "net.onnx": bad / "bad.onnx",
    }
    for name, source in files.items():
        shutil.copy(source, tmp_path / name)
    with open_dump(bad / "bad_float.bin") as dump:
        picture = dump.read(dump.find("data")[0]).reshape(1, 32, 32, 3)
    np.save(tmp_path / "input.npy", picture.transpose(0, 3, 1, 2))
    return tmp_path


def test_the_readme_has_recipes_in_both_languages() -> None:
    assert len(RECIPES) == 5
    english, chinese = README.split("## 简体中文")
    assert all(block in english and block in chinese for block in RECIPES)


@pytest.mark.parametrize("block", RECIPES)
def test_recipe(workplace: Path, block: str) -> None:
    for line in block.splitlines():
        command = [sys.executable, "-m", "sgs_tui", *line.split()[1:]]
        done = subprocess.run(command, cwd=workplace, capture_output=True, text=True, timeout=100, check=False)
        good = {3} if line.startswith(FINDS_FAULTS) else GOOD
        assert done.returncode in good, f"{line}\n{done.stderr}"
        assert "Traceback" not in done.stderr


def test_every_command_of_the_tables_exists_and_gives_examples() -> None:
    commands = sorted(set(re.findall(r"^\| `sgs-tui ([a-z-]+)", README, re.MULTILINE)))
    assert len(commands) >= 15
    for command in commands:
        ask = [sys.executable, "-m", "sgs_tui", command, "--help"]
        done = subprocess.run(ask, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert f"sgs-tui {command}" in done.stdout


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"\]\((screenshots/[^)]+)\)", README)
    assert pictures and all((REPOSITORY / picture).is_file() for picture in pictures)
