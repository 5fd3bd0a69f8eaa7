"""`advise`: which tensors to raise to INT16, by which rule, and what that should bring."""

from collections.abc import Iterator, Mapping, Sequence

from sgs_tui.engine.advice.choose import smallest
from sgs_tui.engine.advice.predict import Model
from sgs_tui.engine.advice.results import Advice, Candidate, Expected, Predicted, Reason, Rule
from sgs_tui.engine.advice.rules import BITS, reasons, to_mend_first
from sgs_tui.engine.advice.targets import Targets
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.diagnosis.phrases import some
from sgs_tui.engine.diagnosis.results import Cause, Diagnosis, Finding
from sgs_tui.engine.session import Comparison

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
    if first.cause not in BITS and first.cause is not Cause.HEALTHY:
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
