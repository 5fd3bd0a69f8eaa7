"""`sgs-tui dump`: the stand-in SDK and original models through the real supervisor, from the command line."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, save
from onnx import helper as oh

from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.runs.run_folder import RunState
from sgs_tui.engine.runs.run_list import list_runs
from tests.cli.conftest import Command, Ended
from tests.standin_sdk import TINY, write_model, write_preprocess
from tests.standin_sdk.bench import Bench
from tests.waiting import press_ctrl_c, until_gone


@pytest.fixture
def older(tmp_path: Path) -> Bench:
    return Bench.at(tmp_path)


@pytest.fixture
def image(sgs: Path, tmp_path: Path) -> Path:
    """The input of `tiny` as its float dump holds it."""
    with open_dump(sgs / "tiny/float.bin") as dump:
        np.save(tmp_path / "data.npy", dump.read(dump.records[0]).reshape(1, 32, 32, 3))
    return tmp_path / "data.npy"


def sdk(bench: Bench, model: Path, *more: str, image: str = "test.jpg") -> Sequence[str]:
    options = ("--model", model, "--image", bench.home / image, "-n", bench.home / "pre.py")
    surroundings = ("--sdk", bench.sdk.root, "--sdk-python", sys.executable, "--root", bench.root)
    return ("dump", "sdk", *map(str, (*options, *surroundings)), *more)


def test_a_dump_of_the_simulator(older: Bench, command: Command) -> None:
    model = write_model(older.home / "tiny_float.sim")
    ended = command(*sdk(older, model))
    assert (ended.code, ended.err) == (0, "")
    (path,) = ended.text.splitlines()
    assert Path(path).read_bytes() == (TINY / "float.bin").read_bytes()
    assert not (Path(path).parent / "work").exists()


@pytest.mark.parametrize("generation", ["older", "newer"])
def test_one_run_an_image_under_names_of_the_user(tmp_path: Path, command: Command, generation: str) -> None:
    bench = Bench.at(tmp_path, generation)
    for name in ("images", "dumps"):
        (bench.home / name).mkdir()
    for name in ("a.jpg", "b.png", "c.jpg"):
        (bench.home / "images" / name).write_bytes(b"x")
    model, out = write_model(bench.home / "tiny_fixed.sim", "fixed"), bench.home / "dumps"
    ended = command(*sdk(bench, model, "--type", "fixed", "-o", str(out), "--jobs", "2", "--string", image="images"))
    assert ended.code == 0, ended.err
    assert ended.text.splitlines() == [f"{out}/{name}.bin" for name in "abc"]
    assert {path.read_bytes() for path in out.iterdir()} == {(TINY / "fixed_dq_str.bin").read_bytes()}
    assert ended.err.count("\n") == 1 and "disableDomainFuseOps" in ended.err
    again = command(*sdk(bench, model, "-o", str(out), image="images"))
    assert again.code == 3 and "a.bin: is there already" in again.err
    assert len(list_runs(bench.root)) == 3, "what can not be handed over is not started"


def test_the_fuse_hint_can_be_silenced_and_work_kept(older: Bench, command: Command) -> None:
    model = write_model(older.home / "tiny_fixed.sim", "fixed")
    ended = command(*sdk(older, model, "--no-fuse-hint", "--keep"))
    assert (ended.code, ended.err) == (0, "")
    assert (Path(ended.text.strip()).parent / "work" / "log").is_dir()


def test_switches_from_a_file_of_the_user(older: Bench, command: Command) -> None:
    (older.home / "DebugConfig.txt").write_bytes(
        b"#eliminateGarbage\r\ndumpTensor \r\ndequantFixed\r\npath=/nowhere\r\n"
    )
    model = write_model(older.home / "tiny_fixed.sim", "fixed")
    ended = command(*sdk(older, model, "--debugconfig", str(older.home / "DebugConfig.txt"), "--no-fuse-hint"))
    assert ended.code == 0, ended.err
    assert Path(ended.text.strip()).read_bytes() == (TINY / "fixed_dq_keepgarbage.bin").read_bytes()
    missing = command(*sdk(older, model, "--debugconfig", str(older.home / "nosuch.txt")))
    assert missing.code == 3


def test_an_offline_model_is_refused_with_the_reason_before_an_sdk_is_missed(command: Command, tmp_path: Path) -> None:
    (tmp_path / "net.img").write_bytes(b"x")
    ended = command("dump", "sdk", "--model", str(tmp_path / "net.img"), "--image", "x.jpg", "-n", "pre.py")
    assert ended.code == 2
    assert "an offline model can not be dumped" in ended.err and "_fixed.sim" in ended.err
    (tmp_path / "net_fixed.sim").write_bytes(b"x")
    ended = command("dump", "sdk", "--model", str(tmp_path / "net_fixed.sim"), "--image", "x.jpg")
    assert ended.code == 2 and "no SDK is named" in ended.err


@pytest.mark.parametrize(
    ("behave", "said"),
    [("crash", "the native simulator crashed"), ("disk_full", "the disk is full"), ("hang", "time limit of 1 s")],
)
def test_a_failure_is_one_line_and_exit_code_4(older: Bench, command: Command, behave: str, said: str) -> None:
    model = write_model(older.home / f"{behave}_float.sim", behave=behave)
    ended = command(*sdk(older, model, "--timeout", "1" if behave == "hang" else "600"))
    assert (ended.code, ended.out) == (4, b"")
    assert ended.err.count("\n") == 1
    assert said in ended.err and "; " in ended.err


def test_one_bad_run_of_several_keeps_the_others(older: Bench, command: Command) -> None:
    (older.home / "two").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (older.home / "two" / name).write_bytes(b"x")
    (older.home / "pre.py").write_text(
        "def image_preprocess(path, norm=True):\n    assert 'b.jpg' not in path, 'no b'\n    return [0.5] * 3072\n"
    )
    model = write_model(older.home / "tiny_float.sim")
    ended = command(*sdk(older, model, image="two"))
    assert ended.code == 4
    assert len(ended.text.splitlines()) == 1 and "no b" in ended.err


def test_what_is_wrong_with_a_request_starts_nothing(older: Bench, command: Command) -> None:
    model = write_model(older.home / "tiny_float.sim")
    assert command(*sdk(older, model, image="nosuch.jpg")).code == 3
    assert command(*sdk(older, older.home / "nosuch_float.sim")).code == 3
    assert command(*sdk(older, model, "--detach", "-o", "x.bin")).code == 2
    assert command(*sdk(older, model, "-o", "no/such/folder.bin")).code == 3
    assert not older.root.exists()


def test_warnings_come_before_the_run(older: Bench, command: Command) -> None:
    model = write_model(older.home / "tiny_float.sim")
    ended = command(*sdk(older, model, "--type", "Fixed"))
    assert ended.code == 4
    first, second = ended.err.splitlines()
    assert first.startswith("sgs-tui: warning: ") and "swapped model" in first
    assert "float model was given to the fixed simulator" in second


def test_detached_runs_are_left_alone(older: Bench, command: Command) -> None:
    model = write_model(older.home / "slow_float.sim", behave="slow")
    ended = command(*sdk(older, model, "--detach", "--format", "json"))
    (run,) = json.loads(ended.out)["runs"]
    assert ended.code == 0 and run["state"] in ("queued", "running")
    assert command("runs", "follow", run["name"], "--root", str(older.root)).code == 0
    assert list_runs(older.root)[0].state is RunState.OK


def interrupted(arguments: Sequence[str], folder: Path, until: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own and press Ctrl-C once something in `folder` fits `until`."""
    root = str(Path(__file__).parents[2])
    return press_ctrl_c(arguments, lambda: list(folder.glob(until)), {**os.environ, "PYTHONPATH": root})


