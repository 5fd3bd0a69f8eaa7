"""A group of fused ops under the fixed simulator's arithmetic, as one small ONNX model: codes in, codes out.

Stored tensors are codes (uint8, int16) or, where a plan leaves them without a grid or without limits, float32. A
convolution of codes computes whole numbers: its sums are exact and round as the simulator's do (see `arithmetic`).

    ADD, SUB       operands times round(2^n s_i / s_out) / 2^n with one n for both, the larger factor in 2^14..2^15. A
                   fused operand is held in INT16 over its own calibrated range. So a small operand is off by up to 5
                   %, and one of a millionth vanishes. Measured as the slope of what remains: 100 of 105
                   CONV+ADD (19 dumps, some of one network) within 0.3 % of what is computed; why five are 0.3 to 3 %
                   off is not known
    LEAKY_RELU     to U8 of a fused operand: rounded twice, by the slope and by the scale (all codes
                   equal in 2 of 3 looked at, 99.8 % in the third); to S16 once (1 of 1)
    AVERAGE_POOL   to U8 floor(sum(code) / n), to S16 toward zero, pads not counted: 1,720 and 248 of 248 codes equal
    MUL            the product of codes is shifted by ceil(log2(largest / (s_a s_b)) - 14), rounded, then times a
                   factor of 15 bits; the largest is what the result's codes reach. All or 99.96 % of codes equal in
                   nine lone products of one network. A product of two S16 tensors is so rounded to two to four of its
                   own steps
    all else       computed in float, rounded once to the grid of what is stored (99 % of codes equal, all within 1)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil, log2
from typing import Any

import numpy as np

from sgs_tui.engine.twin.arithmetic import Accumulator, Codes, Growth, accumulate, growth_of, quantize_weights
from sgs_tui.engine.twin.fusing import Group
from sgs_tui.engine.twin.kernels import HEAVY, Input, Kernel, is_heavy
from sgs_tui.engine.twin.meaning import Barrier, Convolution, Elementwise, Pool
from sgs_tui.engine.twin.network import Bounds, Extremes, TwinOp
from sgs_tui.engine.twin.onnx_nodes import Graph, convolved, emit, encoded
from sgs_tui.engine.twin.plan import Grid, Plan, Weights, wide_grid

PRODUCT = 14
"""Bits that the product of two operands keeps."""

AWAY = 2.0**-21
"""What lifts a half beyond the half for sums below 2^13, and nothing else over it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a group's numbers depend on besides the network: the key under which its kernel is kept.

    Grids by name: of what is stored and read, of 8-bit copies by (op index, name), of what is written before a cast.
    `plain`: computed in float and rounded once, as onnxruntime does.
    """

    reads: tuple[Grid | None, ...]
    writes: tuple[Grid | None, ...]
    copies: tuple[tuple[int, str, Grid], ...]
    casts: tuple[tuple[str, Grid], ...]
    weights: tuple[Weights | None, ...]
    growths: tuple[Growth, ...]
    spans: tuple[Bounds, ...]
    plain: bool = False


def settings_of(group: Group, plan: Plan) -> Settings:
    """A group's settings under a plan."""
    read = ((op.index, name) for op in group.ops for name in op.inputs)
    convolutions = group.convolutions
    return Settings(
        reads=tuple(plan.grids.get(name) for name in group.reads),
        writes=tuple(plan.grids.get(name) for name in group.writes),
        copies=tuple((*each, plan.reads[each]) for each in read if each in plan.reads),
        casts=tuple((name, plan.writes[name]) for name in group.writes if name in plan.writes),
        weights=tuple(plan.weights.get(op.index) for op in convolutions),
        growths=tuple(growth(plan, op) for op in convolutions),
        spans=tuple(plan.ranges[op.outputs[0]] for op in group.ops),
        plain=plan.qdq is not None,
    )


def growth(plan: Plan, op: TwinOp) -> Growth:
    """What a plan knows of a convolution's sums in calibration."""
    name = op.outputs[0]
    if name in plan.channels:
        return Growth((plan.stretch, plan.stretch), (-np.inf, np.inf), plan.learned.get(op.index, 0.0))
    calibrated, dumped = plan.ranges[name], plan.twin.bounds[name]
    low, high = growth_of(calibrated, dumped)
    factors = (low * plan.stretch, high * plan.stretch)
    return Growth(factors, calibrated, plan.learned.get(op.index, 0.0))


