"""Ops that join many values into one, inferred: means and extremes over axes, places of extremes, matrix products.

Apart because they need no window and no layout of their own; `infer` has the table of all types.
"""

from collections.abc import Iterator
from itertools import combinations
from math import prod

import numpy as np

from sgs_tui.engine.twin.meaning import REDUCTIONS, Product, Reduction, Shape
from sgs_tui.engine.twin.situation import TO_NCHW, Candidates, Situation

_PREFIXES = dict.fromkeys(REDUCTIONS, ("REDUCE", "REDUCE_")) | dict.fromkeys(("ARGMAX", "ARGMIN"), ("",))
_OTHER_NAMES = {
    "MEAN": "MEAN", "SUM": "SUM", "ARG_MAX": "ARGMAX", "ARG_MIN": "ARGMIN",
    "GLOBALMAXPOOL": "MAX", "GLOBAL_MAX_POOL": "MAX",
}  # fmt: skip

REDUCTION_OPS = _OTHER_NAMES | {f"{prefix}{name}": name for name in REDUCTIONS for prefix in _PREFIXES[name]}
"""How an op type starts to what it reduces by."""


def reductions(situation: Situation) -> Candidates:
    """Axes are the constant; without one (ONNX had an attribute) height and width, all but the first, then any that fit
    the number of outputs."""
    kind = situation.kind.upper()
    function = REDUCTION_OPS[max((start for start in REDUCTION_OPS if kind.startswith(start)), key=len)]
    shape = situation.shape()
    told = tuple(sorted({each % len(shape) for each in situation.integers(0)}))
    for axes in dict.fromkeys([told, (1, 2), tuple(range(1, len(shape))), *_sets(len(shape))]):
        kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
        places = function.startswith("ARG") and len(axes) > 1
        if axes and not places and max(axes) < len(shape) and prod(kept) == situation.outputs[0].size:
            yield Reduction(function, axes, shape, kept)


def _sets(rank: int) -> Iterator[tuple[int, ...]]:
    """Every set of axes, small ones first and the last axes first."""
    for size in range(1, rank + 1):
        yield from sorted(combinations(range(rank), size), reverse=True)


def products(situation: Situation) -> Candidates:
    """The matrix product of two inputs; of four axes they stand in the dump as NHWC."""
    if len(situation.inputs) != 2 or situation.constants:
        return
    held = [situation.shape(number) for number in range(2)]
    pictures = [len(shape) == 4 for shape in held]
    first, second = (_network(shape, picture) for shape, picture in zip(held, pictures, strict=True))
    if min(len(first), len(second)) < 2 or first[-1] != second[-2]:
        return
    try:
        leading = tuple(int(each) for each in np.broadcast_shapes(first[:-2], second[:-2]))
    except ValueError:
        return
    product = (*leading, first[-2], second[-1])
    if prod(product) == situation.outputs[0].size:
        yield Product((first, second), product, (pictures[0], pictures[1], len(product) == 4))


def _network(shape: Shape, picture: bool) -> Shape:
    return tuple(shape[axis] for axis in TO_NCHW) if picture else shape
