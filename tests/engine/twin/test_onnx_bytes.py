"""Models written as bytes are those that onnx's own messages make."""

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from sgs_tui.engine.twin import onnx_bytes
from sgs_tui.engine.twin.onnx_nodes import Graph

INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(width=32, allow_nan=False)


@given(
    INTEGERS | FLOATS | st.just("nearest") | st.lists(INTEGERS, min_size=1, max_size=5),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_an_attribute_is_read_back(value: Any, name: str) -> None:
    node = onnx_bytes.Node("Softmax", ["a", name], ["b"], {"axis": value})
    made = onnx.load_model_from_string(onnx_bytes.model([node], [], [], [], 21, 10))
    assert made.graph.node[0] == helper.make_node("Softmax", ["a", name], ["b"], name="Softmax::b", axis=value)


@pytest.mark.parametrize("kind", onnx_bytes.ELEMENTS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (1, 3, 200, 2)])
def test_a_constant_is_read_back(kind: Any, shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape)).reshape(shape).astype(kind)
    made = onnx.TensorProto.FromString(onnx_bytes.tensor(values, "w"))
    assert made == numpy_helper.from_array(values, "w")


def test_a_model_is_whole() -> None:
    graph = Graph(shapes={"in::0": (2, 300)})
    graph.node("Softmax", ["in::0"], (2, 300), name="out", axis=-1)
    made = onnx.load_model_from_string(graph.model([("in::0", np.float32, (2, 300))], [("out", np.float32)]))
    onnx.checker.check_model(made, full_check=True)
    wanted = helper.make_tensor_value_info("in::0", onnx.TensorProto.FLOAT, (2, 300))
    assert (made.ir_version, made.producer_name, made.graph.input[0]) == (10, "sgs-tui", wanted)


def test_what_no_text_can_hold_is_spelled_out() -> None:
    """Names of a dump may hold bytes that are no UTF-8."""
    made = onnx.ValueInfoProto.FromString(onnx_bytes.value("a\udcff", np.float32, ()))
    assert made.name == "a\\udcff"
