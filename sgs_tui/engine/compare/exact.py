"""Bit-exact comparison: does a board, or another build, give the very same elements, and where does it first not?

Elements of one stored type are compared bit by bit: -0.0 is not 0.0, a NaN is its own bits. Where the sides are stored
differently their numbers have to be equal as far as they are written:

    text against anything    half the sixth decimal and one step of float32
    codes against floats     one step of float32, since (q - z) * s is rounded to it; s is what most values tell, as
                             headers print six decimals of it

Padding of the last axis is no part of a tensor and left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Event

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.compare.boards import told_scale
from sgs_tui.engine.compare.channels import position_of
from sgs_tui.engine.compare.compare import Readers, Sides
from sgs_tui.engine.compare.results import Matching, Pair
from sgs_tui.engine.compare.sums import BLOCK
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.errors import CancelledError
from sgs_tui.language import Message

_HALF_THE_SIXTH = 0.5e-6 * (1 + 1e-6)
_FLOAT32_STEP = 2.0**-23


@dataclass(frozen=True, slots=True)
class Exact:
    """One layer. `first` is the flat index (padding left out) of the first element that differs, -1 where none does.

    `position` is that index on all axes where the shape is known, (pixel, channel) or (index,) where it is not.
    `sample` and `benchmark` are the two values there, codes dequantized; `codes` the stored ones where both sides hold
    codes. `differing` of `elements` differ. `bitwise`: compared bit by bit; else as far as the numbers are written.
    """

    pair: Pair
    elements: int
    differing: int
    first: int
    position: tuple[int, ...]
    sample: float
    benchmark: float
    codes: tuple[int, int] | None
    bitwise: bool

    @property
    def identical(self) -> bool:
        return self.differing == 0


def compare_exactly(matching: Matching, sides: Sides, cancel: Event | None = None) -> Iterator[Exact]:
    """Every pair in the benchmark's order, in bounded memory.

    Raises FileChangedError, DumpError for text that holds no numbers, CancelledError.
    """
    for pair in matching.pairs:
        yield _exact(pair, sides, cancel)


def _exact(pair: Pair, sides: Sides, cancel: Event | None) -> Exact:
    pair = _with_scale(pair, sides)
    readers = sides.readers(pair)
    bitwise = _stored_alike(pair, sides)
    absolute, relative = _tolerance(sides)
    differing, first = 0, -1
    for start in range(0, readers.benchmark.count, BLOCK):
        if cancel is not None and cancel.is_set():
            raise CancelledError(Message("comparison stopped"))
        count = min(BLOCK, readers.benchmark.count - start)
        wrong = (
            _bits_differ(readers, start, count)
            if bitwise
            else _numbers_differ(readers, start, count, absolute, relative)
        )
        number = int(np.count_nonzero(wrong))
        if number and first < 0:
            first = start + int(wrong.argmax())
        differing += number
    sides.check_unchanged()
    values, codes = _at(readers, first)
    place = () if first < 0 else position_of(pair, first)
    return Exact(pair, readers.benchmark.count, differing, first, place, *values, codes, bitwise)


def _with_scale(pair: Pair, sides: Sides) -> Pair:
    """The pair with the scale of codes to more than six decimals, where the other side holds numbers."""
    left = told_scale(sides.sample, pair.sample, sides.benchmark, pair.benchmark)
    right = told_scale(sides.benchmark, pair.benchmark, sides.sample, pair.sample)
    return replace(pair, sample=replace(pair.sample, scale=left), benchmark=replace(pair.benchmark, scale=right))


def _stored_alike(pair: Pair, sides: Sides) -> bool:
    """Whether both sides hold one stored type, and codes with one scale and zero point."""
    left, right = pair.sample, pair.benchmark
    if left.dtype != right.dtype or _is_text(sides.sample) or _is_text(sides.benchmark):
        return False
    coded = sides.sample.dequantizes(left), sides.benchmark.dequantizes(right)
    return coded == (False, False) or (
        coded == (True, True) and (left.scale, left.zero_point) == (right.scale, right.zero_point)
    )


def _is_text(dump: Dump) -> bool:
    """Whether numbers are printed with six decimals; the text of codes holds every bit."""
    return dump.reads_in_order() and (dump.is_float or bool(dump.index.results))


def _tolerance(sides: Sides) -> tuple[float, float]:
    """Absolute and relative: what writing the numbers alone may change. Two texts of one writer are rounded alike."""
    texts = [_is_text(dump) for dump in (sides.sample, sides.benchmark)]
    if all(texts) and bool(sides.sample.index.results) == bool(sides.benchmark.index.results):
        return 0.0, 0.0
    return _HALF_THE_SIXTH * any(texts), _FLOAT32_STEP


def _bits_differ(readers: Readers, start: int, count: int) -> npt.NDArray[np.bool_]:
    left, right = readers.sample.take(start, count), readers.benchmark.take(start, count)
    words = np.dtype(f"u{left.dtype.itemsize}")
    differ: npt.NDArray[np.bool_] = np.ascontiguousarray(left).view(words) != np.ascontiguousarray(right).view(words)
    return differ


def _numbers_differ(
    readers: Readers, start: int, count: int, absolute: float, relative: float
) -> npt.NDArray[np.bool_]:
    left, right = readers.sample.values(start, count), readers.benchmark.values(start, count)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(left - right) <= absolute + relative * np.abs(right)
        same: npt.NDArray[np.bool_] = near | (left == right) | (np.isnan(left) & np.isnan(right))
    return ~same


def _at(readers: Readers, index: int) -> tuple[tuple[float, float], tuple[int, int] | None]:
    """Both values of an element, and both codes where there are codes on both sides."""
    if index < 0:
        return (0.0, 0.0), None
    sides = (readers.sample, readers.benchmark)
    left, right = (float(side.values(index, 1)[0]) for side in sides)
    if not all(side.codes for side in sides):
        return (left, right), None
    ours, theirs = (int(side.take(index, 1)[0]) for side in sides)
    return (left, right), (ours, theirs)
