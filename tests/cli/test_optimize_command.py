"""`sgs-tui optimize` from the command line."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sgs_tui.engine.demo.demo import CULPRIT, DemoFiles, build_demo
from tests.cli.conftest import Command
from tests.standin_sdk.bench import Bench
from tests.standin_sdk.optimizing import add_examples, write_bad_model
from tests.waiting import press_ctrl_c


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return build_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the searches of this module are kept: the second one is quick."""
    return tmp_path_factory.mktemp("searches")


def onnx(demo: DemoFiles, folder: Path, *more: str) -> tuple[str, ...]:
    files = ("--model", str(demo.model), "--calibrate", str(demo.images[0].parent))
    return ("optimize", "onnx", *files, "--folder", str(folder), *more)


def test_the_demo_by_at_most_two_tensors_the_planted_one_among_them(
    demo: DemoFiles, kept: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command(*onnx(demo, kept))
    assert ended.code == 0, ended.err
    assert ended.text.startswith("profile manual: reached with 1 INT16 tensor (11 trials on 9 tensors)\n")
    assert f"tensor_arrays='{CULPRIT}';" in ended.text
    table = ended.text.partition("\n\n")[2].splitlines()
    assert [line.split()[:2] for line in table[1:3]] == [["0", "-"], ["1", CULPRIT]]
    assert all(len(line) <= 80 for line in table if "/" not in line or "RMSE" in line)
    written = json.loads(command(*onnx(demo, kept, "--format", "json")).out)
    assert written["schema"] == "sgs-tui/optimize/1" and written["reached"] is True
    assert written["chosen"] == [CULPRIT] and written["steps"][1]["failing"] == 0
    assert written["sensitivity"][0]["name"] == CULPRIT
    assert command("compare", written["files"]["fixed_dump"], written["files"]["float_dump"], "--batch").code == 0


def test_a_profile_that_can_not_be_reached_is_exit_code_1(demo: DemoFiles, kept: Path, command: Command) -> None:
    (kept / "exact.toml").write_text('name = "exact"\n[fail]\nrmse = 1e-9\n')
    ended = command(*onnx(demo, kept, "--profile", str(kept / "exact.toml"), "-o", str(kept / "report.txt")))
    assert (ended.code, ended.out) == (1, b"")
    text = (kept / "report.txt").read_text()
    assert text.startswith("profile exact: not reached, not even with every tensor in INT16; ")


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--profile", "nosuch"), 2, "nosuch"),
        (("--image", "images"), 2, "candidates are judged on one"),
        (("--image", "nosuch.npy"), 3, "there is no such image"),
        (("--model", "nosuch.onnx"), 3, "nosuch.onnx: cannot read"),
        (("--shape", "data=1,3,9,9"), 2, "does not fit"),
    ],
)
def test_refusals(
    demo: DemoFiles, tmp_path: Path, command: Command, more: tuple[str, ...], code: int, said: str
) -> None:
    given = (str(demo.images[0].parent) if word == "images" else word for word in more)
    ended = command(*onnx(demo, tmp_path, *given))
    assert ended.code in (code, 3) and said in ended.err and ended.out == b""


def interrupted(arguments: Sequence[str], folder: Path, until: str, count: int) -> subprocess.CompletedProcess[str]:
    """Press Ctrl-C once `count` files in `folder` fit `until`."""
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    return press_ctrl_c(arguments, lambda: len(list(folder.glob(until))) >= count, environment)


def test_ctrl_c_stops_and_the_same_command_goes_on(demo: DemoFiles, tmp_path: Path, command: Command) -> None:
    ended = interrupted(onnx(demo, tmp_path), tmp_path, "*/trials/*.json", 3)
    assert (ended.returncode, ended.stdout) == (130, "")
    last = "sgs-tui: error: the search was stopped; the same command goes on where it stopped"
    assert ended.stderr.splitlines()[-1] == last
    again = command(*onnx(demo, tmp_path))
    assert again.code == 0 and "trials of an earlier search found" in again.err


def test_candidates_of_the_sdk(tmp_path: Path, command: Command) -> None:
    bench = Bench.at(tmp_path)
    add_examples(bench.sdk.root)
    (bench.home / "input_config.ini").write_text("[INPUT_CONFIG]\n")
    arguments = (
        *("optimize", "sdk", "--model", write_bad_model(bench.home), "--calibrate", bench.home / "test.jpg"),
        *("--input-config", bench.home / "input_config.ini", "-n", bench.home / "pre.py", "--sdk", bench.sdk.root),
        *("--sdk-python", sys.executable, "--root", bench.root, "--folder", tmp_path / "searches"),
    )
    ended = command(*map(str, arguments), "--only", "0.65,0.7")
    assert ended.code == 0, ended.err
    assert ended.text.startswith("profile manual: kept by 0.7 with 6 INT16 tensors\n")
    assert "0.7: calibrate: ok" in ended.err
    written = json.loads(command(*map(str, arguments), "--only", "0.65,0.7", "--format", "json").out)
    assert [each["labels"] for each in written["candidates"]] == [["0.7"], ["0.65"]]
    assert written["candidates"][0]["inputs"][-1] == "cat"
    assert written["candidates"][1]["figures"]["worst_layer"] == "gate"
    alone = command(*map(str, arguments), "--only", "0.65", "--format", "json")
    assert alone.code == 1 and json.loads(alone.out)["reached"] is False
