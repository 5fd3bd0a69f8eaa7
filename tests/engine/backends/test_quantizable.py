"""Models as exporters write them: quantized as they deserve, or told in one line why not and whose fault that is."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import NodeProto, TensorProto, numpy_helper
from onnx import helper as oh

from sgs_tui.engine.backends.embedded import EmbeddedFiles, EmbeddedRequest, embedded_run
from sgs_tui.engine.backends.onnx import OnnxDumpRequest, dump_onnx
from sgs_tui.engine.backends.preprocess import Preprocess
from sgs_tui.engine.compare.limits import MANUAL
from sgs_tui.engine.diagnosis.results import Cause
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import Direction, Stage
from sgs_tui.engine.dumps.index import guess_stage
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.writer import Draft, write_dump
from sgs_tui.engine.errors import InputError, RunError
from sgs_tui.engine.optimize.search import accuracy, measure
from sgs_tui.engine.twin.rebuild import rebuild
from tests.engine.diagnosis.runs import diagnosed

FLOAT, HALF = TensorProto.FLOAT, TensorProto.FLOAT16
DRAW = np.random.default_rng(7)
INPUT = DRAW.standard_normal((1, 3, 8, 8)).astype(np.float32)
KERNEL = (DRAW.standard_normal((4, 3, 3, 3)) * np.array([1, 0.1, 0.01, 3]).reshape(4, 1, 1, 1)).astype(np.float32)
CONV = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}


def constant(name: str, values: AnyArray) -> NodeProto:
    return oh.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(values), name))


def saved(
    folder: Path,
    nodes: list[NodeProto],
    output: str,
    constants: dict[str, AnyArray] | None = None,
    kind: int = FLOAT,
    shape: tuple[int, ...] = INPUT.shape,
    opset: int = 17,
) -> Path:
    """A model of `nodes` from input x to `output`."""
    items = [numpy_helper.from_array(values, name) for name, values in (constants or {}).items()]
    values = [oh.make_tensor_value_info("x", kind, shape)]
    graph = oh.make_graph(nodes, "g", values, [onnx.ValueInfoProto(name=output)], items)
    path = folder / "m.onnx"
    onnx.save(oh.make_model(graph, opset_imports=[oh.make_opsetid("", opset)], ir_version=8), path)
    return path


def run(model: Path, values: AnyArray = INPUT, folder: str = "out") -> EmbeddedFiles:
    np.save(model.parent / "x.npy", values)
    return embedded_run(EmbeddedRequest(model, ((model.parent / "x.npy",),), model.parent / folder))


def tensors(path: Path) -> dict[str, AnyArray]:
    with open_dump(path) as dump:
        return {record.name: dump.read(record) for record in dump.records if not record.constant}


def error(files: EmbeddedFiles, name: str) -> float:
    got, want = tensors(files.fixed_dump)[name], tensors(files.float_dump)[name]
    return float(np.abs(got - want).sum() / np.abs(want).sum())


WEIGHTS = {
    "a constant": [constant("w", KERNEL)],
    "a chain": [
        constant("flat", KERNEL.reshape(-1)),
        constant("to", np.array(KERNEL.shape)),
        oh.make_node("Reshape", ["flat", "to"], ["w"]),
    ],
    "floats of an attribute": [
        oh.make_node("Constant", [], ["flat"], value_floats=KERNEL.reshape(-1).tolist()),
        oh.make_node("Constant", [], ["to"], value_ints=list(KERNEL.shape)),
        oh.make_node("Reshape", ["flat", "to"], ["w"]),
    ],
}


@pytest.mark.parametrize("how", WEIGHTS)
def test_weights_in_constant_nodes_are_quantized_as_initializers_are(tmp_path: Path, how: str) -> None:
    layers = [oh.make_node("Conv", ["x", "w"], ["c"], **CONV), oh.make_node("Relu", ["c"], ["y"])]
    (tmp_path / "plain").mkdir()
    plain = run(saved(tmp_path / "plain", layers, "y", {"w": KERNEL}))
    files = run(saved(tmp_path, [*WEIGHTS[how], *layers], "y"))
    assert files.fixed_dump.read_bytes() == plain.fixed_dump.read_bytes()
    assert files.ranges.read_bytes() == plain.ranges.read_bytes()
    with open_dump(files.fixed_dump) as dump:
        (weight,) = [record for record in dump.records if record.name == "w"]
    assert weight.type_name == "SGS_S8" and weight.constant
    assert error(files, "y") < 0.02


def test_scales_in_constant_nodes(tmp_path: Path) -> None:
    """As PyTorch's quantization-aware training exports them."""
    nodes = [
        *(constant(f"s{number}", np.float32(0.03)) for number in (1, 2)),
        *(constant(f"z{number}", np.uint8(128)) for number in (1, 2)),
        oh.make_node("QuantizeLinear", ["x", "s1", "z1"], ["xq"]),
        oh.make_node("DequantizeLinear", ["xq", "s1", "z1"], ["xd"]),
        oh.make_node("Conv", ["xd", "w"], ["c"], **CONV),
        oh.make_node("QuantizeLinear", ["c", "s2", "z2"], ["cq"]),
        oh.make_node("DequantizeLinear", ["cq", "s2", "z2"], ["cd"]),
        oh.make_node("Relu", ["cd"], ["y"]),
    ]
    files = run(saved(tmp_path, nodes, "y", {"w": KERNEL * np.float32(0.1)}))
    assert error(files, "y") < 0.05
    with open_dump(files.float_dump) as real, open_dump(files.fixed_dump) as fixed:
        assert guess_stage(real.index) is Stage.FLOAT and guess_stage(fixed.index) is Stage.FIXED


