"""The embedded simulator on networks that were not made for it."""

from pathlib import Path
from threading import Event

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx import helper as oh

from sgs_tui.engine.backends.embedded import EmbeddedFiles, EmbeddedRequest, embedded_run
from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.backends.quantize import Quantization
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import CancelledError, InputError, RunError, UsageError


@pytest.fixture
def tiny_image(sgs: Path, tmp_path: Path) -> Path:
    with open_dump(sgs / "tiny/float.bin") as dump:
        np.save(tmp_path / "data.npy", dump.read(dump.records[0]).reshape(1, 32, 32, 3))
    return tmp_path / "data.npy"


def tiny(sgs: Path, image: Path, folder: str = "out", **fields: object) -> EmbeddedFiles:
    how = Quantization(**fields)  # type: ignore[arg-type]
    request = EmbeddedRequest(sgs / "onnx/tiny.onnx", ((image,),), image.parent / folder, quantization=how)
    return embedded_run(request)


def errors(files: EmbeddedFiles) -> dict[str, float]:
    with open_dump(files.fixed_dump) as fixed, open_dump(files.float_dump) as real:
        reals = {record.name: real.values(record) for record in real.outputs()}
        pairs = {record.name: fixed.values(record) - reals[record.name] for record in fixed.outputs()}
    return {name: float(np.abs(pair).sum() / np.abs(reals[name]).sum()) for name, pair in pairs.items()}


def test_its_float_dump_equals_the_real_simulators(sgs: Path, tiny_image: Path) -> None:
    files = tiny(sgs, tiny_image)
    with open_dump(files.float_dump) as ours, open_dump(sgs / "tiny/float.bin") as theirs:
        real = {record.name: theirs.read(record) for record in theirs.outputs()}
        mine = {record.name: ours.read(record) for record in ours.outputs()}
    both = [name for name in mine if name in real and mine[name].size == real[name].size]
    assert len(both) >= 18
    for name in both:
        np.testing.assert_allclose(mine[name], real[name], rtol=0, atol=1e-5)
    assert files.notes and "transposed to NCHW" in files.notes[0]


@pytest.mark.parametrize("per_channel", [True, False])
def test_an_older_opset_is_quantized_too(sgs: Path, tiny_image: Path, per_channel: bool) -> None:
    worst = max(errors(tiny(sgs, tiny_image, per_channel=per_channel)).values())
    assert 0.001 < worst < 0.1


def test_sixteen_bits_reach_every_tensor_that_was_named(sgs: Path, tiny_image: Path) -> None:
    eight = errors(tiny(sgs, tiny_image, "eight"))
    files = tiny(sgs, tiny_image, "sixteen", int16=("pool", "cat"))
    with open_dump(files.fixed_dump) as dump:
        types = {record.name: record.type_name for record in dump.records}
    assert {types[name] for name in ("pool", "cat", "lrelu:0", "sp_a", "sp_b")} == {"SGS_U16"}
    assert types["c4"] == types["/backbone/relu1/Relu_output_0"] == "SGS_U8"
    assert files.notes[-1] == "INT16 too, since a chosen tensor shares the scale: lrelu:0, sp_a, sp_b"
    assert errors(files)["cat"] < eight["cat"]


def test_all_is_every_tensor_that_can_be_raised(sgs: Path, tiny_image: Path) -> None:
    """The word that advice gives; the network's input stays as it is."""
    files = tiny(sgs, tiny_image, int16=("ALL",))
    with open_dump(files.fixed_dump) as dump:
        types = {record.name: record.type_name for record in dump.records if not record.constant and record.scale > 0}
        inputs = {record.name for record in dump.records} - {record.name for record in dump.outputs()}
    assert {kind for name, kind in types.items() if name not in inputs} == {"SGS_U16"}
    assert max(errors(files).values()) < 0.01


@pytest.mark.parametrize("per_channel", [True, False])
def test_weights_that_a_raised_tensor_meets_get_sixteen_bits_too(
    sgs: Path, tiny_image: Path, per_channel: bool
) -> None:
    """As on the chip; a pool in between hands scale and bits on."""
    from sgs_tui.engine.network.graph import build_graph

    wide = tiny(sgs, tiny_image, int16=("/backbone/relu1/Relu_output_0",), per_channel=per_channel)
    with open_dump(wide.fixed_dump) as dump:
        graph = build_graph(dump)
        readers = [op for op in graph.ops if op.family.has_weights]
        types = {op.constants[0].name: (op.inputs[0].type_name, op.constants[0].type_name) for op in readers}
    assert set(types.values()) == {("SGS_U8", "SGS_S8"), ("SGS_U16", "SGS_S16")}


