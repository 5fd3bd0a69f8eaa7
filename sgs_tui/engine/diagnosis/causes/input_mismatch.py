"""Causes `input_mismatch` and `gain_offset`: the two networks did not see the same input.

`input_mismatch` (RGB against BGR, another picture) in real dumps: the first layer is bad already (COS 0.1 to 0.3) and
all behind it too. `gain_offset` (mean or std of the ini differ from the preprocess): the dumped inputs agree, the first
layer has RMSE 0.12 to 0.23 with COS 0.998 and fits a line; it grows to 0.37 to 0.56.
"""

from collections.abc import Sequence

from sgs_tui.engine.diagnosis.causes.network_input import FirstLayer, Hypothesis, Kinship, Tested
from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding
from sgs_tui.language import Message

SEEN = 0.05  # own error of a first layer from which its input is suspected; healthy: 0.01 to 0.02
_UNRELATED = 0.3  # squared correlation below which a first layer can not stem from the same input
_DESCRIBES = 0.8
_LEAST_GAIN = 0.1
"""A gain and an offset have to explain more, with a gain that keeps the picture: any mean explains something."""

EXPLAINS = 0.5  # share of that error that a hypothesis has to explain to be claimed


def find_input_cause(first: FirstLayer) -> Finding | None:
    """The finding for the best hypothesis at one network input; clipping has a module of its own."""
    tested = first.tested[0] if first.tested else None
    if first.other_scale:
        return _other_scale(first)
    if tested is None or tested.explained < EXPLAINS:
        return find_by_record(first)
    if tested.kind is Hypothesis.AFFINE:
        plausible = tested.explained >= _DESCRIBES and _mean(tested.gains) > _LEAST_GAIN
        return _gain(first, tested) if plausible else find_by_record(first)
    return None if tested.kind is Hypothesis.CLIPPED else _mismatch(first, tested)


def _other_scale(first: FirstLayer) -> Finding:
    name = first.item.name
    times = Message(
        "{name} is {factor:.3g} times as large in the benchmark as in the sample's calibration",
        name=name,
        factor=first.factor,
    )
    evidence = (
        Evidence(times, first.factor, name),
        Evidence(
            Message("{share:.1%} of it lies beyond the calibrated range: no picture does that", share=first.outside),
            first.outside,
            name,
        ),
        *_kinship(first),
    )
    advice = Message(
        "normalize the benchmark's input (mean and std of input_config.ini) in its preprocess, then dump again"
    )
    return _input_finding(first, evidence, advice, 0.95, first.outside)


def _gain(first: FirstLayer, tested: Tested) -> Finding:
    name, layer = first.item.name, first.layer
    gain, offset = _mean(tested.gains), _mean(tested.offsets)
    cut = Message(", cut at its calibrated limits") if tested.limits is not None else ""
    evidence = [
        Evidence(
            Message(
                "{name} * {gain:.3f} {offset:+.3f}{cut}, put into {layer}, explains {explained:.1%} of its error",
                name=name,
                gain=gain,
                offset=offset,
                cut=cut,
                layer=layer,
                explained=tested.explained,
            ),
            tested.explained,
            layer,
        ),
        *_rivals(first, tested),
    ]
    if first.pictures.kinship is Kinship.SAME:
        evidence.append(
            Evidence(
                Message(
                    "both dumps hold the same picture (correlation {correlation:.5f})",
                    correlation=first.pictures.correlation,
                )
            )
        )
    evidence += _mean_and_std(first, tested)
    return Finding(
        Cause.GAIN_OFFSET,
        (name, layer),
        confidence=min(0.99, 0.5 + 0.5 * tested.explained),
        evidence=tuple(evidence),
        advice=(
            Message("make mean and std in input_config.ini those of the preprocess, then convert and calibrate again"),
        ),
        refuted_by=Message("input_config.ini and the preprocess agree in mean, std and channel order"),
        explained=tested.explained,
        size=first.budget.own,
    )


def _mean_and_std(first: FirstLayer, tested: Tested) -> list[Evidence]:
    """Mean and std in grey levels on both sides, from the codes in the fixed dump's input record.

    Codes are grey levels: float input = (code - mean) / std, and the fixed network saw gain * that + offset.
    """
    pictures, limits = first.pictures, first.item.sample
    if pictures.kinship is not Kinship.SAME or limits is None or not limits.scale or not pictures.gain:
        return []
    std = pictures.gain / limits.scale
    mean = limits.zero_point + pictures.offset / limits.scale
    gain, offset = _mean(tested.gains), _mean(tested.offsets)
    if not gain:
        return []
    return [
        Evidence(Message("the benchmark's preprocess is (grey - {mean:.1f}) / {std:.1f}", mean=mean, std=std), mean),
        Evidence(
            Message(
                "the sample's network sees (grey - {mean:.1f}) / {std:.1f}",
                mean=mean - offset * std / gain,
                std=std / gain,
            ),
            std / gain,
        ),
    ]


