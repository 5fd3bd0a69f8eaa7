"""What the set shows that no single picture can: who clips and what these pictures have in common, another scale, and
whether it is the picture or the network that fails.

Apart because it reads finished numbers alone: what a finding claims is checked without measuring anything.

Every line is made of counts and figures of the sweep. What clips is named as a cause only where the layer's error is
larger on the pictures that clip than on those that do not (or it fails there): that is evidence, not yet proof; the
comparison of one such picture proves it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import comb

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.numbers import count
from sgs_tui.engine.sweep.gather import NOTICED, Gathered
from sgs_tui.engine.sweep.results import Column, Failure, InputFigures, Kind, PictureRow, SetFinding
from sgs_tui.engine.text import some, visible
from sgs_tui.language import Message, joined, plural

_WORSE = 2.0
"""Times the error of the pictures that do not clip, from which clipping is taken for its cause."""
_FELT = 0.03
"""RMSE of a layer below which nothing has to be explained: a healthy layer's is 0.01 to 0.02."""
_OTHER_SCALE = 3.0
"""Largest input value over the calibrated limit (or under it) that brightness and contrast do not explain."""
_GAP = 10.0
"""Times between two pictures' factors that are not of one wrong scale."""
_ALIKE = 0.5
_SPLITS = 80
"""Ways to choose the pictures from which chance is ruled out: two traits, two directions, 1 in 20."""
_SEVERAL, _APART = 4, 0.5
_NAMED = 4

Mask = npt.NDArray[np.bool_]


def find(gathered: Gathered, rows: Sequence[PictureRow], order: Sequence[int]) -> tuple[SetFinding, ...]:
    """All findings, causes first. `order`: places of pictures, worst first."""
    scaled = list(_other_scale(gathered))
    on_another_scale = {place for finding in scaled for place in finding.pictures}
    clipping = list(_clipping(gathered, on_another_scale, order))
    found = [*scaled, *clipping, *_not_finite(gathered), *_failing(gathered, order), *_not_measured(gathered)]
    measured = int(gathered.measured.sum())
    if not found and measured:
        so_far = "" if measured == len(rows) else Message(", the others of {number} are not measured", number=len(rows))
        text = Message(
            "no layer fails on any of {pictures}{so_far}", pictures=count(measured, "picture"), so_far=so_far
        )
        found.append(SetFinding(Kind.HEALTHY, text, (), ()))
    return tuple(found)


def with_causes(rows: Sequence[PictureRow], findings: Sequence[SetFinding]) -> tuple[PictureRow, ...]:
    """The rows, each with the cause that the set shows for it in front of its reason."""
    causes: dict[int, list[str]] = {}
    for finding in findings:
        if finding.kind in (Kind.CLIPPING, Kind.OTHER_SCALE):
            more, layer = _more(len(finding.layers) - 1), visible(finding.layers[0])
            clipping = Message("clipping of {layer}{more}", layer=layer, more=more)
            words = clipping if finding.kind is Kind.CLIPPING else finding.text
            for place in finding.pictures:
                causes.setdefault(place, []).append(words)
    return tuple(_with_causes(row, causes.get(place, ())) for place, row in enumerate(rows))


def _with_causes(row: PictureRow, causes: Sequence[str]) -> PictureRow:
    if not causes:
        return row
    left = len(causes) - _NAMED
    more = plural(left, "{number:,} more cause", "{number:,} more causes") if left > 0 else ""
    return replace(row, reason=joined(filter(None, (*causes[:_NAMED], more, row.reason)), "; "))


def _names(gathered: Gathered, places: Iterable[int]) -> str:
    listed = [visible(gathered.pictures[place].name) for place in places]
    return some(listed, len(listed) if len(listed) <= _NAMED + 1 else _NAMED)


def _more(number: int) -> str:
    return Message(" and {number} more", number=number) if number else ""


def _of_all(gathered: Gathered, number: int) -> str:
    total = int(gathered.measured.sum())
    if number == total:
        if total < len(gathered.pictures):
            return Message("all pictures that are measured" if total > 1 else "the one picture that is measured")
        return Message("all pictures" if total > 1 else "the one picture")
    return Message("{number} of {pictures}", number=number, pictures=count(total, "picture"))


