"""Backend onnx: the vendor's dump, tensor for tensor, and what it must survive."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx import helper as oh

from sgs_tui.engine.backends.onnx import OnnxDumpRequest, dump_onnx, one_line
from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import Form
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import InputError, RunError, SgsError, UsageError

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


@pytest.fixture
def vendor(sgs: Path) -> Path:
    return sgs / "onnx" / "onnx_NHWC_outtensor_dump.bin"


def tiny_input(sgs: Path, tmp_path: Path) -> AnyArray:
    with open_dump(sgs / "tiny" / "float.bin") as dump:
        nhwc = dump.read(dump.records[0]).reshape(1, 32, 32, 3)
    np.save(tmp_path / "data.npy", nhwc.transpose(0, 3, 1, 2))
    return nhwc


def tiny(sgs: Path, tmp_path: Path, name: str = "out", **fields: object) -> OnnxDumpRequest:
    tiny_input(sgs, tmp_path)
    model = sgs / "onnx" / "tiny.onnx"
    return OnnxDumpRequest(model, (tmp_path / "data.npy",), tmp_path / name, **fields)  # type: ignore[arg-type]


def model(tmp_path: Path, nodes: list[onnx.NodeProto], inputs: dict[str, object], outputs: list[str]) -> Path:
    values = [oh.make_tensor_value_info(name, FLOAT, shape) for name, shape in inputs.items()]  # type: ignore[arg-type]
    results = [onnx.ValueInfoProto(name=name) for name in outputs]
    graph = oh.make_graph(nodes, "g", values, results)
    path = tmp_path / "model.onnx"
    onnx.save(oh.make_model(graph, opset_imports=[oh.make_opsetid("", 13)], ir_version=8), path)
    return path


def saved(tmp_path: Path, name: str, values: object) -> Path:
    np.save(tmp_path / f"{name}.npy", np.asarray(values, np.float32))
    return tmp_path / f"{name}.npy"


def headers(path: Path) -> list[bytes]:
    """The header lines of a binary dump without a trailer, payloads taken out by the reader's index."""
    raw = path.read_bytes()
    with open_dump(path) as dump:
        ends = [11, *(record.offset + record.size for record in dump.records)]
        return [raw[end : record.offset] for end, record in zip(ends, dump.records, strict=False)]


@pytest.mark.parametrize("slices", [1, 4, 50])
def test_tiny_equals_the_vendors_own_dump(sgs: Path, tmp_path: Path, vendor: Path, slices: int) -> None:
    result = dump_onnx(tiny(sgs, tmp_path, slices=slices))
    assert result.records == 20 and result.skipped == () and result.notes == ()
    assert headers(result.path) == headers(vendor) and len(headers(vendor)) == 20
    with open_dump(result.path) as ours, open_dump(vendor) as theirs:
        for one, two in zip(ours.records, theirs.records, strict=True):
            np.testing.assert_allclose(ours.read(one), theirs.read(two), rtol=0, atol=1e-5)
    assert [path.name for path in result.path.parent.iterdir()] == ["onnx_NHWC_outtensor_dump.bin"]


def test_the_text_form_has_the_vendors_files(sgs: Path, tmp_path: Path) -> None:
    result = dump_onnx(tiny(sgs, tmp_path, form=Form.TEXT))
    theirs = (sgs / "onnx/onnx_NHWC_outtensor_dump.txt").read_bytes().splitlines()
    ours = result.path.read_bytes().splitlines()
    assert len(ours) == len(theirs)
    assert [line for line in ours if b", -" not in line and b", 0" not in line] == [
        line for line in theirs if b", -" not in line and b", 0" not in line
    ]
    listing = (sgs / "onnx/per_tensor_file_names.txt").read_text().split("\n\n")
    for block in listing:
        head, *names = block.strip().splitlines()
        layout = head.rstrip(":").rsplit("/", 1)[1]
        assert sorted(names) == sorted(path.name for path in (result.path.parent / layout).iterdir())
    one = (result.path.parent / "NCHW" / "data#(1, 3, 32, 32)").read_bytes()
    head = b"//out 0 s: 0.000000 z: 0 type: float name: data bConstant:0 shape:[1, 3, 32, 32] dims:4\n"
    assert one.startswith(head + b"input[0] data = {\n//buffer data size: 12288\n\n") and one.endswith(b"\n}\n")


