"""`advise`: which tensors to make INT16, by which rule, and what that should bring.

The rules are the manual's three (range of a convolution input; RMSE of a layer, for the convolution input before it;
values concentrated in a wide range) and the limits of the accuracy procedure. Of what they name, the smallest set is
chosen that is enough when tried on the twin; without a twin, the smallest that an estimate says is.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import inf, isfinite, isnan

from sgs_tui.engine.advice.predict import Model
from sgs_tui.engine.advice.results import Advice, Candidate, Expected, Predicted, Reason, Rule
from sgs_tui.engine.advice.targets import Targets
from sgs_tui.engine.advice.tried import Tried
from sgs_tui.engine.compare.limits import MANUAL, SOP
from sgs_tui.engine.compare.results import LayerDiff, LayerRange
from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.causes.coarse_step import CROWDED, inside
from sgs_tui.engine.diagnosis.diagnose import diagnose
from sgs_tui.engine.diagnosis.results import Cause, Diagnosis, Finding
from sgs_tui.engine.numbers import count
from sgs_tui.engine.session import Comparison
from sgs_tui.engine.text import some
from sgs_tui.language import Message

_NOTICEABLE = 0.5
"""Decibels from which a gain is worth telling."""

_TRIED_OUT = 20
"""Candidates up to which sets of one and two are all tried before the greedy search."""

_WORTH = 0.1
"""Sum of relative errors that bits have to take away to be advised where no layer comes under its limits."""

_LEFT = 0.1
"""Share of that gain that the smallest set may leave."""

_RULES = ((Rule.RMSE, MANUAL.fail, "rmse"), (Rule.PROCEDURE, SOP.fail, "rmse"), (Rule.PROCEDURE, SOP.fail, "cos"))
"""What the errors of a layer are judged by; the first that is broken counts."""


def advise(
    comparison: Comparison,
    rows: Sequence[LayerDiff],
    diagnosis: Diagnosis | None = None,
    marked: Sequence[str] = (),
    unmarked: Sequence[str] = (),
) -> Advice:
    """INT16 advice under the comparison's profile.

    `marked`: layers or tensors the user wants in INT16 (layers are followed to the convolution inputs that widen
    them); `unmarked`: tensors the user does not want. Where the likeliest cause has to be fixed first, only what is
    marked is chosen. Raises what `diagnose` raises where `diagnosis` is None.
    """
    known = diagnosis or diagnose(comparison, rows)
    case = Case(comparison.sample, comparison.benchmark, rows, comparison.ranges)
    plan = known.trying.plan if known.trying is not None else None
    targets = Targets.of(comparison.sample, comparison.benchmark, rows, plan)
    tried = Tried(case.compared, known.trying, comparison.request.profile) if known.trying else None
    model = tried or Model.of(case, known.budgets, targets, comparison.request.profile)
    found = _collected(case, targets, known, marked)
    usable = [tensor for tensor in found if not targets.unaffected(tensor) and tensor not in unmarked]
    first = known.first if known.first.cause.spoils else None
    proven = [tensor for tensor in known.first.int16 if tensor in usable]
    best = () if first else _best(model, usable, proven, unmarked)
    for tensor in best:
        found.setdefault(tensor, (Reason(Rule.TRIED, tensor, Message("what brings the layers under their limits")),))
    wanted = [tensor for tensor in usable if any(reason.rule is Rule.MARKED for reason in found[tensor])]
    chosen = tuple(dict.fromkeys((*best, *wanted)))
    # Spoilt figures foretell nothing, so what bits would bring is not claimed then.
    predicted = tuple(model.predict(() if first else chosen))
    remaining = tuple(each.layer for each in predicted if each.fails)
    trusted = None if first else model
    candidates = [_candidate(case, targets, trusted, tensor, found[tensor], tensor in chosen) for tensor in found]
    others = (_candidate(case, targets, None, tensor, (), False) for tensor in targets.all() if tensor not in found)
    return Advice(
        profile=comparison.request.profile.name,
        candidates=tuple(sorted(candidates, key=_rank)),
        chosen=chosen,
        smallest=best,
        remaining=remaining,
        predicted=predicted,
        notes=tuple(_notes(known.first, targets, chosen, remaining, marked)),
        how=next(_how(known, tried, chosen, first is None and any(map(case.failing, case.compared))), ""),
        able=targets.all() if targets.graph.known else None,
        qdq=targets.plan is not None,
        fix_first=first,
        others=tuple(each for each in others if not each.unaffected),
    )


def _collected(
    case: Case, targets: Targets, diagnosis: Diagnosis, marked: Sequence[str]
) -> dict[str, tuple[Reason, ...]]:
    """Tensors with their reasons, in network order; the network's input and first convolution too, to be marked."""
    found: dict[str, list[Reason]] = {}
    for tensor, reason in _reasons(case, targets, diagnosis.findings):
        found.setdefault(tensor, []).append(reason)
    for name in marked:
        for tensor in (name,) if name in targets.all() else targets.for_layer(name):
            found.setdefault(tensor, []).append(Reason(Rule.MARKED, name, Message("you marked {name}", name=name)))
    order = {name: place for place, name in enumerate(targets.all())}
    return {name: tuple(found[name]) for name in sorted(found, key=lambda name: order.get(name, len(order)))}