def test_ctrl_c_cancels_the_run_and_those_behind_it(older: Bench, sgs: Path) -> None:
    (older.home / "two").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (older.home / "two" / name).write_bytes(b"x")
    model = write_model(older.home / "hang_float.sim", behave="hang")
    ended = interrupted(sdk(older, model, image="two"), older.root, "*/simulator.log")
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr.splitlines()[-1] == "sgs-tui: error: interrupted"
    assert ended.stderr.count(": cancelled\n") == 2
    assert [run.state for run in list_runs(older.root)] == [RunState.CANCELLED] * 2


def test_an_onnx_model_equals_the_vendors_dump(sgs: Path, image: Path, tmp_path: Path, command: Command) -> None:
    ended = command(*onnx(tmp_path, "--image", str(image)))
    assert ended.code == 0 and "transposed to NCHW" in ended.err
    with open_dump(Path(ended.text.strip())) as ours, open_dump(sgs / "onnx/onnx_NHWC_outtensor_dump.bin") as theirs:
        assert [record.name for record in ours.records] == [record.name for record in theirs.records]
        for mine, real in zip(ours.records, theirs.records, strict=True):
            assert (mine.op_type, mine.shape, mine.count) == (real.op_type, real.shape, real.count)
            np.testing.assert_allclose(ours.read(mine), theirs.read(real), atol=1e-5)
    printed = command("compare", ended.text.strip(), "tiny/float.bin", "--format", "json")
    cosines = [layer["cos"] for layer in json.loads(printed.out)["layers"]]
    assert len(cosines) >= 18 and min(cosines) > 0.9999995


