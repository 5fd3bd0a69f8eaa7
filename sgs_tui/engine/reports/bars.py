"""From fine counts to the bars of a picture: few enough to see, on edges that do not lie about the data.

Bars are whole groups of a grid's bins, so that no bar holds more bins than its neighbour. Where the values of an
8-bit tensor are shown, a bar is a whole number of its steps, with the steps in the middle: other widths would put
two codes into one bar and three into the next, and draw a comb that is not in the data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite, isqrt

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.dumps.records import FloatArray, Record
from sgs_tui.engine.reports.tally import Counts, Tally

BARS = 200
_FEWEST_BARS = 16
"""Few values in many bars would only draw their own noise."""
_CODES, _FEWEST_CODES = 256, 32
"""A tensor that uses fewer codes than that is drawn as the spikes it consists of."""
_EIGHT_BIT = frozenset({"SGS_U8", "SGS_S8"})
_LEAST_STEP = 5e-4
"""`s:` has six decimals; below this its error adds up to a quarter of a step over 256 codes."""

_Units = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bars:
    """Edges, shape (bars + 1,), and for each side its counts, shape (bars,)."""

    edges: FloatArray
    sides: tuple[Counts, ...]


def bars_of(tallies: Sequence[Tally], most: int = BARS, step: float | None = None) -> Bars | None:
    """All `tallies` on the same edges, at most `most` bars (two at least); None where no value is finite.

    `step`: the distance of the codes of a quantised tensor, see `step_of`.
    """
    there = [tally for tally in tallies if tally.finite]
    if not there:
        return None
    exponent = max(tally.exponent for tally in there)
    even = [tally.coarser(exponent) if tally.finite else tally for tally in tallies]
    width = 2.0**exponent
    in_steps = step is not None and step >= 4 * width
    unit, shift = (step, step / 2) if step is not None and in_steps else (width, 0.0)
    most = min(max(2, most), max(_FEWEST_BARS, isqrt(4 * max(tally.finite for tally in there))))
    places = [_places(tally, width, unit) if in_steps else _numbers(tally) for tally in even]
    return _grouped(places, [tally.counts for tally in even], most, unit, shift)


def _numbers(tally: Tally) -> _Units:
    return np.arange(len(tally.counts), dtype=np.int64) + tally.first


def _places(tally: Tally, width: float, step: float) -> _Units:
    """The code nearest to the middle of each bin."""
    places: _Units = np.floor((_numbers(tally) + 0.5) * (width / step) + 0.5).astype(np.int64)
    return places


def _grouped(places: list[_Units], counts: list[Counts], most: int, unit: float, shift: float) -> Bars:
    """Counts by their place in units, `unit` wide and moved down by `shift`, put into bars of whole units."""
    low = min(int(place[0]) for place in places if len(place))
    high = max(int(place[-1]) for place in places if len(place))
    units = max(1, (high - low + 1) // most)
    while high // units - low // units >= most:
        units += 1
    first, total = low // units, high // units - low // units + 1
    edges = np.arange(first, first + total + 1, dtype=np.float64) * (units * unit) - shift
    return Bars(edges, tuple(_added(place // units - first, n, total) for place, n in zip(places, counts, strict=True)))


def _added(places: _Units, counts: Counts, total: int) -> Counts:
    bars: Counts = np.zeros(total, np.int64)
    np.add.at(bars, places, counts)
    return bars


def covering(bars: Bars, low: float, high: float, most: int = BARS) -> Bars:
    """The same counts on bars that also cover [low, high]; bars too narrow for that many are put together.

    Nothing happens to bars that cover it already.
    """
    first, last, width = float(bars.edges[0]), float(bars.edges[-1]), float(bars.edges[1] - bars.edges[0])
    before, behind = (max(0, ceil(gap / width)) for gap in (first - low, high - last))
    if before + len(bars.edges) + behind <= 2 * most:
        edges: FloatArray = first + width * np.arange(-before, len(bars.edges) + behind, dtype=np.float64)
        return Bars(edges, tuple(np.pad(side, (before, behind)) for side in bars.sides))
    edges = np.linspace(min(low, first), max(high, last), most + 1)
    middles = (bars.edges[:-1] + bars.edges[1:]) / 2
    places = np.clip(np.searchsorted(edges, middles, "right") - 1, 0, most - 1)
    return Bars(edges, tuple(_added(places, side, most) for side in bars.sides))


def view_of(low: float, high: float, bounds: Sequence[float] = (), most_of_it: float = 0.0) -> tuple[float, float]:
    """What a picture shows of the axis: the values from `low` to `high`, and the finite `bounds`.

    Bounds so far off that the values would take less than the share `most_of_it` of the picture are left out. A
    constant gets room around it.
    """
    ends = [low, high, *(end for end in bounds if isfinite(end))]
    left, right = min(ends), max(ends)
    if high - low < most_of_it * (right - left):
        left, right = low, high
    if right - left > 1e-6 * max(abs(left), abs(right)):
        return left, right
    room = 0.5 * max(abs(left), abs(right)) or 0.5
    return left - room, right + room


def step_of(record: Record, low: float, high: float) -> float | None:
    """The distance of neighbouring codes of a dequantised 8-bit tensor with values from `low` to `high`.

    None where the header does not tell it well enough, where the values are not those of 8 bits, and where they are
    so few different ones that they stand apart from each other in any picture.
    """
    known = record.type_name in _EIGHT_BIT and record.scale >= _LEAST_STEP
    return record.scale if known and _FEWEST_CODES <= (high - low) / record.scale <= _CODES else None
