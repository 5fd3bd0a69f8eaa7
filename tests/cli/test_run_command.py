"""`sgs-tui run`: both stages, then the comparison."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.demo.demo import CULPRIT, DemoFiles, build_demo
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import list_runs
from tests.cli.conftest import Command
from tests.standin_sdk import TINY, write_model
from tests.standin_sdk.bench import Bench
from tests.standin_sdk.docker_home import DockerHome


@pytest.fixture
def older(tmp_path: Path) -> Bench:
    bench = Bench.at(tmp_path)
    write_model(bench.home / "tiny_float.sim")
    write_model(bench.home / "tiny_fixed.sim", "fixed")
    return bench


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return build_demo(tmp_path_factory.mktemp("demo"))


def sdk(bench: Bench, *more: str, image: str = "test.jpg", fixed: str = "tiny_fixed.sim") -> Sequence[str]:
    models = ("--float", bench.home / "tiny_float.sim", "--fixed", bench.home / fixed)
    inputs = ("--image", bench.home / image, "-n", bench.home / "pre.py")
    surroundings = ("--sdk", bench.sdk.root, "--sdk-python", sys.executable, "--root", bench.root)
    return ("run", *map(str, (*models, *inputs, *surroundings)), *more)


def pictures(bench: Bench, *names: str) -> Path:
    folder = bench.home / "images"
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


def test_both_stages_and_their_comparison(older: Bench, command: Command) -> None:
    (older.home / "tensor_min_max.txt").write_bytes((TINY / "tensor_min_max.txt").read_bytes())
    ended = command(*sdk(older, "--format", "json", "--profile", "sop"))
    assert ended.code == 0, ended.err
    written = json.loads(ended.out)
    assert (written["sample"]["stage"], written["benchmark"]["stage"]) == ("fixed", "float")
    assert written["profile"] == "sop" and written["summary"]["layers"] == 20
    assert {layer["range_source"] for layer in written["layers"]} == {"calibration"}
    assert "5 layers of the float dump are not in the fixed one" in ended.err
    same = command("compare", "tiny/fixed_dq.bin", "tiny/float.bin", "--format", "csv", "--filter", "gate")
    assert command(*sdk(older, "--format", "csv", "--filter", "gate", "--no-fuse-hint")).err == ""
    assert same.code == 0


def test_exit_code_1_where_layers_are_over_the_limits(older: Bench, command: Command, tmp_path: Path) -> None:
    (tmp_path / "hard.toml").write_text('name = "hard"\n[fail]\nrmse = 0.001\n')
    assert command(*sdk(older, "--batch", "--profile", str(tmp_path / "hard.toml"))).code == 1
    assert command(*sdk(older, "--batch", "--profile", str(tmp_path / "hard.toml"), "--fail-on", "never")).code == 0


def test_a_comparison_for_every_image(older: Bench, command: Command) -> None:
    images = pictures(older, "a.jpg", "b.jpg")
    ended = command(*sdk(older, "--format", "csv", "-o", str(images), "--jobs", "2", image="images"))
    assert ended.code == 0, ended.err
    assert {path.name for path in images.iterdir()} == {"a.jpg", "b.jpg", "a.csv", "b.csv"}
    assert len(list_runs(older.root)) == 4
    printed = command(*sdk(older, "--format", "vendor", "--no-fuse-hint", image="images"))
    assert printed.text.count("OP: ") == 2 * 20
    assert "note: b.jpg: " in printed.err


def test_a_bundle_for_every_image_and_a_gate_on_one(older: Bench, command: Command, tmp_path: Path) -> None:
    pictures(older, "a.jpg", "b.jpg")
    assert command(*sdk(older, "--bundle", str(tmp_path / "all.zip"), image="images")).code == 0
    assert {path.name for path in tmp_path.glob("*.zip")} == {"all-a.zip", "all-b.zip"}
    old = str(tmp_path / "old.json")
    assert command(*sdk(older, "--format", "json", "-o", old)).code == 0
    ended = command(*sdk(older, "--baseline", old, "--fail-on", "regression", "--no-diagnosis"))
    assert (ended.code, "0 newly failing" in " ".join(ended.text.split()), "diagnosis" in ended.text) == (
        0,
        True,
        False,
    )


def test_what_would_fail_after_the_runs_is_said_before(older: Bench, command: Command, tmp_path: Path) -> None:
    pictures(older, "a.jpg", "b.jpg")
    baseline = tmp_path / "old.json"
    command("compare", "tiny/fixed_dq.bin", "tiny/float.bin", "--format", "json", "-o", str(baseline))
    for more, image in (
        (("--batch", "--sort", "nosuch"), "test.jpg"),
        (("--batch", "--profile", "nosuch"), "test.jpg"),
        ((), "test.jpg"),
        (("--batch", "-o", str(tmp_path / "one.txt")), "images"),
        (("--batch", "--detach"), "test.jpg"),
        (("--baseline", "nosuch.json"), "test.jpg"),
        (("--fail-on", "regression"), "test.jpg"),
        (("--batch", "--ranges", "nosuch.txt"), "test.jpg"),
        (("--batch", "-o", str(tmp_path / "nosuch" / "one.txt")), "test.jpg"),
        (("--bundle", str(tmp_path / "nosuch" / "one.zip")), "test.jpg"),
        (("--baseline", str(baseline)), "images"),
    ):
        ended = command(*sdk(older, *more, image=image))
        assert ended.code in (2, 3) and ended.err.count("\n") == 1, more
    assert not older.root.exists()


def test_a_failed_stage_is_exit_code_4(older: Bench, command: Command) -> None:
    write_model(older.home / "crash_fixed.sim", "fixed", "crash")
    ended = command(*sdk(older, "--batch", fixed="crash_fixed.sim"))
    assert (ended.code, ended.out) == (4, b"")
    assert "crashed" in ended.err and ended.err.count("\n") == 1
    assert sorted(run.state for run in list_runs(older.root)) == [RunState.FAILED, RunState.OK]


def test_detached_both_run_and_are_compared_later(older: Bench, command: Command) -> None:
    ended = command(*sdk(older, "--detach"))
    assert ended.code == 0 and "runs compare" in ended.err
    for path in ended.text.splitlines():
        assert command("runs", "follow", path).code == 0
    assert command("runs", "compare", "--root", str(older.root), "--batch").code == 0


def embedded(demo: DemoFiles, root: Path, *more: str) -> tuple[str, ...]:
    return ("run", "--onnx", str(demo.model), "--calibrate", str(demo.images[0].parent), "--root", str(root), *more)


def test_the_embedded_simulator_makes_what_the_demo_makes(demo: DemoFiles, tmp_path: Path, command: Command) -> None:
    ended = command(*embedded(demo, tmp_path / "runs", "--format", "json"))
    assert ended.code == 1
    assert json.loads(ended.out)["summary"]["first_failing"]["name"] == "mix_relu"
    (run,) = list_runs(tmp_path / "runs")
    assert [path.read_bytes() for path in run.dumps] == [demo.float_dump.read_bytes(), demo.fixed_dump.read_bytes()]
    assert run.ranges is not None and run.ranges.read_bytes() == demo.ranges.read_bytes()
    healed = command(*embedded(demo, tmp_path / "runs", "--int16", CULPRIT, "--batch"))
    assert healed.code == 0


def test_embedded_with_another_image_and_a_preprocess(demo: DemoFiles, tmp_path: Path, command: Command) -> None:
    (tmp_path / "pre.py").write_text(
        "import numpy\n\ndef image_preprocess(path, norm=True):\n    return numpy.load(path).transpose(0, 2, 3, 1)\n"
    )
    np.save(tmp_path / "zero.npy", np.zeros((1, 3, 32, 32), np.float32))
    more = ("--image", str(tmp_path / "zero.npy"), "-n", str(tmp_path / "pre.py"), "--format", "json")
    ended = command(*embedded(demo, tmp_path / "runs", *more))
    stem = json.loads(ended.out)["layers"][0]
    plain = json.loads(command(*embedded(demo, tmp_path / "runs", "--format", "json")).out)["layers"][0]
    assert stem["name"] == plain["name"] and stem["benchmark"]["max"] < plain["benchmark"]["max"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--float", "a.sim"), "run needs --float, --fixed and --image, or --onnx and --calibrate"),
        (("--onnx", "onnx/tiny.onnx"), "--onnx needs images to calibrate with"),
        (("--onnx", "onnx/tiny.onnx", "--fixed", "x.sim"), "--fixed: this is for the SDK's models"),
        (("--float", "a.sim", "--fixed", "b.sim", "--image", "i.jpg", "--int16", "c"), "--int16: this is for --onnx"),
        (("--onnx", "onnx/tiny.onnx", "--calibrate", "logs", "--batch"), "no image in it"),
        (("--onnx", "onnx/tiny.onnx", "--calibrate", ".", "--int16", "gaet"), "did you mean gate?"),
        (("--onnx", "onnx/tiny.onnx", "--calibrate", ".", "--shape", "x=1"), "no input or dimension is named x"),
    ],
)
def test_usage(command: Command, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = command("run", *arguments, "--root", str(tmp_path / "runs"))
    assert ended.code in (2, 3) and said in ended.err
    assert not (tmp_path / "runs").exists()


def test_by_way_of_a_container(older: Bench, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker = DockerHome.at(tmp_path / "docker")
    docker.on_path(monkeypatch)
    docker.add_container("box", environment={"SGS_IPU_DIR": str(older.sdk.root)})
    models = [str(write_model(older.home / f"net_{kind}.sim", kind)) for kind in ("float", "fixed")]
    given = [
        "--float",
        models[0],
        "--fixed",
        models[1],
        "-i",
        str(older.home / "test.jpg"),
        "-n",
        str(older.home / "pre.py"),
    ]
    there = ["--sdk-via", "docker exec -i box", "--sdk-python", sys.executable, "--root", str(older.root)]
    ended = command("run", *given, *there, "--format", "json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["summary"]["failed"] == 0
    ended = command("run", *given, "--sdk-via", "docker exec -i nobody", "--batch")
    assert ended.code == 4
    assert ended.err.startswith("sgs-tui: error: docker exec -i nobody: there is no container nobody")
    assert ended.err.count("\n") == 1
    ended = command("run", *given, "--sdk-via", "docker exec -it box", "--batch")
    assert (ended.code, "leave -it out" in ended.err) == (2, True)
    doctor = command("doctor", *there[:4])
    assert f"{older.sdk.root}, version 1.1.5_standin, older generation, by way of docker exec -i box" in doctor.text
    assert "simulator.py starts, and requires -i -m -t -c" in doctor.text