def _reasons(case: Case, targets: Targets, findings: Sequence[Finding]) -> Iterator[tuple[str, Reason]]:
    """Convolution inputs and what speaks for them: every reason of every rule."""
    for finding in findings:
        if finding.cause in (Cause.WIDE_RANGE, Cause.SHARED_SCALE):
            proof = finding.evidence[0].text if finding.evidence else ""
            reason = Reason(
                Rule.DIAGNOSIS,
                finding.layers[0],
                Message("{cause}: {text}", cause=finding.cause, text=proof),
                finding.size,
            )
            yield from ((tensor, reason) for tensor in targets.for_layer(finding.layers[0]))
            made = Reason(
                Rule.DIAGNOSIS,
                finding.layers[0],
                Message("{cause}: {text}", cause=finding.cause, text=finding.advice[0]),
                finding.size,
            )
            yield from (
                (tensor, made) for tensor in finding.int16 if tensor not in targets.for_layer(finding.layers[0])
            )
    for row in case.compared.values():
        error = _by_error(row)
        yield from ((tensor, error) for tensor in (targets.before(row.name) if error else ()) if error)
    for tensor in targets.all():
        span = case.rows[tensor].range if tensor in case.rows else None
        if span is not None:
            yield from ((tensor, reason) for reason in _by_range(case, targets, tensor, span))


def _by_error(row: LayerDiff) -> Reason | None:
    if row.metrics is None or not isfinite(row.metrics.rmse):
        return None
    for rule, limits, key in _RULES:
        if text := limits.broken(row).get(key):
            return Reason(
                rule,
                row.name,
                Message("{text} at {name}", text=text, name=row.name),
                getattr(row.metrics, key),
                limits[key],
            )
    return None


def _by_range(case: Case, targets: Targets, tensor: str, span: LayerRange) -> Iterator[Reason]:
    """Beyond the manual's range, and values concentrated in it; beyond the procedure's and still 8 bit."""
    where, wide, wider = (
        Message("range {width:.4g} ({source})", width=span.width, source=Message(str(span.source))),
        SOP.warn["range"],
        MANUAL.warn["range"],
    )
    if span.width > wider:
        yield Reason(Rule.RANGE, tensor, Message("{where} > {limit:g}", where=where, limit=wider), span.width, wider)
        share = inside(case, tensor)
        if share >= CROWDED:
            text = Message(
                "{share:.0%} of the non-zero values lie within 2 of 255 steps of 0, {where} > {limit:g}",
                share=share,
                where=where,
                limit=wider,
            )
            yield Reason(Rule.CONCENTRATED, tensor, text, share, CROWDED)
    elif span.width > wide and targets.bits.get(tensor) != 16:
        yield Reason(
            Rule.PROCEDURE,
            tensor,
            Message("{where} > {limit:g} and still 8 bit", where=where, limit=wide),
            span.width,
            wide,
        )


# The smallest set of tensors that brings every layer under the limits.

_Score = tuple[int, float]


def _best(
    model: Tried | Model, usable: Sequence[str], proven: Sequence[str], unmarked: Sequence[str]
) -> tuple[str, ...]:
    """Found by trying sets on the twin where there is one, else by the estimate."""
    return model.smallest(usable, proven, unmarked) if isinstance(model, Tried) else _smallest(model, usable)


def _how(known: Diagnosis, tried: Tried | None, chosen: Sequence[str], asked: bool) -> Iterator[str]:
    """Where the figures come from. `asked`: whether sets were looked for."""
    if tried is not None and known.foresight is not None:
        sets = sum(len(each) - 1 for each in tried.trying.tried.values())
        off, most = known.foresight.median_db, known.foresight.p90_db
        if sets or chosen:
            said = Message("tried on the twin: {sets}", sets=count(sets, "set"))
            how = said if sets else Message("figures are the twin's")
            yield Message("{how}; it is {off:.2f} dB off this dump (p90 {most:.2f})", how=how, off=off, most=most)
    elif (chosen or asked) and known.foresight is not None and not known.foresight.reproduces:
        how_far = Message(
            "its median is {off:.2f} dB off over {layers}",
            off=known.foresight.median_db,
            layers=count(known.foresight.counted, "layer"),
        )
        yield Message(
            "figures are an estimate from the layers' errors, not the twin's: it does not give this dump, {how_far}",
            how_far=how_far,
        )
    elif chosen or asked:
        yield Message("figures are an estimate from the layers' errors: nothing was tried on a twin")


def _score(model: Model, chosen: Sequence[str]) -> _Score:
    """(failing layers, sum of relative errors) with a set in INT16; less is better."""
    predicted = model.predict(chosen)
    return sum(each.fails for each in predicted), sum(min(each.relative_l2, 10.0) for each in predicted)


