"""What the set shows that no single picture can: who clips and what these pictures have in common, another scale, and
whether it is the picture or the network that fails.

Apart because it reads finished numbers alone: what a finding claims is checked without measuring anything.

Every line is made of counts and figures of the sweep. What clips is named as a cause only where the layer's error is
larger on the pictures that clip than on those that do not (or fails there alone): that is evidence, not yet proof; the
comparison of one such picture proves it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from sgs_tui.engine.numbers import count
from sgs_tui.engine.sweep.clipping import clipping
from sgs_tui.engine.sweep.gather import Gathered
from sgs_tui.engine.sweep.in_common import Mask, and_more, in_common, names_of, of_all, span, with_common
from sgs_tui.engine.sweep.results import Column, Failure, Kind, PictureRow, SetFinding
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, joined, plural

_OTHER_SCALE = 3.0
"""Largest input value over the calibrated limit (or under it) that brightness and contrast do not explain."""
_DARK, _FEW = 32.0, 4
"""A few pictures that stay below their limits by less may simply be dark."""
_GAP = 10.0
"""Times between two pictures' factors that are not of one wrong scale."""
_NAMED = 4


def find(gathered: Gathered, rows: Sequence[PictureRow], order: Sequence[int]) -> tuple[SetFinding, ...]:
    """All findings, causes first. `order`: places of pictures, worst first."""
    scaled = list(_other_scale(gathered))
    on_another_scale = {place for finding in scaled for place in finding.pictures}
    found = [
        *scaled,
        *clipping(gathered, on_another_scale, order),
        *_not_finite(gathered),
        *_failing(gathered, order, on_another_scale),
        *_not_measured(gathered),
    ]
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
            more, layer = and_more(len(finding.layers) - 1), visible(finding.layers[0])
            clips = Message("clipping of {layer}{more}", layer=layer, more=more)
            words = clips if finding.kind is Kind.CLIPPING else finding.text
            for place in finding.pictures:
                causes.setdefault(place, []).append(words)
    return tuple(_with_causes(row, causes.get(place, ())) for place, row in enumerate(rows))


def _with_causes(row: PictureRow, causes: Sequence[str]) -> PictureRow:
    if not causes:
        return row
    left = len(causes) - _NAMED
    more = plural(left, "{number:,} more cause", "{number:,} more causes") if left > 0 else ""
    return replace(row, reason=joined(filter(None, (*causes[:_NAMED], more, row.reason)), "; "))


def _so_far(gathered: Gathered) -> str:
    return "" if gathered.measured.all() else Message(" that is measured")


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
            if odd and (odd is large or _never_near(odd, len(by_picture))):
                yield from (_scale_finding(gathered, name, alike) for alike in _alike(odd))


def _never_near(factors: Mapping[int, float], pictures: int) -> bool:
    """A picture that is nearly empty says nothing; a set that never comes near its limits does."""
    return len(factors) == pictures and (pictures >= _FEW or max(factors.values()) <= 1 / _DARK)


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
            pictures=of_all(gathered, len(odd)),
        ),
        places,
        (name,),
        (
            Message(
                "{name} was calibrated for [{low:.4g}, {high:.4g}]; its largest value is {times} times that",
                name=visible(name),
                low=limits[0],
                high=limits[1],
                times=span(factors, 3),
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
        on = of_all(gathered, len(places))
        text = Message("NaN or Inf on {pictures}, first in {layer}", pictures=on, layer=visible(layers[0]))
        told = Message("pictures: {names}", names=names_of(gathered, places))
        yield SetFinding(Kind.NOT_FINITE, text, tuple(places), layers, (told,))


def _failing(gathered: Gathered, order: Sequence[int], explained: set[int]) -> Iterator[SetFinding]:
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
            explained,
        )  # fmt: skip
    for place, layers in _by_picture(gathered, once, order):
        yield _failing_of(
            gathered, Kind.ONE_PICTURE, layers, order,
            Message("{fail} on one picture only: {picture}",
                    fail=_layers(len(layers)), picture=visible(gathered.pictures[place].name)),
            Message("look at that picture: is it one the network will meet? If so, calibrate with pictures like it"),
            explained,
        )  # fmt: skip
    for place, layers in _by_picture(gathered, np.flatnonzero((compared == 1) & (times == 1)).tolist(), order):
        yield _failing_of(
            gathered, Kind.ONE_PICTURE, layers, order,
            Message("{fail} on {picture}, the only picture that they are compared on",
                    fail=_layers(len(layers)), picture=visible(gathered.pictures[place].name)),
            Message("compare that picture for the cause; only more of them tell whether it is the network"),
            explained,
        )  # fmt: skip
    if some:
        yield _failing_of(gathered, Kind.SOME_PICTURES, some, order, _on_some(gathered, some), "", explained)


def _by_picture(gathered: Gathered, once: Sequence[int], order: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Layers that fail on one picture each: the picture, worst first, and its layers."""
    found: dict[int, list[int]] = {}
    for at in once:
        found.setdefault(int(gathered.failing[at].argmax()), []).append(at)
    yield from ((place, found[place]) for place in order if place in found)


def _on_some(gathered: Gathered, layers: Sequence[int]) -> str:
    """The layers, and on how many pictures each and all together fail."""
    failing = gathered.failing[layers]
    times, everywhere = failing.sum(axis=1), int(failing.any(axis=0).sum())
    fail, on = _layers(len(layers)), of_all(gathered, everywhere)
    least, most = int(times.min()), int(times.max())
    if least == everywhere:
        return Message("{fail} on {pictures}", fail=fail, pictures=on)
    each = str(most) if least == most else Message("{least} to {most}", least=least, most=most)
    return Message("{fail} on {each} pictures each, on {pictures} in all", fail=fail, each=each, pictures=on)


def _layers(number: int) -> str:
    return plural(number, "{number:,} layer fails", "{number:,} layers fail")


def _failing_of(
    gathered: Gathered,
    kind: Kind,
    layers: Sequence[int],
    order: Sequence[int],
    text: str,
    advice: str,
    explained: set[int],
) -> SetFinding:
    there: Mask = np.any(gathered.failing[layers], axis=0)
    places = tuple(place for place in order if there[place])
    by_times = sorted(layers, key=lambda at: (-int(gathered.failing[at].sum()), at))
    evidence = [
        Message(
            "{layer} on {pictures}, worst RMSE {rmse:.3g}",
            layer=visible(gathered.layers[at].name),
            pictures=of_all(gathered, int(gathered.failing[at].sum())),
            rmse=_worst(gathered, at),
        )
        for at in by_times[:3]
    ]
    common = in_common(gathered, there, explained)
    names = tuple(gathered.layers[at].name for at in layers)
    told = with_common(text, common) if kind is Kind.SOME_PICTURES else text
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