def test_weights_behind_a_quantize_linear_are_eight_bit_weights(tmp_path: Path) -> None:
    """They have one unsigned scale, as activations have; the diagnosis rounds them by it."""
    from sgs_tui.engine.network.scales import weight_steps

    nodes = [
        oh.make_node("QuantizeLinear", ["w", "s", "z"], ["wq"]),
        oh.make_node("DequantizeLinear", ["wq", "s", "z"], ["wd"]),
        oh.make_node("Conv", ["x", "wd"], ["c"], **CONV),
        oh.make_node("Relu", ["c"], ["y"]),
    ]
    constants = {"w": KERNEL, "s": np.array(0.125, np.float32), "z": np.array(128, np.uint8)}
    files = run(saved(tmp_path, nodes, "y", constants))
    with open_dump(files.fixed_dump) as dump:
        (weight,) = [record for record in dump.records if record.name == "w"]
        steps = weight_steps(dump.read(weight).reshape(-1, 4), weight)
    assert weight.type_name == "SGS_U8" and weight.constant
    assert steps is not None and steps.tolist() == [0.125] * 4


def test_few_coded_layers_still_make_a_fixed_dump(tmp_path: Path) -> None:
    nodes = [oh.make_node(kind, [f"t{number}"], [f"t{number + 1}"]) for number, kind in enumerate(["Exp", "Neg"] * 4)]
    nodes[0].input[0] = "x"
    nodes.append(oh.make_node("Conv", ["t8", "w"], ["y"], **CONV))
    files = run(saved(tmp_path, nodes, "y", {"w": KERNEL}), INPUT * np.float32(0.01))
    with open_dump(files.fixed_dump) as dump:
        assert guess_stage(dump.index) is Stage.FIXED


@pytest.mark.parametrize("limit", [np.inf, np.float32(3e38)])
def test_a_limit_without_end_is_no_range(tmp_path: Path, limit: float) -> None:
    nodes = [oh.make_node("Clip", ["x", "low", "high"], ["k"]), oh.make_node("Conv", ["k", "w"], ["y"], **CONV)]
    ends = {"low": np.array(0, np.float32), "high": np.array(limit, np.float32)}
    files = run(saved(tmp_path, nodes, "y", {"w": KERNEL, **ends}))
    assert 0 < error(files, "y") < 0.02 and files.notes == ()
    assert ("high" in files.ranges.read_text()) == np.isfinite(limit)


