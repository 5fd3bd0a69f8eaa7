"""What an op computes: its kind's attributes as frozen values.

All shapes are NHWC, as the simulator lays its tensors out; a tensor's values in that order are its record's payload.
A meaning is a claim about an op until `rebuild` has proven it on the dump's own numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod

import numpy as np
import numpy.typing as npt

from sgs_tui.language import Message, clauses, joined, plural

Floats = npt.NDArray[np.float32]
Shape = tuple[int, ...]
Sides = tuple[int, int]
"""Height and width."""

ELEMENTWISE = ("RELU", "RELU6", "LEAKY_RELU", "LOGISTIC", "EXP", "TANH", "MUL", "ADD", "SUB", "ABS", "SQRT", "DIV")
"""Op types that compute each value from the values at its place: these can be fused behind another op."""


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """A convolution or a fully connected layer (which is one on a 1x1 picture).

    `weights` [Cout, kh, kw, Cin / groups], `bias` [Cout], `pads` (top, left, bottom, right), `source` and `result`
    (1, H, W, C). Depthwise is `groups` = Cin. `dense` tells a depthwise one that the dump stores with all its zeros.
    `inserted`: zeros between neighbors of the source, which make it a transposed convolution.
    """

    weights: Floats = field(repr=False)
    bias: Floats = field(repr=False)
    source: Shape
    result: Shape
    strides: Sides = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilations: Sides = (1, 1)
    groups: int = 1
    dense: bool = False
    inserted: Sides = (0, 0)

    @property
    def kernel(self) -> Sides:
        """Rows and columns of the window."""
        return int(self.weights.shape[1]), int(self.weights.shape[2])

    @property
    def multiplications(self) -> int:
        """Multiply-accumulates of one run."""
        return prod(self.result[:3]) * int(self.weights.size)

    def __str__(self) -> str:
        words = [
            "x".join(map(str, self.kernel)),
            Message("stride {size}", size=_sides(self.strides)),
            *_pads(self.pads),
        ]
        words += [Message("dilation {size}", size=_sides(self.dilations))] if self.dilations != (1, 1) else []
        words += [Message("groups {number}", number=self.groups)] if self.groups > 1 else []
        words += [Message("transposed by {number}", number=self.inserted[0] + 1)] if any(self.inserted) else []
        words += [Message("dense diagonal")] if self.dense else []
        return clauses(words)


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool over windows; `counts_pads` tells whether an average divides by the whole window at the border."""

    average: bool
    kernel: Sides
    source: Shape
    result: Shape
    strides: Sides = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    counts_pads: bool = False

    def __str__(self) -> str:
        stride = Message("stride {size}", size=_sides(self.strides))
        return clauses((_sides(self.kernel, always=True), stride, *_pads(self.pads)))


Operand = int | Floats
"""An operand of an elementwise op: the number of an input, or a constant shaped to broadcast."""


