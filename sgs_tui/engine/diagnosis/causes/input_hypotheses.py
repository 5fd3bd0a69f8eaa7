"""Hypotheses about a network's input, tested by computing its first layer again from a changed one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import permutations
from math import sqrt

import numpy as np

from sgs_tui.engine.diagnosis.causes.input_mismatch import SEEN
from sgs_tui.engine.diagnosis.causes.network_input import FirstLayer, Hypothesis, Kinship, Tested
from sgs_tui.engine.diagnosis.error_budget import Change, Trials
from sgs_tui.engine.network.scales import Grid
from sgs_tui.engine.network.tensors import Values, rms, share


def _same(values: Values) -> Values:
    return values


def _reordered(order: tuple[int, ...], values: Values) -> Values:
    """Channels in another order: order[i] is the channel that comes i-th."""
    return values[..., list(order)]


def _affine(numbers: Values) -> Change:
    """A gain and an offset; `numbers` are the gains, then the offsets, one for each channel or one for all."""
    gains, offsets = np.split(numbers.astype(np.float32), 2)
    return lambda values: values * gains + offsets


def _improved(numbers: Values, made: Callable[[Values], Values], target: Values, scale: float) -> Values:
    """One Gauss-Newton step with differences for derivatives."""
    now = made(numbers)
    columns = []
    for place in range(numbers.size):
        nudge = 0.02 if place < numbers.size // 2 else 0.02 * scale
        other = numbers.copy()
        other[place] += nudge
        columns.append((made(other) - now) / nudge)
    slopes = np.stack(columns, axis=1).astype(np.float64)
    step, *_ = np.linalg.lstsq(slopes, (target - now).astype(np.float64), rcond=None)
    result: Values = numbers + step
    return result


_ROUNDS = 6  # gauss-Newton steps of a gain and offset fit; the layer is piecewise linear in both, so three suffice
_SIMPLER = 0.02  # a fit has to explain this much more than a change without free numbers to be preferred
_NEEDED = 0.3
_CLEAR = 4.0
"""Limits are needed where they explain this much alone, and without them four times as much stays unexplained."""

_LOOKED_AT = 1 << 16
"""Values of the first layer that are looked at, more or less."""

_IDENTICAL = 0.9995  # correlation of the 8-bit codes of one picture with its float values, low contrast included


class Hypotheses:
    """Tests changes of one input on one layer."""

    def __init__(self, trials: Trials, first: FirstLayer) -> None:
        self._case, self._trials, self._first = trials.case, trials, first
        self._name = first.item.name
        self._inputs = trials.again.frontier(first.layer, (self._name,)) or ()
        self.sample = self._some(trials.stored(first.layer))
        self._plain = self.run(None)
        self._error = self.sample - self._plain

    def _some(self, values: Values) -> Values:
        """Pixels spread over the layer, where it is large."""
        channels = max(self._case.channels(self._first.layer), 1)
        pixels = values.reshape(-1, channels if values.size % channels == 0 else 1)
        return pixels[:: max(1, values.size // _LOOKED_AT)].reshape(-1)

    def run(self, change: Change | None, given: Values | None = None) -> Values:
        """The layer from the (changed) input; from `given` instead of the benchmark's input where there is one."""
        values = self._trials.truth(self._name) if given is None else given
        seen = change(values.reshape(-1, max(self._case.channels(self._name), 1))) if change else values
        made = self._some(self._trials.run(self._first.layer, {self._name: seen.reshape(-1)}))
        grid = self._case.grid(self._first.layer)
        return grid.clipped(made) if grid else made

    def test(self) -> tuple[Tested, ...]:
        """Every hypothesis that applies, best first; simple ones win over fits that are hardly better."""
        clipped = list(self._clip())
        found = [*clipped, *self._orders(), *self._layouts()]
        best = max((each.explained for each in found), default=0.0)
        cut = max((each.explained for each in clipped), default=0.0)
        if best < 1 - _SIMPLER or (best == cut and self._left(cut) >= SEEN):
            found += self._fits()

        def rank(each: Tested) -> float:
            needed = each.limits is not None and (1 - each.explained) * _CLEAR <= 1 - cut
            return each.explained - _SIMPLER * (bool(each.gains) and not needed)

        return tuple(sorted(found, key=rank, reverse=True))

    def _left(self, explained: float) -> float:
        """What a hypothesis leaves of the layer's error, relative to its signal."""
        return self._first.budget.own * sqrt(1 - explained)

    def _judge(self, kind: Hypothesis, change: Change, given: Values | None = None) -> Tested:
        return Tested(kind, share(self._error, self.sample - self.run(change, given)), change, given=given)

    def _clip(self) -> Iterator[Tested]:
        limits = self._first.limits
        if limits is not None and self._first.outside > 0:
            yield replace(self._judge(Hypothesis.CLIPPED, limits.clipped), limits=limits)

    def _orders(self) -> Iterator[Tested]:
        channels = self._case.channels(self._name)
        if not 1 < channels <= 4:
            return
        for order in list(permutations(range(channels)))[1:]:
            yield replace(self._judge(Hypothesis.ORDER, partial(_reordered, order)), order=order)

    def _layouts(self) -> Iterator[Tested]:
        channels, flat = self._case.channels(self._name), self._trials.truth(self._name)
        if channels < 2 or flat.size < 2 * channels or flat.size > 1 << 22:
            return
        turned = flat.reshape(channels, -1).T, flat.reshape(-1, channels).T
        yield from (self._judge(Hypothesis.LAYOUT, _same, np.ascontiguousarray(each).ravel()) for each in turned)

    def _fits(self) -> Iterator[Tested]:
        """Gains and offsets, on the benchmark's picture and, where that is another one, on the sample's."""
        plain = self._fit(Hypothesis.AFFINE, None, _same)
        yield plain
        if self._first.limits is not None:
            yield from self._clipped_fits(self._first.limits, plain.explained)
        record, count = self._first.item.sample, self._trials.truth(self._name).size
        pictures = self._first.pictures
        alike = pictures.kinship is Kinship.SAME and pictures.correlation > _IDENTICAL
        if record is not None and not alike and record.count >= count:
            yield self._fit(Hypothesis.PICTURE, self._trials.ours.read(record)[:count], _same)

    def _clipped_fits(self, limits: Grid, without: float) -> Iterator[Tested]:
        """A gain and an offset, then the limits: named after the limits where they matter more or are needed.

        Observed: a network calibrated on a narrow range adds an offset of its own to what it clips. A gain alone can
        drive a picture beyond limits that it keeps itself; then the gain is to blame.
        `without`: what the best gain and offset explain without limits.
        """
        if not self._first.outside and without >= 1 - _SIMPLER:
            return
        both = self._fit(Hypothesis.AFFINE, None, limits.clipped)
        clear = (1 - both.explained) * _CLEAR <= 1 - without
        if self._first.outside:
            alone = self._judge(Hypothesis.AFFINE, _affine(np.array([*both.gains, *both.offsets]))).explained
            clip = self._judge(Hypothesis.CLIPPED, limits.clipped).explained
            cut = clip >= alone or (clip >= _NEEDED and clear)
            yield replace(both, kind=Hypothesis.CLIPPED if cut else Hypothesis.AFFINE, limits=limits)
        elif clear:
            yield replace(both, limits=limits)

    def _fit(self, kind: Hypothesis, given: Values | None, after: Change) -> Tested:
        channels = self._case.channels(self._name)
        count = channels if channels <= 4 else 1
        numbers = np.concatenate([np.ones(count), np.zeros(count)])
        scale = max(rms(self._trials.truth(self._name) if given is None else given), 1e-6)

        def change(theta: Values) -> Change:
            line = _affine(theta)
            return lambda values: after(line(values))

        def made(theta: Values) -> Values:
            return self.run(change(theta), given)

        best, left = numbers, rms(self.sample - made(numbers))
        for _ in range(_ROUNDS):
            numbers = _improved(numbers, made, self.sample, scale)
            rest = rms(self.sample - made(numbers))
            if not rest < left * 0.999:
                break
            best, left = numbers, rest
        tested = self._judge(kind, change(best), given)
        return replace(tested, gains=tuple(map(float, best[:count])), offsets=tuple(map(float, best[count:])))