def channel_extremes(plan: Plan, op: TwinOp) -> Extremes:
    """What is known of a convolution's output by channel: calibrated where the plan has it, else the float dump's."""
    return plan.channels.get(op.outputs[0], plan.twin.extremes[op.outputs[0]])


def stored_type(grid: Grid | None) -> Any:
    """The element type that a tensor is held in."""
    if grid is None or not grid.limited:
        return np.float32
    return np.int16 if grid.wide else np.uint8


@dataclass(slots=True)
class _Build:
    """A group's model under construction: `values` by tensor, `sources` the input that holds a stored tensor."""

    group: Group
    settings: Settings
    plan: Plan
    graph: Graph
    values: dict[str, str] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, Grid | None]] = field(default_factory=dict)

    def span(self, name: str) -> Bounds:
        """The calibrated range over which what an op of the group writes is held; a RELU keeps that of its input."""
        op, span = next(
            pair for pair in zip(self.group.ops, self.settings.spans, strict=True) if name in pair[0].outputs
        )
        return self.span(op.inputs[0]) if _keeps_codes(self.group, op) and op.inputs[0] not in self.sources else span

    def copy_grid(self, op: TwinOp, name: str) -> Grid | None:
        return next((grid for index, each, grid in self.settings.copies if (index, each) == (op.index, name)), None)


def fixed_kernel(group: Group, settings: Settings, plan: Plan) -> Kernel:
    """The group's model; inputs in the order of `group.reads`, outputs in that of `group.writes`."""
    shapes, graph = plan.twin.shapes, Graph(turns_codes=True)
    inputs = [
        Input(f"in::{number}", stored_type(grid), shapes[name])
        for number, (name, grid) in enumerate(zip(group.reads, settings.reads, strict=True))
    ]
    sources = {name: (item.name, grid) for name, item, grid in zip(group.reads, inputs, settings.reads, strict=True)}
    graph.shapes.update({item.name: item.shape for item in inputs})
    codes = append_group(graph, group, settings, plan, sources)
    outputs = [(name, stored_type(grid)) for name, grid in zip(codes, settings.writes, strict=True)]
    model = graph.model([(item.name, item.dtype, item.shape) for item in inputs], outputs)
    heavy = any(
        op.convolution and (op.convolution.multiplications > HEAVY or is_heavy(op.convolution)) for op in group.ops
    )
    return Kernel(model, inputs, group.writes[0], heavy)


def append_group(
    graph: Graph, group: Group, settings: Settings, plan: Plan, sources: Mapping[str, tuple[str, Grid | None]]
) -> list[str]:
    """Append a group's nodes; the codes that it writes, in the order of `group.writes`.

    `sources`: the value of the graph that holds a stored tensor's codes, and their grid.
    """
    build = _Build(group, settings, plan, graph, sources=sources)
    for op in group.ops:
        build.values.update(zip(op.outputs, _op(build, op), strict=True))
        goes_on = settings.plain or _runs_on(build, op) or _keeps_codes(group, op)
        if op is not group.last and not goes_on:
            name = op.outputs[0]
            build.values[name] = rounded(graph, build.values[name], _held(build, op))
    return [_stored(build, name, grid) for name, grid in zip(group.writes, settings.writes, strict=True)]


def _runs_on(build: _Build, op: TwinOp) -> bool:
    """Whether the accumulator itself goes on: nothing but RELUs to the end of the group. Other fused tensors are held
    in INT16 over their own calibrated range."""
    behind = [each for each in build.group.ops if each.index > op.index]
    return all(each.kind.upper() in ("RELU", "RELU6") for each in behind)


def _keeps_codes(group: Group, op: TwinOp) -> bool:
    """RELUs hand codes on as they are; not to a product with another tensor (hard-swish: 99.9 % of codes equal with
    its own range, 99.4 % without; hard-sigmoid 81 % without, 76 % with)."""
    readers = [each for each in group.ops if op.outputs[0] in each.inputs]
    return op.kind.upper() in ("RELU", "RELU6") and all(len(each.inputs) == 1 for each in readers)


