"""How far a layer's predicted or measured values are from the float ones."""

from dataclasses import dataclass
from math import isfinite, log10

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


def figures(sample: Floats, benchmark: Floats) -> Figures:
    """Figures of float32 values of equal size; sums of pieces in float64."""
    sample, benchmark = sample.reshape(-1), benchmark.reshape(-1)
    starts = range(0, benchmark.size, _STEP)
    parts = np.array([_sums(sample[at : at + _STEP], benchmark[at : at + _STEP]) for at in starts]).reshape(-1, 7)
    error, signal, own, product, distance, size = (float(each) for each in parts[:, :6].sum(axis=0))
    return Figures(
        sqnr_db=decibels(signal, error),
        rmse=distance / size if size else (0.0 if distance == 0 else float("inf")),
        cos=_cosine(product, own, signal),
        largest=float(parts[:, 6].max(initial=0.0)),
        count=int(benchmark.size),
    )


def cosine(sample: Floats, benchmark: Floats) -> float:
    """`Figures.cos` alone."""
    sample, benchmark = sample.reshape(-1), benchmark.reshape(-1)
    parts = np.zeros(3)
    for at in range(0, benchmark.size, _STEP):
        ours, theirs = _finite(sample[at : at + _STEP], benchmark[at : at + _STEP])
        parts += (_dot(ours, theirs), _dot(ours, ours), _dot(theirs, theirs))
    return _cosine(*parts.tolist())


def _cosine(product: float, own: float, signal: float) -> float:
    return product / (own * signal) ** 0.5 if own * signal > 0 else float(own == signal)


def _sums(sample: Floats, benchmark: Floats) -> tuple[float, ...]:
    """Squares of the error, of the benchmark, of the sample; their product; absolute error and benchmark; the largest
    error."""
    sample, benchmark = _finite(sample, benchmark)
    error = sample - benchmark
    products = [(error, error), (benchmark, benchmark), (sample, sample), (sample, benchmark)]
    size = np.abs(error)
    largest = float(size.max(initial=0.0))
    if not isfinite(largest):
        largest = float(np.max(size, where=np.isfinite(size), initial=0.0))
    return (*(_dot(a, b) for a, b in products), float(size.sum()), float(np.abs(benchmark).sum()), largest)


def _finite(sample: Floats, benchmark: Floats) -> tuple[Floats, Floats]:
    """Both where the benchmark is finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        if isfinite(float(np.dot(benchmark, benchmark))):
            return sample, benchmark
    finite = np.isfinite(benchmark)
    return sample[finite], benchmark[finite]


def _dot(one: Floats, other: Floats) -> float:
    """float32 where it can hold the sum: twice as fast."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = float(np.dot(one, other))
        if isfinite(found) and abs(found) > 1e-20:
            return found
        return float(np.dot(one.astype(np.float64), other.astype(np.float64)))


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
    return float(np.median(differences)), float(np.percentile(differences, 90))
