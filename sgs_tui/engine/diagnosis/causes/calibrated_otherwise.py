"""Cause `gain_offset` of the calibration: it saw data of another scale, so that every range is too wide by one factor.

A network calibrated on pixels that nobody normalized has ranges 128 or 255 times its values in the input and in the
layers behind it. Each layer alone looks like a range too wide for 8 bits; no single tensor is to blame.

Two usual scales can lie nearer to each other: calibrated on pictures from -1 to 1, run on one from 0 to 1. Then the
picture brought from the one to the other has to give the calibrated ranges of the layers, in float.
"""

from collections.abc import Iterator
from itertools import chain, islice

import numpy as np

from sgs_tui.engine.diagnosis.case import Case, NetInput
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding, Proof
from sgs_tui.engine.twin.figures import median
from sgs_tui.engine.twin.network import Bounds, Twin
from sgs_tui.engine.twin.predict import dumped_inputs
from sgs_tui.language import Message

_TIMES = 16.0
"""An input's calibrated range over its values from which no picture explains it: a dark photo is up to 10 below a
bright one; forgotten scales are 58, 128, 255."""

_BEHIND = 4.0
"""... and the median of the first layers: biases do not grow with the data."""

_LAYERS = 6

_USUAL = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-128.0, 127.0), (-2.118, 2.64))
"""What pictures are brought to: 0 to 1, -1 to 1, grey levels, those around 0, the usual mean and std of each color."""

_FILLS = 0.06
"""How far a picture's ends may be from those, of their distance."""

_NEAR, _NEARER = 0.35, 0.5
"""How far below or above the largest calibrated value one picture of the calibration's kind is (median of the first
layers); and what of the benchmark's own distance another scale may leave."""


def find_other_calibration(case: Case) -> Finding | None:
    """The input whose calibrated range is many times its values, with the first layers as well."""
    for item in case.inputs:
        times = _times(case, item)
        behind = [(name, ratio) for name, ratio in islice(_ratios(case), _LAYERS) if ratio]
        if times >= _TIMES and behind and median(ratio for _, ratio in behind) >= _BEHIND:
            return _finding(item.name, times, behind)
    return next(chain(_slivers(case), _of_usual_scales(case)), None)


_SLIVER = 4.0
"""Steps of 255 that no picture spans so few of."""


def _slivers(case: Case) -> Iterator[Finding]:
    """Inputs that fill next to nothing of their calibrated range, at whatever end of it."""
    for item in case.inputs:
        seen, known = _seen(case, item), _calibrated(case, item)
        if seen is None or known is None or not 0 < seen[1] - seen[0] < _SLIVER / 255 * (known[1] - known[0]):
            continue
        steps = 255 * (seen[1] - seen[0]) / (known[1] - known[0])
        text = Message(
            "{name} lies between {least:.4g} and {most:.4g}: {steps:.2g} of the 255 steps of its calibrated "
            "range [{low:.4g}, {high:.4g}]",
            name=item.name,
            least=seen[0],
            most=seen[1],
            steps=steps,
            low=known[0],
            high=known[1],
        )
        yield Finding(
            Cause.GAIN_OFFSET,
            (item.name,),
            confidence=0.9,
            evidence=(Evidence(text, steps, item.name),),
            advice=(Message("look at the preprocess of the runs: it divides twice, or the picture is empty"),),
            refuted_by=Message("other pictures span as few steps"),
            explained=1.0,
            size=2.0,
            proof=Proof.FIGURES,
        )


def _of_usual_scales(case: Case) -> Iterator[Finding]:
    """Inputs that fill one usual scale, calibrated on another, where that gives the calibrated ranges of the layers."""
    for item in case.inputs:
        seen, known = _seen(case, item), _calibrated(case, item)
        here, there = _usual(seen), _usual(known)
        if case.twin is None or here is None or there is None or here == there:
            continue
        gain = (there[1] - there[0]) / (here[1] - here[0])
        offset = there[0] - gain * here[0]
        ends = _ends(case.twin, case, item.name, gain, offset)
        plain = {name: case.twin.bounds[name] for name in ends}
        now, then = _distance(case, plain), _distance(case, ends)
        if then <= min(_NEAR, _NEARER * now):
            yield _otherwise(item.name, (here, there), (gain, offset), (now, then), tuple(islice(ends, 1)))


def _usual(ends: Bounds | None) -> Bounds | None:
    """The usual scale that a range fills."""
    for low, high in _USUAL if ends is not None else ():
        slack = _FILLS * (high - low)
        if ends is not None and abs(ends[0] - low) <= slack and abs(ends[1] - high) <= slack:
            return low, high
    return None