@pytest.mark.parametrize("as_node", [True, False])
def test_a_mask_of_infinities_stays_in_float_and_the_rest_is_quantized(tmp_path: Path, as_node: bool) -> None:
    mask = np.where(np.eye(8) > 0, 0, -np.inf).astype(np.float32)
    nodes = [
        oh.make_node("Conv", ["x", "w"], ["c"], **CONV),
        oh.make_node("Add", ["c", "mask"], ["masked"]),
        oh.make_node("Softmax", ["masked"], ["weights"], axis=-1),
        oh.make_node("MatMul", ["weights", "c"], ["y"]),
    ]
    nodes = [constant("mask", mask), *nodes] if as_node else nodes
    files = run(saved(tmp_path, nodes, "y", {"w": KERNEL} | ({} if as_node else {"mask": mask})))
    assert files.notes == ("left in float, since a constant brings infinities there: masked",)
    got = tensors(files.fixed_dump)
    assert np.isinf(got["masked"]).sum() == 4 * 56 and 0 < error(files, "y") < 0.03
    with open_dump(files.fixed_dump) as dump:
        types = {record.name: record.type_name for record in dump.outputs()}
    assert types["masked"] == "float" and types["y"] == "SGS_U8"
    layers = measure(files.fixed_dump, files.float_dump)
    assert "masked" in {layer.name for layer in layers if layer.holds_own_infinities}
    assert accuracy(layers, MANUAL).failing == 0, "no set of INT16 tensors makes a mask finite"
    with diagnosed(files.fixed_dump, files.float_dump, files.ranges) as found:
        [finding] = found.diagnosis.findings
    assert finding.cause is Cause.NON_FINITE and "the network brings them in itself" in finding.evidence[0].text


def test_a_start_value_of_minus_infinity_reaches_no_further_than_it_does(tmp_path: Path) -> None:
    """A padded max-pool and a selection, as exporters write them."""
    nodes = [
        oh.make_node("Conv", ["x", "w"], ["c"], **CONV),
        oh.make_node("Pad", ["c", "pads", "start"], ["padded"]),
        oh.make_node("MaxPool", ["padded"], ["pooled"], kernel_shape=[3, 3], strides=[1, 1]),
        oh.make_node("Greater", ["pooled", "zero"], ["large"]),
        oh.make_node("Where", ["large", "pooled", "start"], ["kept"]),
        oh.make_node("Max", ["kept", "zero"], ["finite"]),
        oh.make_node("Conv", ["finite", "w2"], ["y"], **CONV),
    ]
    constants = {
        "w": KERNEL,
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "start": np.array(-np.inf, np.float32),
        "zero": np.array(1, np.float32),
        "w2": DRAW.standard_normal((4, 4, 3, 3)).astype(np.float32),
    }
    files = run(saved(tmp_path, nodes, "y", constants))
    assert files.notes == ("left in float, since a constant brings infinities there: padded, kept",)
    with open_dump(files.fixed_dump) as dump:
        coded = {record.name for record in dump.outputs() if record.scale}
    assert {"finite", "y"} <= coded and coded.isdisjoint({"padded", "kept"})
    assert 0 < error(files, "y") < 0.03


def test_infinities_that_no_constant_brings_are_an_error(tmp_path: Path) -> None:
    model = saved(tmp_path, [oh.make_node("Exp", ["x"], ["e"]), oh.make_node("Relu", ["e"], ["y"])], "y")
    with pytest.raises(RunError, match="e is not finite for calibration image 1"):
        run(model, INPUT * 1000)


