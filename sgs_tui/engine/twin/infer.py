"""What an op may compute, from its type, its constants and its numbers: candidates that `rebuild` then proves.

Constants tell most of it (axes, orders, pads). Where they do not, candidates are tried on the numbers here as far as
that is cheap; the proof on all values decides.

Apart because it knows every op type and nothing of dumps; `rebuild` knows the dump and no op type.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import permutations, product
from math import gcd, prod
from typing import TypeVar

import numpy as np

from sgs_tui.engine.twin.figures import dot
from sgs_tui.engine.twin.meaning import (
    RESIZING,
    Concatenation,
    Convolution,
    Dilation,
    Elementwise,
    Floats,
    Operand,
    Padding,
    Pool,
    Reshaping,
    Resizing,
    Selection,
    Shape,
    Softmax,
    Split,
    Tiling,
    Transposition,
    divisors,
    factor_pairs,
)
from sgs_tui.engine.twin.reducing import REDUCTION_OPS, products, reductions
from sgs_tui.engine.twin.situation import TO_NCHW, TO_NHWC, Candidates, Situation
from sgs_tui.engine.twin.windows import Numbers, find_pools, find_windows


def candidates(situation: Situation) -> Candidates:
    """Meanings to be proven, the most usual first. Empty where the type is unknown or nothing fits."""
    kind = situation.kind.upper()
    starts = [start for start in _BY_KIND if kind.startswith(start)]
    if starts:
        yield from _BY_KIND[max(starts, key=len)](situation)  # EXPAND_DIMS is no EXP
    elif len(situation.inputs) == 1 and np.array_equal(situation.inputs[0], situation.outputs[0]):
        yield from _reshapings(situation)


def knows(kind: str) -> bool:
    """Whether ops of that type are looked at at all."""
    return kind.upper().startswith(tuple(_BY_KIND))


def _convolutions(situation: Situation) -> Candidates:
    """The window is found on the first picture of a batch; more than one only where a shape says so."""
    constants = situation.constants
    if not constants or len(situation.stored) not in (0, 4):
        return  # along one axis or three: no picture
    depthwise = situation.kind.upper().startswith("DEPTHWISE")
    picture, output = situation.inputs[0], situation.outputs[0]
    known = situation.shapes[0]
    batch = known[0] if known is not None and len(known) == 4 else 1
    for bias in _biases(constants, output.size, *situation.stored[:1]):
        parts = (picture[: picture.size // batch], output[: output.size // batch])
        numbers = Numbers(constants[0], bias, *parts, depthwise, _known_picture(situation))
        for found in find_windows(numbers, situation.budget):
            yield _repeated(found, batch)


Windowed = TypeVar("Windowed", Convolution, Pool)


def _repeated(found: Windowed, batch: int) -> Windowed:
    """The same on every picture of a batch."""
    return found if batch == 1 else replace(found, source=(batch, *found.source[1:]), result=(batch, *found.result[1:]))


def _known_picture(situation: Situation) -> Shape | None:
    shape = situation.shapes[0]
    return (1, *shape[1:]) if shape is not None and len(shape) == 4 else None


def _transposed_convolutions(situation: Situation) -> Candidates:
    """Weights as ONNX has them, [Cin, Cout, kh, kw], stand in the dump as [Cin, kh, kw, Cout]; strides and pads are
    attributes and tried."""
    shape, stored = situation.shape(), situation.stored
    if len(shape) != 4 or len(stored) != 4 or shape[3] != stored[0] or not situation.constants:
        return
    _, high, wide, channels = stored
    weights = np.ascontiguousarray(situation.constants[0].reshape(stored)[:, ::-1, ::-1].transpose(3, 1, 2, 0))
    bias = situation.constants[1] if len(situation.constants) > 1 else np.zeros(channels, np.float32)
    for stride in _STRIDES:
        full = [(size - 1) * stride + side for size, side in zip(shape[1:3], (high, wide), strict=True)]
        for sides in factor_pairs(situation.outputs[0].size // (channels * shape[0]), shape[1] / shape[2]):
            cut = [whole - size for whole, size in zip(full, sides, strict=True)]
            if all(-stride < each < 2 * side for each, side in zip(cut, (high, wide), strict=True)):
                for before in dict.fromkeys((tuple(each // 2 for each in cut), tuple(-(-each // 2) for each in cut))):
                    after = [each - begun for each, begun in zip(cut, before, strict=True)]
                    pads = (high - 1 - before[0], wide - 1 - before[1], high - 1 - after[0], wide - 1 - after[1])
                    if min(pads) >= 0 and bias.size == channels:
                        result = (shape[0], *sides, channels)
                        gaps = (stride - 1, stride - 1)
                        yield Convolution(weights, bias, shape, result, pads=pads, inserted=gaps)


_STRIDES = (2, 1, 3, 4, 8)


def _biases(constants: Sequence[Floats], outputs: int, told: int = 0) -> Iterator[Floats]:
    """[Cout]: the first row of [2, Cout] (the second is ones), a plain one, or zeros.

    Zeros for the Cout that is `told`, else for every possible one.
    """
    if len(constants) > 1:
        both = constants[1]
        if both.size % 2 == 0 and np.all(both[both.size // 2 :] == 1):
            yield both[: both.size // 2]
        else:
            yield both
        return
    able = divisors(gcd(int(constants[0].size), outputs))
    for channels in (told,) if told in able else able[::-1]:
        yield np.zeros(channels, np.float32)


EPSILONS = (1e-5, 1e-3, 1e-6, 1e-4, 2e-5, 0.0)
"""What is added to a variance: frameworks' usual numbers, and none."""


