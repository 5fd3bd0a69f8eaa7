"""Weights that get 16 bits because the tensor they are multiplied with has them, as on the chip (int16.md: S16)."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

SHARES_SCALE = frozenset(
    {
        "AveragePool", "Flatten", "Gather", "GatherElements", "MaxPool", "Pad", "Reshape",
        "Resize", "Slice", "Split", "Squeeze", "TopK", "Transpose", "Unsqueeze",
    }
)  # fmt: skip
"""Ops whose output onnxruntime gives the very scale of their first input (its QDQ operators)."""

_OUTPUTS_AXIS = {"Conv": 0, "ConvTranspose": 1, "Gemm": 1, "MatMul": 1}
"""Axis of the output channels in the second input; a transposed Gemm has them in front."""


def taking_scale(model: "ModelProto", wide: Collection[str]) -> tuple[str, ...]:
    """`wide` and the tensors behind them that take their scale, and with it their bits."""
    found = dict.fromkeys(wide)
    for node in model.graph.node:
        if node.op_type in SHARES_SCALE and node.input[0] in found:
            found.update(dict.fromkeys(node.output))
    return tuple(found)


def weights_read_with(model: "ModelProto", wide: Collection[str]) -> Iterator[tuple[str, int]]:
    """(name, axis of the output channels) of every constant that is multiplied with a tensor of `wide`."""
    constants = {item.name for item in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type in _OUTPUTS_AXIS and node.input[0] in wide and node.input[1] in constants:
            yield node.input[1], _axis(node)


def _axis(node: "NodeProto") -> int:
    transposed = any(item.name == "transB" and item.i for item in node.attribute)
    return 0 if transposed else _OUTPUTS_AXIS[node.op_type]