@pytest.mark.parametrize("as_node", [True, False])
def test_a_float16_model_is_computed_in_float32(tmp_path: Path, as_node: bool) -> None:
    weights = KERNEL.astype(np.float16)
    nodes = [
        *([constant("w", weights)] if as_node else []),
        oh.make_node("Conv", ["x", "w"], ["c"], **CONV),
        oh.make_node("Cast", ["c"], ["f"], to=FLOAT),
        oh.make_node("Cast", ["f"], ["h"], to=HALF),
        oh.make_node("Relu", ["h"], ["y"]),
    ]
    files = run(saved(tmp_path, nodes, "y", {} if as_node else {"w": weights}, HALF))
    assert files.notes == ("a float16 model, computed in float32 here: onnxruntime quantizes no other floats",)
    assert 0 < error(files, "y") < 0.05


def test_what_a_random_op_draws_is_the_same_in_both_stages(tmp_path: Path) -> None:
    nodes = [
        oh.make_node("RandomNormalLike", ["x"], ["noise"]),
        constant("ratio", np.float32(0.5)),
        constant("training", np.array(True)),
        oh.make_node("Add", ["x", "noise"], ["sum"]),
        oh.make_node("Dropout", ["sum", "ratio", "training"], ["kept"]),
        oh.make_node("Conv", ["kept", "w"], ["y"], **CONV),
    ]
    model = saved(tmp_path, nodes, "y", {"w": KERNEL})
    files = run(model)
    assert error(files, "y") < 0.03
    seed = "both stages get one seed, and so the same numbers"
    assert files.notes == (
        f"RandomNormalLike draws noise at random: {seed}",
        f"Dropout in training mode draws kept at random: {seed}",
    )
    dump = dump_onnx(OnnxDumpRequest(model, (tmp_path / "x.npy",), tmp_path / "dump"))
    assert dump.notes[0] == "RandomNormalLike draws noise at random: every dump of it has other numbers"


def test_dropout_outside_training_draws_nothing(tmp_path: Path) -> None:
    nodes = [oh.make_node("Dropout", ["x"], ["d"]), oh.make_node("Conv", ["d", "w"], ["y"], **CONV)]
    assert run(saved(tmp_path, nodes, "y", {"w": KERNEL})).notes == ()


def branching(tmp_path: Path) -> Path:
    def branch(name: str, kind: str) -> onnx.GraphProto:
        nodes = [oh.make_node(kind, ["x"], [f"{name}1"]), oh.make_node("Neg", [f"{name}1"], [name])]
        return oh.make_graph(nodes, name, [], [onnx.ValueInfoProto(name=name)])

    nodes = [
        oh.make_node("ReduceSum", ["x"], ["s"], keepdims=0),
        constant("zero", np.float32(0)),
        oh.make_node("Greater", ["s", "zero"], ["yes"]),
        oh.make_node(
            "If", ["yes"], ["y"], name="which", then_branch=branch("a", "Relu"), else_branch=branch("b", "Exp")
        ),
    ]
    return saved(tmp_path, nodes, "y")


def test_layers_inside_bodies_are_named(tmp_path: Path) -> None:
    inside = "4 layers inside If which: b1 (Exp), b (Neg), a1 (Relu), a (Neg)"
    model = branching(tmp_path)
    assert run(model).notes == (
        f"neither dumped nor quantized: {inside}",
        "onnxruntime quantized nothing in this model: both stages are the same",
    )
    assert dump_onnx(OnnxDumpRequest(model, (tmp_path / "x.npy",), tmp_path / "d")).notes == (f"not dumped: {inside}",)


