"""The window of a convolution or a pool found from its numbers. A convolution's: one correlation, then slices of it.

The stride-1 correlation of a few output channels, padded by the whole window on all sides, holds the result of every
stride and padding as a slice: trying one costs five comparisons and no arithmetic. A (2,1) stride that a search of one
stride for both axes never finds (4,000 convolutions in vain, 80 s for one network) is one slice among some dozen.
Before that the most usual windows are tried at five places each, which needs no correlation: nine of ten are among
them, and the proof of the whole op follows anyhow.

What stays to be tried by correlations: kernel sides (factor pairs of the taps, squarest first), dilations, groups, for
depthwise both layouts ([kh,kw,C] and [C,kh,kw] occur), and for the network's first convolution the picture's sides.

Apart because it is a search of its own, with a budget of time; every other op's attributes are read off (`infer`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import gcd
from time import thread_time
from typing import Any

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.network.tensors import channel_bounds
from sgs_tui.engine.twin.kernels import correlation
from sgs_tui.engine.twin.meaning import Convolution, Floats, Pool, Shape, Sides, divisors, factor_pairs

BUDGET = 2.0
"""Seconds of CPU for one convolution; whole trained networks of 50 to 90 of them take 0.4 to 0.7 s."""

TOLERANCE = 2e-3
"""Largest error of a slice, relative to the largest value; the proof of the whole op is 200 times as strict."""

DILATIONS = (1, 2, 3, 4, 5, 6, 8, 12, 16, 18)
CHANNELS = 4
"""Output channels looked at: those with the largest values."""

STRIDES = 8
"""Strides up to which windows are tried, and up to twice the window: none seen steps over more pixels than it looks
at."""

USUAL = 12
"""Windows that are tried at five places before a correlation: even pads, the least strides that make the output."""

PICTURES = 40
"""Sides of an unknown picture that are tried for a number of channels."""


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """What a dump tells of a convolution: flat weights, bias [Cout], input and output values, flat NHWC.

    `source` is the input's shape where it is known. `depthwise` by the op's type.
    """

    weights: Floats
    bias: Floats
    picture: Floats
    output: Floats
    depthwise: bool
    source: Shape | None

    @property
    def channels(self) -> int:
        """Output channels."""
        return int(self.bias.size)


def find_windows(numbers: Numbers, budget: float = BUDGET) -> Iterator[Convolution]:
    """Convolutions that give the output on the channels looked at, most usual first, until `budget` seconds are spent.

    Usually the first is proven right. Ends without any where none fits.
    """
    end = thread_time() + budget
    for gap, source in product(_dilated(numbers), _sources(numbers)):
        for form in _forms(numbers, source):
            if gap == 1 or form.kernel != (1, 1):
                yield from _fits(numbers, form, (gap, gap))
            if thread_time() > end:
                return


def _dilated(numbers: Numbers) -> tuple[int, ...]:
    """Dilations in the order they are tried; a window of one tap has none."""
    return DILATIONS if numbers.weights.size > numbers.channels else (1,)


def _sources(numbers: Numbers) -> Iterator[Shape]:
    """The input's shape, or every plausible one: three, one or four channels first, squarest first."""
    if numbers.source is not None and len(numbers.source) == 4:
        yield numbers.source
        return
    count = int(numbers.picture.size)
    for channels in dict.fromkeys((3, 1, 4, *divisors(count))):
        if count % channels == 0 and _possible(numbers, channels):
            for height, width in factor_pairs(count // channels)[:PICTURES]:
                if max(height, width) <= 8 * min(height, width) or numbers.source is not None:
                    yield (1, height, width, channels)


def _possible(numbers: Numbers, channels: int) -> bool:
    """Whether that many input channels could go with these weights without groups."""
    if numbers.depthwise:
        return numbers.channels % channels == 0
    return numbers.weights.size % (channels * numbers.channels) == 0


def _forms(numbers: Numbers, source: Shape) -> Iterator[Convolution]:
    """Every way to read the weights: layouts, groups, kernel sides. Windows are still to be found."""
    if numbers.depthwise:
        yield from _depthwise_forms(numbers, source)
        return
    inputs, outputs = source[3], numbers.channels
    for groups in divisors(gcd(inputs, outputs)):
        taps, rest = divmod(numbers.weights.size * groups, inputs * outputs)
        if rest == 0 and taps:
            for kernel in _kernels(taps, source):
                weights = numbers.weights.reshape(outputs, *kernel, inputs // groups)
                form = Convolution(weights, numbers.bias, source, (), groups=groups)
                yield _diagonal(form) or form


def _depthwise_forms(numbers: Numbers, source: Shape) -> Iterator[Convolution]:
    taps, rest = divmod(numbers.weights.size, numbers.channels)
    if rest or numbers.channels % source[3]:
        return
    for kernel in _kernels(taps, source):
        behind = numbers.weights.reshape(*kernel, numbers.channels, 1).transpose(2, 0, 1, 3)
        for weights in (behind, numbers.weights.reshape(numbers.channels, *kernel, 1)):
            yield Convolution(np.ascontiguousarray(weights), numbers.bias, source, (), groups=source[3])


def _kernels(taps: int, source: Shape) -> Iterator[Sides]:
    """Sides of the window, squarest first, not beyond twice the picture."""
    for height, width in factor_pairs(taps):
        if height <= 2 * source[1] + 1 and width <= 2 * source[2] + 1:
            yield height, width


def _diagonal(form: Convolution) -> Convolution | None:
    """A depthwise convolution stored with all its zeros: weights other than [c, :, :, c] are 0 (5x5 ones are, of 200
    channels a million weights). None where it is none."""
    outputs, height, width, inputs = form.weights.shape
    if form.groups > 1 or inputs != outputs or height * width == 1 or outputs == 1:
        return None
    index = np.arange(outputs)
    own = form.weights[index, :, :, index]
    if np.count_nonzero(form.weights) != np.count_nonzero(own):
        return None
    return replace(form, weights=np.ascontiguousarray(own[..., None]), groups=outputs, dense=True)


@dataclass(frozen=True, slots=True)
class Axis:
    """How an axis of the output lies on the picture; `uneven` prefers pads of equal size."""

    stride: int
    before: int
    after: int
    uneven: int


def _fits(numbers: Numbers, form: Convolution, dilations: Sides) -> Iterator[Convolution]:
    """Windows of one form and dilation whose slices agree with the output."""
    reach = [(side - 1) * gap for side, gap in zip(form.kernel, dilations, strict=True)]
    if any(dilations[0] > 1 and each > 2 * side for each, side in zip(reach, form.source[1:3], strict=True)):
        return
    output = numbers.output.reshape(-1, numbers.channels)
    chosen = _loudest(output)
    wanted = (output[:, chosen] - numbers.bias[chosen]).T
    every_sides = factor_pairs(output.shape[0], form.source[1] / form.source[2])
    seen = _seen(numbers, form, chosen, reach, dilations, wanted.reshape(-1, *every_sides[0]))
    if seen is not None:
        yield _with_window(form, dilations, every_sides[0], *seen)
    full = correlation(*_chosen(numbers, form, chosen), dilations, len(chosen) if form.groups > 1 else 1)
    for sides in every_sides:
        for rows, columns in _slices(form.source, sides, reach, full, wanted.reshape(-1, *sides)):
            yield _with_window(form, dilations, sides, rows, columns)


def _with_window(form: Convolution, dilations: Sides, sides: Sides, rows: "Axis", columns: "Axis") -> Convolution:
    pads = (rows.before, columns.before, rows.after, columns.after)
    strides, result = (rows.stride, columns.stride), (1, *sides, form.bias.size)
    return replace(form, strides=strides, pads=pads, dilations=dilations, result=result)


def _seen(
    numbers: Numbers, form: Convolution, chosen: npt.NDArray[np.intp], reach: list[int], dilations: Sides,
    wanted: Floats,
) -> "tuple[Axis, Axis] | None":  # fmt: skip
    """The most usual axes with which the window gives `wanted` [N, h, w] at the corners and in the middle; None where
    that is none of the `USUAL`."""
    sides = (int(wanted.shape[1]), int(wanted.shape[2]))
    rows_of, columns_of = (axes_of(form.source[1 + axis], sides[axis], reach[axis]) for axis in (0, 1))
    limit, places = TOLERANCE * _peak(wanted), _places(sides)
    if not all(np.isfinite(wanted[:, y, x]).all() for y, x in places):
        return None
    picture, weights = numbers.picture.reshape(form.source[1:]), form.weights[chosen]
    inputs = _inputs_of(numbers, form, chosen)
    for rows, columns in sorted(product(rows_of, columns_of), key=lambda pair: unusual(*pair))[:USUAL]:
        starts = ((y, x, rows.stride * y - rows.before, columns.stride * x - columns.before) for y, x in places)
        if all(
            _within(_position((top, left), picture, weights, inputs, dilations), wanted[:, y, x], limit).all()
            for y, x, top, left in starts
        ):
            return rows, columns
    return None


def _position(
    start: Sides, picture: Floats, weights: Floats, inputs: npt.NDArray[np.intp] | None, dilations: Sides
) -> Floats:
    """One position of the correlation: [N] of `weights` [N, kh, kw, C]; `inputs` [N * C] channels of `picture`
    [H, W, C]."""
    taps = [
        first + gap * np.arange(side) for first, gap, side in zip(start, dilations, weights.shape[1:3], strict=True)
    ]
    y, x = (np.flatnonzero((at >= 0) & (at < size)) for at, size in zip(taps, picture.shape[:2], strict=True))
    window = picture[taps[0][y]][:, taps[1][x]]
    inside = weights[:, y][:, :, x]
    with np.errstate(invalid="ignore", over="ignore"):
        if inputs is None:
            return np.asarray(np.tensordot(inside, window, 3))
        own = window[:, :, inputs].reshape(*window.shape[:2], len(weights), weights.shape[3])
        return np.asarray((inside * own.transpose(2, 0, 1, 3)).sum(axis=(1, 2, 3)))


def _loudest(output: Floats) -> npt.NDArray[np.intp]:
    with np.errstate(invalid="ignore"):
        low, high = channel_bounds(output)
        peaks = np.maximum(high, -low)
        if not np.isfinite(peaks).all():
            peaks = np.nan_to_num(np.abs(output), nan=0, posinf=0).max(axis=0)
    return np.sort(np.argsort(peaks)[::-1][:CHANNELS])


def _chosen(numbers: Numbers, form: Convolution, chosen: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """The picture [1, C, H, W] and weights [N, C / N or C, kh, kw] that the chosen output channels need."""
    picture = numbers.picture.reshape(form.source).transpose(0, 3, 1, 2)
    weights = form.weights[chosen].transpose(0, 3, 1, 2)
    inputs = _inputs_of(numbers, form, chosen)
    picture = picture if inputs is None else picture[:, inputs]
    return np.ascontiguousarray(picture), np.ascontiguousarray(weights)


def _inputs_of(numbers: Numbers, form: Convolution, chosen: npt.NDArray[np.intp]) -> npt.NDArray[np.intp] | None:
    """The input channels of each chosen output channel, one after the other; None without groups: all for each."""
    if form.groups == 1:
        return None
    inputs, outputs = form.weights.shape[3], numbers.channels // form.groups
    found: npt.NDArray[np.intp] = (chosen[:, None] // outputs * inputs + np.arange(inputs)).reshape(-1)
    return found


def _slices(source: Shape, sides: Sides, reach: list[int], full: Floats, wanted: Floats) -> Iterator[tuple[Axis, Axis]]:
    """Axes whose slice of `full` [N, H, W] is `wanted` [N, h, w]; equal strides, even pads, small strides first."""
    rows_of, columns_of = (axes_of(source[1 + axis], sides[axis], reach[axis]) for axis in (0, 1))
    if not rows_of or not columns_of:
        return
    limit = TOLERANCE * _peak(wanted)
    pairs = list(product(rows_of, columns_of))
    near = [pairs[number] for number in np.flatnonzero(_near(pairs, reach, full, wanted, limit))]
    for rows, columns in sorted(near, key=lambda pair: unusual(*pair)):
        part = full[:, _cut(rows, reach[0], sides[0]), _cut(columns, reach[1], sides[1])]
        if _agrees(part, wanted, limit):
            yield rows, columns


def unusual(rows: Axis, columns: Axis) -> tuple[bool, int, int]:
    """How unusual a window is; for sorting."""
    return rows.stride != columns.stride, rows.uneven + columns.uneven, rows.stride + columns.stride


@lru_cache(maxsize=4096)
def axes_of(side: int, wanted: int, reach: int) -> tuple[Axis, ...]:
    """Every stride and padding that makes `wanted` positions of `side`; what is left over is less than a stride."""
    if wanted == 1:
        return tuple(_single(side, before, reach) for before in range(reach + 1) if before < side + reach)
    found = []
    for before in range(reach + 1):
        least = max(1, (side + before - reach - 1) // wanted + 1)
        most = min((side - 1 + before) // (wanted - 1), max(STRIDES, 2 * (reach + 1)))
        for stride in range(least, most + 1):
            after = (wanted - 1) * stride + reach + 1 - side - before
            found.append(Axis(stride, before, max(after, 0), abs(before - after)))
    return tuple(found)


def _single(side: int, before: int, reach: int) -> Axis:
    """A single position has no stride; one that steps over what is left keeps ONNX from making more."""
    after = reach + 1 - side - before
    return Axis(max(1, 1 - after), before, max(after, 0), abs(before - after))


def _cut(axis: Axis, reach: int, wanted: int) -> slice:
    first = reach - axis.before
    return slice(first, first + (wanted - 1) * axis.stride + 1, axis.stride)


def _near(
    pairs: list[tuple[Axis, Axis]], reach: list[int], full: Floats, wanted: Floats, limit: float
) -> npt.NDArray[np.bool_]:
    """Which pairs agree at the corners and in the middle."""
    height, width = wanted.shape[1:]
    ys = np.array([0, 0, height - 1, height - 1, height // 2])
    xs = np.array([0, width - 1, 0, width - 1, width // 2])
    rows = np.array([[reach[0] - each.before, each.stride] for each, _ in pairs])
    columns = np.array([[reach[1] - each.before, each.stride] for _, each in pairs])
    at = full[:, rows[:, :1] + rows[:, 1:] * ys, columns[:, :1] + columns[:, 1:] * xs]
    return np.asarray(_within(at, wanted[:, None, ys, xs], limit).all(axis=(0, 2)), np.bool_)


def _agrees(part: Floats, wanted: Floats, limit: float) -> bool:
    return part.shape == wanted.shape and bool(_within(part, wanted, limit).all())


def _within(found: Floats, wanted: Floats, limit: float) -> npt.NDArray[np.bool_]:
    """NaN and infinities are not looked at."""
    with np.errstate(invalid="ignore", over="ignore"):
        near: npt.NDArray[np.bool_] = np.asarray(np.abs(found - wanted) <= limit)
    near |= ~np.isfinite(wanted)
    near |= ~np.isfinite(found)
    return near


def _peak(values: Floats) -> float:
    finite: Any = np.abs(values[np.isfinite(values)])
    return float(finite.max()) + 1e-30 if finite.size else 1.0


# Pools: corners and the middle first, then a grid of places; all values in the proof.

POOLS = (2, 3, 1, *range(4, 23))
POOL_TOLERANCE = 1e-5
POOL_PICTURES = 6
"""Sides of the output that are tried: pixels factored, nearest to the input's aspect."""

POOL_PLACES = 8
"""Rows and columns of the grid of places: large maximum pools by the hundred agree at the corners and in the middle,
since the same few peaks fill them."""


def find_pools(average: bool, source: Shape, picture: Floats, output: Floats) -> Iterator[Pool]:
    """Pools that agree with the output at a grid of places. `picture`, `output` flat NHWC, `source` (1, H, W, C).

    Plain ones (no pads, one stride) of all sides first: where one peak fills every window many agree, and the plain one
    is the likely one. A 1x1 output is a pool of the whole picture first: many windows give it, and any other is a trap
    for other sizes.
    """
    pixels, rest = divmod(int(output.size), source[3])
    if rest or not pixels or not output.size:
        return
    for plain in (True, False):
        for sides in factor_pairs(pixels, source[1] / source[2])[:POOL_PICTURES]:
            for kernel in _pool_kernels(source, pixels):
                found = _pools(average, source, picture.reshape(source), output.reshape(*sides, -1), kernel, plain)
                yield from found


def _pool_kernels(source: Shape, pixels: int) -> Iterator[Sides]:
    whole = (source[1], source[2])
    squares = [(side, side) for side in POOLS]
    unequal = [(a, b) for a, b in product((1, 2, 3, 4, 5), repeat=2) if a != b]
    ordered = [whole, *squares] if pixels == 1 else [*squares, *unequal, whole]
    bands = [(source[1], 1), (1, source[2])]
    yield from dict.fromkeys([*ordered, *bands])


def _pools(average: bool, source: Shape, picture: Floats, output: Floats, kernel: Sides, plain: bool) -> Iterator[Pool]:
    sides = (int(output.shape[0]), int(output.shape[1]))
    rows, columns = (_pool_axes(source[1 + axis], sides[axis], kernel[axis], plain) for axis in (0, 1))
    pairs = [pair for pair in product(rows, columns) if _plain(*pair) == plain]
    pairs.sort(key=lambda pair: unusual(*pair))
    for (row, column), counted in product(pairs, (False, True) if average else (False,)):
        pads = (row.before, column.before, row.after, column.after)
        if counted and not any(pads):
            continue
        pool = Pool(average, kernel, source, (1, *sides, source[3]), (row.stride, column.stride), pads, counted)
        if all(_pool_agrees(pool, picture, output, y, x) for y, x in _pool_places(sides)):
            yield pool


def _plain(row: Axis, column: Axis) -> bool:
    return row.stride == column.stride and not (row.before or row.after or column.before or column.after)


@lru_cache(maxsize=4096)
def _pool_axes(side: int, wanted: int, kernel: int, plain: bool) -> list[Axis]:
    """Those whose every window holds a pixel: pads are smaller than the kernel; plain ones have none."""
    return [
        axis for axis in axes_of(side, wanted, kernel - 1) if max(axis.before, axis.after) < (1 if plain else kernel)
    ]


def _places(sides: Sides) -> list[Sides]:
    height, width = sides
    corners = [(0, 0), (0, width - 1), (height - 1, 0), (height - 1, width - 1)]
    return list(dict.fromkeys([*corners, (height // 2, width // 2)]))


def _pool_places(sides: Sides) -> list[Sides]:
    rows, columns = (range(0, side, -(-side // POOL_PLACES)) for side in sides)
    return list(dict.fromkeys([*_places(sides), *product(rows, columns)]))


def _pool_agrees(pool: Pool, picture: Floats, output: Floats, y: int, x: int) -> bool:
    top, left = y * pool.strides[0] - pool.pads[0], x * pool.strides[1] - pool.pads[1]
    window = picture[0, max(top, 0) : top + pool.kernel[0], max(left, 0) : left + pool.kernel[1]]
    if not window.size:
        return False
    flat = window.reshape(-1, window.shape[-1])
    found = flat.max(axis=0) if not pool.average else _mean(pool, flat)
    wanted = output[y, x]
    limit = POOL_TOLERANCE * (float(np.abs(wanted).max()) + float(np.abs(flat).max())) + 1e-30
    return bool(np.all((np.abs(found - wanted) <= limit) | ~np.isfinite(wanted)))


def _mean(pool: Pool, flat: Floats) -> Floats:
    count = pool.kernel[0] * pool.kernel[1] if pool.counts_pads else flat.shape[0]
    mean: Floats = flat.sum(axis=0, dtype=np.float64) / count
    return mean
