"""Who clips, in which layers, and what these pictures have in common.

Apart because clipping alone is told apart by cause: one set may clip on its bright pictures in some layers and on its
dark ones in others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.sweep.gather import NOTICED, Gathered
from sgs_tui.engine.sweep.in_common import Mask, in_common, names_of, of_all, with_common
from sgs_tui.engine.sweep.results import Column, Kind, SetFinding
from sgs_tui.engine.text import visible
from sgs_tui.language import Message

_WORSE = 2.0
"""Times the error of the pictures that do not clip, from which clipping is taken for its cause."""
_FELT = 0.03
"""RMSE of a layer below which nothing has to be explained: a healthy layer's is 0.01 to 0.02."""
_MORE = 1.2
"""The same where it fails on those that clip and rarely elsewhere: one just over the limit, and just below it
elsewhere, is no evidence."""
_ALIKE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Layers by their places, in order, and where each clips: [these layers, pictures]. Of a large network each part
    has but a few, so all of them together are no larger than what clips."""

    layers: npt.NDArray[np.intp]
    marks: Mask

    @property
    def pictures(self) -> Mask:
        """Those on which any of the layers clips."""
        there: Mask = np.any(self.marks, axis=0)
        return there

    def joined(self, other: "_Part") -> "_Part":
        layers = np.union1d(self.layers, other.layers)
        marks = np.zeros((layers.size, self.marks.shape[1]), np.bool_)
        for each in (self, other):
            marks[np.searchsorted(layers, each.layers)] |= each.marks
        return _Part(layers, marks)


def clipping(gathered: Gathered, explained: set[int], order: Sequence[int]) -> Iterator[SetFinding]:
    """Layers that clip on the same pictures are one finding, in network order. An input is named once a picture.

    `explained`: pictures on another scale. `order`: places of pictures, worst first.
    """
    clips = _felt(gathered)
    clips[:, list(explained)] = False
    told: set[tuple[str, int]] = set()
    for part in _of_one_cause(gathered, list(_clusters(clips)), explained):
        yield _clipping_of(gathered, part, order, explained, told)


def _clusters(clips: Mask) -> Iterator[_Part]:
    """What clips [layers, pictures] in parts of layers that clip on much the same pictures: those on which half of them
    do. What else one of them clips on is looked at again, behind the others."""
    left = clips.copy()
    for again in (False, True):
        open_ones = np.flatnonzero(left.any(axis=1))
        while open_ones.size:
            rows = left[open_ones]
            alike = (rows & rows[0]).sum(axis=1) >= _ALIKE * (rows | rows[0]).sum(axis=1)
            layers = open_ones[alike]
            often = rows[alike].sum(axis=0) >= _ALIKE * len(layers)
            marks = rows[alike] & (often | again)
            left[layers] &= ~marks
            open_ones = open_ones[~alike]
            clip = marks.any(axis=1)
            yield _Part(layers[clip], marks[clip])


def _of_one_cause(gathered: Gathered, parts: Sequence[_Part], explained: set[int]) -> list[_Part]:
    """The parts, each joined to a larger one with which it has a cause in common. In network order."""
    homes: list[_Part] = []
    for part in sorted(parts, key=lambda each: -int(each.pictures.sum())):
        at = next((at for at, home in enumerate(homes) if _one_cause(gathered, home, part, explained)), None)
        if at is None:
            homes.append(part)
        else:
            homes[at] = homes[at].joined(part)
    return sorted(homes, key=lambda each: int(each.layers.min(initial=len(gathered.layers))))


def _one_cause(gathered: Gathered, home: _Part, part: _Part, explained: set[int]) -> bool:
    """Whether a part clips on pictures of the larger one's, half of them or such as have something in common; or in
    layers of the larger one's, on more pictures with that in common: the brightest ones clip in more layers."""
    theirs, there = home.pictures, part.pictures
    if not (there & ~theirs).any():
        return bool(there.sum() >= _ALIKE * theirs.sum() or in_common(gathered, theirs, explained))
    return not np.setdiff1d(part.layers, home.layers).size and bool(in_common(gathered, there | theirs, explained))