def test_an_integer_model_is_said_to_be_quantized_already(tmp_path: Path) -> None:
    nodes = [
        oh.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        oh.make_node("MatMulInteger", ["q", "w", "z"], ["i"]),
        oh.make_node("Cast", ["i"], ["f"], to=FLOAT),
        oh.make_node("Mul", ["f", "s"], ["y"]),
    ]
    weights = DRAW.integers(-90, 90, (8, 8)).astype(np.int8)
    model = saved(tmp_path, nodes, "y", {"w": weights})
    told = "1 DynamicQuantizeLinear, 1 MatMulInteger"
    try:
        assert f"quantized already, and left so in both stages: {told}" in run(model).notes
    except RunError as failure:
        assert failure.message == f"{model}: quantized already, it holds {told}"
        assert failure.hint == "give the float model that it was made from"


@pytest.mark.parametrize(("scale", "zero"), [(0.05, [128]), ([0.04, 0.05, 0.06], [128, 120, 130]), (0.05, [])])
def test_what_an_integer_op_reads_is_dumped_as_the_values_it_stands_for(
    tmp_path: Path, scale: float | list[float], zero: list[int]
) -> None:
    """Under the input's name, that is: as codes it would be taken for another picture."""
    nodes = [
        oh.make_node("QuantizeLinear", ["x", "s", "z"][: 3 if zero else 2], ["q"]),
        oh.make_node("MaxPool", ["q"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        oh.make_node("DequantizeLinear", ["p", "s", "z"][: 3 if zero else 2], ["y"]),
    ]
    zeros = np.array(zero if np.size(scale) > 1 or not zero else zero[0], np.uint8)
    held = {"s": np.array(scale, np.float32)} | ({"z": zeros} if zero else {})
    files = run(saved(tmp_path, nodes, "y", held))
    for path in (files.float_dump, files.fixed_dump):
        seen = tensors(path)["x"].reshape(8, 8, 3).transpose(2, 0, 1)
        low = -(zeros.astype(np.float32) if zero else np.zeros(1)).reshape(-1, 1, 1) * held["s"].reshape(-1, 1, 1)
        high = low + 255 * held["s"].reshape(-1, 1, 1)
        assert np.abs(seen - np.clip(INPUT[0], low, high)).max() <= 0.5001 * np.max(scale)


def test_what_is_no_tensor_of_numbers_is_left_out_and_named(tmp_path: Path) -> None:
    nodes = [
        oh.make_node("Conv", ["x", "w"], ["c"], **CONV),
        oh.make_node("Cast", ["c"], ["words"], to=TensorProto.STRING),
        oh.make_node("Relu", ["c"], ["y"]),
    ]
    files = run(saved(tmp_path, nodes, "y", {"w": KERNEL}))
    assert files.skipped == (("words", "its type is tensor(string)"),)
    for path in (files.float_dump, files.fixed_dump):
        with open_dump(path) as dump:
            assert dump.health.ok and {record.name for record in dump.outputs()} >= {"y"}


def test_a_sparse_constant_is_one_like_others(tmp_path: Path) -> None:
    values = numpy_helper.from_array(np.array([1, -2], np.float32), "v")
    for number, places in enumerate(([1, 3], [[0, 1], [0, 3]])):
        indices = numpy_helper.from_array(np.array(places, np.int64), "i")
        dims = [4] if number == 0 else [1, 4]
        sparse = oh.make_sparse_tensor(values, indices, dims)
        nodes = [oh.make_node("Constant", [], ["b"], sparse_value=sparse), oh.make_node("Add", ["x", "b"], ["y"])]
        folder = tmp_path / str(number)
        folder.mkdir()
        model = saved(folder, nodes, "y", shape=(2, 4))
        x = np.ones((2, 4), np.float32)
        assert error(run(model, x), "y") < 0.02
        made = dump_onnx(OnnxDumpRequest(model, (folder / "x.npy",), folder / "original"))
        assert tensors(made.path)["y"].tolist() == [1, 2, 1, -1] * 2


@pytest.mark.parametrize("inside", [False, True])
def test_nodes_in_any_order_are_dumped_in_that_of_computation(tmp_path: Path, inside: bool) -> None:
    """onnxruntime runs them in any order as well; a body may read what is computed before it."""
    relu = oh.make_node("Relu", ["c"], ["y"])
    if inside:
        body = oh.make_graph(
            [oh.make_node("Relu", ["c"], ["b"])], "b", [], [oh.make_tensor_value_info("b", FLOAT, None)]
        )
        relu = oh.make_node("If", ["yes"], ["y"], then_branch=body, else_branch=body)
    nodes = [relu, oh.make_node("Conv", ["x", "w"], ["c"], **CONV)]
    files = run(saved(tmp_path, nodes, "y", {"w": KERNEL, "yes": np.array(True)}))
    for path in (files.float_dump, files.fixed_dump):
        with open_dump(path) as dump:
            assert [record.name for record in dump.outputs()][-1] == "y"
    assert error(files, "y") < 0.03


def test_a_dump_out_of_order_is_refused_by_the_twin(tmp_path: Path) -> None:
    def tensor(direction: Direction, index: int, name: str) -> Draft:
        return Draft(direction, 0, index, "RELU", name, np.ones((1, 2, 2, 1), np.float32), shape=(1, 2, 2, 1))

    order = ((0, "b", "c"), (1, "a", "b"))
    drafts = (tensor(*each) for i, a, b in order for each in ((Direction.IN, i, a), (Direction.OUT, i, b)))
    write_dump(tmp_path / "float.bin", drafts)
    with (
        open_dump(tmp_path / "float.bin") as dump,
        pytest.raises(InputError, match=r"op 0 \(RELU\) reads b before any op writes it"),
    ):
        rebuild(dump)


def test_sparse_weights_are_weights(tmp_path: Path) -> None:
    model = saved(tmp_path, [oh.make_node("Conv", ["x", "w"], ["y"], **CONV)], "y")
    document, places = onnx.load(model), np.flatnonzero(np.abs(KERNEL) > 0.01)
    values = numpy_helper.from_array(KERNEL.reshape(-1)[places], "w")
    sparse = oh.make_sparse_tensor(values, numpy_helper.from_array(places, "places"), KERNEL.shape)
    document.graph.sparse_initializer.append(sparse)
    onnx.save(document, model)
    assert 0 < error(run(model), "y") < 0.03


def test_a_weight_that_is_no_number_is_the_models_fault(tmp_path: Path) -> None:
    model = saved(tmp_path, [oh.make_node("Conv", ["x", "w"], ["y"], **CONV)], "y", {"w": KERNEL * np.float32(np.nan)})
    with pytest.raises(RunError, match=r"the constant w holds NaN in .*m\.onnx"):
        run(model)


def test_a_scale_that_the_network_computes_itself(tmp_path: Path) -> None:
    nodes = [
        oh.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        oh.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        oh.make_node("Conv", ["d", "w"], ["y"], **CONV),
    ]
    assert error(run(saved(tmp_path, nodes, "y", {"w": KERNEL})), "y") < 0.03


def test_what_the_quantizer_spoils_is_not_the_users_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sgs_tui.engine.backends import quantize

    nodes = [oh.make_node("Conv", ["x", "w"], ["c"], **CONV), oh.make_node("Relu", ["c"], ["y"])]
    model = saved(tmp_path, nodes, "y", {"w": KERNEL})

    def spoil(source: Path, target: Path, *rest: object) -> None:
        made = onnx.load(source)
        made.graph.node[0].op_type = "NoSuchOp"
        onnx.save(made, target)

    def give_up(*rest: object) -> None:
        raise KeyError("140_scale")

    monkeypatch.setattr(quantize, "_quantize_file", spoil)
    with pytest.raises(
        RunError, match=r"m.onnx: the model itself is fine, but onnxruntime can not run what its"
    ) as told:
        run(model)
    assert "NoSuchOp" in told.value.message and told.value.hint.startswith("try --per-tensor")
    monkeypatch.setattr(quantize, "_quantize_file", give_up)
    with pytest.raises(
        RunError, match="the model itself is fine, but onnxruntime's quantizer failed: KeyError"
    ) as told:
        run(model, folder="again")
    assert "140_scale" in told.value.message and told.value.hint.startswith("try --per-tensor")


def external(tmp_path: Path) -> Path:
    nodes = [oh.make_node("Conv", ["x", "w"], ["c"], **CONV), oh.make_node("Relu", ["c"], ["y"])]
    path = saved(tmp_path, nodes, "y", {"w": KERNEL})
    onnx.save_model(onnx.load(path), path, save_as_external_data=True, location="m.data", size_threshold=0)
    np.save(tmp_path / "x.npy", INPUT)
    return path


@pytest.mark.parametrize("slices", [1, 2])
def test_weights_too_large_for_protobuf_stay_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slices: int
) -> None:
    from sgs_tui.engine.backends import onnx as backend

    model, inputs = external(tmp_path), (tmp_path / "x.npy",)
    small = dump_onnx(OnnxDumpRequest(model, inputs, tmp_path / "small"))
    monkeypatch.setattr(backend, "_LARGE", 100)
    large = dump_onnx(OnnxDumpRequest(model, inputs, tmp_path / "large", slices=slices))
    assert large.records == 2 and large.path.read_bytes() == small.path.read_bytes()
    with pytest.raises(InputError, match=r"over 1\.5 GB of weights, what onnxruntime quantizes has to fit into 2 GB"):
        run(model)


def test_a_data_file_that_is_gone_is_an_input_error(tmp_path: Path) -> None:
    model = external(tmp_path)
    (tmp_path / "m.data").unlink()
    with pytest.raises(InputError, match=r"m\.data: no such file, it holds the data of w"):
        dump_onnx(OnnxDumpRequest(model, (tmp_path / "x.npy",), tmp_path / "out"))


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("length", [None, str(KERNEL.nbytes)])
def test_a_data_file_that_ends_early_is_an_input_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool, length: str | None
) -> None:
    model = external(tmp_path)
    read = onnx.load(model, load_external_data=False)
    kept = [each for each in read.graph.initializer[0].external_data if each.key != "length" or length]
    del read.graph.initializer[0].external_data[:]
    read.graph.initializer[0].external_data.extend(kept)
    onnx.save(read, model)
    with (tmp_path / "m.data").open("r+b") as file:
        file.truncate(KERNEL.nbytes - 1)
    if large:
        monkeypatch.setattr("sgs_tui.engine.backends.onnx._LARGE", 1)
    told = rf"m\.data: ends at byte {KERNEL.nbytes - 1:,}, the data of w go to byte {KERNEL.nbytes:,}"
    with pytest.raises(InputError, match=told):
        dump_onnx(OnnxDumpRequest(model, (tmp_path / "x.npy",), tmp_path / "out"))


