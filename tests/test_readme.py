"""Every command line of the README runs as it is printed, in a folder that holds the files it names."""

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.cli import COMMANDS, OPEN
from sgs_tui.engine.dumps.reader import open_dump
from tests.cli.conftest import Command, command
from tests.cli.parsing import parse
from tests.engine.boards import results_text
from tests.standin_sdk import build_sdk, write_model, write_preprocess
from tests.standin_sdk.docker_home import DockerHome

__all__ = ["command"]  # a fixture
REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
RECIPES = sorted({block for block in BLOCKS if block.startswith("sgs-tui ")}, key=README.index)
ENGLISH, CHINESE = README.split("## 简体中文")
TABLE = r"^\| `sgs-tui ([a-z-]+)"
OUTPUTS = {"trans": (1, 16, 14), "prob": (1, 10)}
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
    write_board_files(tmp_path, bad / "bad_fixed_dq.bin")
    for kind in ("float", "fixed"):
        write_model(tmp_path / f"net_{kind}.sim", kind)
    write_preprocess(tmp_path / "pre.py")
    (tmp_path / "cat.jpg").write_bytes(b"\xff\xd8 picture")
    return tmp_path


def write_board_files(folder: Path, fixed: Path) -> None:
    """What a board gives: as text, padded, and as bytes."""
    with open_dump(fixed) as dump:
        values = {name: dump.values(dump.find(name)[0]).reshape(shape) for name, shape in OUTPUTS.items()}
    (folder / "board.txt").write_text("".join(results_text(name, each, 8) for name, each in values.items()))
    (folder / "board.bin").write_bytes(b"".join(each.astype("<f4").tobytes() for each in values.values()))


def test_both_languages_have_the_same_commands_and_facts() -> None:
    assert len(RECIPES) == 8 and len(BLOCKS) == 2 * 10
    english, chinese = (
        re.findall(r"^```sh\n(.*?)^```$", part, re.MULTILINE | re.DOTALL) for part in (ENGLISH, CHINESE)
    )
    assert english == chinese
    for fact in (
        TABLE,
        r"^\| (\d+) \|",
        r"`(sgs-tui/[a-z-]+/\d)`",
        r"\]\((cfg[^)]*)\)",
        r"`(sgs_tui/[^`]+)`",
        r"`(--[a-z-]+)",
    ):
        found = [re.findall(fact, part, re.MULTILINE) for part in (ENGLISH, CHINESE)]
        assert found[0] and sorted(found[0]) == sorted(found[1]), fact
    for term in ("MSE", "COS", "RMSE", "sample", "benchmark", "INT16"):
        assert term in CHINESE


@pytest.mark.parametrize("block", RECIPES)
def test_recipe(
    workplace: Path,
    tmp_path_factory: pytest.TempPathFactory,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    block: str,
) -> None:
    sdk = build_sdk(tmp_path_factory.mktemp("sdk") / "older")
    docker = DockerHome.at(tmp_path_factory.mktemp("docker") / "home")
    docker.add_image("sgs-image", {"SGS_IPU_DIR": str(sdk)})
    docker.add_container("sgs", environment={"SGS_IPU_DIR": str(sdk)})
    path = os.pathsep.join([os.path.join(sys.base_prefix, "bin"), str(docker.folder / "bin"), os.environ["PATH"]])
    for name, value in (("SGS_IPU_DIR", sdk), ("PATH", path), ("STANDIN_DOCKER", docker.folder)):
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(workplace)
    for line in block.splitlines():
        done = command(*shlex.split(line)[1:])
        good = {3} if line.startswith(FINDS_FAULTS) else GOOD
        assert done.code in good, f"{line}\n{done.err}"
        assert "Traceback" not in done.err


def test_commands_in_the_text_are_right() -> None:
    texts = re.findall(r"`(sgs-tui [^`]+)`", README)
    inline = sorted({text for text in texts if not re.search(r"[|\[\\]|--install", text)})
    assert len(inline) > 15
    for text in inline:
        parse(shlex.split(text)[1:])


def test_the_tables_have_every_command() -> None:
    for part in (ENGLISH, CHINESE):
        assert set(re.findall(TABLE, part, re.MULTILINE)) == set(COMMANDS) - {OPEN}


def test_every_schema_is_named() -> None:
    sources = "".join(path.read_text("utf-8") for path in (REPOSITORY / "sgs_tui" / "batch").glob("*.py"))
    assert set(re.findall(r'"(sgs-tui/[a-z-]+/\d)"', sources)) <= set(re.findall(r"`(sgs-tui/[a-z-]+/\d)`", ENGLISH))


def test_every_file_it_names_is_there() -> None:
    named = set(re.findall(r"`((?:sgs_tui|tests|cfg|\.ci)/[^` ]+)`", README))
    assert len(named) > 25 and [name for name in sorted(named) if not (REPOSITORY / name).exists()] == []


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"\]\((screenshots/[^)]+)\)", README)
    assert pictures and all((REPOSITORY / picture).is_file() for picture in pictures)