def _smallest(model: Model, candidates: Sequence[str]) -> tuple[str, ...]:
    """The smallest set that leaves the fewest layers failing; empty where nothing fails or bits do not help.

    Sets of up to two are all tried where there are not too many candidates; larger ones are built greedily and
    then thinned out, so they are small, but not proven to be the smallest.
    """
    now, best = _score(model, ()), _score(model, candidates)
    if not now[0] or (best[0] >= now[0] and now[1] - best[1] < _WORTH):
        return ()
    # Where no layer comes under its limits, the set has to bring most of what bits can bring.
    enough = (best[0], inf) if best[0] < now[0] else (best[0], best[1] + _LEFT * (now[1] - best[1]))
    if len(candidates) <= _TRIED_OUT:
        for size in (1, 2):
            tried = [(_score(model, chosen), chosen) for chosen in combinations(candidates, size)]
            if tried and _reaches(min(tried)[0], enough):
                return min(tried)[1]
    return _thinned(model, _greedy(model, candidates, enough), enough)


def _reaches(reached: _Score, enough: _Score) -> bool:
    return reached[0] <= enough[0] and reached[1] <= enough[1]


def _greedy(model: Model, candidates: Sequence[str], enough: _Score) -> list[str]:
    chosen: list[str] = []
    while not _reaches(_score(model, chosen), enough) and len(chosen) < len(candidates):
        rest = [name for name in candidates if name not in chosen]
        chosen.append(min(rest, key=lambda name: _score(model, [*chosen, name])))
    return chosen


def _thinned(model: Model, chosen: list[str], enough: _Score) -> tuple[str, ...]:
    """Without the tensors that turn out not to be needed, the first chosen kept longest."""
    for name in list(reversed(chosen)):
        without = [each for each in chosen if each != name]
        if _reaches(_score(model, without), enough):
            chosen = without
    return tuple(chosen)


# What is said of each candidate, and of the whole.


def _candidate(
    case: Case, targets: Targets, model: Tried | Model | None, tensor: str, why: tuple[Reason, ...], chosen: bool
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
        expected=_expected(model, tensor) if model and not unaffected and _is_told(model, why, chosen) else None,
        chosen=chosen,
    )


def _is_told(model: Tried | Model, why: tuple[Reason, ...], chosen: bool) -> bool:
    """A trial takes a part of a second: those that are chosen, proven or marked are told what they give alone."""
    return isinstance(model, Model) or chosen or any(each.rule in (Rule.DIAGNOSIS, Rule.MARKED) for each in why)


def _expected(model: Tried | Model, tensor: str) -> Expected | None:
    """The layer that gains most from INT16 for one tensor, failing ones first; None below half a decibel."""
    before = {each.layer: each for each in model.predict(())}
    after = {each.layer: each for each in model.predict((tensor,)) if _can_gain(before, each)}
    gains = {name: each.sqnr_db - before[name].sqnr_db for name, each in after.items()}
    helped = [name for name, gain in gains.items() if gain >= _NOTICEABLE]
    best = max(helped, key=lambda name: (before[name].fails, gains[name]), default=None)
    return None if best is None else Expected(best, before[best].sqnr_db, after[best].sqnr_db)


def _can_gain(before: Mapping[str, Predicted], each: Predicted) -> bool:
    """Layers that are exact, or not finite, can not."""
    return before[each.layer].sqnr_db < inf and not isnan(each.sqnr_db)


def _rank(candidate: Candidate) -> tuple[bool, bool, float]:
    """Chosen first, unaffected last, else by the gain."""
    gain = candidate.expected.gain_db if candidate.expected else 0.0
    return not candidate.chosen, bool(candidate.unaffected), -gain


def _notes(
    first: Finding, targets: Targets, chosen: Sequence[str], failing: Sequence[str], marked: Sequence[str]
) -> Iterator[str]:
    how = Message(": {text}", text=first.advice[0]) if first.advice else ""
    if first.cause is Cause.UNEXPLAINED and first.layers and not first.explained:
        yield Message(
            "no known cause explains the error at {layers}, so it is not known whether INT16 helps there{how}",
            layers=some(first.layers),
            how=how,
        )
    elif not first.cause.bits_help and first.cause is not Cause.HEALTHY:
        yield (
            Message(
                "INT16 does not fix the likeliest cause, {cause} at {layers}: fix that first{how}",
                cause=first.cause,
                layers=some(first.layers),
                how=how,
            )
            if first.layers
            else Message(
                "INT16 does not fix the likeliest cause, {cause}: fix that first{how}", cause=first.cause, how=how
            )
        )
    if not targets.graph.known:
        yield Message("the dumps hold no inputs, so convolution inputs are not known: give the simulator's float dump")
    for tensor in chosen:
        if also := targets.also(tensor):
            yield Message(
                "naming {tensor} also makes {also} INT16: the vendor's tools match the beginning of names",
                tensor=tensor,
                also=some(also),
            )
    lost = [name for name in marked if name not in targets.all() and not targets.for_layer(name)]
    if lost:
        yield Message("no convolution input makes {names} INT16", names=some(lost))
    if chosen and failing and not first.cause.spoils:
        yield Message("predicted to fail all the same: {names}", names=some(failing))