def _batch_norms(situation: Situation) -> Candidates:
    """scale (x - mean) / sqrt(variance + epsilon) + offset by channel: a convolution of one tap a channel."""
    constants, shape = situation.constants, situation.shape()
    if len(constants) != 4 or len(shape) != 4 or any(each.size != shape[3] for each in constants):
        return
    scale, offset, mean, variance = (each.reshape(-1).astype(np.float64) for each in constants)
    for epsilon in EPSILONS:
        gain = scale / np.sqrt(np.maximum(variance + epsilon, 1e-30))
        bias = (offset - mean * gain).astype(np.float32)
        yield Convolution(gain.astype(np.float32).reshape(-1, 1, 1, 1), bias, shape, shape, groups=shape[3])


def _fully_connected(situation: Situation) -> Candidates:
    """Weights [Cout, N], or [N, Cout] as an ONNX Gemm may have them; the input may hold several rows of N values."""
    constants = situation.constants
    if not constants:
        yield from products(situation)
        return
    for bias in _biases(constants, situation.outputs[0].size):
        inputs, rest = divmod(int(constants[0].size), int(bias.size))
        rows = situation.inputs[0].size // inputs if inputs else 0
        if not rest and rows * inputs == situation.inputs[0].size and rows * bias.size == situation.outputs[0].size:
            for weights in (constants[0].reshape(-1, inputs), constants[0].reshape(inputs, -1).T):
                shaped = weights.reshape(-1, 1, 1, inputs)
                yield Convolution(shaped, bias, (1, 1, rows, inputs), (1, 1, rows, int(bias.size)))


def _elementwise(situation: Situation) -> Candidates:
    kind = situation.kind.upper()
    for shapes, result in _broadcasts(situation):
        for operands in _operands(situation, result):
            yield Elementwise(kind, operands, shapes, result, _slope(situation), _guarded(situation))


def _clips(situation: Situation) -> Candidates:
    """Between two constants, or where ONNX has attributes between what is seen."""
    output, shape = situation.outputs[0], situation.shape()
    limits = (
        situation.constants if len(situation.constants) == 2 else (output.min(keepdims=True), output.max(keepdims=True))
    )
    if all(each.size == 1 for each in limits):
        yield Elementwise("CLIP", (0, *(each.reshape(()) for each in limits)), (shape,), shape)