@pytest.mark.parametrize("by_module", [False, True])
def test_a_scalar_input_stays_a_scalar_in_dump_and_run(tmp_path: Path, by_module: bool) -> None:
    """As voice models take their sample rate; made an array of one, it has another shape."""
    nodes = [
        oh.make_node("Cast", ["k"], ["f"], to=FLOAT),
        oh.make_node("Mul", ["x", "f"], ["m"]),
        oh.make_node("Gather", ["m", "k"], ["g"], axis=1),
        oh.make_node("Relu", ["g"], ["y"]),
    ]
    values = [oh.make_tensor_value_info("x", FLOAT, [2, 3]), oh.make_tensor_value_info("k", TensorProto.INT64, [])]
    graph = oh.make_graph(nodes, "g", values, [onnx.ValueInfoProto(name="y")])
    model = tmp_path / "m.onnx"
    onnx.save(oh.make_model(graph, opset_imports=[oh.make_opsetid("", 17)], ir_version=8), model)
    np.save(tmp_path / "x.npy", np.array([[1, 2, 3], [4, 5, 6]], np.float32))
    np.save(tmp_path / "k.npy", np.array(2))
    np.save(tmp_path / "wrong.npy", np.array([2]))
    how = Preprocess()
    if by_module:
        body = "def image_preprocess(path, norm=True):\n    return numpy.load(path)[()]\n"
        (tmp_path / "pre.py").write_text(f"import numpy\n{body}")
        how = Preprocess((tmp_path / "pre.py",))
    inputs = (tmp_path / "x.npy", tmp_path / "k.npy")
    dump = dump_onnx(OnnxDumpRequest(model, inputs, tmp_path / "dump", how))
    with open_dump(dump.path) as made:
        shapes = {record.name: record.shape for record in made.records}
    assert tensors(dump.path)["y"].tolist() == [6, 12] and shapes["y"] == (2,) and shapes["f"] == (1,)
    files = embedded_run(EmbeddedRequest(model, (inputs,), tmp_path / "run", how))
    assert tensors(files.float_dump)["y"].tolist() == [6, 12]
    with pytest.raises(InputError, match=r"input k wants \[\], got \[1\]") as told:
        dump_onnx(OnnxDumpRequest(model, (tmp_path / "x.npy", tmp_path / "wrong.npy"), tmp_path / "no", how))
    assert told.value.hint.startswith("a scalar is wanted: numpy.save(path, numpy.array(16000))")


