"""`advise`: which tensors to raise to INT16, by which rule, and what that should bring."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import inf, isfinite

from sgs_tui.engine.advice.predict import Model
from sgs_tui.engine.advice.results import Advice, Candidate, Expected, Predicted, Reason, Rule
from sgs_tui.engine.advice.targets import Targets
from sgs_tui.engine.compare.results import LayerDiff, LayerRange
from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.causes.coarse_step import CROWDED, inside
from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.diagnosis.results import Cause, Diagnosis, Finding, some
from sgs_tui.engine.session import Comparison

# The smallest set of tensors that brings every layer under the limits.

TRIED_OUT = 20
"""Candidates up to which sets of one and two are all tried before the greedy search."""

WORTH = 0.1
"""Sum of relative errors that bits have to take away to be advised where no layer comes under its limits."""

LEFT = 0.1
"""Share of that gain that the smallest set may leave."""

Score = tuple[int, float]


def score(model: Model, raised: Sequence[str]) -> Score:
    """(failing layers, sum of relative errors) with a set raised; less is better."""
    predicted = model.predict(raised)
    return sum(each.fails for each in predicted), sum(min(each.relative_l2, 10.0) for each in predicted)


def smallest(model: Model, candidates: Sequence[str]) -> tuple[str, ...]:
    """The smallest set that leaves the fewest layers failing; empty where nothing fails or bits do not help.

    Sets of up to two are all tried where there are not too many candidates; larger ones are built greedily and
    then thinned out, so they are small, but not proven to be the smallest.
    """
    now, best = score(model, ()), score(model, candidates)
    if not now[0] or (best[0] >= now[0] and now[1] - best[1] < WORTH):
        return ()
    # Where no layer comes under its limits, the set has to bring most of what bits can bring.
    enough = (best[0], inf) if best[0] < now[0] else (best[0], best[1] + LEFT * (now[1] - best[1]))
    if len(candidates) <= TRIED_OUT:
        for size in (1, 2):
            tried = [(score(model, chosen), chosen) for chosen in combinations(candidates, size)]
            if tried and _reaches(min(tried)[0], enough):
                return min(tried)[1]
    return _thinned(model, _greedy(model, candidates, enough), enough)


def _reaches(reached: Score, enough: Score) -> bool:
    return reached[0] <= enough[0] and reached[1] <= enough[1]


def _greedy(model: Model, candidates: Sequence[str], enough: Score) -> list[str]:
    chosen: list[str] = []
    while not _reaches(score(model, chosen), enough) and len(chosen) < len(candidates):
        rest = [name for name in candidates if name not in chosen]
        chosen.append(min(rest, key=lambda name: score(model, [*chosen, name])))
    return chosen


def _thinned(model: Model, chosen: list[str], enough: Score) -> tuple[str, ...]:
    """Without the tensors that turn out not to be needed, the first chosen kept longest."""
    for name in list(reversed(chosen)):
        without = [each for each in chosen if each != name]
        if _reaches(score(model, without), enough):
            chosen = without
    return tuple(chosen)


# The rules that put tensors on the INT16 list, each with its number (interop facts 7.5).

WIDE = 30.0
BAD_RMSE = 0.5
"""The manual's limits (rules 1 to 3)."""

PROCEDURE_WIDE = 20.0
PROCEDURE_RMSE = 0.1
PROCEDURE_COS = 0.99
"""The accuracy procedure's."""

Found = tuple[str, Reason]
"""A convolution input and what speaks for it."""


def to_mend_first(diagnosis: Diagnosis) -> Finding | None:
    """The likeliest cause where it has to be mended before anything is said about bits."""
    return diagnosis.first if diagnosis.first.cause.spoils else None


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


NOTICEABLE = 0.5
"""Decibels from which a gain is worth telling."""


