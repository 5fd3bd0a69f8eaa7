"""Slices that a layer's figures do not show: channels of graph outputs and branches of concats that the step swallows.

Figures of a whole layer are weighted by energy: a detector's boxes in pixels hide that all of its scores are zero, and
nothing behind the last layer shows it. A slice is lost where

    few steps   its range in the benchmark is under 4 steps of the sample's grid, so that it has at most two bits, and
    an error    10 log10(sum (b - mean b)^2 / sum (s - b)^2) is below the profile's `slice_sqnr_db` (a slice that
                became a constant is at 0 dB or below; values that the grid holds exactly, as labels, are fine), and
    a signal    a scale of its own would have told it apart: a branch spans 4 steps of its own calibrated range (of this
                picture's where it is not known), which is at most a quarter of the step it got. Channels of one tensor
                have one unit, so a silent one is silent; only where at least half of them are swallowed, and values go
                beyond -1..1, does a minority set the scale.

A branch that fails as a layer itself does not fail a concat inside the network once more: one fault, one layer.
What spans no 16-bit step of the layer is noise. A channel that is constant though it should span 16 steps is dead for
another reason and lost as well. Concats inside the network are read only where a branch's range is under 4 steps;
graph outputs always. Sums are kept per slice, so memory does not grow with the layer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from sgs_tui.engine.dumps.dtypes import AnyArray, FloatArray
from sgs_tui.engine.network.narrow import FEW_STEPS, NarrowSlice, Slices
from sgs_tui.engine.network.slicing import Sliced, Slicing

_DEAD_STEPS = 16.0
_FINER = 4.0
_S16_STEPS = 65535
_U8_STEPS = 255
_COLUMNS = 4096
"""Periods up to which every position of one has sums of its own, which are fast; longer ones are cut into runs."""


Ranges = Callable[[str], tuple[float, float] | None]
"""Calibrated range of a tensor, where it is known."""

Pieces = Iterable[tuple[FloatArray, FloatArray]]
"""Sample and benchmark of a layer, piece by piece, each of shape (n,)."""


class SliceSums:
    """Sums of every slice: s = sample, b = benchmark. Arrays of shape (slices,) once `done`."""

    def __init__(self, slicing: Slicing) -> None:
        self.slicing = slicing
        self._edges = np.asarray(slicing.edges)
        self._columns = slicing.period <= _COLUMNS
        size = slicing.period if self._columns else len(slicing.edges)
        self.b, self.bb, self.dd = np.zeros(size), np.zeros(size), np.zeros(size)
        self.lows, self.highs = np.full((2, size), inf), np.full((2, size), -inf)
        self.count = 0

    def add(self, sample: FloatArray, benchmark: FloatArray) -> None:
        """The next elements, shape (n,)."""
        reduce = self._by_column if self._columns else self._by_run
        with np.errstate(all="ignore"):
            difference = sample - benchmark
            reduce(np.add, benchmark, self.b)
            reduce(np.add, np.square(benchmark), self.bb)
            reduce(np.add, np.square(difference, out=difference), self.dd)
            for side, values in enumerate((sample, benchmark)):
                reduce(np.minimum, values, self.lows[side])
                reduce(np.maximum, values, self.highs[side])
        self.count += len(benchmark)

    def _by_column(self, how: np.ufunc, values: FloatArray, into: FloatArray) -> None:
        """Reduce over all periods; several short ones count as one row, since numpy is slow on short rows."""
        period, phase = self.slicing.period, self.count % self.slicing.period
        whole = len(values) // period * period
        if whole:
            fold = max(1, _COLUMNS // period)
            rows, rest = divmod(whole // period, fold)
            found = [values[: rows * fold * period].reshape(rows, -1)] if rows else []
            parts = [how.reduce(each, axis=0).reshape(-1, period) for each in found]
            parts += [values[whole - rest * period : whole].reshape(-1, period)] if rest else []
            periods = np.concatenate(parts) if len(parts) > 1 else parts[0]
            column = how.reduce(periods, axis=0) if len(periods) > 1 else periods[0]
            how(into, np.roll(column, phase) if phase else column, out=into)
        if whole < len(values):
            tail = (phase + np.arange(len(values) - whole)) % period
            into[tail] = how(into[tail], values[whole:])

    def _by_run(self, how: np.ufunc, values: FloatArray, into: FloatArray) -> None:
        """Reduce every run of one slice's neighbouring elements."""
        period, start, stop = self.slicing.period, self.count, self.count + len(values)
        first, last = start // period, (stop - 1) // period
        bounds = (np.arange(first, last + 1)[:, None] * period + self._edges).reshape(-1)
        slices = np.tile(np.arange(len(self._edges)), last - first + 1)
        begun = int(np.searchsorted(bounds, start, "right")) - 1
        ended = int(np.searchsorted(bounds, stop, "left"))
        places = np.maximum(bounds[begun:ended] - start, 0)
        how.at(into, slices[begun:ended], how.reduceat(values, places))

    def done(self) -> "SliceFigures":
        """Every slice."""
        b, bb, dd = (self._slices(np.add, each) for each in (self.b, self.bb, self.dd))
        lows, highs = (
            [self._slices(how, side) for side in both]
            for how, both in ((np.minimum, self.lows), (np.maximum, self.highs))
        )
        count = np.asarray(self.slicing.widths) * (self.count // self.slicing.period)
        with np.errstate(all="ignore"):
            varies = np.maximum(bb - b * b / count, 0.0)
            return SliceFigures(highs[1] - lows[1], highs[0] - lows[0], _decibel(varies, dd))

    def _slices(self, how: np.ufunc, values: FloatArray) -> FloatArray:
        return np.asarray(how.reduceat(values, self._edges)) if self._columns else values


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """Of every slice, arrays of shape (slices,): range in the benchmark and the sample, SQNR about its mean in dB."""

    spans: FloatArray
    sample_spans: FloatArray
    sqnr_db: FloatArray


def _decibel(signal: FloatArray, noise: FloatArray) -> FloatArray:
    found: FloatArray = 10 * np.log10(signal / noise)
    return np.where(noise == 0, inf, found)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a layer before its slices are read: the benchmark's least and largest value, the sample's
    step (`step_of`)."""

    sliced: Sliced
    step: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """What the benchmark spans."""
        return self.high - self.low


def step_of(scale: float, low: float, high: float) -> float:
    """The sample's step: its scale; without one (0) that of 8 bits over the benchmark's range."""
    return scale if scale > 0 else (high - low) / _U8_STEPS


def figures_of(slicings: Sequence[Slicing], pieces: Pieces) -> list["SliceFigures"]:
    """The figures of all slices of a layer under each slicing, from one pass."""
    sums = [SliceSums(each) for each in slicings]
    for sample, benchmark in pieces:
        for each in sums:
            each.add(sample, benchmark)
    return [each.done() for each in sums]


def find_narrow(seen: Seen, pieces: Callable[[], Pieces], widths: Mapping[str, float], ranges: Ranges) -> Slices | None:
    """The slices of a layer that span few of its steps; None where it has none to judge.

    `pieces` are asked for where they are needed. `widths`: what the layers before span in the benchmark, by name.
    Raises what reading `pieces` raises.
    """
    sliced, step = seen.sliced, seen.step
    wanted = [each for each in (sliced.branches, sliced.channels) if each is not None]
    if not (wanted and step > 0 and seen.width > 0):
        return None
    judged = sum(len(each.edges) for each in wanted)
    narrow = any(widths.get(name, 0.0) < FEW_STEPS * step for name in wanted[0].names)
    if not (sliced.output or narrow):
        return Slices(judged, step, output=False)
    return Slices(judged, step, tuple(_narrow_ones(seen, figures_of(wanted, pieces()), ranges)), sliced.output)


def _narrow_ones(seen: Seen, figures: Sequence[SliceFigures], ranges: Ranges) -> Iterator[NarrowSlice]:
    branches, channels = seen.sliced.branches, seen.sliced.channels
    own: list[float] = []
    if branches is not None:
        own = [_own(name, span, ranges) for name, span in zip(branches.names, figures[0].spans.tolist(), strict=True)]
        for place in _swallowed(seen, figures[0]):
            if _told_apart(float(figures[0].spans[place]), own[place], seen.step):
                yield _slice(seen, figures[0], int(place), own[place], branches.names[place], None)
    if channels is None:
        return
    found = figures[-1]
    swallowed = [int(place) for place in _swallowed(seen, found)]
    minority = _minority_rules(seen, found, swallowed)
    for place in swallowed:
        branch = seen.sliced.branch_of(place)
        name = branches.names[branch] if branches is not None and branch is not None else ""
        width = own[branch] if branch is not None else seen.width
        dead = found.sample_spans[place] == 0 and found.spans[place] >= _DEAD_STEPS * seen.step
        if dead or (_told_apart(float(found.spans[place]), width, seen.step) if name else minority):
            yield _slice(seen, found, place, width if name else None, name, place)


def _own(name: str, span: float, ranges: Ranges) -> float:
    """How much of a grid a branch needs by itself, zero included; what this picture spans where nobody calibrated."""
    known = ranges(name)
    return span if known is None else max(known[1], 0.0) - min(known[0], 0.0)


def _swallowed(seen: Seen, found: SliceFigures) -> AnyArray:
    """Places of slices that span few steps, or are constant though they should not be; noise is left out."""
    floor = seen.width / _S16_STEPS
    few = found.spans < FEW_STEPS * seen.step
    constant = (found.sample_spans == 0) & (found.spans >= _DEAD_STEPS * seen.step)
    return np.flatnonzero((found.spans > floor) & np.isfinite(found.spans) & (few | constant))


def _told_apart(span: float, own: float, step: float) -> bool:
    """Whether 8 bits over its own range would have told a slice's values apart, and far better."""
    finer = own / _U8_STEPS
    return span >= FEW_STEPS * finer and finer * _FINER <= step


def _minority_rules(seen: Seen, found: SliceFigures, swallowed: Sequence[int]) -> bool:
    """Whether a few channels of a tensor of one origin set a scale that at least half of the live ones drown in."""
    channels = seen.sliced.channels
    live = int(np.count_nonzero(found.spans > 0))
    unit = seen.low >= -1 and seen.high <= 1
    return channels is not None and channels.sure and not unit and 2 * len(swallowed) >= live > 1


def _slice(
    seen: Seen, found: SliceFigures, place: int, own: float | None, branch: str, channel: int | None
) -> NarrowSlice:
    return NarrowSlice(
        branch=branch,
        channel=channel,
        span=float(found.spans[place]),
        sample_span=float(found.sample_spans[place]),
        steps=float(found.spans[place]) / seen.step,
        sqnr_db=float(found.sqnr_db[place]),
        own_range=own,
    )
