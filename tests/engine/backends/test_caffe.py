"""Backend caffe: OpenCV's reader against numpy, pycaffe through a stand-in, prototxt oddities."""

import ast
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from sgs_tui.engine.backends import caffe as backend
from sgs_tui.engine.backends.caffe import Blob, CaffeDumpRequest, dump_caffe, read_prototxt
from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import Form
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import InputError, RunError, SgsError, UsageError

PROTOTXT = """
name: "tiny" # a comment with { in it
layer { name: "data" type: "Input" top: "data" input_param { shape: { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
        convolution_param { num_output: 4 kernel_size: 3 pad: 1 } }
layer { name: "bn" type: "BatchNorm" bottom: "conv1" top: "conv1" batch_norm_param { use_global_stats: true } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
        pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "slice" type: "Slice" bottom: "pool1" top: "sl/a" top: "sl/b" slice_param { axis: 1 slice_point: 1 } }
layer { name: "sig_layer" type: "Sigmoid" bottom: "sl/a" top: "sig" }
layer { name: "cat_layer" type: "Concat" bottom: "sig" bottom: "sl/b" top: "cat" }
layer { name: "drop" type: "Dropout" bottom: "cat" top: "cat" }
layer { name: "fc" type: "InnerProduct" bottom: "cat" top: "fc" inner_product_param { num_output: 5 } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""


def varint(number: int) -> bytes:
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def layer(name: str, kind: str, blobs: list[AnyArray]) -> bytes:
    """A LayerParameter of caffe.proto: name 1, type 2, blobs 7 (data 5, shape 7)."""
    packed = [
        field(5, np.asarray(blob, "<f4").tobytes()) + field(7, field(1, b"".join(varint(size) for size in blob.shape)))
        for blob in blobs
    ]
    parts = [field(1, name.encode()), field(2, kind.encode()), *(field(7, blob) for blob in packed)]
    return field(100, b"".join(parts))


@pytest.fixture
def net(tmp_path: Path) -> dict[str, AnyArray]:
    """The files of a small net, and what numpy says its blobs hold."""
    random = np.random.RandomState(0)
    weight, bias = random.standard_normal((4, 3, 3, 3)), random.standard_normal(4)
    dense, x = random.standard_normal((5, 64)), random.standard_normal((1, 3, 8, 8))
    mean, variance = random.standard_normal(4), random.uniform(1, 2, 4)
    layers = [layer("conv1", "Convolution", [weight, bias]), layer("fc", "InnerProduct", [dense, np.zeros(5)])]
    layers.append(layer("bn", "BatchNorm", [mean, variance, np.ones(1)]))
    (tmp_path / "net.caffemodel").write_bytes(field(1, b"tiny") + b"".join(layers))
    (tmp_path / "net.prototxt").write_text(PROTOTXT)
    np.save(tmp_path / "x.npy", x)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), (3, 3), (2, 3))
    conv = np.einsum("nchwij,ocij->nohw", windows, weight) + bias[:, None, None]
    conv1 = np.maximum((conv - mean[:, None, None]) / np.sqrt(variance + 1e-5)[:, None, None], 0)
    pool = conv1.reshape(1, 4, 4, 2, 4, 2).max((3, 5))
    sig = 1 / (1 + np.exp(-pool[:, :1]))
    cat = np.concatenate([sig, pool[:, 1:]], 1)
    fc = cat.reshape(1, -1) @ dense.T
    prob = np.exp(fc - fc.max()) / np.exp(fc - fc.max()).sum()
    return {
        "conv1": conv1, "pool1": pool, "sl/a": pool[:, :1], "sl/b": pool[:, 1:],
        "sig": sig, "cat": cat, "fc": fc, "prob": prob,
    }  # fmt: skip


def request(tmp_path: Path, folder: str = "out", **fields: object) -> CaffeDumpRequest:
    return CaffeDumpRequest(
        tmp_path / "net.prototxt",
        tmp_path / "net.caffemodel",
        (tmp_path / "x.npy",),
        tmp_path / folder,
        **fields,  # type: ignore[arg-type]
    )


def opencv() -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV (extra caffe) is not installed")
    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        pytest.skip("this OpenCV has no Caffe reader")


def nhwc(values: AnyArray) -> AnyArray:
    return values.transpose(0, 2, 3, 1) if values.ndim == 4 else values


def test_blobs_are_what_numpy_says_in_the_nets_order(net: dict[str, AnyArray], tmp_path: Path) -> None:
    opencv()
    result = dump_caffe(request(tmp_path))
    with open_dump(result.path) as dump:
        assert [record.name for record in dump.records] == list(net), "the first input is skipped, the order kept"
        for record in dump.records:
            expected = nhwc(net[record.name])
            assert (record.op_type, record.shape, record.slot) == (record.name, expected.shape, 0)
            np.testing.assert_allclose(dump.read(record), expected.ravel(), rtol=0, atol=2e-5)
    raw = result.path.read_bytes()
    head = b"isFloat: 1\n//out 0 s: 0.000000 z: 0 type: float name: conv1 bConstant:0 shape:[1, 8, 8, 4] dims:4\n"
    assert raw.startswith(head + b"op_out[0] conv1 = {\n//buffer data size: 1024\n") and b"};" not in raw[:1300]
    assert (tmp_path / "out" / "shape.txt").read_text().splitlines()[:4:3] == [
        "data\t(1, 3, 8, 8)",
        "sl_a\t(1, 1, 4, 4)",
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [result.path.name, "shape.txt"]


def test_the_text_form(net: dict[str, AnyArray], tmp_path: Path) -> None:
    opencv()
    result = dump_caffe(request(tmp_path, form=Form.TEXT))
    assert result.path.name == "caffe_NHWC_outtensor_dump.txt"
    with open_dump(result.path) as dump:
        np.testing.assert_allclose(dump.read(dump.records[-1]), net["prob"].ravel(), atol=2e-5)
    names = {path.name for path in (tmp_path / "out" / "NCHW").iterdir()}
    assert {"sl_a#(1, 1, 4, 4)", "data#(1, 3, 8, 8)", "prob#(1, 5)"} <= names


STAND_IN = """
import collections, sys, os
import numpy
TEST = 1
sys.stderr.write("WARNING: Logging before InitGoogleLogging()\\n")
class Blob(object):
    def __init__(self, shape): self.data = numpy.zeros(shape, numpy.float32)
    def reshape(self, *shape): self.data = numpy.zeros(shape, numpy.float32)
