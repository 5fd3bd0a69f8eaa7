"""`sgs-tui optimize` from the command line."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.calibration.quant import load_quant_info
from sgs_tui.engine.demo.demo import CULPRIT, DemoFiles, build_demo
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.twin.set_search import PictureResult
from tests.batch.test_schemas import check
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
    written = check(command(*onnx(demo, kept, "--format", "json")).out, "optimize")
    assert written["reached"] is True
    assert written["chosen"] == [CULPRIT] and written["steps"][1]["failing"] == 0
    assert written["sensitivity"][0]["name"] == CULPRIT
    assert command("compare", written["files"]["fixed_dump"], written["files"]["float_dump"], "--batch").code == 0


def test_a_profile_that_can_not_be_reached_is_exit_code_1(demo: DemoFiles, kept: Path, command: Command) -> None:
    (kept / "exact.toml").write_text('name = "exact"\n[fail]\nrmse = 1e-9\n')
    ended = command(*onnx(demo, kept, "--profile", str(kept / "exact.toml"), "-o", str(kept / "report.txt")))
    assert (ended.code, ended.out) == (1, b"")
    text = (kept / "report.txt").read_text()
    assert text.startswith("profile exact: not reached, not even with every tensor in INT16 but data; ")


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
    written = check(command(*map(str, arguments), "--only", "0.65,0.7", "--format", "json").out, "optimize")
    assert [each["labels"] for each in written["candidates"]] == [["0.7"], ["0.65"]]
    assert written["candidates"][0]["inputs"][-1] == "cat"
    assert written["candidates"][1]["figures"]["worst_layer"] == "gate"
    alone = command(*map(str, arguments), "--only", "0.65", "--format", "json")
    assert alone.code == 1 and json.loads(alone.out)["reached"] is False


# On the twin.

PAIR = ("bad/bad_fixed_dq.bin", "bad/bad_float.bin")


def twin(folder: Path, *more: str) -> tuple[str, ...]:
    return ("optimize", "twin", *more, "--folder", str(folder))


@pytest.mark.parametrize("level", [(), ("--level", "L1")])
def test_the_one_tensor_that_repairs_bad(command: Command, tmp_path: Path, level: tuple[str, ...]) -> None:
    pair = PAIR[1:] if level else PAIR
    ended = command(*twin(tmp_path, *pair, *level, "--format", "json", "--quant-file", str(tmp_path / "quant.json")))
    assert ended.code == 0, ended.err
    found = check(ended.out, "optimize")
    assert (found["backend"], found["goal"], found["reached"], found["chosen"]) == ("twin", "layers", True, ["cat"])
    none, cat = found["steps"]
    assert (none["names"], none["failing"], none["worst_layer"]) == ([], 1, "gate")
    assert (cat["names"], cat["failing"], cat["deficit"]) == (["cat"], 0, 0)
    assert none["cost"]["multiplications"] == 0 and 0.3 < cat["cost"]["multiplications"] < 0.4
    assert found["sensitivity"][0]["name"] == "cat" and len(found["sensitivity"]) == 5
    assert {"cat", "gate", "res"} <= set(found["raised"]) and "pool" not in found["raised"]
    assert (found["self_check"] is None) == bool(level)
    assert found["ini"]["added"] == ["cat"] and found["ini"]["written"] is False
    assert "+tensor_arrays='cat';" in found["ini"]["diff"]
    [entry] = load_quant_info(tmp_path / "quant.json")
    assert (entry.name, entry.bit) == ("cat", 16) and entry.greatest == pytest.approx(3.756147)


def test_the_change_is_written_with_a_backup(command: Command, sgs: Path, tmp_path: Path) -> None:
    ini = tmp_path / "input_config.ini"
    before = (sgs / "bad" / "input_config.ini").read_bytes() + b"[CONV_CONFIG]\ntensor_arrays='pool';\n"
    ini.write_bytes(before)
    ended = command(*twin(tmp_path, *PAIR, "--ini", str(ini), "--write"))
    assert ended.code == 0 and f"{ini} is written; what was there is in " in ended.err
    assert ini.read_bytes() == before.replace(b"'pool'", b"'cat'")
    backup = next(path for path in tmp_path.iterdir() if path.is_file() and path != ini)
    assert backup.read_bytes() == before
    again = command(*twin(tmp_path, *PAIR, "--ini", str(ini), "--write"))
    assert again.code == 0 and f"{ini} stays as it is" in again.text


def test_goals_on_the_twin(command: Command, tmp_path: Path) -> None:
    found = json.loads(command(*twin(tmp_path, *PAIR, "--goal", "outputs", "--format", "json")).out)
    assert found["reached"] and found["chosen"] == []  # prob and trans are within RMSE 0.5 as they are
    ended = command(*twin(tmp_path, *PAIR, "--goal", "sqnr=45", "--format", "json"))
    assert ended.code == 0 and len(json.loads(ended.out)["chosen"]) == 3
    assert "prob is judged although its prediction does not count" in ended.err
    ended = command(*twin(tmp_path, *PAIR, "--goal", "sqnr=59"))
    assert ended.code == 1 and ended.text.startswith("goal sqnr=59, profile manual: not reached; nearest with ")


def test_a_search_on_the_twin_is_found_again(command: Command, tmp_path: Path) -> None:
    first = command(*twin(tmp_path, *PAIR))
    [state] = tmp_path.glob("*/tried.json")
    again = command(*twin(tmp_path, *PAIR))
    assert again.out == first.out and "7 trials of an earlier search found in" in again.err
    state.write_bytes(b"{")
    assert command(*twin(tmp_path, *PAIR)).out == first.out
    other = command(*twin(tmp_path, *PAIR, "--profile", "strict", "--format", "json"))
    assert "earlier search" not in other.err and len(list(tmp_path.glob("*/tried.json"))) == 2


def test_ctrl_c_keeps_what_was_tried_on_the_twin(sgs: Path, tmp_path: Path) -> None:
    """A goal out of reach, so that the search lasts; it is stopped once it has started."""
    pair = [str(sgs / name) for name in PAIR]
    ended = interrupted(twin(tmp_path, *pair, "--goal", "sqnr=59.9"), tmp_path, "*/.lock", 1)
    assert (ended.returncode, ended.stdout) == (130, "")
    last = "sgs-tui: error: the search was stopped; the same command goes on where it stopped"
    assert ended.stderr.splitlines()[-1] == last
    [state] = tmp_path.glob("*/tried.json")
    assert json.loads(state.read_bytes())[""][0]["names"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((*PAIR, "--goal", "best"), 2, "goal 'best': not known; say layers, outputs, profile, or sqnr=25"),
        ((*PAIR, "--goal", "sqnr=high"), 2, "goal 'sqnr=high': not known"),
        ((PAIR[1], *PAIR), 2, "3 dumps given"),
        (("bad_int16/cat_float.bin",), 2, "no calibrated ranges"),
        (("bad_int16/cat_float.bin", "--write"), 2, "--write: which file?"),
        (("bad/bad_fixed_dq.bin", "onnx/onnx_NHWC_outtensor_dump.bin"), 3, "holds outputs only"),
        ((*PAIR, "--quant-file", "none/q.json"), 3, "there is no folder"),
    ],
)
def test_refusals_of_the_twin(
    command: Command, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = command(*twin(tmp_path, *arguments))
    assert (ended.code, ended.out) == (code, b"") and said in ended.err
    assert len([line for line in ended.err.splitlines() if ": error: " in line]) == 1


def test_the_set_for_all_pictures(command: Command, sgs: Path, tmp_path: Path) -> None:
    """Searched on the darkest, checked on the others; a file that is none costs itself alone."""
    with open_dump(sgs / PAIR[1]) as dump:
        record = dump.find("data")[0]
        own = dump.read(record).reshape(1, 32, 32, 3)
    images = tmp_path / "images"
    images.mkdir()
    for name, gain in (("bright", 1), ("dim", 0.2), ("dark", 0.05)):
        np.save(images / f"{name}.npy", own * np.float32(gain))
    asked = (*twin(tmp_path, PAIR[1], "--level", "L1", "--pictures", str(images)), "--format", "json")
    ended = command(*asked)
    assert ended.code == 0, ended.err
    found = check(ended.out, "optimize")
    assert (found["reached"], found["deciding"]) == (True, ["dark"])
    assert found["pictures"][0]["name"] == "dark" and len(found["pictures"]) == 3
    assert all(each["reached"] and each["before"]["failing"] for each in found["pictures"])
    one = json.loads(command(*twin(tmp_path, PAIR[1], "--level", "L1", "--format", "json")).out)
    assert len(found["chosen"]) > len(one["chosen"])
    (images / "odd.npy").write_bytes(b"nothing")
    again = command(*asked)
    assert again.code == 3 and "sgs-tui: error: odd: " in again.err and "of an earlier search found" in again.err
    assert json.loads(again.out)["chosen"] == found["chosen"]
    assert [each["name"] for each in json.loads(again.out)["lost"]] == ["odd"]
    assert not any(each["worse"] for each in found["pictures"])
    assert "3 pictures: reached with" in command(*asked[:-2]).text
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PictureResult, "worse", property(lambda each: each.name == "dark"))
        assert "worse with this set: dark (" in command(*asked[:-2]).text