def _so_far(gathered: Gathered) -> str:
    return "" if gathered.measured.all() else Message(" that is measured")


# Clipping: who, and what do they have in common?


def _clipping(gathered: Gathered, explained: set[int], order: Sequence[int]) -> Iterator[SetFinding]:
    """Layers that clip on the same pictures are one finding, in network order."""
    clips = _felt(gathered)
    clips[:, list(explained)] = False
    open_ones = np.flatnonzero(clips.any(axis=1)).tolist()
    while open_ones:
        leader = open_ones[0]
        both = (clips[open_ones] & clips[leader]).sum(axis=1)
        either = (clips[open_ones] | clips[leader]).sum(axis=1)
        alike = (both >= _ALIKE * either).tolist()
        layers = [at for at, same in zip(open_ones, alike, strict=True) if same]
        open_ones = [at for at, same in zip(open_ones, alike, strict=True) if not same]
        yield _clipping_of(gathered, clips, layers, order)


def _felt(gathered: Gathered) -> Mask:
    """Where a layer clips and its error is larger for it: it fails, or is off by more than where it does not clip."""
    beyond: Mask = gathered.excess > NOTICED
    found = np.zeros_like(beyond)
    for at in np.flatnonzero(beyond.any(axis=1)).tolist():
        rmse = gathered.matrices[Column.RMSE][at]
        others = rmse[~beyond[at] & gathered.compared[at] & ~np.isnan(rmse)]
        usual = float(np.median(others)) if others.size else np.inf
        large = np.nan_to_num(rmse, nan=0.0) >= max(_FELT, _WORSE * usual)
        found[at] = beyond[at] & (large | gathered.failing[at])
    return found


def _clipping_of(gathered: Gathered, clips: Mask, layers: Sequence[int], order: Sequence[int]) -> SetFinding:
    there: Mask = np.any(clips[layers], axis=0)
    places = tuple(place for place in order if there[place])
    common = _in_common(gathered, there)
    text: str = Message("clips on {pictures}", pictures=_of_all(gathered, len(places)))
    inputs = dict(_inputs_beyond(gathered, places))
    evidence = [*common[1:], *inputs.values(), *(_evidence(gathered, clips, at) for at in layers[:3])]
    return SetFinding(
        Kind.CLIPPING,
        _with_common(text, common),
        places,
        (*inputs, *(gathered.layers[at].name for at in layers)),
        tuple(evidence),
        Message("calibrate again with pictures like {names} among them", names=_names(gathered, places[:3])),
    )


def _with_common(text: str, common: Sequence[str]) -> str:
    return Message("{name}: {text}", name=text, text=common[0]) if common else text