def advise(
    comparison: Comparison,
    rows: Sequence[LayerDiff],
    diagnosis: Diagnosis | None = None,
    marked: Sequence[str] = (),
    unmarked: Sequence[str] = (),
) -> Advice:
    """INT16 advice under the comparison's profile.

    `marked`: layers or tensors the user wants in 16 bit (layers are followed to the convolution inputs that raise
    them); `unmarked`: tensors the user does not want. Where the likeliest cause has to be mended first, only what is
    marked is chosen. Raises what `diagnose` raises where `diagnosis` is None.
    """
    known = diagnosis or diagnose(comparison, rows)
    case = Case(comparison.sample, comparison.benchmark, rows, comparison.ranges)
    targets = Targets.of(comparison.sample, comparison.benchmark, rows)
    model = Model.of(case, known.budgets, targets, comparison.request.profile)
    found = _collected(case, targets, known, marked)
    usable = [tensor for tensor in found if not targets.unaffected(tensor) and tensor not in unmarked]
    first = to_mend_first(known)
    best = () if first else smallest(model, usable)
    wanted = [tensor for tensor in usable if any(reason.rule is Rule.MARKED for reason in found[tensor])]
    chosen = tuple(dict.fromkeys((*best, *wanted)))
    # Spoilt figures foretell nothing, so what bits would bring is not claimed then.
    predicted = tuple(model.predict(() if first else chosen))
    trusted = None if first else model
    candidates = [_candidate(case, targets, trusted, tensor, found[tensor], tensor in chosen) for tensor in found]
    return Advice(
        profile=comparison.request.profile.name,
        candidates=tuple(sorted(candidates, key=_rank)),
        chosen=chosen,
        smallest=best,
        remaining=tuple(each.layer for each in predicted if each.fails),
        predicted=predicted,
        notes=tuple(_notes(known, targets, chosen, predicted, marked)),
        mend_first=first,
    )


def _collected(
    case: Case, targets: Targets, diagnosis: Diagnosis, marked: Sequence[str]
) -> dict[str, tuple[Reason, ...]]:
    """Tensors with their reasons, in network order; the network's input and first convolution too, to be marked."""
    found: dict[str, list[Reason]] = {}
    for tensor, reason in reasons(case, targets, diagnosis.findings):
        found.setdefault(tensor, []).append(reason)
    for name in marked:
        for tensor in (name,) if name in targets.all() else targets.for_layer(name):
            found.setdefault(tensor, []).append(Reason(Rule.MARKED, name, f"you marked {name}"))
    order = {name: place for place, name in enumerate(targets.all())}
    return {name: tuple(found[name]) for name in sorted(found, key=lambda name: order.get(name, len(order)))}


def _candidate(
    case: Case, targets: Targets, model: Model | None, tensor: str, why: tuple[Reason, ...], chosen: bool
) -> Candidate:
    row = case.rows.get(tensor)
    unaffected = targets.unaffected(tensor)
    return Candidate(
        tensor=tensor,
        reasons=why,
        bits=targets.bits.get(tensor),
        range=row.range if row else None,
        raises=targets.raises(tensor),
        also=targets.also(tensor),
        unaffected=unaffected,
        expected=None if unaffected or model is None else expected(model, tensor),
        chosen=chosen,
    )


def expected(model: Model, tensor: str) -> Expected | None:
    """The layer that gains most from 16 bits for one tensor, failing ones first; None below half a decibel."""
    before = {each.layer: each for each in model.predict(())}
    after = {each.layer: each for each in model.predict((tensor,)) if _counts(before, each)}
    gains = {name: each.sqnr_db - before[name].sqnr_db for name, each in after.items()}
    helped = [name for name, gain in gains.items() if gain >= NOTICEABLE]
    best = max(helped, key=lambda name: (before[name].fails, gains[name]), default=None)
    return None if best is None else Expected(best, before[best].sqnr_db, after[best].sqnr_db)


def _counts(before: Mapping[str, Predicted], each: Predicted) -> bool:
    """Layers that are exact, or not finite, can not gain."""
    return before[each.layer].sqnr_db < float("inf") and each.sqnr_db == each.sqnr_db


def _rank(candidate: Candidate) -> tuple[bool, bool, float]:
    """Chosen first, unaffected last, else by the gain."""
    gain = candidate.expected.gain_db if candidate.expected else 0.0
    return not candidate.chosen, bool(candidate.unaffected), -gain


def _notes(
    diagnosis: Diagnosis,
    targets: Targets,
    chosen: Sequence[str],
    predicted: Sequence[Predicted],
    marked: Sequence[str],
) -> Iterator[str]:
    first = diagnosis.first
    if not first.cause.bits_help and first.cause is not Cause.HEALTHY:
        yield f"more bits do not mend the likeliest cause, {first.cause} at {some(first.layers)}: {_remedy(first)}"
    if not targets.graph.known:
        yield "the dumps hold no inputs, so convolution inputs are not known: give the simulator's float dump"
    for tensor in chosen:
        also = targets.also(tensor)
        if also:
            yield f"naming {tensor} also raises {some(also)}: the vendor's tools match the beginning of names"
    lost = [name for name in marked if name not in targets.all() and not targets.for_layer(name)]
    if lost:
        yield f"no convolution input raises {some(lost)}"
    failing = [each.layer for each in predicted if each.fails]
    if chosen and failing and not to_mend_first(diagnosis):
        yield f"predicted to fail all the same: {some(failing)}"


def _remedy(first: Finding) -> str:
    return f"mend that first ({first.advice[0]})" if first.advice else "mend that first"