def _felt(gathered: Gathered) -> Mask:
    """Where a layer clips and its error is larger for it: it fails, and mostly not where it does not clip, or it is off
    by more than there."""
    beyond: Mask = gathered.excess > NOTICED
    found = np.zeros_like(beyond)
    for at in np.flatnonzero(beyond.any(axis=1)).tolist():
        rmse = gathered.matrices[Column.RMSE][at]
        elsewhere = ~beyond[at] & gathered.compared[at] & ~np.isnan(rmse)
        usual = float(np.median(rmse[elsewhere])) if elsewhere.any() else np.inf
        rarely = gathered.failing[at][elsewhere].sum() <= _ALIKE * elsewhere.sum()
        alike = rmse < _MORE * usual if elsewhere.any() else np.zeros_like(elsewhere)
        fails = gathered.failing[at] & rarely & ~alike
        large = np.nan_to_num(rmse, nan=0.0) >= max(_FELT, _WORSE * usual)
        found[at] = beyond[at] & (large | fails)
    return found


def _clipping_of(
    gathered: Gathered, part: _Part, order: Sequence[int], explained: set[int], told: set[tuple[str, int]]
) -> SetFinding:
    there, layers = part.pictures, part.layers.tolist()
    places = tuple(place for place in order if there[place])
    common = in_common(gathered, there, explained)
    text: str = Message("clips on {pictures}", pictures=of_all(gathered, len(places)))
    inputs = dict(_inputs_beyond(gathered, places, told))
    evidence = [*common[1:], *inputs.values(), *map(partial(_evidence, gathered), part.marks[:3], layers[:3])]
    return SetFinding(
        Kind.CLIPPING,
        with_common(text, common),
        places,
        (*inputs, *(gathered.layers[at].name for at in layers)),
        tuple(evidence),
        Message("calibrate again with pictures like {names} among them", names=names_of(gathered, places[:3])),
    )


def _inputs_beyond(gathered: Gathered, places: Sequence[int], told: set[tuple[str, int]]) -> Iterator[tuple[str, str]]:
    """Network inputs that are beyond what they were calibrated for on these pictures: names, and how far. `told`: which
    was named with which picture before; this adds to it."""
    seen: set[str] = set()
    for place in places:
        for name, least, greatest, _, limits in gathered.inputs[place]:
            if limits is None or (name, place) in told:
                continue
            low, high = limits
            if max(low - least, greatest - high) > NOTICED * (high - low):
                told.add((name, place))
                if name in seen:
                    continue
                seen.add(name)
                on = visible(gathered.pictures[place].name)
                yield (
                    name,
                    Message(
                        "{name}: calibrated for [{low:.4g}, {high:.4g}], [{least:.4g}, {greatest:.4g}] on {picture}",
                        name=visible(name),
                        low=low,
                        high=high,
                        least=float(least),
                        greatest=float(greatest),
                        picture=on,
                    ),
                )


def _evidence(gathered: Gathered, clips: Mask, at: int) -> str:
    layer, rmse = gathered.layers[at], gathered.matrices[Column.RMSE][at]
    low, high = layer.limits or (0.0, 0.0)
    beyond = gathered.excess[at] > NOTICED
    there, others = clips & gathered.compared[at], ~beyond & gathered.compared[at]
    worst = int(np.where(clips, gathered.excess[at], -1).argmax())
    least, greatest = gathered.matrices[Column.LEAST][at, worst], gathered.matrices[Column.GREATEST][at, worst]
    values = {
        "name": visible(layer.name), "low": low, "high": high, "source": Message(str(layer.limits_from)),
        "least": float(least), "greatest": float(greatest), "picture": visible(gathered.pictures[worst].name),
        "rmse": float(np.nanmedian(rmse[there])),
    }  # fmt: skip
    if not others.any():
        return Message(
            "{name}: [{low:.4g}, {high:.4g}] by {source}, [{least:.4g}, {greatest:.4g}] on {picture}; "
            "RMSE {rmse:.3g} where it clips",
            **values,
        )
    return Message(
        "{name}: [{low:.4g}, {high:.4g}] by {source}, [{least:.4g}, {greatest:.4g}] on {picture}; "
        "RMSE {rmse:.3g} where it clips, {elsewhere:.3g} elsewhere",
        **values,
        elsewhere=float(np.nanmedian(rmse[others])),
    )