class Net(object):
    def __init__(self, prototxt, weights, phase):
        assert type(prototxt) is str and os.path.isfile(prototxt) and os.path.isfile(weights) and phase == TEST
        self.inputs = ["data"]
        self.blobs = collections.OrderedDict([("data", Blob((1,))), ("data_split_0", Blob((1,))), ("out", Blob((1,)))])
    def forward(self):
        self.blobs["data_split_0"].data = self.blobs["data"].data
        self.blobs["out"].data = self.blobs["data"].data.sum((2, 3)) + sys.version_info[0] * 0
"""


def pycaffe(tmp_path: Path, text: str = STAND_IN) -> Path:
    package = tmp_path / "caffe root" / "python" / "caffe"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(text)
    return tmp_path / "caffe root"


def test_pycaffe_runs_in_its_own_interpreter(
    net: dict[str, AnyArray], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = dump_caffe(request(tmp_path, pycaffe=sys.executable, caffe_root=pycaffe(tmp_path)))
    x = np.load(tmp_path / "x.npy")
    with open_dump(result.path) as dump:
        split, out = dump.records
        assert (split.name, split.shape, out.name, out.shape) == ("data_split_0", (1, 8, 8, 3), "out", (1, 3))
        np.testing.assert_allclose(dump.read(out), x.astype(np.float32).sum((2, 3)).ravel(), rtol=1e-5)
    assert dict(result.skipped)["conv1"] == "the framework has no such layer"
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(shutil.which("python2.7") is None, reason="no Python 2.7 on this machine")
def test_the_worker_parses_under_python_2(tmp_path: Path) -> None:
    import subprocess

    code = f"compile(open({str(Path(backend.__file__).with_name('user_python.py'))!r}).read(), 'w', 'exec')"
    run = subprocess.run(["python2.7", "-c", code], capture_output=True, cwd=tmp_path, check=False)
    if b"command not found" in run.stderr or b"not installed" in run.stderr:
        pytest.skip("python2.7 is a stand-in here")
    assert run.returncode == 0, run.stderr


def test_the_worker_keeps_to_old_syntax() -> None:
    tree = ast.parse((Path(backend.__file__).parent / "user_python.py").read_text(), feature_version=(3, 4))
    nodes = list(ast.walk(tree))
    assert not any(isinstance(node, ast.JoinedStr | ast.AnnAssign) for node in nodes)
    assert not any(getattr(node, "returns", None) or getattr(node, "annotation", None) for node in nodes)


@pytest.mark.parametrize(
    ("text", "words"),
    [("raise ImportError('libcaffe.so: no such file')", "libcaffe.so"), ("1/0", "ZeroDivisionError")],
)
def test_a_pycaffe_that_fails_is_quoted(net: dict[str, AnyArray], tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(RunError, match=words):
        dump_caffe(request(tmp_path, pycaffe=sys.executable, caffe_root=pycaffe(tmp_path, text)))
    assert list((tmp_path / "out").iterdir()) == []


def test_without_opencv_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "find_spec", lambda name: None)
    with pytest.raises(RunError, match="OpenCV is not installed") as failure:
        dump_caffe(request(tmp_path))
    assert "sgs-tui[caffe]" in failure.value.hint and "--pycaffe" in failure.value.hint


def test_an_opencv_without_the_caffe_reader_says_so(
    net: dict[str, AnyArray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "fake" / "cv2"
    fake.mkdir(parents=True)
    (fake / "__init__.py").write_text("__version__ = '5.0.0'\nclass dnn: pass\n")
    monkeypatch.setenv("PYTHONPATH", str(fake.parent))
    with pytest.raises(RunError, match=r"OpenCV 5\.0\.0 has no Caffe reader any more"):
        dump_caffe(request(tmp_path))


def test_a_broken_caffemodel_is_one_line(net: dict[str, AnyArray], tmp_path: Path) -> None:
    opencv()
    (tmp_path / "net.caffemodel").write_bytes(b"garbage")
    with pytest.raises(RunError) as failure:
        dump_caffe(request(tmp_path))
    assert "\n" not in failure.value.message and "net.prototxt" in failure.value.message
    (tmp_path / "net.caffemodel").unlink()
    with pytest.raises(InputError, match=r"net\.caffemodel: no such file"):
        dump_caffe(request(tmp_path))


def prototxt(tmp_path: Path, text: str) -> Path:
    (tmp_path / "p.prototxt").write_text(text)
    return tmp_path / "p.prototxt"


def test_old_and_new_ways_to_name_inputs(tmp_path: Path) -> None:
    rest = 'layer { name: "r" type: "ReLU" bottom: "a" top: "a" } layer { name: "s" type: "Sigmoid" top: "b" }'
    old = read_prototxt(prototxt(tmp_path, f'input: "a" input_dim: 1 input_dim: 3 input_dim: 4 input_dim: 5 {rest}'))
    assert old.inputs == (("a", (1, 3, 4, 5)),) and old.blobs == (Blob("a", "", 0), Blob("b", "s", 0))
    newer = "input: 'a' input_shape { dim: [1, 2] } input: 'c' input_shape < dim: 7; > "
    assert read_prototxt(prototxt(tmp_path, newer + rest)).inputs == (("a", (1, 2)), ("c", (7,)))
    shared = 'layer { type: "Input" top: "a" top: "c" input_param { shape { dim: 9 } } }'
    assert read_prototxt(prototxt(tmp_path, shared + rest)).inputs == (("a", (9,)), ("c", (9,)))
    v1 = "input: 'a' layers { name: 'x' type: RELU bottom: 'a' top: 'y' exclude { phase: TEST } }"
    v1 += "layers { name: 'z' top: 'z' include { phase: TRAIN } }" + rest
    assert [blob.name for blob in read_prototxt(prototxt(tmp_path, v1)).blobs] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no layers"),
        ('layer { name: "data" type: "ImageData" top: "data" }', "no input"),
        ("layer { name: ", "ends too early"),
        ("layer { name: }", "expected a value"),
        ('layer { name: "a"', "} is missing"),
        ("isFloat: 1\n//out 0", "not a Caffe model but a dump"),
        ("a: 1 //out 0", "expected a field name"),
    ],
)
def test_what_is_no_deploy_prototxt_is_an_input_error(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_prototxt(prototxt(tmp_path, text))


def test_input_shapes_can_be_given_and_are_checked(net: dict[str, AnyArray], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no input is named y"):
        dump_caffe(request(tmp_path, shapes={"y": (1,)}))
    with pytest.raises(InputError, match=r"wants \[1, 3, 9, 9\]"):
        dump_caffe(request(tmp_path, shapes={"data": (1, 3, 9, 9)}))
    open_shape = read_prototxt(prototxt(tmp_path, 'input: "a" layer { name: "r" type: "ReLU" bottom: "a" top: "b" }'))
    with pytest.raises(UsageError, match="without a shape in the prototxt: a"):
        open_shape.wanted({})


def test_the_preprocess_of_the_manual_works_with_pycaffes_python(net: dict[str, AnyArray], tmp_path: Path) -> None:
    (tmp_path / "pre.py").write_text(
        "import numpy\ndef get_image(path, norm=True, nchw=False):\n"
        "    x = numpy.ones((1, 8, 8, 3), numpy.float32)\n    return x.transpose(0, 3, 1, 2) if nchw else x\n"
    )
    how = Preprocess((tmp_path / "pre.py",), python="never used")
    asked = request(tmp_path, preprocess=how, pycaffe=sys.executable, caffe_root=pycaffe(tmp_path))
    with open_dump(dump_caffe(asked).path) as dump:
        assert set(dump.read(dump.records[-1])) == {64.0}
    with pytest.raises(SgsError, match="is there already"):
        dump_caffe(asked)