def onnx(folder: Path, *more: str) -> tuple[str, ...]:
    return ("dump", "onnx", "--model", "onnx/tiny.onnx", "--root", str(folder / "runs"), *more)


def test_onnx_text_slices_and_named_inputs(image: Path, tmp_path: Path, command: Command) -> None:
    plain = command(*onnx(tmp_path, "--image", str(image)))
    named = ("--input", f"data={image}", "--shape", "data=1,3,32,32")
    sliced = command(*onnx(tmp_path, *named, "--memory", "50k", "-o", str(tmp_path / "mine.bin")))
    assert sliced.text == f"{tmp_path}/mine.bin\n"
    assert (tmp_path / "mine.bin").read_bytes() == Path(plain.text.strip()).read_bytes()
    text = Path(command(*onnx(tmp_path, *named, "--slices", "3", "--text")).text.strip())
    assert text.name == "onnx_NHWC_outtensor_dump.txt"
    assert {path.name for path in text.parent.iterdir()} >= {"NHWC", "NCHW"}
    assert (text.parent / "NHWC" / "gate#(1, 8, 8, 6)").is_file()


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "no file for input data; give --image PATH or --input NAME=FILE"),
        (("--input", "dta=x.npy"), 2, "no input is named dta; the inputs are: data"),
        (("--input", "data"), 2, "--input data: expected NAME=FILE"),
        (("--input", "data=nosuch.npy"), 3, "nosuch.npy: no such file"),
        (("--input", "data=onnx/tiny.onnx"), 2, "without a preprocess script only .npy"),
        (("--shape", "data=1,x"), 2, "--shape data=1,x: expected NAME=1,3,224,224"),
        (("--shape", "data=1,3,9,9"), 2, "does not fit the model's [1, 3, 32, 32]"),
        (("--image", "nosuch.jpg"), 3, "nosuch.jpg: there is no such image"),
        (("--memory", "lots"), 2, "--memory lots: expected a size"),
        (("--memory", "1G", "--slices", "2"), 2, "give one of them"),
        (("--model", "tiny/float.bin"), 3, "float.bin: not an ONNX model but a dump; `sgs-tui inspect "),
        (("--model", "tiny/tensor_min_max.txt"), 3, "tensor_min_max.txt: not an ONNX model but a calibration file"),
    ],
)
def test_onnx_refusals(command: Command, tmp_path: Path, options: tuple[str, ...], code: int, said: str) -> None:
    ended = command(*onnx(tmp_path, *options))
    assert (ended.code, ended.out) == (code, b"")
    assert said in ended.err and ended.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_a_preprocess_that_fails_is_named(image: Path, tmp_path: Path, command: Command) -> None:
    (tmp_path / "pre.py").write_text("def image_preprocess(path, norm=True):\n    raise ValueError('no color')\n")
    ended = command(*onnx(tmp_path, "--image", str(image), "-n", str(tmp_path / "pre.py")))
    assert (ended.code, ended.out) == (4, b"")
    said = "pre.py, line 2: image_preprocess for data.npy failed: ValueError: no color"
    assert said in ended.err and ended.err.count("\n") == 1
    [run] = list_runs(tmp_path / "runs")
    assert said in run.status.message and run.status.failure == "run_error"


def test_our_own_dumper_over_its_time_limit_says_so(image: Path, tmp_path: Path, command: Command) -> None:
    (tmp_path / "pre.py").write_text("import time\ndef image_preprocess(path, norm=True):\n    time.sleep(600)\n")
    ended = command(*onnx(tmp_path, "--image", str(image), "-n", str(tmp_path / "pre.py"), "--timeout", "1"))
    assert (ended.code, ended.out) == (4, b"")
    assert "ended after its time limit of 1 s" in ended.err