def test_a_preprocess_module_gives_the_same_dump(sgs: Path, tmp_path: Path, vendor: Path) -> None:
    nhwc = tiny_input(sgs, tmp_path)
    np.save(tmp_path / "picture.raw", nhwc)
    image = (tmp_path / "picture.raw.npy").rename(tmp_path / "picture.raw")
    pre = tmp_path / "pre.py"
    pre.write_text("import numpy\ndef image_preprocess(path, norm=True):\n    return numpy.load(open(path, 'rb'))\n")
    request = OnnxDumpRequest(sgs / "onnx/tiny.onnx", (image,), tmp_path / "out", Preprocess((pre,)))
    with open_dump(dump_onnx(request).path) as ours, open_dump(vendor) as theirs:
        np.testing.assert_allclose(ours.read(ours.records[-1]), theirs.read(theirs.records[-1]), rtol=0, atol=1e-5)


def test_nhwc_raw_data_is_transposed_and_said(sgs: Path, tmp_path: Path, vendor: Path) -> None:
    request = tiny(sgs, tmp_path)
    np.save(tmp_path / "data.npy", tiny_input(sgs, tmp_path))
    result = dump_onnx(request)
    assert len(result.notes) == 1 and "transposed to NCHW (input data)" in result.notes[0]


def test_nothing_is_overwritten(sgs: Path, tmp_path: Path) -> None:
    first = dump_onnx(tiny(sgs, tmp_path)).path
    before = first.read_bytes()
    with pytest.raises(InputError, match="is there already"):
        dump_onnx(tiny(sgs, tmp_path))
    assert first.read_bytes() == before
    (tmp_path / "two" / "NHWC").mkdir(parents=True)
    with pytest.raises(InputError, match="NHWC: is there already"):
        dump_onnx(tiny(sgs, tmp_path, "two", form=Form.TEXT))


def test_the_refined_model_is_pointed_out(sgs: Path, tmp_path: Path) -> None:
    request = tiny(sgs, tmp_path)
    own = tmp_path / "tiny.onnx"
    own.write_bytes(request.model.read_bytes())
    (tmp_path / "tiny_refine.onnx").write_bytes(request.model.read_bytes())
    result = dump_onnx(OnnxDumpRequest(own, request.inputs, tmp_path / "a"))
    assert result.notes and "tiny_refine.onnx" in result.notes[0]
    assert dump_onnx(OnnxDumpRequest(tmp_path / "tiny_refine.onnx", request.inputs, tmp_path / "b")).notes == ()


def odd_model(tmp_path: Path) -> OnnxDumpRequest:
    """Scalars, empty tensors, sequences, strings, bools, integers, unnamed nodes, two inputs, a subgraph."""
    body = oh.make_graph([oh.make_node("Add", ["sum", "cap"], ["t"])], "then", [], [onnx.ValueInfoProto(name="t")])
    other = oh.make_graph([oh.make_node("Neg", ["cap"], ["e"])], "else", [], [onnx.ValueInfoProto(name="e")])
    nodes = [
        oh.make_node("Relu", ["x"], ["cap"]),
        oh.make_node("Add", ["x", "y"], ["sum"], name="adder"),
        oh.make_node("ReduceSum", ["sum"], ["total"], keepdims=0),
        oh.make_node("Less", ["sum", "cap"], ["more"]),
        oh.make_node("NonZero", ["more"], ["where"]),
        oh.make_node("SequenceConstruct", ["sum", "cap"], ["seq"]),
        oh.make_node("Constant", [], ["words"], value_strings=["a"]),
        oh.make_node("Constant", [], ["yes"], value=oh.make_tensor("v", BOOL, [], [True])),
        oh.make_node("If", ["yes"], ["if"], then_branch=body, else_branch=other),
        oh.make_node("Compress", ["sum", "none"], ["empty"]),
        oh.make_node("Sigmoid", ["if"], ["last"], name="end"),
    ]
    nodes.insert(9, oh.make_node("Constant", [], ["none"], value=oh.make_tensor("v", BOOL, [2], [False, False])))
    path = model(tmp_path, nodes, {"x": [2, 3], "y": [2, 3]}, ["last"])
    inputs = (saved(tmp_path, "x", [[1, -2, 3], [-4, 5, 6]]), saved(tmp_path, "y", np.zeros((2, 3))))
    return OnnxDumpRequest(path, inputs, tmp_path / "out")