def _mismatch(first: FirstLayer, tested: Tested) -> Finding:
    name, layer = first.item.name, first.layer
    what = {
        Hypothesis.ORDER: Message(
            "the sample's channels are in the order {order} of the benchmark's", order=tested.order
        ),
        Hypothesis.LAYOUT: Message("one side reads {name} as NCHW, the other as NHWC", name=name),
        Hypothesis.PICTURE: Message("the sample's own picture, which is another one,"),
    }[tested.kind]
    advice = {
        Hypothesis.ORDER: Message(
            "use one channel order (RGB or BGR) in the ini and in the preprocess, with norm and without"
        ),
        Hypothesis.LAYOUT: Message("give both runs the same layout (NHWC) and the same input_layouts"),
        Hypothesis.PICTURE: Message("run both stages on the same picture with the same preprocess"),
    }[tested.kind]
    evidence = [
        Evidence(
            Message(
                "{what}: {layer} computed so explains {explained:.1%} of its error",
                what=what,
                layer=layer,
                explained=tested.explained,
            ),
            tested.explained,
            layer,
        ),
        *_rivals(first, tested),
        *_kinship(first),
    ]
    return _input_finding(first, tuple(evidence), advice, min(0.99, 0.5 + 0.5 * tested.explained), tested.explained)


def find_by_record(first: FirstLayer) -> Finding | None:
    """What the dumped inputs alone say, where no hypothesis explains the first layer (or none could be tested)."""
    kinship, advice = first.pictures.kinship, Message("run both stages on the same picture with the same preprocess")
    if kinship in (Kinship.ORDER, Kinship.LAYOUT, Kinship.OTHER):
        return _input_finding(first, tuple(_kinship(first)), advice, 0.6, 0.6)
    if first.tested or first.fit is None:
        return None
    if first.fit.correlation < _UNRELATED and kinship is not Kinship.SAME:
        text = Message(
            "{layer} has next to nothing in common with the benchmark's (r^2 {correlation:.2f})",
            layer=first.layer,
            correlation=first.fit.correlation,
        )
        evidence = (
            Evidence(text, first.fit.correlation, first.layer),
            Evidence(Message("the inputs were not compared: not proven")),
        )
        return _input_finding(first, evidence, advice, 0.35, 0.5)
    return _fitted(first, first.fit.good) if first.fit.good >= EXPLAINS and not first.outside else None


def _fitted(first: FirstLayer, explained: float) -> Finding:
    text = Message(
        "a gain and an offset for each channel of {layer} explain {explained:.1%} of its error",
        layer=first.layer,
        explained=explained,
    )
    return Finding(
        Cause.GAIN_OFFSET,
        (first.item.name, first.layer),
        confidence=0.3 + 0.4 * explained,
        evidence=(
            Evidence(text, explained, first.layer),
            Evidence(Message("{why}: not proven", why=first.why_unproven)),
        ),
        advice=(Message("compare mean and std of input_config.ini with the preprocess"),),
        refuted_by=Message("input_config.ini and the preprocess agree in mean, std and channel order"),
        explained=explained,
        size=first.budget.own,
    )


def _input_finding(
    first: FirstLayer, evidence: tuple[Evidence, ...], advice: str, confidence: float, explained: float
) -> Finding:
    return Finding(
        Cause.INPUT_MISMATCH,
        (first.item.name, first.layer),
        confidence=confidence,
        evidence=evidence,
        advice=(advice,),
        refuted_by=Message("the same picture, preprocessed alike, gives the same difference"),
        explained=explained,
        size=first.budget.own,
    )


def _kinship(first: FirstLayer) -> list[Evidence]:
    pictures = first.pictures
    if pictures.kinship is Kinship.UNKNOWN:
        return []
    text = Message(
        "the dumped inputs hold: {kinship} (correlation {correlation:.3f})",
        kinship=Message(str(pictures.kinship)),
        correlation=pictures.correlation,
    )
    return [Evidence(text, pictures.correlation, first.item.name)]


def _rivals(first: FirstLayer, tested: Tested) -> list[Evidence]:
    """How much the next best hypothesis of another kind explains."""
    others = [each for each in first.tested if each.kind is not tested.kind]
    if not others:
        return []
    best = max(others, key=lambda each: each.explained)
    return [
        Evidence(
            Message("next best: {kind}, {share:.1%}", kind=Message(str(best.kind)), share=best.explained),
            best.explained,
        )
    ]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
