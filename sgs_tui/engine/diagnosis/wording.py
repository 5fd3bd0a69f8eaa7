"""What a cause is called in plain words: the same in tables, reports and the app."""

from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding

_PLAIN: dict[Cause, str] = {
    Cause.HEALTHY: "nothing but rounding",
    Cause.INPUT_MISMATCH: "the two sides were given different inputs",
    Cause.PADDING_KEPT: "dumped without eliminateGarbage, so the data keeps the hardware's order and padding",
    Cause.NOT_DEQUANTISED: "dumped without dequantFixed, so the values are integer codes",
    Cause.LAYOUT: "the two sides store their axes in another order (NHWC, NCHW)",
    Cause.WIDE_RANGE: "the range is too wide for 8 bits",
    Cause.SHARED_SCALE: "tensors of very different size share one scale",
    Cause.CLIPPING: "values beyond the calibrated limits are cut off",
    Cause.GAIN_OFFSET: "mean or scale of the preprocessing differ",
    Cause.BAD_CHANNELS: "a few channels are wrong, the others are right",
    Cause.NON_FINITE: "values are NaN or Inf",
    Cause.DRIFT: "rounding adds up over many layers",
    Cause.UNEXPLAINED: "no known cause explains the error",
}

_PROOFS = 3


def plain_words(cause: Cause) -> str:
    """The cause as half a sentence, to stand behind a layer's name."""
    return _PLAIN[cause]


def proof(finding: Finding) -> tuple[Evidence, ...]:
    """The two or three numbers that prove a finding: its first ones and its last; facts without one if it has none."""
    numbers = tuple(each for each in finding.evidence if each.value is not None) or finding.evidence
    return numbers if len(numbers) <= _PROOFS else (*numbers[: _PROOFS - 1], numbers[-1])