def _hard_sigmoids(situation: Situation) -> Candidates:
    """The slope is an attribute: PyTorch's, or ONNX's own."""
    shape = situation.shape()
    yield from (Elementwise("HARDSIGMOID", (0,), (shape,), shape, alpha) for alpha in (1 / 6, 0.2))


def _resizings(situation: Situation) -> Candidates:
    """Scales or sizes are the constant of four numbers, in NCHW; how it interpolates is an attribute and tried."""
    shape, four = situation.shape(), [each for each in situation.constants if each.size == 4]
    if len(shape) != 4 or not four:
        return
    numbers = [float(four[-1][axis]) for axis in TO_NHWC]
    scaled = tuple(round(size * times) for size, times in zip(shape, numbers, strict=True))
    for result in dict.fromkeys((scaled, tuple(map(round, numbers)))):
        if prod(result) == situation.outputs[0].size:
            yield from (Resizing(*how, shape, result) for how in RESIZING)


def _slope(situation: Situation) -> float:
    """LEAKY_RELU's: the least squares line through the negative values, as float32."""
    if not situation.kind.upper().startswith("LEAKY"):
        return 0.0
    below, output = np.minimum(situation.inputs[0], 0), situation.outputs[0]
    if not (np.isfinite(below).all() and np.isfinite(output).all()):
        finite = np.isfinite(below) & np.isfinite(output)
        below, output = below[finite], output[finite]
    wide = below.astype(np.float64)
    size = dot(wide, wide)
    return float(np.float32(dot(wide, output.astype(np.float64)) / size)) if size else 0.0


def _guarded(situation: Situation) -> bool:
    return situation.kind.upper() == "RELU" and not np.isfinite(situation.inputs[0]).all()


def _broadcasts(situation: Situation) -> Iterator[tuple[tuple[Shape, ...], Shape]]:
    """Shapes of the inputs and of the result: as they are known, else those of the largest for all of its size."""
    count = int(situation.outputs[0].size)
    shapes = tuple(situation.shape(number) for number in range(len(situation.inputs)))
    if not shapes:
        return
    try:
        result = tuple(int(each) for each in np.broadcast_shapes(*shapes))
        if prod(result) == count:
            yield shapes, result
    except ValueError:
        pass
    largest = max(shapes, key=lambda shape: (prod(shape), len(shape)))
    if prod(largest) == count and len(shapes) > 1:
        options = [list(_fitting(prod(shape), largest)) for shape in shapes]
        yield from ((each, largest) for each in product(*options))


def _operands(situation: Situation, result: Shape) -> Iterator[tuple[Operand, ...]]:
    """The operands in slot order, constants shaped to broadcast."""
    options: list[list[Operand]] = [
        [each] if isinstance(each, int) else [each.reshape(shape) for shape in _fitting(int(each.size), result)]
        for each in situation.slots
    ]
    yield from product(*options)


def _fitting(count: int, result: Shape) -> Iterator[Shape]:
    """Shapes of `count` values that broadcast to `result`: one value, all, a channel each, another axis, a pixel
    each."""
    if count == 1:
        yield ()
        return
    if count == prod(result):
        yield result
    for start in range(len(result) - 1, 0, -1):
        for stop in range(len(result), start, -1):
            if prod(result[start:stop]) == count:
                yield (*result[start:stop], *(1,) * (len(result) - stop))


def _concatenations(situation: Situation) -> Candidates:
    """Rows: the first input's leading axes from the inside, then 1, then every common divisor. Equal bit for bit."""
    if not situation.inputs or situation.constants:
        return
    shape, output = situation.shape(), situation.outputs[0]
    if sum(each.size for each in situation.inputs) != output.size:
        return
    leading = [prod(shape[:axis]) for axis in range(len(shape) - 1, 0, -1)]
    common = gcd(*(int(each.size) for each in situation.inputs))
    for rows in dict.fromkeys([*leading, 1, *divisors(common)]):
        if common % rows == 0 and _joins(situation.inputs, output, rows):
            yield Concatenation(rows, _joined(situation, rows))


