"""Hypotheses about a network's input, tested by computing its first layer again from a changed one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import permutations

import numpy as np

from sgs_tui.engine.diagnosis.causes.network_input import FirstLayer, Hypothesis, Kinship, Tested
from sgs_tui.engine.diagnosis.error_budget import Change, Trials, changed
from sgs_tui.engine.network.compute import Rows
from sgs_tui.engine.network.replay import rows_of
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

_IDENTICAL = 0.9995  # correlation of the 8-bit codes of one picture with its float values, low contrast included


class Hypotheses:
    """Tests changes of one input on one layer."""

    def __init__(self, trials: Trials, first: FirstLayer) -> None:
        self._case, self._trials, self._first = trials.case, trials, first
        self._name = first.item.name
        self.sample = trials.stored(first.layer, trials.case.sample_rows(first.layer))
        self._plain = self.run(None)
        self._error = self.sample - self._plain

    def run(self, change: Change | None, rows: Rows | None = None) -> Values:
        """The layer from the (changed) input; `rows` instead of the benchmark's input where given."""
        given = rows or self._case.benchmark_rows(self._name)

        def source(name: str) -> Rows | None:
            if name != self._name:
                return None
            return changed(given, change) if change else given

        made = self._trials.run(self._first.layer, source)
        grid = self._case.grid(self._first.layer)
        return grid.clipped(made) if grid else made

    def test(self) -> tuple[Tested, ...]:
        """Every hypothesis that applies, best first; simple ones win over fits that are hardly better."""
        found = [*self._clip(), *self._orders(), *self._layouts()]
        if max((each.explained for each in found), default=0.0) < 1 - _SIMPLER:
            found += self._fits()
        return tuple(sorted(found, key=lambda each: each.explained - _SIMPLER * bool(each.gains), reverse=True))

    def _judge(self, kind: Hypothesis, change: Change, rows: Rows | None = None) -> Tested:
        return Tested(kind, share(self._error, self.sample - self.run(change, rows)), change)

    def _clip(self) -> Iterator[Tested]:
        limits = self._first.limits
        if limits is not None and self._first.outside > 0:
            yield replace(self._judge(Hypothesis.CLIPPED, limits.clipped), limits=limits)

    def _orders(self) -> Iterator[Tested]:
        channels = self._case.shape(self._name).channels
        if not 1 < channels <= 4:
            return
        for order in list(permutations(range(channels)))[1:]:
            yield replace(self._judge(Hypothesis.ORDER, partial(_reordered, order)), order=order)

    def _layouts(self) -> Iterator[Tested]:
        shape = self._case.shape(self._name)
        record = self._first.item.benchmark
        if record is None or shape.channels < 2 or shape.height * shape.width < 2 or record.count > 1 << 22:
            return
        flat = self._case.tensors.whole(record)
        turned = np.ascontiguousarray(flat.reshape(shape.channels, -1).T).ravel()
        back = np.ascontiguousarray(flat.reshape(-1, shape.channels).T).ravel()
        for values in (turned, back):
            picture = values.reshape(shape.height, shape.width, shape.channels)
            yield self._judge(Hypothesis.LAYOUT, _same, lambda a, b, picture=picture: picture[a:b])  # type: ignore[misc]

    def _fits(self) -> Iterator[Tested]:
        """Gains and offsets, on the benchmark's picture and, where that is another one, on the sample's."""
        plain = self._fit(Hypothesis.AFFINE, None, _same)
        yield plain
        if self._first.limits is not None:
            yield from self._clipped_fits(self._first.limits, plain.explained)
        record, shape = self._first.item.sample, self._case.shape(self._name)
        pictures = self._first.pictures
        alike = pictures.kinship is Kinship.SAME and pictures.correlation > _IDENTICAL
        if record is not None and not alike and record.count >= shape.count > 0:
            yield self._fit(Hypothesis.PICTURE, rows_of(self._case.sample_tensors, record, shape), _same)

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

    def _fit(self, kind: Hypothesis, rows: Rows | None, after: Change) -> Tested:
        channels = self._case.shape(self._name).channels
        count = channels if channels <= 4 else 1
        numbers = np.concatenate([np.ones(count), np.zeros(count)])
        given = rows or self._case.benchmark_rows(self._name)
        scale = max(rms(given(0, 1)), 1e-6)

        def change(theta: Values) -> Change:
            line = _affine(theta)
            return lambda values: after(line(values))

        def made(theta: Values) -> Values:
            return self.run(change(theta), rows)

        best, left = numbers, rms(self.sample - made(numbers))
        for _ in range(_ROUNDS):
            numbers = _improved(numbers, made, self.sample, scale)
            rest = rms(self.sample - made(numbers))
            if not rest < left * 0.999:
                break
            best, left = numbers, rest
        tested = self._judge(kind, change(best), rows)
        return replace(tested, gains=tuple(map(float, best[:count])), offsets=tuple(map(float, best[count:])))