def _inputs_beyond(gathered: Gathered, places: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Network inputs that are beyond what they were calibrated for on these pictures: names, and how far."""
    seen: set[str] = set()
    for place in places:
        for name, least, greatest, _, limits in gathered.inputs[place]:
            if limits is None or name in seen:
                continue
            low, high = limits
            if max(low - least, greatest - high) > NOTICED * (high - low):
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
    there, others = clips[at] & gathered.compared[at], ~beyond & gathered.compared[at]
    worst = int(np.where(clips[at], gathered.excess[at], -1).argmax())
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


Read = Callable[[InputFigures], float]
_TRAITS: tuple[tuple[str, str, str, Read], ...] = (
    ("mean", Message("bright"), Message("dark"), lambda each: each.mean),
    ("width", Message("of strong contrast"), Message("of weak contrast"), lambda each: each.greatest - each.least),
)


def _in_common(gathered: Gathered, there: Mask) -> tuple[str, ...]:
    """What tells these pictures from all the others, at once and in figures; empty where nothing does."""
    have = [place for place in np.flatnonzero(gathered.measured).tolist() if gathered.inputs[place]]
    inside, outside = ([place for place in have if there[place] == wanted] for wanted in (True, False))
    if not inside or not outside:
        return ()
    for figure, more, less, read in _TRAITS:
        own, others = ([read(gathered.inputs[place][0]) for place in each] for each in (inside, outside))
        words = more if min(own) > max(others) else less if max(own) < min(others) else ""
        if words and _no_chance(own, others):
            whole = (
                Message("it is {trait}", trait=words)
                if len(own) == 1
                else Message("all of them are {trait}", trait=words)
                if len(inside) == int(there.sum())
                else Message("most are {trait}", trait=words)
            )
            told = Message(
                "{figure} of {name}: {least:.4g} to {most:.4g} there, {lowest:.4g} to {highest:.4g} on the others",
                figure=figure, name=visible(gathered.inputs[inside[0]][0].name),
                least=float(min(own)), most=float(max(own)), lowest=float(min(others)), highest=float(max(others)),
            )  # fmt: skip
            return whole, told
    return ()


def _no_chance(own: Sequence[float], others: Sequence[float]) -> bool:
    """Whether two sets that do not overlap are more than chance: so many of each that no other split is likely, or far
    apart for how much the larger one varies."""
    if comb(len(own) + len(others), len(own)) >= _SPLITS:
        return True
    larger = max((own, others), key=len)
    gap = max(min(own) - max(others), min(others) - max(own))
    return len(larger) >= _SEVERAL and gap >= _APART * (max(larger) - min(larger))


# Another scale: the inputs, against what they were calibrated for.


def _other_scale(gathered: Gathered) -> Iterator[SetFinding]:
    """Inputs whose values are of another order than their limits on pictures."""
    factors: dict[str, dict[int, float]] = {}
    for place in np.flatnonzero(gathered.measured).tolist():
        for each in gathered.inputs[place]:
            largest = max(abs(each.least), abs(each.greatest))
            if each.limits is not None and largest > 0 and max(map(abs, each.limits)) > 0:
                factors.setdefault(each.name, {})[place] = largest / max(map(abs, each.limits))
    for name, by_picture in factors.items():
        large = {place: each for place, each in by_picture.items() if each >= _OTHER_SCALE}
        small = {place: each for place, each in by_picture.items() if each <= 1 / _OTHER_SCALE}
        for odd in (large, small):
            # a picture that is nearly empty says nothing; a set that never comes near its limits does
            if odd and (odd is large or len(odd) == len(by_picture)):
                yield from (_scale_finding(gathered, name, alike) for alike in _alike(odd))


def _alike(factors: Mapping[int, float]) -> Iterator[dict[int, float]]:
    """The factors in groups with a wide gap between: under one wrong scale they differ as much as pictures do."""
    group: dict[int, float] = {}
    for place in sorted(factors, key=lambda each: factors[each]):
        if group and factors[place] > _GAP * max(group.values()):
            yield group
            group = {}
        group[place] = factors[place]
    yield group


def _scale_finding(gathered: Gathered, name: str, odd: dict[int, float]) -> SetFinding:
    factors = sorted(odd.values())
    middle = factors[len(factors) // 2]
    factor = f"{middle:.3g}" if middle >= 1 else f"1/{1 / middle:.3g}"
    places = tuple(sorted(odd, key=lambda place: (-odd[place], place)))
    limits = next(each.limits for each in gathered.inputs[places[0]] if each.name == name) or (0.0, 0.0)
    return SetFinding(
        Kind.OTHER_SCALE,
        Message(
            "calibrated on another scale (factor {factor} on {pictures})",
            factor=factor,
            pictures=_of_all(gathered, len(odd)),
        ),
        places,
        (name,),
        (
            Message(
                "{name} was calibrated for [{low:.4g}, {high:.4g}]; its largest value is {least:.3g} to {most:.3g} "
                "times that",
                name=visible(name),
                low=limits[0],
                high=limits[1],
                least=float(factors[0]),
                most=float(factors[-1]),
            ),
        ),
        Message("calibrate with the preprocess (mean, std, 0..255 or 0..1) that the pictures are run with"),
    )


# The picture or the network?


def _not_finite(gathered: Gathered) -> Iterator[SetFinding]:
    lost = gathered.compared & np.isnan(gathered.matrices[Column.RMSE])
    if lost.any():
        places = np.flatnonzero(lost.any(axis=0)).tolist()
        layers = tuple(gathered.layers[at].name for at in np.flatnonzero(lost.any(axis=1)).tolist())
        on = _of_all(gathered, len(places))
        text = Message("NaN or Inf on {pictures}, first in {layer}", pictures=on, layer=visible(layers[0]))
        told = Message("pictures: {names}", names=_names(gathered, places))
        yield SetFinding(Kind.NOT_FINITE, text, tuple(places), layers, (told,))


def _failing(gathered: Gathered, order: Sequence[int]) -> Iterator[SetFinding]:
    """Layers by the pictures that they fail on: every one, one only, some."""
    times, compared = gathered.failing.sum(axis=1), gathered.compared.sum(axis=1)
    several = compared > 1
    every = np.flatnonzero(several & (times == compared)).tolist()
    once = np.flatnonzero(several & (times == 1)).tolist()
    some = np.flatnonzero(several & (times > 1) & (times < compared)).tolist()
    if every:
        yield _failing_of(
            gathered, Kind.EVERY_PICTURE, every, order,
            Message("{fail} on every picture{so_far}: the network, not a picture",
                    fail=_layers(len(every)), so_far=_so_far(gathered)),
            Message("compare any one picture for the cause; INT16 or another calibration has to help all of them"),
        )  # fmt: skip
    by_picture: dict[int, list[int]] = {}
    for at in once:
        by_picture.setdefault(int(gathered.failing[at].argmax()), []).append(at)
    for place in (place for place in order if place in by_picture):
        yield _failing_of(
            gathered, Kind.ONE_PICTURE, by_picture[place], order,
            Message("{fail} on one picture only: {picture}",
                    fail=_layers(len(by_picture[place])), picture=visible(gathered.pictures[place].name)),
            Message("look at that picture: is it one the network will meet? If so, calibrate with pictures like it"),
        )  # fmt: skip
    if some:
        places = np.flatnonzero(gathered.failing[some].any(axis=0)).tolist()
        on = _of_all(gathered, len(places))
        text = Message("{fail} on {pictures}", fail=_layers(len(some)), pictures=on)
        yield _failing_of(gathered, Kind.SOME_PICTURES, some, order, text, "")


def _layers(number: int) -> str:
    return plural(number, "{number:,} layer fails", "{number:,} layers fail")


def _failing_of(
    gathered: Gathered, kind: Kind, layers: Sequence[int], order: Sequence[int], text: str, advice: str
) -> SetFinding:
    there: Mask = np.any(gathered.failing[layers], axis=0)
    places = tuple(place for place in order if there[place])
    by_times = sorted(layers, key=lambda at: (-int(gathered.failing[at].sum()), at))
    evidence = [
        Message(
            "{layer} on {pictures}, worst RMSE {rmse:.3g}",
            layer=visible(gathered.layers[at].name),
            pictures=_of_all(gathered, int(gathered.failing[at].sum())),
            rmse=_worst(gathered, at),
        )
        for at in by_times[:3]
    ]
    common = _in_common(gathered, there)
    names = tuple(gathered.layers[at].name for at in layers)
    told = _with_common(text, common) if kind is Kind.SOME_PICTURES else text
    return SetFinding(kind, told, places, names, (*common[1:], *evidence), advice)


def _worst(gathered: Gathered, at: int) -> float:
    rmse = gathered.matrices[Column.RMSE][at][gathered.failing[at]]
    return float("nan") if np.isnan(rmse).any() else float(rmse.max())


def _not_measured(gathered: Gathered) -> Iterator[SetFinding]:
    places = [place for place, each in enumerate(gathered.failures) if each is not None]
    if places:
        whose = Counter(gathered.failures[place] for place in places)
        text = Message(
            "{pictures} of {total} could not be measured whole",
            pictures=count(len(places), "picture"), total=len(gathered.pictures),
        )  # fmt: skip
        told = {
            Failure.INPUT: Message("bad input"),
            Failure.RUN: Message("failed run"),
            Failure.NOTHING_COMPARABLE: Message("nothing comparable"),
        }
        parts = tuple(
            Message("{name}: {text}", name=told[each], text=number)
            for each, number in whose.items()
            if each is not None
        )
        hint = Message("the reason is in each picture's row")
        yield SetFinding(Kind.NOT_MEASURED, text, tuple(places), (), parts, hint)