def _joins(inputs: Sequence[Floats], output: Floats, rows: int) -> bool:
    start, wanted = 0, output.reshape(rows, -1)
    for values in inputs:
        width = values.size // rows
        if not np.array_equal(values.reshape(rows, -1), wanted[:, start : start + width], equal_nan=True):
            return False
        start += width
    return start == wanted.shape[1]


def _joined(situation: Situation, rows: int) -> Shape:
    """The inputs' shape with the joined axis grown; [rows, -1] where their shapes do not go together."""
    shapes = [situation.shape(number) for number in range(len(situation.inputs))]
    for axis in reversed(range(len(shapes[0]))):
        others = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes if len(shape) == len(shapes[0])}
        if prod(shapes[0][:axis]) == rows and len(others) == 1 and len({len(shape) for shape in shapes}) == 1:
            return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])
    return rows, int(situation.outputs[0].size) // rows


def _splits(situation: Situation) -> Candidates:
    """The axis is the constant of one element; where none is, every axis is tried."""
    shape, total = situation.shape(), int(situation.inputs[0].size)
    told = [int(each[0]) % len(shape) for each in situation.constants if each.size == 1 and abs(each[0]) < len(shape)]
    for axis in dict.fromkeys([*told, *range(len(shape))]):
        slab = total // shape[axis]
        sizes = tuple(int(output.size) // slab for output in situation.outputs)
        if sum(sizes) == shape[axis] and all(
            size * slab == o.size for size, o in zip(sizes, situation.outputs, strict=True)
        ):
            yield Split(axis, sizes, shape)


def _slices(situation: Situation) -> Candidates:
    """Constants: begin and size, or begin, end and steps of each axis. Else one run of places of one axis, by trial."""
    shape, count = situation.shape(), int(situation.outputs[0].size)
    told = [situation.integers(number) for number in range(3)]
    for order in _axis_orders(len(shape)):
        if all(len(each) == len(shape) for each in told[:2]):
            begin, second = ([each[axis] for axis in order] for each in told[:2])
            steps = [told[2][axis] for axis in order] if len(told[2]) == len(shape) else None
            for places in _ranges(shape, begin, second, steps):
                found = Selection(
                    tuple(None if p == tuple(range(n)) else p for p, n in zip(places, shape, strict=True)), shape
                )
                if all(places) and prod(found.result) == count:
                    yield found
    yield from _runs(situation, shape, count)
    if count == prod(shape):
        yield Selection((None,) * len(shape), shape)


def _axis_orders(rank: int) -> list[tuple[int, ...]]:
    """NHWC as the data is, then constants in NCHW order, as TILE has them."""
    return [tuple(range(rank)), *([(0, 2, 3, 1)] if rank == 4 else [])]


def _ranges(
    shape: Shape, begin: Sequence[int], second: Sequence[int], steps: Sequence[int] | None
) -> Iterator[list[tuple[int, ...]]]:
    """Places of each axis, with `second` as sizes (-1: to the end) and as ends."""
    axes = list(zip(shape, begin, second, steps or (1,) * len(shape), strict=True))
    if steps is None:
        yield [tuple(range(n)[b:] if s < 0 else range(n)[b : b + s]) for n, b, s, _ in axes]
    yield [tuple(range(n)[b : (e or n) : step or 1]) for n, b, e, step in axes]


def _runs(situation: Situation, shape: Shape, count: int) -> Candidates:
    """The equal steps along one axis that give the output bit for bit."""
    source, output = situation.inputs[0].reshape(shape), situation.outputs[0]
    for axis, size in enumerate(shape):
        kept, rest = divmod(count * size, int(source.size))
        if rest or not 0 < kept < size:
            continue
        wanted = output.reshape(*shape[:axis], kept, *shape[axis + 1 :])
        first = np.take(wanted, 0, axis)
        starts = [n for n in range(size) if np.array_equal(np.take(source, n, axis), first, equal_nan=True)]
        for start, step in product(starts, range(1, size)):
            places = tuple(range(start, size, step))[:kept]
            if len(places) == kept and np.array_equal(np.take(source, places, axis), wanted, equal_nan=True):
                yield Selection(tuple(places if each == axis else None for each in range(len(shape))), shape)
                break


def _gathers(situation: Situation) -> Candidates:
    """The places are a constant; the axis is every one that they fit, the output proves which."""
    shape, count = situation.shape(), int(situation.outputs[0].size)
    for constant in situation.constants:
        for axis, size in enumerate(shape):
            whole = np.array_equal(constant, np.rint(constant)) and bool((np.abs(constant) <= size).all())
            places = tuple(int(each) % size for each in constant.reshape(-1)) if whole else ()
            if places and count * size == prod(shape) * len(places):
                yield Selection(tuple(places if each == axis else None for each in range(len(shape))), shape)


def _packs(situation: Situation) -> Candidates:
    """Inputs of one shape, stacked along a new axis."""
    shape, number = situation.shape(), len(situation.inputs)
    for axis in range(len(shape) + 1):
        rows = prod(shape[:axis])
        if {each.size for each in situation.inputs} == {prod(shape)} and _joins(
            situation.inputs, situation.outputs[0], rows
        ):
            yield Concatenation(rows, (*shape[:axis], number, *shape[axis:]))


def _transpositions(situation: Situation) -> Candidates:
    """The constant; without one (ONNX has an attribute) every order that puts the first values where they are."""
    order, shape = situation.integers(0), situation.shape()
    if sorted(order) == list(range(len(shape))):
        yield Transposition(order, shape)
    elif not order and len(shape) <= _TURNED:
        picture, output = situation.inputs[0].reshape(shape), situation.outputs[0]
        for each in permutations(range(len(shape))):
            turned = picture.transpose(each)
            if np.array_equal(turned.reshape(-1) if turned.size < _MANY else turned.flat[:_MANY], output[:_MANY]):
                yield Transposition(each, shape)


_TURNED, _MANY = 5, 4096
"""Axes of which every order is tried, on so many values."""


def _reshapings(situation: Situation) -> Candidates:
    """The target is the constant; where it does not hold all values (behind an FC: [1, 1] for 10), [1, N]."""
    count, target = int(situation.outputs[0].size), situation.integers(0)
    if told := situation.results[0] if situation.results else None:
        yield Reshaping(told)
        target = tuple(told[axis] for axis in TO_NCHW) if len(told) == 4 else told
    if target and target.count(-1) == 1:
        known = prod(each for each in target if each != -1)
        target = tuple(count // known if each == -1 and known else each for each in target)
    target = target if target and prod(target) == count else (1, count)
    yield Reshaping(target)
    yield from _between_layouts(situation.shape(), target)


def _between_layouts(source: Shape, target: Shape) -> Candidates:
    """A reshape of what the network holds in NCHW and the dump in NHWC; a 4-D target is the network's, in NCHW."""
    before = TO_NCHW if len(source) == 4 else ()
    if len(target) == 4:
        result = tuple(target[axis] for axis in TO_NHWC)
        yield Reshaping(result, before, target, TO_NHWC)
    elif before:
        yield Reshaping(target, before)


def _softmaxes(situation: Situation) -> Candidates:
    """The smallest group whose first sums are 1; then along any axis."""
    output, shape = situation.outputs[0].astype(np.float64), situation.shape()
    for group in divisors(int(output.size)):
        if group > 1 and np.all(np.abs(output[: group * 50].reshape(-1, group).sum(axis=1) - 1) <= 1e-3):
            yield Softmax(group, shape)
    for axis in range(len(shape) - 1):
        if shape[axis] > 1 and np.all(np.abs(output.reshape(shape).sum(axis=axis) - 1) <= 1e-3):
            yield Softmax(shape[axis], shape, prod(shape[axis + 1 :]))


def _tilings(situation: Situation) -> Candidates:
    """The constant is in NCHW order; the simulator repeats each pixel (nearest), 7 of 7 seen."""
    shape, multiples = situation.shape(), situation.integers(0)
    orders = [tuple(multiples[axis] for axis in (0, 2, 3, 1))] if len(multiples) == 4 else []
    for order in dict.fromkeys([*orders, multiples]):
        if len(order) == len(shape) and prod(shape) * prod(order) == situation.outputs[0].size:
            yield Tiling(order, shape)
            yield Tiling(order, shape, repeats=False)


def _paddings(situation: Situation) -> Candidates:
    """The constant holds (before, after) of each axis, or all befores and then all afters."""
    shape, pads = situation.shape(), situation.integers(0)
    if len(pads) != 2 * len(shape):
        return
    constants = situation.constants
    value = float(constants[1][0]) if len(constants) > 1 and constants[1].size else 0.0
    for before, after in ((pads[::2], pads[1::2]), (pads[: len(shape)], pads[len(shape) :])):
        found = Padding(before, after, shape, value)
        if prod(found.result) == situation.outputs[0].size:
            yield found


def _alignments(situation: Situation) -> Candidates:
    """Zeros behind the channels."""
    shape = situation.shape()
    channels, rest = divmod(int(situation.outputs[0].size), prod(shape[:-1]))
    if not rest and channels >= shape[-1]:
        none = (0,) * len(shape)
        yield Padding(none, (*none[:-1], channels - shape[-1]), shape)


def _dilations(situation: Situation) -> Candidates:
    """Constants: zeros outside as (before, after) of each axis, zeros inside of each axis."""
    shape, outside, inside = situation.shape(), situation.integers(0), situation.integers(1)
    if len(outside) == 2 * len(shape) and len(inside) == len(shape):
        found = Dilation(inside, outside[::2], outside[1::2], shape)
        if prod(found.result) == situation.outputs[0].size:
            yield found


def _pools(situation: Situation) -> Candidates:
    shape = situation.shape()
    if len(shape) == 4:
        average, batch = situation.kind.upper().startswith("AVERAGE"), shape[0]
        picture, output = situation.inputs[0], situation.outputs[0]
        parts = (picture[: picture.size // batch], output[: output.size // batch])
        yield from (_repeated(found, batch) for found in find_pools(average, (1, *shape[1:]), *parts))


_BY_KIND: dict[str, Callable[[Situation], Candidates]] = {
    "CONV_2D": _convolutions, "DEPTHWISE_CONV": _convolutions, "GROUP_CONV": _convolutions,
    "CONVTRANSPOSE": _transposed_convolutions, "BATCHNORM": _batch_norms,
    "FULLY_CONNECTED": _fully_connected, "RELU": _elementwise, "LEAKY_RELU": _elementwise, "LOGISTIC": _elementwise,
    "EXP": _elementwise, "TANH": _elementwise, "MUL": _elementwise, "ADD": _elementwise, "SUB": _elementwise,
    "ABS": _elementwise, "SQRT": _elementwise, "DIV": _elementwise, "PRELU": _elementwise, "MAXIMUM": _elementwise,
    "MINIMUM": _elementwise, "CONCAT": _concatenations, "SPLIT": _splits, "UNPACK": _splits, "PACK": _packs,
    "STACK": _packs, "SLICE": _slices, "STRIDED_SLICE": _slices, "GATHER": _gathers, "TRANSPOSE": _transpositions,
    "RESHAPE": _reshapings, "SQUEEZE": _reshapings, "EXPAND_DIMS": _reshapings, "SOFTMAX": _softmaxes,
    "CLIP": _clips, "HARDSWISH": _elementwise, "HARDSIGMOID": _hard_sigmoids, "NEG": _elementwise,
    "RESIZE": _resizings, **dict.fromkeys(REDUCTION_OPS, reductions),
    **dict.fromkeys(("POW", "MAX", "MIN", "ERF", "RECIPROCAL", "FLOOR", "CEIL", "ROUND", "SIN", "COS", "LOG", "SIGN",
                     "SOFTPLUS", "SOFTSIGN", "MISH"), _elementwise),
    "TILE": _tilings, "PAD": _paddings, "ALIGN": _alignments, "DILATION": _dilations,
    "MAX_POOL": _pools, "AVERAGE_POOL": _pools,
}  # fmt: skip
"""How an op type starts (`Reshape_Alias`, `Align2`) to what finds its meaning."""
