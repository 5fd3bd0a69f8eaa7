"""What an INT16 advice says: tensors to make INT16, why, what it should bring, and the smallest set that does it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sgs_tui.engine.compare.results import LayerDiff, LayerRange
from sgs_tui.engine.diagnosis.results import Finding
from sgs_tui.engine.numbers import count, decibel
from sgs_tui.engine.text import some
from sgs_tui.language import Message, joined


class Rule(StrEnum):
    """Why a tensor is on the list: the manual's three rules, then the accuracy procedure's limits."""

    RANGE = "range of a convolution input"
    RMSE = "RMSE of a layer, the convolution input before it"
    CONCENTRATED = "wide range, values concentrated"
    PROCEDURE = "limits of the accuracy procedure"
    DIAGNOSIS = "a proven cause"
    TRIED = "tried on the twin"
    MARKED = "marked by you"


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that speaks for a tensor: the layer it was seen at, the number and the limit it is beyond."""

    rule: Rule
    layer: str
    text: str
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """SQNR in dB of the layer that gains most when this tensor alone gets INT16: now, and predicted."""

    layer: str
    now_db: float
    then_db: float

    @property
    def gain_db(self) -> float:
        """What the layer gains; its quantization noise alone falls by 48 dB."""
        return self.then_db - self.now_db


@dataclass(frozen=True, slots=True)
class Candidate:
    """A convolution input that could get INT16.

    `bits`: now (None where the dump does not tell). `unaffected`: why [CONV_CONFIG] leaves it as it is, else "".
    `raises`: tensors that share its scale and get INT16 with it. `also`: other convolution inputs whose names
    begin with this one's, which the vendor's tools take too. `chosen`: in the advised set.
    """

    tensor: str
    reasons: tuple[Reason, ...]
    bits: int | None
    range: LayerRange | None
    raises: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    unaffected: str = ""
    expected: Expected | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Predicted:
    """A layer's figures with the chosen tensors in INT16, and whether the profile's limits hold then."""

    layer: str
    rmse: float
    cos: float
    sqnr_db: float
    relative_l2: float
    fails: bool


def predicted(row: LayerDiff, fails: bool) -> Predicted:
    """Of a row with the figures that are foreseen."""
    assert row.metrics is not None
    found = row.metrics
    return Predicted(row.name, found.rmse, found.cos, found.sqnr_db, found.relative_l2, fails)


@dataclass(frozen=True, slots=True)
class Advice:
    """`candidates` in order of use, the chosen first. `chosen`: the names for tensor_arrays.

    `smallest`: the smallest set found that brings every layer under the profile's limits, or as many as bits can.
    `remaining`: layers that fail all the same. `notes`: what the advice can not know or will not help.
    `fix_first`: the likeliest cause where bits can not help before it is gone; then only marks are chosen.
    `how`: whether the figures were tried on the twin or are an estimate. `able`: names that can be INT16, None where
    that is not known; `qdq`: where onnxruntime quantizes, not the SDK.
    `others`: tensors that could get INT16 too and that nothing speaks for.
    """

    profile: str
    candidates: tuple[Candidate, ...]
    chosen: tuple[str, ...]
    smallest: tuple[str, ...]
    remaining: tuple[str, ...]
    predicted: tuple[Predicted, ...]
    notes: tuple[str, ...] = ()
    fix_first: Finding | None = None
    how: str = ""
    able: tuple[str, ...] | None = None
    qdq: bool = False
    others: tuple[Candidate, ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """The notes, and where the figures come from."""
        return (*self.notes, *([self.how] if self.how else []))


# What an INT16 advice is called in words: the same in tables, reports and the app. Names are raw.

_RULES = {
    Rule.RANGE: Message("manual, rule 1"),
    Rule.RMSE: Message("manual, rule 2"),
    Rule.CONCENTRATED: Message("manual, rule 3"),
    Rule.PROCEDURE: Message("accuracy procedure"),
    Rule.DIAGNOSIS: Message("diagnosis"),
    Rule.TRIED: Message("tried on the twin"),
    Rule.MARKED: Message("your mark"),
}
_REASONS = 5
STILL_FAILING = "predicted to fail all the same"
"""How the note on remaining layers begins."""


def rule(reason: Reason, tensor: str) -> str:
    """The rule and its numbers, for a tensor: `manual, rule 1: range 1489 (calibration) > 30`."""
    said = {"rule": _RULES[reason.rule], "layer": reason.layer, "text": reason.text}
    if reason.layer == tensor or reason.layer in reason.text:
        return Message("{rule}: {text}", **said)
    return Message("{rule}: {layer}: {text}", **said)


def rules(candidate: Candidate) -> Iterator[str]:
    """The first few reasons, and how many more there are."""
    for reason in candidate.reasons[:_REASONS]:
        yield rule(reason, candidate.tensor)
    if len(candidate.reasons) > _REASONS:
        yield Message("and {number}", number=count(len(candidate.reasons) - _REASONS, "more reason"))


def facts(candidate: Candidate) -> str:
    """How many bits it has now, its range, what is raised with it."""
    parts = [Message("{bits} bit now", bits=candidate.bits)] if candidate.bits is not None else []
    parts += (
        [
            Message(
                "range {width:.4g} ({source})", width=candidate.range.width, source=Message(str(candidate.range.source))
            )
        ]
        if candidate.range is not None
        else []
    )
    parts += (
        [Message("shares its scale with {names}, INT16 with it", names=some(candidate.raises))]
        if candidate.raises
        else []
    )
    parts += [Message("its name also makes {names} INT16", names=some(candidate.also))] if candidate.also else []
    return joined(parts, "; ")


def expectation(expected: Expected) -> str:
    """What it should bring."""
    now, then = decibel(expected.now_db), decibel(expected.then_db)
    return Message(
        "{layer}: SQNR {now} dB now, {then} dB then (+{gain} dB)",
        layer=expected.layer,
        now=now,
        then=then,
        gain=decibel(expected.gain_db),
    )


def headline(advice: Advice, failing: int) -> str:
    """The advice in one line; `failing`: layers that fail now."""
    first, tensors = advice.fix_first, count(len(advice.chosen), "tensor")
    if first is not None:
        before = Message("no INT16 before {cause} is fixed ({words})", cause=first.cause, words=first.cause.words)
        return (
            Message("INT16 for {tensors} as marked, but fix {cause} first", tensors=tensors, cause=first.cause)
            if advice.chosen
            else before
        )
    if not advice.chosen:
        return Message("no INT16: it would not help") if failing else Message("no INT16: no layer fails")
    now = Message("{layers} now", layers=count(failing, "layer fails", "layers fail"))
    then = (
        Message("{number} after that", number=len(advice.remaining))
        if advice.remaining
        else Message("none is expected to after that")
    )
    return Message("INT16 for {tensors}: {now}, {then}", tensors=tensors, now=now, then=then)