@dataclass(frozen=True, slots=True, eq=False)
class Elementwise:
    """`function` is an op type of ELEMENTWISE. `sources` are the inputs' shapes, broadcast as numpy does.

    `guarded` RELUs turn NaN into 0, as the simulator's does.
    """

    function: str
    operands: tuple[Operand, ...] = field(repr=False)
    sources: tuple[Shape, ...]
    result: Shape
    alpha: float = 0.0
    guarded: bool = False

    def __str__(self) -> str:
        if self.function in ("LEAKY_RELU", "HARDSIGMOID"):
            return Message("slope {number:.6g}", number=self.alpha)
        return joined(_constant(each) for each in self.operands if not isinstance(each, int))


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Every input as [rows, -1], joined along the second axis."""

    rows: int
    result: Shape

    def __str__(self) -> str:
        return plural(self.rows, "{number} row", "{number} rows")


@dataclass(frozen=True, slots=True)
class Split:
    """An input cut along `axis` into pieces of `sizes`."""

    axis: int
    sizes: tuple[int, ...]
    source: Shape

    @property
    def results(self) -> tuple[Shape, ...]:
        """Shapes of the pieces."""
        before, after = self.source[: self.axis], self.source[self.axis + 1 :]
        return tuple((*before, size, *after) for size in self.sizes)

    def __str__(self) -> str:
        return Message("axis {axis}, {sizes}", axis=self.axis, sizes=" + ".join(map(str, self.sizes)))


@dataclass(frozen=True, slots=True)
class Selection:
    """What lies at `places` of one axis after the other (None: all of it): slices, strided ones, gathers."""

    places: tuple[tuple[int, ...] | None, ...]
    source: Shape

    @property
    def result(self) -> Shape:
        """Shape of the output, with every axis of the source."""
        pairs = zip(self.places, self.source, strict=True)
        return tuple(size if places is None else len(places) for places, size in pairs)

    def __str__(self) -> str:
        chosen = [(axis, places) for axis, places in enumerate(self.places) if places is not None]
        told = [Message("axis {axis}: {places}", axis=axis, places=_run_of(places)) for axis, places in chosen]
        return joined(told, "; ") or Message("all")


@dataclass(frozen=True, slots=True)
class Transposition:
    """Axes reordered: result axis i is source axis `order[i]`."""

    order: tuple[int, ...]
    source: Shape

    @property
    def result(self) -> Shape:
        """Shape of the output."""
        return tuple(self.source[axis] for axis in self.order)

    def __str__(self) -> str:
        return Message("order {axes}", axes=_listed(self.order))


@dataclass(frozen=True, slots=True)
class Reshaping:
    """The same values in another shape; between layouts their axes are reordered `before` and `after` it.

    So a reshape of NCHW pictures, as ONNX has it, is told where dumps hold them in NHWC. `inner`: the shape between.
    """

    result: Shape
    before: tuple[int, ...] = ()
    inner: Shape = ()
    after: tuple[int, ...] = ()

    def __str__(self) -> str:
        shape = "x".join(map(str, self.result))
        turned = self.before or self.after
        return Message("to {shape} of NCHW", shape=shape) if turned else Message("to {shape}", shape=shape)


RESIZING = (
    ("nearest", "asymmetric", "floor"), ("nearest", "half_pixel", "round_prefer_floor"),
    ("nearest", "half_pixel", "floor"), ("linear", "half_pixel", "floor"), ("linear", "align_corners", "floor"),
    ("linear", "asymmetric", "floor"), ("linear", "pytorch_half_pixel", "floor"), ("cubic", "half_pixel", "floor"),
)  # fmt: skip
"""ONNX's mode, coordinate_transformation_mode and nearest_mode of a resize, as exporters write them."""


@dataclass(frozen=True, slots=True)
class Resizing:
    """Height and width resized by ONNX's rules, NHWC: one of `RESIZING`."""

    mode: str
    coordinates: str
    nearest: str
    source: Shape
    result: Shape

    def __str__(self) -> str:
        return Message("{mode} to {shape}", mode=self.mode, shape=f"{self.result[1]}x{self.result[2]}")


@dataclass(frozen=True, slots=True)
class Softmax:
    """Softmax over groups of `group` values that lie `apart` from each other."""

    group: int
    result: Shape
    apart: int = 1

    def __str__(self) -> str:
        if self.apart > 1:
            return Message("groups of {size}, {apart} apart", size=self.group, apart=self.apart)
        return Message("groups of {size}", size=self.group)


@dataclass(frozen=True, slots=True)
class Tiling:
    """`repeats` (np.repeat, each value to its neighbours: nearest upsampling) or tiles along each NHWC axis."""

    multiples: tuple[int, ...]
    source: Shape
    repeats: bool = True

    @property
    def result(self) -> Shape:
        """Shape of the output."""
        return tuple(size * times for size, times in zip(self.source, self.multiples, strict=True))

    def __str__(self) -> str:
        times = "x".join(map(str, self.multiples))
        return Message("repeat {times}", times=times) if self.repeats else Message("tile {times}", times=times)


