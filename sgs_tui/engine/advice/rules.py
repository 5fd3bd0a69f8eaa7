"""The rules that put tensors on the INT16 list, each with its number (interop facts 7.5)."""

from collections.abc import Iterator, Sequence
from math import isfinite

from sgs_tui.engine.advice.results import Reason, Rule
from sgs_tui.engine.advice.targets import Targets
from sgs_tui.engine.compare.results import LayerDiff, LayerRange
from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.coarse import CROWDED, inside
from sgs_tui.engine.diagnosis.results import Cause, Diagnosis, Finding

WIDE = 30.0
BAD_RMSE = 0.5
"""The manual's limits (rules 1 to 3)."""

PROCEDURE_WIDE = 20.0
PROCEDURE_RMSE = 0.1
PROCEDURE_COS = 0.99
"""The accuracy procedure's."""

BITS = frozenset({Cause.WIDE_RANGE, Cause.SHARED_SCALE, Cause.DRIFT})
"""Causes that more bits can mend."""

SPOILING = frozenset(
    {
        Cause.NON_FINITE,
        Cause.PADDING_KEPT,
        Cause.NOT_DEQUANTISED,
        Cause.LAYOUT,
        Cause.INPUT_MISMATCH,
        Cause.GAIN_OFFSET,
        Cause.CLIPPING,
    }
)
"""Causes outside the network's precision: until they are mended the figures tell nothing about bits."""

Found = tuple[str, Reason]
"""A convolution input and what speaks for it."""


def to_mend_first(diagnosis: Diagnosis) -> Finding | None:
    """The likeliest cause where it has to be mended before anything is said about bits."""
    return diagnosis.first if diagnosis.first.cause in SPOILING else None


def reasons(case: Case, targets: Targets, findings: Sequence[Finding]) -> Iterator[Found]:
    """Every reason of every rule; a tensor may come several times."""
    yield from _by_cause(targets, findings)
    for row in case.compared.values():
        yield from _by_error(row, targets)
    for tensor in targets.all():
        span = case.rows[tensor].range if tensor in case.rows else None
        if span is not None:
            yield from _by_range(case, targets, tensor, span)


def _by_cause(targets: Targets, findings: Sequence[Finding]) -> Iterator[Found]:
    for finding in findings:
        if finding.cause not in (Cause.WIDE_RANGE, Cause.SHARED_SCALE):
            continue
        culprit = finding.layers[0]
        proof = finding.evidence[0].text if finding.evidence else ""
        for tensor in targets.for_layer(culprit):
            yield tensor, Reason(Rule.DIAGNOSIS, culprit, f"{finding.cause}: {proof}", finding.size)


def _by_error(row: LayerDiff, targets: Targets) -> Iterator[Found]:
    """Rule 2: RMSE over 0.5, the input of the convolution before; the procedure: COS under 0.99 or RMSE over 0.1."""
    if row.metrics is None or not isfinite(row.metrics.rmse):
        return
    rmse, cos = row.metrics.rmse, row.metrics.cos
    before = targets.before(row.name)
    if rmse > BAD_RMSE:
        text = f"RMSE {rmse:.4g} > {BAD_RMSE} at {row.name}"
        yield from ((tensor, Reason(Rule.RMSE, row.name, text, rmse, BAD_RMSE)) for tensor in before)
    elif rmse > PROCEDURE_RMSE:
        text = f"RMSE {rmse:.4g} > {PROCEDURE_RMSE} at {row.name}"
        yield from ((tensor, Reason(Rule.PROCEDURE, row.name, text, rmse, PROCEDURE_RMSE)) for tensor in before)
    elif cos < PROCEDURE_COS:
        text = f"COS {cos:.4f} < {PROCEDURE_COS} at {row.name}"
        yield from ((tensor, Reason(Rule.PROCEDURE, row.name, text, cos, PROCEDURE_COS)) for tensor in before)


def _by_range(case: Case, targets: Targets, tensor: str, span: LayerRange) -> Iterator[Found]:
    """Rules 1 and 3: range over 30, and values concentrated in it; the procedure: over 20 and still 8 bit."""
    where = f"range {span.width:.4g} ({span.source})"
    if span.width > WIDE:
        yield tensor, Reason(Rule.RANGE, tensor, f"{where} > {WIDE:g}", span.width, WIDE)
        share = inside(case, tensor)
        if share >= CROWDED:
            text = f"{share:.0%} of the non-zero values lie within 2 of 255 steps of 0, {where} > {WIDE:g}"
            yield tensor, Reason(Rule.CONCENTRATED, tensor, text, share, CROWDED)
    elif span.width > PROCEDURE_WIDE and targets.bits.get(tensor) != 16:
        text = f"{where} > {PROCEDURE_WIDE:g} and still 8 bit"
        yield tensor, Reason(Rule.PROCEDURE, tensor, text, span.width, PROCEDURE_WIDE)
