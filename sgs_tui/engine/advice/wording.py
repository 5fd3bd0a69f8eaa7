"""What an INT16 advice is called in words: the same in tables, reports and the app. Names are raw."""

from collections.abc import Iterator

from sgs_tui.engine.advice.results import Advice, Candidate, Expected, Reason, Rule
from sgs_tui.engine.diagnosis.phrases import some
from sgs_tui.engine.diagnosis.wording import plain_words
from sgs_tui.engine.numbers import count, decibel

_RULES = {
    Rule.RANGE: "manual, rule 1",
    Rule.RMSE: "manual, rule 2",
    Rule.CONCENTRATED: "manual, rule 3",
    Rule.PROCEDURE: "accuracy procedure",
    Rule.DIAGNOSIS: "diagnosis",
    Rule.MARKED: "your mark",
}
_REASONS = 5


def rule(reason: Reason, tensor: str) -> str:
    """The rule and its numbers, for a tensor: `manual, rule 1: range 1489 (calibration) > 30`."""
    where = "" if reason.layer == tensor or reason.layer in reason.text else f"{reason.layer}: "
    return f"{_RULES[reason.rule]}: {where}{reason.text}"


def rules(candidate: Candidate) -> Iterator[str]:
    """The first few reasons, and how many more there are."""
    for reason in candidate.reasons[:_REASONS]:
        yield rule(reason, candidate.tensor)
    if len(candidate.reasons) > _REASONS:
        yield f"and {count(len(candidate.reasons) - _REASONS, 'more reason')}"


def facts(candidate: Candidate) -> str:
    """How many bits it has now, its range, what is raised with it."""
    parts = [f"{candidate.bits} bit now"] if candidate.bits is not None else []
    parts += [f"range {candidate.range.width:.4g} ({candidate.range.source})"] if candidate.range is not None else []
    parts += [f"shares its scale with {some(candidate.raises)}, raised with it"] if candidate.raises else []
    parts += [f"its name also raises {some(candidate.also)}"] if candidate.also else []
    return "; ".join(parts)


def expectation(expected: Expected) -> str:
    """What it should bring."""
    now, then = decibel(expected.now_db), decibel(expected.then_db)
    return f"{expected.layer}: SQNR {now} dB now, {then} dB then (+{decibel(expected.gain_db)} dB)"


def headline(advice: Advice, failing: int) -> str:
    """The advice in one line; `failing`: layers that fail now."""
    first = advice.mend_first
    if not advice.chosen and first is not None:
        return f"nothing to raise: mend {first.cause} first ({plain_words(first.cause)})"
    if not advice.chosen:
        return "nothing to raise: no layer fails" if not failing else "nothing to raise: 16 bits would not help"
    if first is not None:
        return f"raise {count(len(advice.chosen), 'tensor')} to 16 bit as marked, but mend {first.cause} first"
    now = f"{count(failing, 'layer fails', 'layers fail')} now"
    then = f"{len(advice.remaining)} after that" if advice.remaining else "none is expected to after that"
    return f"raise {count(len(advice.chosen), 'tensor')} to 16 bit: {now}, {then}"