def test_odd_tensors_are_written_or_named_with_a_reason(tmp_path: Path) -> None:
    result = dump_onnx(odd_model(tmp_path))
    with open_dump(result.path) as dump:
        values = {record.name: (record.shape, dump.read(record).tolist()) for record in dump.records}
        nodes = {record.name: record.op_type for record in dump.records}
        assert dump.health.ok and dump.records[-1].name == "last"
        assert [record.op_index for record in dump.records] == list(range(len(dump.records)))
    assert values["total"] == ((1,), [9.0]) and values["where"][0] == (2, 2) and values["yes"] == ((1,), [1.0])
    assert values["if"][1] == [2.0, -2.0, 6.0, -4.0, 10.0, 12.0]
    assert nodes["sum"] == "adder" and nodes["cap"] == "Relu" and nodes["last"] == "end"
    skipped = dict(result.skipped)
    assert set(skipped) == {"seq", "words", "empty"}
    assert "seq(tensor(float))" in skipped["seq"] and "no elements" in skipped["empty"]


def test_slices_see_what_subgraphs_take_from_outside(tmp_path: Path) -> None:
    whole = odd_model(tmp_path)
    one = dump_onnx(whole)
    cut = dump_onnx(OnnxDumpRequest(whole.model, whole.inputs, tmp_path / "cut", slices=12))
    assert one.path.read_bytes() == cut.path.read_bytes() and dict(one.skipped) == dict(cut.skipped)


def test_what_can_not_cross_a_slice_is_said(tmp_path: Path) -> None:
    nodes = [oh.make_node("SequenceConstruct", ["x", "x"], ["seq"]), oh.make_node("SequenceLength", ["seq"], ["n"])]
    path = model(tmp_path, nodes, {"x": [2]}, ["n"])
    inputs = (saved(tmp_path, "x", [1, 2]),)
    with pytest.raises(RunError, match="tensor seq can not pass"):
        dump_onnx(OnnxDumpRequest(path, inputs, tmp_path / "cut", slices=2))
    assert dump_onnx(OnnxDumpRequest(path, inputs, tmp_path / "whole")).records == 1


def test_open_dimensions_are_asked_for_by_name(tmp_path: Path) -> None:
    nodes = [oh.make_node("Relu", ["x"], ["a"]), oh.make_node("Neg", ["y"], ["b"])]
    path = model(tmp_path, nodes, {"x": ["N", 2], "y": [None, "N", 3]}, ["a", "b"])
    inputs = (saved(tmp_path, "x", np.ones((4, 2))), saved(tmp_path, "y", np.ones((5, 4, 3))))

    def dump(folder: str, **shapes: tuple[int, ...]) -> int:
        return dump_onnx(OnnxDumpRequest(path, inputs, tmp_path / folder, shapes=shapes)).records

    with pytest.raises(UsageError, match=r"x \[N, 2\]; y \[\?, N, 3\]"):
        dump("a")
    with pytest.raises(UsageError, match=r"inputs: y \[\?, N, 3\]"):
        dump("a", N=(4,))
    with pytest.raises(UsageError, match=r"input y: shape \[5, 4, 4\] does not fit"):
        dump("a", N=(4,), y=(5, 4, 4))
    with pytest.raises(UsageError, match="no input or dimension is named z"):
        dump("a", z=(4,))
    with pytest.raises(UsageError, match="expected one number"):
        dump("a", N=(4, 5))
    with pytest.raises(InputError, match=r"wants \[3, 2\], got \[4, 2\]"):
        dump("a", N=(3,), y=(5, 3, 3))
    assert not (tmp_path / "a").exists(), "a request that is wrong must leave nothing behind"
    assert dump("b", N=(4,), y=(5, 4, 3)) == 2 and dump("c", x=(4, 2), y=(5, 4, 3)) == 2


def test_any_rank_is_asked_for_and_can_be_given(tmp_path: Path) -> None:
    nodes = [oh.make_node("Relu", ["x"], ["a"])]
    any_rank = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, None)
    result = onnx.helper.make_tensor_value_info("a", onnx.TensorProto.FLOAT, None)
    path = tmp_path / "any.onnx"
    graph = oh.make_graph(nodes, "g", [any_rank], [result])
    onnx.save(oh.make_model(graph, opset_imports=[oh.make_opsetid("", 17)], ir_version=8), path)
    inputs = (saved(tmp_path, "x", np.array(-3.0)),)
    with pytest.raises(UsageError) as raised:
        dump_onnx(OnnxDumpRequest(path, inputs, tmp_path / "a"))
    assert raised.value.message == "open dimensions in the model's inputs: x (of any rank)"
    assert dump_onnx(OnnxDumpRequest(path, inputs, tmp_path / "b", shapes={"x": ()})).records == 1