def _held(build: _Build, op: TwinOp) -> Grid:
    """The grid of a fused tensor: its own calibrated range. A LOGISTIC does not clip what it reads."""
    grid = wide_grid(*build.span(op.outputs[0]))
    reader = next(each for each in build.group.ops if op.outputs[0] in each.inputs)
    return replace(grid, limited=reader.kind.upper() != "LOGISTIC")


def _op(build: _Build, op: TwinOp) -> list[str]:
    meaning = op.meaning
    if isinstance(meaning, Convolution):
        return [_convolution(build, op, meaning)]
    if build.settings.plain and not isinstance(meaning, Barrier):
        return emit(meaning, build.graph, [_read(build, op, name) for name in op.inputs])
    if isinstance(meaning, Pool) and meaning.average and build.settings.writes[0] is not None:
        return [_average(build, op, meaning, build.settings.writes[0])]
    assert not isinstance(meaning, Barrier)  # barriers have no kernel
    values = [_read(build, op, name) for name in op.inputs]
    if isinstance(meaning, Elementwise) and meaning.function in ("ADD", "SUB"):
        values = _aligned(build, op, values)
    results = emit(meaning, build.graph, values)
    if isinstance(meaning, Elementwise) and meaning.function == "MUL":
        product = _shifted if len(op.inputs) > 1 else _factored
        return [product(build, op, meaning, results[0])]
    if isinstance(meaning, Elementwise) and meaning.function == "LEAKY_RELU":
        return [_sloped(build, op, results[0])]
    return results


def _sloped(build: _Build, op: TwinOp, value: str) -> str:
    """A LEAKY_RELU of a fused operand to U8: what the slope makes is rounded to the operand's own 16 bits first."""
    grid = build.settings.writes[0]
    if op.inputs[0] in build.sources or grid is None or grid.wide:
        return value
    return rounded(build.graph, value, wide_grid(*build.span(op.inputs[0])))


def _shifted(build: _Build, op: TwinOp, meaning: Elementwise, value: str) -> str:
    """A product as its codes leave the multiplier: shifted to below 2^14 and rounded, then scaled."""
    result = _result_scale(build, op)
    scales = [_operand_scale(build, op, op.inputs[each]) for each in meaning.operands if isinstance(each, int)]
    if result is None or None in scales:
        return value
    step = float(np.prod([each for each in scales if each is not None]))
    largest = _reach(build, op) / step
    unit = step * 2.0 ** max(0, ceil(log2(largest) - PRODUCT)) if largest > 0 else step
    ratio = unit / result
    fine = 2.0 ** (np.floor(np.log2(ratio)) - 14)
    shape = build.graph.shapes[value]
    size, scale = (
        build.graph.constant(np.array(each, np.float32)) for each in (unit, unit * np.rint(ratio / fine) * fine / ratio)
    )
    codes = build.graph.node("Round", [build.graph.node("Div", [value, size], shape)], shape)
    return build.graph.node("Mul", [codes, scale], shape)


def _reach(build: _Build, op: TwinOp) -> float:
    """The largest value that the result's codes can hold, of a calibrated range that is its domain's."""
    grid = build.settings.writes[0] if op is build.group.last else wide_grid(*build.span(op.outputs[0]))
    if grid is None:
        return 0.0
    return grid.scale * (32767 if grid.wide else max(grid.zero, 255 - grid.zero))


def _factored(build: _Build, op: TwinOp, meaning: Elementwise, value: str) -> str:
    """A product with one constant: a single factor of 15 bits."""
    constant = next((each for each in meaning.operands if not isinstance(each, int)), None)
    source, result = _operand_scale(build, op, op.inputs[0]), _result_scale(build, op)
    if constant is None or constant.size != 1 or source is None or result is None or not np.any(constant):
        return value
    ratio = source * abs(float(constant.reshape(-1)[0])) / result
    fine = 2.0 ** (np.floor(np.log2(ratio)) - 14)
    return _times(build.graph, value, float(np.rint(ratio / fine) * fine / ratio), 1e-7)