def test_ranges_are_written_as_the_calibrator_writes_them(sgs: Path, tiny_image: Path) -> None:
    lines = tiny(sgs, tiny_image).ranges.read_text().splitlines()
    theirs = (sgs / "tiny/tensor_min_max.txt").read_text().splitlines()
    assert lines[0] == "Name:data, min: -0.992188, max: 1.000000;"
    names = [line.split(", min: ")[0] for line in lines]
    common = set(names) & {line.split(", min: ")[0] for line in theirs}
    assert {"Name:cat", "Name:conv1.weight", "Name:conv1.bias", "Name:prob"} <= common
    assert names.index("Name:pool") < names.index("Name:prob") < names.index("Name:conv1.weight")


def test_a_fused_tensor_can_not_be_raised_and_that_is_said(sgs: Path, tiny_image: Path) -> None:
    with pytest.raises(RunError, match="Conv_output_0 did not become INT16") as failure:
        tiny(sgs, tiny_image, int16=("/backbone/conv1/Conv_output_0",))
    assert failure.value.hint == "name the next tensor"
    assert list((tiny_image.parent / "out").iterdir()) == [], "a failed run leaves nothing"
    for wrong in ("conv1.weight", "nothing"):
        with pytest.raises(UsageError, match="no tensor is named"):
            tiny(sgs, tiny_image, int16=(wrong,))


def test_existing_files_are_never_overwritten(sgs: Path, tiny_image: Path) -> None:
    (tiny_image.parent / "out").mkdir()
    mine = tiny_image.parent / "out" / "fixed.bin"
    mine.write_bytes(b"mine")
    with pytest.raises(InputError, match="is there already"):
        tiny(sgs, tiny_image)
    assert mine.read_bytes() == b"mine" and len(list(mine.parent.iterdir())) == 1


def test_several_inputs_samples_and_a_preprocess_module(tmp_path: Path) -> None:
    nodes = [oh.make_node("Add", ["a", "b"], ["sum"], name="adder"), oh.make_node("Sigmoid", ["sum"], ["out"])]
    values = [oh.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 2, 3, 4]) for name in ("a", "b")]
    graph = oh.make_graph(nodes, "g", values, [onnx.ValueInfoProto(name="out")])
    model = tmp_path / "two.onnx"
    onnx.save(oh.make_model(graph, opset_imports=[oh.make_opsetid("", 13)], ir_version=8), model)
    pre = tmp_path / "pre.py"
    pre.write_text(
        "import numpy\ndef image_preprocess(path, norm=True):\n"
        "    return numpy.full((1, 3, 4, 2), float(open(path).read()))\n"
    )
    images = []
    for number in range(4):
        (tmp_path / f"{number}.txt").write_text(str(number * 10))
        images.append(tmp_path / f"{number}.txt")
    request = EmbeddedRequest(
        model,
        ((images[0], images[1]), (images[2], images[3])),
        tmp_path / "out",
        Preprocess((pre,)),
        sample=(images[1], images[2]),
        shapes={"N": (1,)},
    )
    files = embedded_run(request)
    assert "Name:a, min: 0.000000, max: 20.000000;\n" in files.ranges.read_text()
    assert "Name:sum, min: 10.000000, max: 50.000000;\n" in files.ranges.read_text()
    with open_dump(files.float_dump) as dump:
        inputs = {record.name: dump.read(record) for record in dump.records if record.name in "ab"}
        assert set(inputs["a"]) == {10} and set(inputs["b"]) == {20}
        assert {record.shape for record in dump.records} == {(1, 3, 4, 2)}


def test_nothing_to_calibrate_with_and_wrong_numbers_of_inputs(sgs: Path, tiny_image: Path) -> None:
    model, out = sgs / "onnx/tiny.onnx", tiny_image.parent / "out"
    with pytest.raises(UsageError, match="nothing to calibrate"):
        embedded_run(EmbeddedRequest(model, (), out))
    with pytest.raises(UsageError, match=r"has 1 input \(data \[1, 3, 32, 32\]\), got 2"):
        embedded_run(EmbeddedRequest(model, ((tiny_image, tiny_image),), out))


def test_a_value_that_is_not_finite_is_named(sgs: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "nan.npy", np.full((1, 3, 32, 32), np.nan, np.float32))
    with pytest.raises(RunError, match="data is not finite for calibration image 1"):
        tiny(sgs, tmp_path / "nan.npy")


def test_a_cancelled_run_leaves_nothing(sgs: Path, tiny_image: Path) -> None:
    cancel = Event()
    cancel.set()
    request = EmbeddedRequest(
        sgs / "onnx/tiny.onnx", ((tiny_image,),), tiny_image.parent / "out", Preprocess(cancel=cancel)
    )
    with pytest.raises(CancelledError):
        embedded_run(request)
    assert list((tiny_image.parent / "out").iterdir()) == []
