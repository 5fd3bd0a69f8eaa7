"""The ops of a float or quantised ONNX model as a simulator's dump shows them: inputs and outputs, one by one.

QuantizeLinear and DequantizeLinear are not ops here but what gives a tensor its scale, zero point and type: a
tensor's value is the one its consumers see, and its name the float model's, so that both dumps match by name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sgs_tui.engine.dumps.drafts import Draft
from sgs_tui.engine.dumps.records import AnyArray, Direction
from sgs_tui.engine.simulate.onnx_slices import Tensors

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_TYPES = {"u1": "SGS_U8", "i1": "SGS_S8", "u2": "SGS_U16", "i2": "SGS_S16", "i4": "SGS_S32", "i8": "SGS_S64"}
_TYPES["b1"] = "SGS_BOOL"

_OP_TYPES = {
    "Relu": "RELU",
    "LeakyRelu": "LEAKY_RELU",
    "MaxPool": "MAX_POOL_2D",
    "AveragePool": "AVERAGE_POOL_2D",
    "GlobalAveragePool": "AVERAGE_POOL_2D",
    "Gemm": "FULLY_CONNECTED",
    "MatMul": "FULLY_CONNECTED",
    "Sigmoid": "LOGISTIC",
    "Concat": "CONCATENATION",
    "Split": "SPLIT_V",
    "Flatten": "RESHAPE",
}
"""ONNX's names to the simulator's (observed); others are written in capitals."""


@dataclass(frozen=True, slots=True)
class _Coding:
    """Scale, zero point and integer type that a Quantize/DequantizeLinear node gives a tensor."""

    scale: float = 0.0
    zero_point: int = 0
    type_name: str = "float"


class Ops:
    """Walks a model's ops; `names` are the tensors of the float model that both stages go back to."""

    def __init__(self, model: "ModelProto", tensors: Tensors, names: frozenset[str]) -> None:
        import onnx

        self._model, self._tensors, self._names = model, tensors, names
        self._constants = {item.name: onnx.numpy_helper.to_array(item) for item in model.graph.initializer}
        self._makers = {name: node for node in model.graph.node for name in node.output}
        self._readers: dict[str, NodeProto] = {
            node.input[0]: node for node in model.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")
        }

    def drafts(self) -> Iterator[Draft]:
        """Every op's inputs, then its outputs, as the simulator dumps them (4-D data NHWC)."""
        hidden = ("QuantizeLinear", "DequantizeLinear", "Constant")
        nodes = [node for node in self._model.graph.node if node.op_type not in hidden]
        for index, node in enumerate(nodes):
            op_type = self._op_type(node)
            for slot, name in enumerate(node.input):
                if self._has(name):
                    yield self._draft(Direction.IN, slot, index, op_type, name, self._origin(name))
            for slot, name in enumerate(node.output):
                if self._has(name):
                    yield self._draft(Direction.OUT, slot, index, op_type, self._seen(name), name)

    def _draft(self, direction: Direction, slot: int, index: int, op_type: str, name: str, origin: str) -> Draft:
        """`name` is the tensor whose value is seen, `origin` the one it goes back to."""
        values, coding = self._values(name), self._coding(name)
        if values.ndim == 4:
            values = values.transpose(0, 2, 3, 1)
        type_name = coding.type_name
        if type_name == "float":
            type_name = _TYPES.get(values.dtype.str[1:], "float")
        constant = origin in self._constants or self._maker(origin) == "Constant"
        return Draft(
            direction, slot, index, op_type, self._float_name(origin), values,
            coding.scale, coding.zero_point, type_name, constant, values.shape or (1,),
        )  # fmt: skip

    def _has(self, name: str) -> bool:
        return name in self._constants or name in self._tensors

    def _values(self, name: str) -> AnyArray:
        return self._constants[name] if name in self._constants else self._tensors[name]

    def _maker(self, name: str) -> str:
        return self._makers[name].op_type if name in self._makers else ""

    def _origin(self, name: str) -> str:
        """The tensor before all quantising and dequantising."""
        while self._maker(name) in ("QuantizeLinear", "DequantizeLinear"):
            name = self._makers[name].input[0]
        return name

    def _seen(self, name: str) -> str:
        """What consumers see of an output: its value after quantising and dequantising."""
        while name in self._readers:
            name = self._readers[name].output[0]
        return name

    def _coding(self, name: str) -> _Coding:
        if self._maker(name) != "DequantizeLinear":
            return _Coding()
        node = self._makers[name]
        scale = self._constants[node.input[1]]
        zero = self._constants[node.input[2]] if len(node.input) > 2 else np.zeros(1, np.int8)
        # A weight has one scale for each channel and the header room for one: the largest is written.
        return _Coding(float(np.max(scale)), int(zero.reshape(-1)[0]), _TYPES.get(zero.dtype.str[1:], "float"))

    def _float_name(self, name: str) -> str:
        """The float model's name of a tensor that quantising renamed."""
        short = name.removesuffix("_QuantizeLinear_Input").removesuffix("_quantized")
        return short if name not in self._names and short in self._names else name

    def _op_type(self, node: "NodeProto") -> str:
        if node.op_type != "Conv":
            return _OP_TYPES.get(node.op_type, node.op_type.upper())
        weight = self._values(node.input[1]) if self._has(node.input[1]) else np.empty((1, 2, 1, 1))
        groups = next((item.i for item in node.attribute if item.name == "group"), 1)
        return "DEPTHWISE_CONV_2D" if groups > 1 and weight.shape[1] == 1 else "CONV_2D"


def tensor_names(model: "ModelProto") -> frozenset[str]:
    """Every tensor of a model: inputs, constants and what its nodes compute."""
    names = [value.name for value in model.graph.input] + [item.name for item in model.graph.initializer]
    return frozenset(names + [name for node in model.graph.node for name in node.output])