def _ends(twin: Twin, case: Case, name: str, gain: float, offset: float) -> dict[str, Bounds]:
    """Least and largest value of the first compared layers in float, with another gain and offset of one input."""
    from sgs_tui.engine.twin.run import float_layers  # brings what writes dumps, for one question in a thousand

    given = dict(dumped_inputs(twin))
    given[name] = given[name] * np.float32(gain) + np.float32(offset)
    found: dict[str, Bounds] = {}
    for op, held in float_layers(twin, given, case.kernels):
        names = (each for each in op.outputs if each in case.compared)
        found |= {each: (float(held[each].min()), float(held[each].max())) for each in names}
        if len(found) >= _LAYERS:
            break
    return found


def _distance(case: Case, ends: dict[str, Bounds]) -> float:
    """How far largest magnitudes are from the calibrated ones, of which they are a part: the median of the layers.

    Magnitudes, since types with sign have a range of equal ends around what was calibrated.
    """
    found = []
    for name, bounds in ends.items():
        grid = case.grid(name)
        if grid is not None and grid.width > 0:
            top, calibrated = (max(map(abs, each)) for each in (bounds, (grid.low, grid.high)))
            found.append(abs(top / calibrated - 1))
    return median(found) if found else float("inf")


def _otherwise(
    name: str,
    scales: tuple[Bounds, Bounds],
    line: tuple[float, float],
    distances: tuple[float, float],
    behind: tuple[str, ...],
) -> Finding:
    (here, there), (gain, offset), (now, then) = scales, line, distances
    ends = [f"[{low:.4g}, {high:.4g}]" for low, high in (here, there)]
    changed = f"{name} * {gain:.4g} {offset:+.4g}"
    return Finding(
        Cause.GAIN_OFFSET,
        (name, *behind),
        confidence=0.9,
        evidence=(
            Evidence(
                Message(
                    "{name} fills {here}, it was calibrated on data that fills {there}",
                    name=name,
                    here=ends[0],
                    there=ends[1],
                ),
                gain,
                name,
            ),
            Evidence(
                Message(
                    "{changed}, put into the float network, gives the calibrated ranges of its first layers: "
                    "{then:.0%} off (median), as it is {now:.0%}",
                    changed=changed,
                    then=then,
                    now=now,
                ),
                then,
            ),
        ),
        advice=(
            Message("calibration and runs normalize differently: use one preprocess for both, then calibrate again"),
        ),
        refuted_by=Message("the pictures of the calibration, preprocessed as they were, span what this one does"),
        explained=1.0,
        size=2.0,
        behind=behind,
        proof=Proof.LAYER,
    )


def _times(case: Case, item: NetInput) -> float:
    """How many times an input's calibrated range is as wide as the benchmark's values (zero included)."""
    seen, known = _seen(case, item), _calibrated(case, item)
    return _ratio(known, seen) if seen is not None and known is not None else 0.0


def _calibrated(case: Case, item: NetInput) -> Bounds | None:
    known = case.ranges.find(item.name) if case.ranges else None
    if known is None and item.sample is not None and item.sample.scale:
        scale, zero = item.sample.scale, item.sample.zero_point
        return (-zero * scale, (255 - zero) * scale)
    return known


def _seen(case: Case, item: NetInput) -> Bounds | None:
    """Least and largest value of the benchmark's input."""
    record = item.benchmark
    values = case.tensors.spread(record, 1 << 16) if record and case.tensors.readable(record) else np.empty(0)
    return (float(values.min()), float(values.max())) if values.size else None


def _ratios(case: Case) -> list[tuple[str, float]]:
    found = []
    for name, row in case.compared.items():
        grid = case.grid(name)
        if grid is not None and row.benchmark is not None:
            values = (row.benchmark.minimum, row.benchmark.maximum)
            found.append((name, _ratio((grid.low, grid.high), values)))
    return found


def _ratio(calibrated: tuple[float, float], values: tuple[float, float]) -> float:
    wide, narrow = (max(high, 0.0) - min(low, 0.0) for low, high in (calibrated, values))
    return wide / narrow if narrow > 0 else 0.0


def _finding(name: str, times: float, behind: list[tuple[str, float]]) -> Finding:
    layers = ", ".join(f"{layer} {ratio:.3g}" for layer, ratio in behind[:3])
    return Finding(
        Cause.GAIN_OFFSET,
        (name, *(layer for layer, _ in behind)),
        confidence=0.9,
        evidence=(
            Evidence(
                Message(
                    "{name} was calibrated on data about {times:.3g} times larger than the benchmark's",
                    name=name,
                    times=times,
                ),
                times,
                name,
            ),
            Evidence(
                Message("so were the layers behind it ({layers} times): no single tensor is too wide", layers=layers),
                median(ratio for _, ratio in behind),
            ),
        ),
        advice=(
            Message(
                "the calibration's preprocess is another one (not normalized?): "
                "make it that of the runs, calibrate again"
            ),
        ),
        refuted_by=Message("the calibration's preprocess, put on this picture, gives values of the benchmark's size"),
        explained=1.0,
        size=2.0,
        behind=tuple(layer for layer, _ in behind[:1]),
        proof=Proof.LAYER,
    )
