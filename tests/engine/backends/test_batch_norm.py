"""BatchNormalization folded into the convolution before it: the same numbers, and only where that is what it means."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, numpy_helper
from onnx import helper as oh

from sgs_tui.engine.backends.batch_norm import fold_batch_norms
from sgs_tui.engine.backends.onnx import Session, exposed, node_outputs
from sgs_tui.engine.dumps.dtypes import AnyArray

PARAMETERS = ("scale", "offset", "mean", "variance")


def net(
    kind: str, groups: int, bias: bool, seed: int, outputs: tuple[str, ...] = ("y",), **batch_norm: float
) -> ModelProto:
    """x [2, 4, 5, 5] (a Gemm: [2, 4]) -> `kind` -> BatchNormalization -> y, and z where asked: a Relu of the inside."""
    draw = np.random.default_rng(seed)
    shapes = {"Conv": (6, 4 // groups, 3, 3), "ConvTranspose": (4, 6 // groups, 3, 2), "Gemm": (4, 6)}
    attributes = {} if kind == "Gemm" else {"group": groups}
    arrays: dict[str, AnyArray] = {
        "w": draw.standard_normal(shapes[kind]),
        **({"b": draw.standard_normal(6)} if bias else {}),
    }
    arrays |= {name: draw.standard_normal(6) for name in PARAMETERS[:3]} | {"variance": draw.uniform(0.01, 4, 6)}
    nodes = [
        oh.make_node(kind, ["x", "w", *(["b"] if bias else [])], ["inside"], **attributes),
        oh.make_node("BatchNormalization", ["inside", *PARAMETERS], ["y"], **batch_norm),
        *([oh.make_node("Relu", ["inside"], ["z"])] if "z" in outputs else []),
    ]
    shape = (2, 4) if kind == "Gemm" else (2, 4, 5, 5)
    items = [numpy_helper.from_array(values.astype(np.float32), name) for name, values in arrays.items()]
    graph = oh.make_graph(
        nodes, "g", [oh.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [oh.make_tensor_value_info(name, TensorProto.FLOAT, [None] * len(shape)) for name in outputs], items,
    )  # fmt: skip
    return oh.make_model(graph, opset_imports=[oh.make_opsetid("", 15)], ir_version=8)


def outputs(model: ModelProto, seed: int) -> dict[str, AnyArray]:
    shape = [each.dim_value for each in model.graph.input[0].type.tensor_type.shape.dim]
    values = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return Session(exposed(model), "it").run(list(node_outputs(model)), {"x": values})


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([("Conv", 1), ("Conv", 2), ("ConvTranspose", 1), ("ConvTranspose", 2), ("Gemm", 1)]),
    st.booleans(), st.sampled_from([1e-5, 1e-3, 0.5]), st.integers(0, 999),
)  # fmt: skip
def test_the_same_numbers_without_it(kind: tuple[str, int], bias: bool, epsilon: float, seed: int) -> None:
    plain, folded = (net(*kind, bias, seed, epsilon=epsilon) for _ in range(2))
    assert fold_batch_norms(folded) == 1
    assert [node.op_type for node in folded.graph.node] == [kind[0]]
    onnx.checker.check_model(folded)
    want, got = outputs(plain, seed), outputs(folded, seed)
    assert got.keys() == {"y"}
    assert np.allclose(got["y"], want["y"], rtol=1e-4, atol=1e-4)
    assert {item.name for item in folded.graph.initializer} == {"w", "b" if bias else "offset"}


def other_reader() -> ModelProto:
    return net("Conv", 1, True, 1, ("y", "z"))


def inside_is_an_output() -> ModelProto:
    return net("Conv", 1, True, 1, ("y", "inside"))


def computed_variance() -> ModelProto:
    model = net("Conv", 1, True, 1)
    model.graph.node.insert(1, oh.make_node("Identity", ["variance"], ["v"]))
    model.graph.node[2].input[4] = "v"
    return model


def scaled_bias() -> ModelProto:
    model = net("Gemm", 1, True, 1)
    model.graph.node[0].attribute.append(oh.make_attribute("beta", 0.5))
    return model


def behind_no_convolution() -> ModelProto:
    model = net("Conv", 1, True, 1)
    model.graph.node[0].CopyFrom(oh.make_node("Concat", ["x", "x"], ["inside"], axis=1))
    return model


@pytest.mark.parametrize(
    "make", [other_reader, inside_is_an_output, computed_variance, scaled_bias, behind_no_convolution]
)
def test_left_as_it_is(make: object) -> None:
    assert callable(make)
    model, same = make(), make()
    assert fold_batch_norms(model) == 0
    assert model == same


def test_weights_that_others_read_stay_theirs() -> None:
    model, plain = (net("Conv", 1, True, 3) for _ in range(2))
    for each in (model, plain):
        each.graph.node.append(oh.make_node("Conv", ["x", "w", "b"], ["other"]))
        each.graph.output.append(oh.make_tensor_value_info("other", TensorProto.FLOAT, [None] * 4))
    assert fold_batch_norms(model) == 1
    got, want = outputs(model, 3), outputs(plain, 3)
    assert np.array_equal(got["other"], want["other"])
    assert np.allclose(got["y"], want["y"], rtol=1e-4, atol=1e-4)


def test_initializers_that_are_inputs_too_as_old_exporters_list_them() -> None:
    model = net("Conv", 1, False, 4)
    for item in model.graph.initializer:
        model.graph.input.append(oh.make_tensor_value_info(item.name, TensorProto.FLOAT, item.dims))
    model.ir_version = 3
    want = outputs(net("Conv", 1, False, 4), 4)
    assert fold_batch_norms(model) == 1
    onnx.checker.check_model(model)
    assert np.allclose(outputs(model, 4)["y"], want["y"], rtol=1e-4, atol=1e-4)