@dataclass(frozen=True, slots=True)
class Padding:
    """`value` put before and after along each axis: PAD, and Align2, which adds channels behind."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    source: Shape
    value: float = 0.0

    @property
    def result(self) -> Shape:
        """Shape of the output."""
        return tuple(b + size + a for b, size, a in zip(self.before, self.source, self.after, strict=True))

    def __str__(self) -> str:
        return Message("before {before}, after {after}", before=_listed(self.before), after=_listed(self.after))


@dataclass(frozen=True, slots=True)
class Dilation:
    """`inside` zeros between neighbours, `before` and `after` outside, along each NHWC axis.

    With a convolution behind it this is a transposed convolution.
    """

    inside: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    source: Shape

    @property
    def result(self) -> Shape:
        """Shape of the output: (n - 1) * (1 + inside) + 1 + before + after along each axis."""
        axes = zip(self.source, self.inside, self.before, self.after, strict=True)
        return tuple((size - 1) * (1 + gap) + 1 + before + after for size, gap, before, after in axes)

    def __str__(self) -> str:
        return Message("inside {zeros}", zeros=_listed(self.inside))


@dataclass(frozen=True, slots=True)
class Reduction:
    """`function` (one of REDUCTIONS) over `axes`, which stay as 1 or vanish as `result` says.

    ARGMAX and ARGMIN give the first place of the extreme along one axis.
    """

    function: str
    axes: tuple[int, ...]
    source: Shape
    result: Shape

    def __str__(self) -> str:
        return Message("axes {axes}", axes=_listed(self.axes))


REDUCTIONS = ("MEAN", "MAX", "MIN", "SUM", "L2", "ARGMAX", "ARGMIN")


@dataclass(frozen=True, slots=True)
class Product:
    """The matrix product of two inputs along their last two axes, those before them broadcast.

    Shapes are those of the network; `pictures`: which of the two inputs and the result stand in the dump as NHWC.
    """

    sources: tuple[Shape, Shape]
    product: Shape
    pictures: tuple[bool, bool, bool] = (False, False, False)

    @property
    def result(self) -> Shape:
        """Shape of the output, as the dump has it."""
        return tuple(self.product[axis] for axis in (0, 2, 3, 1)) if self.pictures[2] else self.product

    def __str__(self) -> str:
        left, right = ("x".join(map(str, shape[-2:])) for shape in self.sources)
        return Message("{left} by {right}", left=left, right=right)


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """Outputs that do not depend on any value: shapes, and what is computed from them."""

    values: tuple[Floats, ...] = field(repr=False)

    @property
    def results(self) -> tuple[Shape, ...]:
        """Shapes of the outputs."""
        return tuple(each.shape for each in self.values)

    def __str__(self) -> str:
        return Message("the same for every picture")


@dataclass(frozen=True, slots=True)
class Barrier:
    """An op that could not be rebuilt: its dumped outputs go on."""

    why: str

    def __str__(self) -> str:
        return self.why


Known = (
    Convolution | Pool | Elementwise | Concatenation | Split | Transposition | Reshaping | Softmax | Tiling | Padding
    | Dilation | Reduction | Selection | Resizing | Product | Given
)  # fmt: skip
Meaning = Known | Barrier


def results(meaning: Known) -> tuple[Shape, ...]:
    """The shapes of what an op writes."""
    return meaning.results if isinstance(meaning, Split | Given) else (meaning.result,)


def divisors(number: int) -> list[int]:
    """Every divisor, ascending."""
    small = [each for each in range(1, int(number**0.5) + 1) if number % each == 0]
    return small + [number // each for each in reversed(small) if each * each != number]


def factor_pairs(number: int, aspect: float = 1.0) -> list[Sides]:
    """(height, width) with that product, the ratio height / width nearest to `aspect` first."""
    pairs = [(each, number // each) for each in divisors(number)]
    return sorted(pairs, key=lambda pair: abs(np.log(pair[0] / pair[1] / aspect)))


def _sides(sides: Sides, always: bool = False) -> str:
    return str(sides[0]) if sides[0] == sides[1] and not always else f"{sides[0]}x{sides[1]}"


def _listed(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))


def _pads(pads: Sequence[int]) -> tuple[Message, ...]:
    return (Message("pad {sides}", sides=_listed(pads)),) if any(pads) else ()


def _run_of(places: tuple[int, ...]) -> str:
    steps = {after - before for before, after in pairwise(places)}
    if len(steps) > 1 or len(places) < 2:
        return Message("{number} places", number=len(places)) if len(places) > 1 else str(places[0])
    step, run = steps.pop(), f"{places[0]}..{places[-1]}"
    return run if step == 1 else Message("{run} by {step}", run=run, step=step)


def _constant(values: Floats) -> str:
    return (
        f"{float(values.reshape(-1)[0]):.6g}" if values.size == 1 else Message("{number} constants", number=values.size)
    )