def test_a_size_of_zero_is_a_size(tmp_path: Path) -> None:
    nodes = [oh.make_node("Relu", ["x"], ["a"]), oh.make_node("ReduceSum", ["a"], ["b"], keepdims=0)]
    path = model(tmp_path, nodes, {"x": [0, "N"]}, ["a", "b"])
    inputs = (saved(tmp_path, "x", np.ones((0, 3))),)
    with pytest.raises(UsageError, match=r"inputs: x \[0, N\]"):
        dump_onnx(OnnxDumpRequest(path, inputs, tmp_path / "a"))
    with pytest.raises(UsageError, match=r"shape \[2, 3\] does not fit the model's \[0, N\]"):
        dump_onnx(OnnxDumpRequest(path, inputs, tmp_path / "a", shapes={"x": (2, 3)}))
    made = dump_onnx(OnnxDumpRequest(path, inputs, tmp_path / "b", shapes={"x": (0, 3)}))
    with open_dump(made.path) as dump:
        [record] = [record for record in dump.records if record.name == "b"]
        assert dump.values(record).tolist() == [0.0]


def test_wrong_numbers_of_inputs_or_slices_are_usage_errors(sgs: Path, tmp_path: Path) -> None:
    request = tiny(sgs, tmp_path)
    with pytest.raises(UsageError, match=r"has 1 input \(data \[1, 3, 32, 32\]\), got 2"):
        dump_onnx(OnnxDumpRequest(request.model, request.inputs * 2, tmp_path / "out"))
    with pytest.raises(UsageError, match="0 slices"):
        dump_onnx(tiny(sgs, tmp_path, slices=0))


@pytest.mark.parametrize("content", [b"", b"\x00\x01garbage", b"isFloat: 1\n"])
def test_a_file_that_is_no_model_is_an_input_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(InputError, match=r"m\.onnx"):
        dump_onnx(OnnxDumpRequest(tmp_path / "m.onnx", (), tmp_path / "out"))
    with pytest.raises(InputError, match="No such file"):
        dump_onnx(OnnxDumpRequest(tmp_path / "gone.onnx", (), tmp_path / "out"))


def test_what_onnxruntime_refuses_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = model(tmp_path, [oh.make_node("NoSuchOp", ["x"], ["a"])], {"x": [1]}, ["a"])
    with pytest.raises(RunError, match="NoSuchOp") as failure:
        dump_onnx(OnnxDumpRequest(path, (saved(tmp_path, "x", [1]),), tmp_path / "out"))
    assert "\n" not in failure.value.message
    bad = model(
        tmp_path,
        [
            oh.make_node("Reshape", ["x", "i"], ["a"]),
        ],
        {"x": [2]},
        ["a"],
    )
    loaded = onnx.load(bad)
    loaded.graph.initializer.append(oh.make_tensor("i", INT64, [1], [3]))
    onnx.save(loaded, bad)
    with pytest.raises(SgsError):
        dump_onnx(OnnxDumpRequest(bad, (saved(tmp_path, "x", [1, 2]),), tmp_path / "out"))
    assert capfd.readouterr() == ("", "")


def test_foreign_messages_come_without_signatures_and_are_marked_where_cut() -> None:
    said = (
        "[ONNXRuntimeError] : 1 : FAIL : /onnxruntime_src/core/graph/load.h:46 void ort::Check(const "
        "std::function<bool(const std::string&)>&, int) const ONNX Runtime only *guarantees* support"
    )
    assert one_line(said) == "[ONNXRuntimeError] : 1 : FAIL : ONNX Runtime only *guarantees* support"
    assert one_line("a\n b" * 200) == ("a b" * 200)[:400] + "..."


def test_a_name_with_a_line_feed_stops_the_dump_without_a_trace(tmp_path: Path) -> None:
    path = model(tmp_path, [oh.make_node("Relu", ["x"], ["a\nb"])], {"x": [1]}, ["a\nb"])
    with pytest.raises(UsageError, match=r"a\\x0ab: a line feed in its name"):
        dump_onnx(OnnxDumpRequest(path, (saved(tmp_path, "x", [1]),), tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []


def test_onnxruntime_leaves_nothing_in_the_home_and_reports_to_nobody(tmp_path: Path) -> None:
    code = (
        "from sgs_tui.engine.backends.onnx import silence\n"
        "silence()\n"
        "import os\nprint(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")}
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-c", code], env=kept | home, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
