"""Counts of a tensor's values in one pass, without knowing their range before.

Bins are the cells of a grid of powers of two: bin k covers [k * 2^e, (k + 1) * 2^e). When values fall outside, e
grows and neighbouring bins are added up, so nothing is ever counted twice or moved between bins, and the result
depends on the values alone, not on the order or the size of the pieces they came in. At most BINS bins are kept,
whatever the values are (`bins='auto'` asks for millions where data is concentrated and its range is wide).
"""

from dataclasses import dataclass, replace
from math import floor, frexp, inf, nan

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.dumps.records import FloatArray

Counts = npt.NDArray[np.int64]

BINS = 1 << 14
_LEAST_EXPONENT = -1000
_SIGNIFICANT = 40
"""Bits of a bin's number at most: a range far from zero is not cut finer than 2^-40 of its values."""


@dataclass(frozen=True, slots=True)
class Tally:
    """A tensor's values: `counts[i]` lie in [(first + i) * 2^exponent, (first + i + 1) * 2^exponent).

    `minimum`, `maximum` and `mean` are over finite values, NaN where there are none; `outside`: how many finite
    values lie outside the bounds that were given, 0 without bounds.
    """

    counts: Counts
    first: int
    exponent: int
    minimum: float
    maximum: float
    mean: float
    nan: int
    inf: int
    zeros: int
    outside: int

    @property
    def finite(self) -> int:
        """How many values are counted."""
        return int(self.counts.sum())

    @property
    def total(self) -> int:
        """Every value, NaN and Inf included."""
        return self.finite + self.nan + self.inf

    @property
    def outside_share(self) -> float:
        """Part (0 to 1) of the finite values outside the bounds; 0 where there are no values."""
        return self.outside / self.finite if self.finite else 0.0

    def coarser(self, exponent: int) -> "Tally":
        """The same values on a grid of 2^exponent, which is not finer than this one's."""
        counts, first = _merged(self.counts, self.first, exponent - self.exponent)
        return replace(self, counts=counts, first=first, exponent=exponent)


class Tallier:
    """Takes values piece by piece; `tally` at the end."""

    def __init__(self, bounds: tuple[float, float] | None = None) -> None:
        """`bounds`: the calibrated (min, max); values beyond them are counted as outside."""
        self._bounds = bounds
        self._counts: Counts = np.zeros(0, np.int64)
        self._first, self._exponent = 0, _LEAST_EXPONENT
        self._low, self._high, self._sum = inf, -inf, 0.0
        self._nan = self._inf = self._zeros = self._outside = 0

    def add(self, values: FloatArray) -> None:
        """Count more values (float64, any shape of one axis)."""
        finite = np.isfinite(values)
        if not finite.all():
            self._nan += int(np.count_nonzero(np.isnan(values)))
            self._inf += int(np.count_nonzero(np.isinf(values)))
            values = values[finite]
        if not values.size:
            return
        self._low, self._high = min(self._low, float(values.min())), max(self._high, float(values.max()))
        self._sum += float(values.sum())
        self._zeros += int(values.size - np.count_nonzero(values))
        if self._bounds is not None:
            self._outside += int(np.count_nonzero((values < self._bounds[0]) | (values > self._bounds[1])))
        self._make_room()
        places = np.floor(values * 2.0**-self._exponent).astype(np.int64)
        self._counts += np.bincount(places - self._first, minlength=len(self._counts))

    def tally(self) -> Tally:
        """What was counted so far."""
        finite = int(self._counts.sum())
        low, high, mean = (self._low, self._high, self._sum / finite) if finite else (nan, nan, nan)
        return Tally(
            self._counts.copy(),
            self._first,
            self._exponent,
            low,
            high,
            mean,
            self._nan,
            self._inf,
            self._zeros,
            self._outside,
        )

    def _make_room(self) -> None:
        """Widen the grid until it holds everything between the least and the greatest value."""
        exponent = exponent_for(self._low, self._high)
        counts, start = _merged(self._counts, self._first, exponent - self._exponent)
        first, last = (floor(end * 2.0**-exponent) for end in (self._low, self._high))
        room: Counts = np.zeros(last - first + 1, np.int64)
        if len(counts):
            room[start - first : start - first + len(counts)] = counts
        self._counts, self._first, self._exponent = room, first, exponent


def exponent_for(low: float, high: float) -> int:
    """The least e for which bins of 2^e between `low` and `high` are at most BINS, and their numbers exact."""
    size = max(abs(low), abs(high))
    if size == 0:
        return _LEAST_EXPONENT
    least = max(_LEAST_EXPONENT, frexp(size)[1] - _SIGNIFICANT)
    exponent = max(least, frexp((high - low) / BINS)[1] - 2) if high > low else least
    while floor(high * 2.0**-exponent) - floor(low * 2.0**-exponent) >= BINS:
        exponent += 1
    return exponent


def _merged(counts: Counts, first: int, shift: int) -> tuple[Counts, int]:
    """Counts on a grid 2^shift times as coarse, and the number of its first bin."""
    if shift == 0 or not len(counts):
        return counts, first >> min(shift, 63)
    places = (np.arange(len(counts), dtype=np.int64) + first) >> min(shift, 63)
    start = int(places[0])
    edges = np.flatnonzero(np.diff(places, prepend=places[0] - 1))
    merged: Counts = np.zeros(int(places[-1]) - start + 1, np.int64)
    merged[places[edges] - start] = np.add.reduceat(counts, edges)
    return merged, start
