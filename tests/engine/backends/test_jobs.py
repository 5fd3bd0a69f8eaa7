"""Jobs of our own: what is asked comes through to the worker whole; inputs, slices and names of runs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx import helper as oh

from sgs_tui.engine.backends.caffe import CaffeDumpRequest
from sgs_tui.engine.backends.embedded import EmbeddedRequest
from sgs_tui.engine.backends.jobs import WORK, Job, job_from_json, job_to_json, local_result, local_run
from sgs_tui.engine.backends.onnx import OnnxDumpRequest, load_model, model_inputs, slices_within
from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.backends.quantize import Quantization
from sgs_tui.engine.backends.samples import image_samples, named_samples
from sgs_tui.engine.backends.start import start_run
from sgs_tui.engine.backends.tflite import TfliteDumpRequest
from sgs_tui.engine.dumps.format import Form
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.runs.hand_over import hand_over, targets
from sgs_tui.engine.runs.run_folder import Product, RunRequest, RunState
from sgs_tui.engine.runs.runs import wait_run

A, B = Path("/a b/\udcff.npy"), Path("/b.jpg")
HOW = Preprocess((Path("/pre.py"), Path("/pre2.py")), "python2.7", 7.5)
JOBS: tuple[Job, ...] = (
    OnnxDumpRequest(Path("/m.onnx"), (A, B), WORK, HOW, Form.TEXT, {"x": (1, 2)}, 3),
    TfliteDumpRequest(Path("/m.tflite"), (A,), WORK, HOW, Form.BINARY, {}),
    CaffeDumpRequest(Path("/p"), Path("/w"), (B,), WORK, HOW, Form.TEXT, {}, "python2.7", Path("/caffe"), 9.0),
    CaffeDumpRequest(Path("/p"), Path("/w"), (B,), WORK),
    EmbeddedRequest(Path("/m"), ((A, B), (B, A)), WORK, HOW, Quantization(False, ("t",)), (A, A), {"n": (4,)}),
)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: type(job).__name__)
def test_a_job_survives_its_journey(job: Job) -> None:
    assert job_from_json(job_to_json(job), Path("job.json"), type(job)) == job


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kind": "exec"}', '{"kind": "onnx", "model": 3}'])
def test_what_is_no_job_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="damaged job"):
        job_from_json(text, Path("job.json"), OnnxDumpRequest)


def test_the_run_of_a_job_expects_its_files(tmp_path: Path) -> None:
    for name in ("m.onnx", "x.npy", "pre.py"):
        (tmp_path / name).write_bytes(b"x")
    job = OnnxDumpRequest(tmp_path / "m.onnx", (tmp_path / "x.npy",), WORK, Preprocess((tmp_path / "pre.py",)))
    run = local_run(job, 5.0)
    assert (run.backend, run.stage, run.timeout) == ("onnx", "original", 5.0)
    assert [product.path for product in run.products] == ["onnx_NHWC_outtensor_dump.bin"]
    assert set(run.needs) == {str(tmp_path / name) for name in ("m.onnx", "x.npy", "pre.py")}
    assert local_run(replace(job, form=Form.TEXT)).products[0].path.endswith(".txt")
    with pytest.raises(InputError, match=r"gone\.npy: no such file"):
        local_run(replace(job, inputs=(tmp_path / "gone.npy",)))
    (tmp_path / "x.jpg").write_bytes(b"x")
    with pytest.raises(UsageError, match="without a preprocess script"):
        local_run(replace(job, inputs=(tmp_path / "x.jpg",), preprocess=Preprocess()))


def test_tensors_without_numbers_are_told_of(tmp_path: Path) -> None:
    nodes = [oh.make_node("Relu", ["x"], ["y"]), oh.make_node("SequenceConstruct", ["y"], ["seq"])]
    values = [oh.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])]
    graph = oh.make_graph(nodes, "g", values, [oh.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])])
    onnx.save(oh.make_model(graph, opset_imports=[oh.make_opsetid("", 13)], ir_version=8), tmp_path / "m.onnx")
    np.save(tmp_path / "x.npy", np.ones((1, 4), np.float32))
    folder = start_run(local_run(OnnxDumpRequest(tmp_path / "m.onnx", (tmp_path / "x.npy",), WORK)), tmp_path / "runs")
    run = wait_run(folder.path)
    assert run.state is RunState.OK, run.status
    (skipped,) = local_result(run).skipped
    assert skipped[0] == "seq"


def pictures(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).write_bytes(b"x")
    return [folder / name for name in names]


def test_image_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = pictures(tmp_path, "a.npy", "b.npy")
    assert image_samples(str(tmp_path)) == ((a,), (b,))
    assert image_samples(str(a)) == ((a,),)
    (tmp_path / "list.txt").write_text("\na.npy, b.npy\nb.npy,a.npy\n")
    monkeypatch.chdir(tmp_path)
    assert image_samples("list.txt") == ((a, b), (b, a))
    (tmp_path / "uneven.txt").write_text("a.npy,b.npy\na.npy\n")
    with pytest.raises(UsageError, match="gives 1 files"):
        image_samples("uneven.txt")
    with pytest.raises(InputError, match="no such image"):
        image_samples("nosuch.npy")


def test_inputs_by_name_and_by_order() -> None:
    assert named_samples(["x", "y"], [(A, B)], {}) == ((A, B),)
    assert named_samples(["x", "y"], [(A,), (B,)], {"x": B}) == ((B, A), (B, B))
    assert named_samples(["x"], [], {"x": B}) == ((B,),)
    with pytest.raises(UsageError, match="no image, every input is named"):
        named_samples(["x"], [(A,)], {"x": B})
    with pytest.raises(UsageError, match=r"expected 2 files \(x, y\)"):
        named_samples(["x", "y"], [(A,)], {})


def test_slices_are_as_many_as_memory_needs(sgs: Path) -> None:
    model = load_model(sgs / "onnx/tiny.onnx")
    inputs = model_inputs(model, {})
    assert slices_within(model, inputs, 1 << 30) == 1
    few, many = slices_within(model, inputs, 60_000), slices_within(model, inputs, 20_000)
    assert 1 < few < many <= len(model.graph.node)
    assert slices_within(model, inputs, 1) == len(model.graph.node)


def request(image: str) -> RunRequest:
    return RunRequest(("x",), "onnx", "m", "original", (Product("d.bin"),), details={"image": image})


def test_dumps_get_names_of_the_user_and_nothing_is_overwritten(tmp_path: Path) -> None:
    dump, out = tmp_path / "dump", tmp_path / "out"
    dump.write_bytes(b"new")
    out.mkdir()
    runs = [request("/i/a.jpg"), request("/j/a.png,/k/z.png"), request("/i/b.jpg")]
    assert [path.name for path in targets(out, runs)] == ["1-a.bin", "2-a.bin", "b.bin"]
    assert targets(tmp_path / "one.bin", runs[:1]) == (tmp_path / "one.bin",)
    with pytest.raises(UsageError, match="3 dumps for one --output"):
        targets(tmp_path / "one.bin", runs)
    hand_over(dump, tmp_path / "one.bin")
    assert (tmp_path / "one.bin").read_bytes() == b"new"
    with pytest.raises(InputError, match="is there already"):
        hand_over(dump, tmp_path / "one.bin")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is there already"):
        targets(tmp_path / "dangling", runs[:1])
    with pytest.raises(InputError, match="no such folder"):
        targets(tmp_path / "no" / "one.bin", runs[:1])


def test_another_file_system_gets_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    dump = tmp_path / "dump"
    dump.write_bytes(b"new" * 1000)
    monkeypatch.setattr("os.link", refuse)
    hand_over(dump, tmp_path / "copy.bin")
    assert (tmp_path / "copy.bin").read_bytes() == dump.read_bytes()
    assert (tmp_path / "copy.bin").stat().st_ino != dump.stat().st_ino