@pytest.mark.parametrize("kind", [TensorProto.STRING, TensorProto.BFLOAT16, TensorProto.UNDEFINED, 99])
def test_an_input_that_can_not_be_fed_is_named(tmp_path: Path, kind: int) -> None:
    model = saved(tmp_path, [oh.make_node("Identity", ["x"], ["y"])], "y", kind=kind)
    np.save(tmp_path / "x.npy", INPUT)
    with pytest.raises(InputError, match=r"input x: its type is tensor.*, expected a tensor of numbers"):
        dump_onnx(OnnxDumpRequest(model, (tmp_path / "x.npy",), tmp_path / "out"))


def test_an_old_file_whose_weights_are_no_inputs_is_quantized(tmp_path: Path) -> None:
    path = saved(tmp_path, [oh.make_node("Mul", ["x", "w"], ["y"])], "y", {"w": INPUT[0, :, :1, :1]}, opset=7)
    model = onnx.load(path)
    model.ir_version = 3
    onnx.save(model, path)
    assert error(run(path), "y") < 0.02


def test_a_model_without_an_op_of_onnx_itself_is_run(tmp_path: Path) -> None:
    node = oh.make_node("Scaler", ["x"], ["y"], domain="ai.onnx.ml", offset=[1.0], scale=[2.0])
    values = [oh.make_tensor_value_info("x", FLOAT, (1, 4))]
    graph = oh.make_graph([node], "g", values, [oh.make_tensor_value_info("y", FLOAT, (1, 4))])
    path = tmp_path / "m.onnx"
    onnx.save(oh.make_model(graph, opset_imports=[oh.make_opsetid("ai.onnx.ml", 1)], ir_version=3), path)
    files = run(path, np.arange(4, dtype=np.float32).reshape(1, 4))
    assert tensors(files.fixed_dump)["y"].tolist() == tensors(files.float_dump)["y"].tolist() == [-2.0, 0.0, 2.0, 4.0]


def test_a_dropout_that_gives_its_mask_too_is_no_op_of_the_twin(tmp_path: Path) -> None:
    nodes = [
        oh.make_node("Conv", ["x", "w"], ["c"], **CONV),
        oh.make_node("Dropout", ["c"], ["d", "mask"]),
        oh.make_node("Relu", ["d"], ["y"]),
    ]
    with open_dump(run(saved(tmp_path, nodes, "y", {"w": KERNEL})).float_dump) as whole:
        proofs = {op.outputs[0]: str(op.proof) for op in rebuild(whole).ops}
    assert proofs["d"] == "barrier" and proofs["c"] == proofs["y"] == "exact"
