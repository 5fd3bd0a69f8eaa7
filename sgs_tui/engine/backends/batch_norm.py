"""BatchNormalization behind a convolution becomes part of it, as converters do before they quantize.

Left alone onnxruntime gives its scale [C] one 8-bit step for all channels and its offset a step as coarse: a network
that is fine on the chip fails here. What the layer computes is the same: gain (x - mean) + offset by channel, with
gain = scale / sqrt(variance + epsilon).

Apart because `quantizable` changes what onnxruntime can not quantize, and this what it quantizes badly.
"""

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.backends.onnx_notes import graphs_of

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

Doubles = npt.NDArray[np.float64]

_EPSILON = 1e-5
"""Where the node does not say."""


def fold_batch_norms(model: "ModelProto") -> int:
    """Fold, in place, each one behind a Conv, ConvTranspose or Gemm that nothing else reads; returns how many.

    The output keeps the name that the BatchNormalization gave it. All parameters have to be constants of float32.
    """
    folding = _Folding(model)
    folded = [node for node in list(model.graph.node) if folding.take(node)]
    for node in folded:
        model.graph.node.remove(node)
    if folded:
        folding.drop_unread()
        model.ir_version = max(model.ir_version, 4)  # before, every initializer had to be an input as well
    return len(folded)


class _Folding:
    """A graph whose BatchNormalizations are taken into the nodes before them, one after the other."""

    def __init__(self, model: "ModelProto") -> None:
        self._graph = model.graph
        self._constants = {item.name: item for item in self._graph.initializer}
        self._makers = {name: node for node in self._graph.node for name in node.output}
        self._reads = Counter(name for each in graphs_of(self._graph) for node in each.node for name in node.input)
        self._reads.update(value.name for each in graphs_of(self._graph) for value in each.output)
        self._dropped = set[str]()

    def take(self, node: "NodeProto") -> bool:
        """Fold one node into its maker if that is possible; the node itself stays for the caller to remove."""
        maker = self._makers.get(node.input[0]) if _plain(node) else None
        if maker is None or maker.op_type not in _AXES or self._reads[node.input[0]] != 1:
            return False
        own, theirs = [name for name in maker.input[1:] if name], list(node.input[1:])
        if not all(map(self._fixed, (*own, *theirs))):
            return False
        arrays = [self._array(name) for name in own]
        gain, offset = _gain_and_offset(node, *map(self._array, theirs))
        weights = _scaled(maker, arrays[0], gain)
        if weights is None or (len(arrays) > 1 and arrays[1].shape != gain.shape):
            return False
        bias = offset + (arrays[1] * gain if len(arrays) > 1 else 0.0)
        names = self._put(own[0], weights, node), self._put(own[1] if len(own) > 1 else theirs[1], bias, node)
        self._dropped.update((*own, *theirs))
        del maker.input[1:]
        maker.input.extend(names)
        maker.output[0] = node.output[0]
        self._makers[node.output[0]] = maker
        return True

    def drop_unread(self) -> None:
        """Without the constants that went into others."""
        read = {name for each in graphs_of(self._graph) for node in each.node for name in node.input}
        for name in self._dropped - read:
            self._graph.initializer.remove(self._constants[name])
        for value in [each for each in self._graph.input if each.name in self._dropped - read]:
            self._graph.input.remove(value)

    def _fixed(self, name: str) -> bool:
        import onnx

        found = self._constants.get(name)
        return found is not None and found.data_type == onnx.TensorProto.FLOAT

    def _array(self, name: str) -> Doubles:
        import onnx

        return onnx.numpy_helper.to_array(self._constants[name]).astype(np.float64)

    def _put(self, name: str, values: Doubles, node: "NodeProto") -> str:
        """Store a constant under its old name, or where others read that too under one of its own."""
        import onnx

        if self._reads[name] != 1:
            name = f"{name}@{node.output[0]}"
        made = onnx.numpy_helper.from_array(values.astype(np.float32), name)
        item = self._constants.get(name) or self._graph.initializer.add()
        item.CopyFrom(made)
        self._constants[name] = item
        return name


def _plain(node: "NodeProto") -> bool:
    """A BatchNormalization with one output: it does not learn."""
    trains = any(each.name == "training_mode" and each.i for each in node.attribute)
    return node.op_type == "BatchNormalization" and len(node.input) == 5 and not any(node.output[1:]) and not trains


def _gain_and_offset(
    node: "NodeProto", scale: Doubles, offset: Doubles, mean: Doubles, variance: Doubles
) -> tuple[Doubles, Doubles]:
    """[C] each: gain x + offset is what the node computes."""
    epsilon = next((each.f for each in node.attribute if each.name == "epsilon"), _EPSILON)
    gain = scale / np.sqrt(variance + epsilon)
    return gain, offset - mean * gain


_AXES = {"Conv": 0, "ConvTranspose": 1, "Gemm": 1}
"""Where the output channels of the weights are; of a ConvTranspose they count within each group of input channels."""


def _scaled(maker: "NodeProto", weights: Doubles, gain: Doubles) -> Doubles | None:
    """The weights with the gain of each output channel; None where the node has attributes that change its meaning."""
    attributes = {each.name: each for each in maker.attribute}
    axis, groups = _AXES[maker.op_type], 1
    if maker.op_type == "Gemm":
        if "beta" in attributes and attributes["beta"].f != 1:
            return None
        axis = 0 if "transB" in attributes and attributes["transB"].i else 1
    elif maker.op_type == "ConvTranspose" and "group" in attributes:
        groups = attributes["group"].i
    if weights.shape[axis] * groups != gain.size:
        return None
    if groups == 1:
        return weights * gain.reshape([-1 if each == axis else 1 for each in range(weights.ndim)])
    by_group = weights.reshape(groups, -1, *weights.shape[1:])
    return (by_group * gain.reshape(groups, 1, -1, *(1,) * (weights.ndim - 2))).reshape(weights.shape)
