"""How far a layer's predicted or measured values are from the float ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, isnan, log10
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.network.narrow import Slices
from sgs_tui.engine.twin.meaning import Floats

LEAST_DB, MOST_DB = -20.0, 60.0
_STEP = 1 << 16
"""Elements at once: they stay in the cache."""


@dataclass(frozen=True, slots=True)
class Figures:
    """RMSE = sum |s - b| / sum |b| (relative L1, as the manual has it), COS, SQNR in dB (within -20..60).

    `largest` is the largest absolute error, `count` the elements. Elements that are NaN or Inf in the benchmark are
    left out; such a sample makes everything NaN. `slices` of concats and graph outputs that were looked at by slice.
    """

    sqnr_db: float
    rmse: float
    cos: float
    largest: float
    count: int
    slices: Slices | None = None

    @property
    def worst_slice_db(self) -> float | None:
        """SQNR of the worst slice that spans few steps; None where none does."""
        narrow = self.slices.narrow if self.slices is not None else ()
        return min((each.sqnr_db for each in narrow), default=None)


class Sums(NamedTuple):
    """Squares of the error, of the benchmark, of the sample; their product; absolute error and benchmark; the largest
    error."""

    error: float
    signal: float
    own: float
    product: float
    distance: float
    size: float
    largest: float

    @property
    def cos(self) -> float:
        """Of two sides of which one is all zero: whether both are."""
        return _cosine(self.product, self.own, self.signal)


def sums(sample: Floats, benchmark: Floats) -> Sums:
    """Of float32 values of equal size; of pieces in float64."""
    sample, benchmark = sample.reshape(-1), benchmark.reshape(-1)
    starts = range(0, benchmark.size, _STEP)
    parts = np.array([_sums(sample[at : at + _STEP], benchmark[at : at + _STEP]) for at in starts]).reshape(-1, 7)
    return Sums._make((*parts[:, :6].sum(axis=0).tolist(), float(parts[:, 6].max(initial=0.0))))


def figures(sample: Floats, benchmark: Floats) -> Figures:
    """Figures of float32 values of equal size."""
    return figures_of(sums(sample, benchmark), int(benchmark.size))


def figures_of(found: Sums, count: int) -> Figures:
    """Figures of so many elements from their sums."""
    return Figures(
        sqnr_db=decibels(found.signal, found.error),
        rmse=found.distance / found.size if found.size else (0.0 if found.distance == 0 else float("inf")),
        cos=found.cos,
        largest=found.largest,
        count=count,
    )


class Nearness(NamedTuple):
    """Product of two sides, squares of either, and of their difference."""

    product: float
    own: float
    signal: float
    error: float

    @property
    def cos(self) -> float:
        """`Figures.cos`."""
        return _cosine(self.product, self.own, self.signal)


def nearness(sample: Floats, benchmark: Floats) -> Nearness:
    """Of float32 values of equal size, where the benchmark is finite."""
    sample, benchmark = sample.reshape(-1), benchmark.reshape(-1)
    parts = np.zeros(4)
    for at in range(0, benchmark.size, _STEP):
        parts += _near(sample[at : at + _STEP], benchmark[at : at + _STEP])
    return Nearness(*parts.tolist())


def cosine(sample: Floats, benchmark: Floats) -> float:
    """`Figures.cos` alone."""
    return nearness(sample, benchmark).cos


def _cosine(product: float, own: float, signal: float) -> float:
    return product / (own * signal) ** 0.5 if own * signal > 0 else float(own == signal)


def _sums(sample: Floats, benchmark: Floats) -> tuple[float, ...]:
    with np.errstate(over="ignore", invalid="ignore"):
        sample, benchmark, signal = _finite(sample, benchmark)
        error = sample - benchmark
        squares, own, product = _dot(error, error), _dot(sample, sample), _dot(sample, benchmark)
        np.abs(error, out=error)
        largest = float(error.max(initial=0.0))
        if not isfinite(largest):
            largest = float(np.max(error, where=np.isfinite(error), initial=0.0))
        return (squares, signal, own, product, float(error.sum()), float(np.abs(benchmark).sum()), largest)


def _near(sample: Floats, benchmark: Floats) -> tuple[float, ...]:
    with np.errstate(over="ignore", invalid="ignore"):
        sample, benchmark, signal = _finite(sample, benchmark)
        error = sample - benchmark
        return (_dot(sample, benchmark), _dot(sample, sample), signal, _dot(error, error))


def _finite(sample: Floats, benchmark: Floats) -> tuple[Floats, Floats, float]:
    """Both where the benchmark is finite, and its squares."""
    signal = _dot(benchmark, benchmark)
    if isfinite(signal):
        return sample, benchmark, signal
    finite = np.isfinite(benchmark)
    benchmark = benchmark[finite]
    return sample[finite], benchmark, _dot(benchmark, benchmark)


_CELL = 1 << 13
"""Elements of one BLAS call: from 10,000 on it has threads of its own, which wait for each other on a busy machine."""


def _dot(one: Floats, other: Floats) -> float:
    """float32 where it can hold the sum: twice as fast."""
    found = dot(one, other)
    if isfinite(found) and abs(found) > 1e-20:
        return found
    return dot(one.astype(np.float64), other.astype(np.float64))


def dot(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Product of two flat arrays; of cells in their own precision, of all cells in float64."""
    whole = one.size // _CELL * _CELL
    cells = np.vecdot(one[:whole].reshape(-1, _CELL), other[:whole].reshape(-1, _CELL)).sum(dtype=np.float64)
    return float(cells) + float(np.dot(one[whole:], other[whole:]))


def decibels(signal: float, error: float) -> float:
    """10 log10(signal / error), within -20..60; nothing wrong with nothing is 60."""
    if error == 0:
        return MOST_DB
    ratio = signal / error  # 0 where the error is infinite
    return LEAST_DB if ratio <= 0 else float(np.clip(10 * log10(ratio), LEAST_DB, MOST_DB))


def spread(differences: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Median and 90th percentile; NaN of nothing."""
    if not differences.size:
        return float("nan"), float("nan")
    return median(differences), float(np.percentile(differences, 90))


def median(values: "Iterable[float] | npt.NDArray[Any]") -> float:
    """That of numpy, for whose own numpy.ma is imported first; NaN of nothing, and where one is."""
    ordered = np.sort(values if isinstance(values, np.ndarray) else list(values), axis=None)
    if not ordered.size or isnan(ordered[-1]):
        return float("nan")
    return float((ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2)