def test_cancelling_our_own_dumper_ends_its_children_and_leaves_no_temporary_files(
    image: Path, tmp_path: Path, sgs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, temporary = tmp_path / "at-work", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    (tmp_path / "pre.py").write_text(
        "import os, time\n\ndef image_preprocess(path, norm=True):\n"
        f"    with open({str(mark) + '.new'!r}, 'w') as file:\n        file.write(str(os.getpid()))\n"
        f"    os.rename(file.name, {str(mark)!r})\n    time.sleep(600)\n"
    )
    monkeypatch.chdir(sgs)
    arguments = onnx(tmp_path, "--image", str(image), "-n", str(tmp_path / "pre.py"))
    ended = interrupted(arguments, tmp_path, mark.name)
    assert ended.returncode == 130
    assert list(temporary.iterdir()) == []
    until_gone(int(mark.read_text()))


def test_caffe_needs_its_weights(command: Command, tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text(
        'input: "data" input_shape { dim: 1 dim: 3 dim: 8 dim: 8 }\n'
        'layer { name: "relu" type: "ReLU" bottom: "data" top: "out" }\n'
    )
    np.save(tmp_path / "x.npy", np.zeros((1, 3, 8, 8), np.float32))
    options = ("--weights", str(tmp_path / "net.caffemodel"), "--image", str(tmp_path / "x.npy"))
    arguments = ("dump", "caffe", "--model", str(tmp_path / "net.prototxt"), *options, "--root", str(tmp_path / "r"))
    ended = command(*arguments)
    assert ended.code == 3 and "net.caffemodel: no such file" in ended.err


def test_caffe_by_opencv(command: Command, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV (extra caffe) is absent")
    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        pytest.skip("this OpenCV has no Caffe reader")
    ended = run_caffe(command, tmp_path)
    assert ended.code == 0, ended.err
    dump = Path(ended.text.strip())
    assert (dump.parent / "shape.txt").is_file()
    with open_dump(dump) as opened:
        (record,) = [record for record in opened.records if record.name == "out"]
        assert opened.read(record).min() == 0 and opened.read(record).max() == 2


def run_caffe(command: Command, folder: Path) -> Ended:
    (folder / "net.prototxt").write_text(
        'input: "data" input_shape { dim: 1 dim: 3 dim: 8 dim: 8 }\n'
        'layer { name: "relu" type: "ReLU" bottom: "data" top: "out" }\n'
    )
    (folder / "net.caffemodel").write_bytes(b"\x0a\x03net")
    np.save(folder / "x.npy", np.linspace(-2, 2, 192, dtype=np.float32).reshape(1, 3, 8, 8))
    files = ("--model", folder / "net.prototxt", "-w", folder / "net.caffemodel", "-i", folder / "x.npy")
    return command("dump", "caffe", *map(str, files), "--root", str(folder / "runs"))


def test_tflite_says_what_is_missing(command: Command, tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(b"not a model")
    np.save(tmp_path / "x.npy", np.zeros((1, 2), np.float32))
    files = ("--model", str(tmp_path / "net.tflite"), "--image", str(tmp_path / "x.npy"))
    ended = command("dump", "tflite", *files, "--root", str(tmp_path / "runs"))
    assert ended.code == 4 and ended.err.count("\n") == 1
    assert "not a TFLite model" in ended.err or "sgs-tui[tflite]" in ended.err


def test_a_list_file_gives_several_inputs(older: Bench, command: Command) -> None:
    write_preprocess(older.home / "pre2.py")
    (older.home / "second.jpg").write_bytes(b"x")
    (older.home / "inputs.txt").write_text(f"{older.home}/test.jpg,{older.home}/second.jpg\n")
    model = write_model(older.home / "tiny_float.sim")
    ended = command(*sdk(older, model, "-n", str(older.home / "pre2.py"), image="inputs.txt"))
    assert ended.code == 0, ended.err


def test_a_model_of_which_nothing_can_be_dumped_is_no_damaged_dump(tmp_path: Path, command: Command) -> None:
    kinds = [oh.make_tensor_value_info(name, TensorProto.FLOAT, [0, 3]) for name in "xy"]
    graph = oh.make_graph([oh.make_node("Relu", ["x"], ["y"])], "g", kinds[:1], kinds[1:])
    opset = [oh.make_opsetid("", 17)]
    save(oh.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "m.onnx")
    np.save(tmp_path / "x.npy", np.zeros((0, 3), np.float32))
    named = ("--model", str(tmp_path / "m.onnx"), "--image", str(tmp_path / "x.npy"))
    ended = command("dump", "onnx", *named, "--root", str(tmp_path / "runs"))
    assert (ended.code, ended.out) == (4, b"")
    assert "nothing of this model can be dumped: y (it has no elements" in ended.err and "damaged" not in ended.err
