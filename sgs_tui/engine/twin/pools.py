"""A pool's window found from its numbers: corners and the middle first, all values in the proof."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from sgs_tui.engine.twin.meaning import Floats, Pool, Shape, Sides, factor_pairs
from sgs_tui.engine.twin.windows import Axis, axes_of, unusual

KERNELS = (2, 3, 1, *range(4, 23))
TOLERANCE = 1e-5
PICTURES = 6
"""Sides of the output that are tried: pixels factored, nearest to the input's aspect."""


def find_pools(average: bool, source: Shape, picture: Floats, output: Floats) -> Iterator[Pool]:
    """Pools that agree with the output at five places. `picture`, `output` flat NHWC, `source` (1, H, W, C).

    A 1x1 output is a pool of the whole picture first: many windows give it, and any other is a trap for other sizes.
    """
    pixels, rest = divmod(int(output.size), source[3])
    if rest or not pixels or not output.size:
        return
    for sides in factor_pairs(pixels, source[1] / source[2])[:PICTURES]:
        for kernel in _kernels(source, pixels):
            yield from _fitting(average, source, picture.reshape(source), output.reshape(*sides, -1), kernel)


def _kernels(source: Shape, pixels: int) -> Iterator[Sides]:
    whole = (source[1], source[2])
    squares = [(side, side) for side in KERNELS]
    unequal = [(a, b) for a, b in product((1, 2, 3, 4, 5), repeat=2) if a != b]
    ordered = [whole, *squares] if pixels == 1 else [*squares, *unequal, whole]
    bands = [(source[1], 1), (1, source[2])]
    yield from dict.fromkeys([*ordered, *bands])


def _fitting(average: bool, source: Shape, picture: Floats, output: Floats, kernel: Sides) -> Iterator[Pool]:
    sides = (int(output.shape[0]), int(output.shape[1]))
    rows, columns = (axes_of(source[1 + axis], sides[axis], kernel[axis] - 1) for axis in (0, 1))
    pairs = sorted((pair for pair in product(rows, columns) if _overlaps(pair, kernel)), key=lambda p: unusual(*p))
    for (row, column), counted in product(pairs, (False, True) if average else (False,)):
        pads = (row.before, column.before, row.after, column.after)
        if counted and not any(pads):
            continue
        pool = Pool(average, kernel, source, (1, *sides, source[3]), (row.stride, column.stride), pads, counted)
        if all(_agrees(pool, picture, output, y, x) for y, x in _places(sides)):
            yield pool


def _overlaps(pair: tuple[Axis, Axis], kernel: Sides) -> bool:
    """Every window holds a pixel: pads are smaller than the kernel on both sides."""
    return all(max(axis.before, axis.after) < side for axis, side in zip(pair, kernel, strict=True))


def _places(sides: Sides) -> list[Sides]:
    height, width = sides
    corners = [(0, 0), (0, width - 1), (height - 1, 0), (height - 1, width - 1)]
    return list(dict.fromkeys([*corners, (height // 2, width // 2)]))


def _agrees(pool: Pool, picture: Floats, output: Floats, y: int, x: int) -> bool:
    top, left = y * pool.strides[0] - pool.pads[0], x * pool.strides[1] - pool.pads[1]
    window = picture[0, max(top, 0) : top + pool.kernel[0], max(left, 0) : left + pool.kernel[1]]
    if not window.size:
        return False
    flat = window.reshape(-1, window.shape[-1])
    found = flat.max(axis=0) if not pool.average else _mean(pool, flat)
    wanted = output[y, x]
    limit = TOLERANCE * (float(np.abs(wanted).max()) + float(np.abs(flat).max())) + 1e-30
    return bool(np.all((np.abs(found - wanted) <= limit) | ~np.isfinite(wanted)))


def _mean(pool: Pool, flat: Floats) -> Floats:
    count = pool.kernel[0] * pool.kernel[1] if pool.counts_pads else flat.shape[0]
    mean: Floats = flat.sum(axis=0, dtype=np.float64) / count
    return mean