def _aligned(build: _Build, op: TwinOp, values: list[str]) -> list[str]:
    """Operands of a sum times what rounding their factors makes of them."""
    result = _result_scale(build, op)
    scales = [_operand_scale(build, op, name) for name in op.inputs]
    if result is None or None in scales:
        return values
    ratios = np.array([scale / result for scale in scales if scale is not None])
    step = 2.0 ** (np.floor(np.log2(ratios.max())) - 14)
    factors = [float(np.rint(ratio / step) * step / ratio) for ratio in ratios]
    return [_times(build.graph, value, factor) for value, factor in zip(values, factors, strict=True)]


def _times(graph: Graph, value: str, factor: float, least: float = 2e-5) -> str:
    if abs(factor - 1) < least:
        return value
    return graph.node("Mul", [value, graph.constant(np.array(factor, np.float32))], graph.shapes[value])


def _operand_scale(build: _Build, op: TwinOp, name: str) -> float | None:
    copy = build.copy_grid(op, name)
    grid = copy or (build.sources[name][1] if name in build.sources else wide_grid(*build.span(name)))
    return None if grid is None else grid.scale


def _result_scale(build: _Build, op: TwinOp) -> float | None:
    grid = build.settings.writes[0] if op is build.group.last else wide_grid(*build.span(op.outputs[0]))
    return None if grid is None else grid.scale


def _read(build: _Build, op: TwinOp, name: str) -> str:
    """The values of what an op reads, through its 8-bit copy where it has one."""
    if name not in build.values:
        source, grid = build.sources[name]
        build.values[name] = source if stored_type(grid) is np.float32 else decoded(build.graph, source, grid)
    copy = build.copy_grid(op, name)
    return build.values[name] if copy is None else rounded(build.graph, build.values[name], copy)


def decoded(graph: Graph, source: str, grid: Grid | None, scale: float | None = None) -> str:
    """Codes as values; in steps of `scale` where it is given."""
    assert grid is not None
    step = grid.scale if scale is None else scale
    parameters = [graph.constant(np.array(step, np.float32)), _zero(graph, grid)]
    return graph.node("DequantizeLinear", [source, *parameters], graph.shapes[source])


def _zero(graph: Graph, grid: Grid) -> str:
    return graph.constant(np.array(grid.zero, np.int16 if grid.wide else np.uint8))


def _encoded(graph: Graph, value: str, grid: Grid, scale: float | None = None) -> str:
    step = grid.scale if scale is None else scale
    return encoded(graph, value, [graph.constant(np.array(step, np.float32)), _zero(graph, grid)])


def rounded(graph: Graph, value: str, grid: Grid) -> str:
    """Values on a grid, as values."""
    if grid.limited:
        return decoded(graph, _encoded(graph, value, grid), grid)
    return _scaled(graph, "Round", value, grid.scale)


def _scaled(graph: Graph, kind: str, value: str, step: float) -> str:
    """An op on the values in steps."""
    shape = graph.shapes[value]
    size = graph.constant(np.array(step, np.float32))
    return graph.node("Mul", [graph.node(kind, [graph.node("Div", [value, size], shape)], shape), size], shape)


def _stored(build: _Build, name: str, grid: Grid | None) -> str:
    """An output as it is stored, in its `stored_type`."""
    graph, value = build.graph, build.values[name]
    cast = dict(build.settings.casts).get(name)
    if cast is not None:
        value = rounded(graph, value, cast)
    if grid is None:
        return graph.node("Identity", [value], graph.shapes[value], name="out::" + name)
    return _encoded(graph, value, grid) if grid.limited else rounded(graph, value, grid)


def _convolution(build: _Build, op: TwinOp, meaning: Convolution) -> str:
    how = build.settings.weights[build.group.convolutions.index(op)]
    if how is None:
        return emit(meaning, build.graph, [_read(build, op, op.inputs[0])])[0]
    codes = quantize_weights(meaning.weights, how)
    numbers = _numbers(build, op, meaning, codes)
    grid = _code_grid(build, op)
    if numbers is None or grid is None:
        plain = [build.graph.constant(codes.values().transpose(0, 3, 1, 2)), build.graph.constant(meaning.bias)]
        return convolved(meaning, build.graph, _read(build, op, op.inputs[0]), plain)
    return _accumulated(build.graph, meaning, numbers, _code_values(build, op, grid))


