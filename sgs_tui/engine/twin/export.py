"""The twin as ONNX files: in float, and quantized with DequantizeLinear.

Every value bears the dump's tensor name and is NHWC, so it is that record's payload. Network inputs are `in::name`,
outputs `out::name`; a barrier's outputs are inputs too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sgs_tui.engine.errors import InputError, reason
from sgs_tui.engine.twin.arithmetic import quantize_weights
from sgs_tui.engine.twin.meaning import Barrier, Convolution, Shape
from sgs_tui.engine.twin.network import Twin, TwinOp
from sgs_tui.engine.twin.onnx_nodes import Graph, convolved, emit
from sgs_tui.engine.twin.plan import Grid, Plan, Weights
from sgs_tui.language import Message

if TYPE_CHECKING:
    from onnx import ModelProto


@dataclass(slots=True)
class _Export:
    twin: Twin
    plan: Plan | None
    graph: Graph = field(default_factory=Graph)
    inputs: list[tuple[str, Any, Shape]] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


def float_model(twin: Twin) -> "ModelProto":
    """The network in float: onnxruntime gives the dump's values to 1e-5."""
    return _model(_Export(twin, None))


def quantized_model(plan: Plan) -> "ModelProto":
    """The network with int8 or int16 weights and a QuantizeLinear / DequantizeLinear pair at every stored tensor.

    Without the simulator's own rounding of accumulators, sums and products, so layers differ from `predict` by about as
    much as by chance. The bias of a convolution is int32 in its exact unit where that fits; behind INT16 inputs it can
    exceed int32 and is added in float by a node of its own: onnxruntime would quantize a float bias of the convolution.
    """
    return _model(_Export(plan.twin, plan))


def save(model: "ModelProto", path: Path) -> None:
    """Write a model after onnx's full check. Raises InputError where the file can not be written."""
    import onnx

    from sgs_tui.engine.files import replacing

    onnx.checker.check_model(model, full_check=True)
    try:
        with replacing(path) as file:
            file.write(model.SerializeToString())
    except OSError as error:
        raise InputError(
            Message("{path}: cannot write: {why}", path=path, why=reason(error)),
            Message("check the path and its rights"),
        ) from error


def _model(export: _Export) -> "ModelProto":
    import onnx

    for name in export.twin.inputs:
        _feed(export, name)
    for op in export.twin.ops:
        if isinstance(op.meaning, Barrier):
            for name in op.outputs:
                _feed(export, name)
        else:
            _append(export, op)
    outputs = [
        (
            export.graph.node("Identity", [export.values[name]], export.twin.shapes[name], name=f"out::{name}"),
            np.float32,
        )
        for name in export.twin.outputs
    ]
    return onnx.load_model_from_string(export.graph.model(export.inputs, outputs))


def _feed(export: _Export, name: str) -> None:
    shape = export.twin.shapes[name]
    export.inputs.append((f"in::{name}", np.float32, shape))
    export.graph.shapes[f"in::{name}"] = shape
    _keep(export, name, f"in::{name}")


def _append(export: _Export, op: TwinOp) -> None:
    reads = [export.values[name] for name in op.inputs]
    how = export.plan.weights.get(op.index) if export.plan is not None else None
    meaning = op.meaning
    assert not isinstance(meaning, Barrier)
    if isinstance(meaning, Convolution) and how is not None:
        found: Sequence[str] = [_quantized_convolution(export, op, meaning, reads[0], how)]
    else:
        found = emit(meaning, export.graph, reads)
    for name, value in zip(op.outputs, found, strict=True):
        _keep(export, name, value)


def _keep(export: _Export, name: str, value: str) -> None:
    """Give a value the tensor's name, behind its quantizer where it has one."""
    grid = export.plan.grids.get(name) if export.plan is not None else None
    if grid is not None:
        value = _quantizer(export.graph, value, grid)
    export.values[name] = _named(export.graph, value, name)


def _quantizer(graph: Graph, value: str, grid: Grid) -> str:
    kind = np.int16 if grid.wide else np.uint8
    parameters = [
        graph.constant(np.array(grid.scale, np.float32), "scale"),
        graph.constant(np.array(grid.zero, kind), "zero"),
    ]
    codes = graph.node("QuantizeLinear", [value, *parameters], graph.shapes[value])
    return graph.node("DequantizeLinear", [codes, *parameters], graph.shapes[value])


def _named(graph: Graph, value: str, name: str) -> str:
    """Rename what the last node writes; a value that is somebody else's already gets an Identity."""
    node = graph.nodes[-1] if graph.nodes else None
    if node is None or value not in node.outputs or not _is_fresh(value):
        return graph.node("Identity", [value], graph.shapes[value], name=name)
    node.outputs[node.outputs.index(value)] = name
    graph.shapes[name] = graph.shapes.pop(value)
    return name


def _is_fresh(value: str) -> bool:
    """Whether a name was made by `Graph.fresh` and not by the dump."""
    return value.rpartition("::")[2].isdigit() and "::" in value


def _quantized_convolution(export: _Export, op: TwinOp, meaning: Convolution, value: str, how: Weights) -> str:
    graph, codes = export.graph, quantize_weights(meaning.weights, how)
    kind = np.int16 if how.wide else np.int8
    scales = codes.scales.astype(np.float32)
    stored = graph.constant(codes.codes.transpose(0, 3, 1, 2).astype(kind), "weights")
    zeros = np.zeros(scales.shape, kind)
    shape = tuple(int(each) for each in codes.codes.transpose(0, 3, 1, 2).shape)
    parameters = [graph.constant(scales, "scales"), graph.constant(zeros, "zeros")]
    weights = graph.node("DequantizeLinear", [stored, *parameters], shape, axis=0)
    grid = export.plan.grids.get(op.inputs[0]) if export.plan is not None else None
    bias = _integer_bias(graph, meaning, codes.scales, grid) if grid is not None and not grid.wide else None
    if bias is not None:
        return convolved(meaning, graph, value, [weights, bias])
    plain = convolved(meaning, graph, value, [weights])
    return (
        graph.node("Add", [plain, graph.constant(meaning.bias, "bias")], meaning.result)
        if np.any(meaning.bias)
        else plain
    )


def _integer_bias(graph: Graph, meaning: Convolution, scales: Any, grid: Grid) -> str | None:
    """int32 in units of the product of scales; None where it does not fit."""
    units = (scales * grid.scale).astype(np.float32)
    codes = np.rint(meaning.bias.astype(np.float64) / units)
    if np.abs(codes).max(initial=0) >= 2**31:
        return None
    parameters = [graph.constant(units, "scales"), graph.constant(np.zeros(units.shape, np.int32), "zeros")]
    stored = graph.constant(codes.astype(np.int32), "bias")
    return graph.node("DequantizeLinear", [stored, *parameters], (int(units.size),), axis=0)