def _numbers(build: _Build, op: TwinOp, meaning: Convolution, codes: Codes) -> Accumulator | None:
    """What a convolution of codes computes with; None where it computes in float."""
    grid, result = _code_grid(build, op), build.settings.writes[0]
    if grid is None or result is None or build.settings.plain:
        return None
    grown, runs_on = build.settings.growths[build.group.convolutions.index(op)], _runs_on(build, op)
    result = result if runs_on else wide_grid(*build.span(op.outputs[0]))
    return accumulate(meaning, codes, grid, result, channel_extremes(build.plan, op), grown, runs_on)


def stored_numbers(group: Group, plan: Plan) -> tuple[Codes, Accumulator | None] | None:
    """The weights and the numbers of a group's convolution; None where it has not one, quantized, to tell of. Without
    an accumulator where it computes in float."""
    settings, convolutions = settings_of(group, plan), group.convolutions
    how, meaning = (settings.weights[0], convolutions[0].convolution) if len(convolutions) == 1 else (None, None)
    if how is None or meaning is None:
        return None
    sources = {name: ("", grid) for name, grid in zip(group.reads, settings.reads, strict=True)}
    codes = quantize_weights(meaning.weights, how)
    return codes, _numbers(_Build(group, settings, plan, Graph(), sources=sources), convolutions[0], meaning, codes)


def _code_grid(build: _Build, op: TwinOp) -> Grid | None:
    """The grid whose codes the convolution multiplies; None where its input is no codes."""
    grid = build.sources.get(op.inputs[0], ("", None))[1]
    return grid if grid is not None and grid.limited else None


def _code_values(build: _Build, op: TwinOp, grid: Grid) -> str:
    """The input's codes less the zero point, as whole float32 numbers."""
    return decoded(build.graph, build.sources[op.inputs[0]][0], grid, scale=1.0)


def _accumulated(graph: Graph, meaning: Convolution, numbers: Accumulator, value: str) -> str:
    parameters = [
        graph.constant(numbers.weights.transpose(0, 3, 1, 2), "weights"),
        graph.constant(numbers.start, "start"),
    ]
    total = convolved(meaning, graph, value, parameters)
    if 0 < numbers.shift <= 12:  # ONNX rounds halves to even; sums of many bits have none
        total = graph.node("Mul", [total, graph.constant(np.array(1 + AWAY, np.float32))], meaning.result)
    total = graph.node("Round", [total], meaning.result)
    grown = graph.node("Mul", [total, graph.constant(numbers.gain, "gain")], meaning.result)
    return graph.node("Add", [grown, graph.constant(numbers.offset, "offset")], meaning.result)


def _average(build: _Build, op: TwinOp, meaning: Pool, grid: Grid) -> str:
    """The mean of codes, cut to a whole code. Half the least fraction a mean can have is added against float32's
    error."""
    graph, (source, stored) = build.graph, build.sources[op.inputs[0]]
    copy = build.copy_grid(op, op.inputs[0])
    if stored == grid and grid.limited and copy is None:
        value = decoded(graph, source, grid, scale=1.0)
    else:
        step = graph.constant(np.array(grid.scale, np.float32))
        on_grid = rounded(graph, _read(build, op, op.inputs[0]), grid)
        value = graph.node("Round", [graph.node("Div", [on_grid, step], graph.shapes[on_grid])], graph.shapes[on_grid])
    mean = emit(meaning, graph, [value])[0]
    cut = _toward_zero(graph, mean, meaning) if grid.wide else _floor(graph, mean, meaning)
    return graph.node("Mul", [cut, graph.constant(np.array(grid.scale, np.float32))], meaning.result)


def _nudge(graph: Graph, meaning: Pool) -> str:
    return graph.constant(np.array(min(2e-3, 0.5 / (meaning.kernel[0] * meaning.kernel[1])), np.float32))


def _floor(graph: Graph, mean: str, meaning: Pool) -> str:
    return graph.node("Floor", [graph.node("Add", [mean, _nudge(graph, meaning)], meaning.result)], meaning.result)


def _toward_zero(graph: Graph, mean: str, meaning: Pool) -> str:
    size = _floor(graph, graph.node("Abs", [mean], meaning.result), meaning)
    return graph.node("Mul", [graph.node("Sign", [mean], meaning.result), size], meaning.result)
