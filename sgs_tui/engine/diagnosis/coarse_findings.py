"""From coarse tensors to findings: whose fault the step is, which numbers prove it, what to raise."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.coarse import (
    COSTLY,
    NARROW,
    WITHIN,
    Coarse,
    channel_tops,
    coarse_tensors,
    inside,
    is_spread,
    width,
)
from sgs_tui.engine.diagnosis.domains import Domain
from sgs_tui.engine.diagnosis.energy import rms
from sgs_tui.engine.diagnosis.grids import Grid
from sgs_tui.engine.diagnosis.phrases import percent
from sgs_tui.engine.diagnosis.results import Budget, Cause, Evidence, Finding

MOSTLY = 0.5
"""Share of a layer's error that a coarse input has to explain where no layer is bad."""

MILD = 0.7
"""Confidence in such a finding, relative to one that spoils a layer."""


def find_coarse(case: Case, budgets: Sequence[Budget]) -> list[Finding]:
    """One finding for each group of tensors that share a scale."""
    return _grouped(case, budgets, coarse_tensors(case, budgets))


def _grouped(case: Case, budgets: Sequence[Budget], found_ones: Iterable[Coarse]) -> list[Finding]:
    groups: dict[tuple[str, ...], list[Coarse]] = {}
    for coarse in found_ones:
        domain = case.domains.get(coarse.tensor) or Domain((coarse.tensor,), ())
        groups.setdefault(domain.members, []).append(coarse)
    known = {budget.name: budget for budget in budgets}
    return [_finding(case, Domain(members, _binders(case, members)), found, known) for members, found in groups.items()]


def find_mild(case: Case, budgets: Sequence[Budget]) -> list[Finding]:
    """Coarse tensors where no layer is bad: a wide channel that spoils the layer behind it measurably.

    Only with a replay's proof, most of that layer's error explained, and one channel far above the others: in
    healthy networks rounding an input costs 0.05 at most. The worst comes first, with less confidence.
    """
    sure = [each for each in coarse_tensors(case, budgets) if _is_mild(case, each)]
    found = [replace(each, confidence=MILD * each.confidence) for each in _grouped(case, budgets, sure)]
    return sorted(found, key=lambda each: -each.size)


def _is_mild(case: Case, each: Coarse) -> bool:
    return each.proven and each.tensor != each.victim and each.explained >= MOSTLY and is_spread(case, each.tensor)


def _binders(case: Case, members: tuple[str, ...]) -> tuple[str, ...]:
    domain = case.domains.get(members[0])
    return domain.binders if domain else ()


def _finding(case: Case, domain: Domain, found: list[Coarse], known: Mapping[str, Budget]) -> Finding:
    grid = next((g for name in domain.members if (g := case.grid(name))), None)
    origins = [name for name in domain.members if name not in domain.binders]
    partner = _partner(case, origins, grid)
    if domain.shared and grid:
        narrow = [name for name in origins if name != partner and _hurt(case, name, grid, found, known)]
        if narrow:
            return _shared(case, domain, found, grid, narrow, partner)
    return _wide(case, domain, found, grid)


def _partner(case: Case, origins: Sequence[str], grid: Grid | None) -> str:
    """The widest origin; none where it is too narrow to have set the scale and another one is not compared."""
    widest = max(origins, key=lambda name: width(case, name), default="")
    unseen = any(name not in case.rows for name in origins)
    narrow = grid is not None and width(case, widest) * NARROW <= grid.width
    return "" if unseen and narrow else widest


def _hurt(case: Case, name: str, grid: Grid, found: list[Coarse], known: Mapping[str, Budget]) -> bool:
    """Whether a member is far narrower than the shared scale and the worse for it."""
    budget = known.get(name)
    if budget is None or width(case, name) * NARROW > grid.width:
        return False
    return any(each.tensor == name for each in found) or (budget.own >= COSTLY and budget.own_steps <= WITHIN)


def _shared(case: Case, domain: Domain, found: list[Coarse], grid: Grid, narrow: list[str], partner: str) -> Finding:
    worst = max(found, key=lambda each: each.cost)
    targets = raisable(case, domain.binders) or raisable(case, domain.members)
    return Finding(
        Cause.SHARED_SCALE,
        tuple(dict.fromkeys((*narrow, *domain.binders, *([partner] if partner else []), *domain.members))),
        confidence=_confidence(worst),
        evidence=(*_shared_evidence(case, domain, grid, narrow, partner), _cost(worst)),
        advice=_advice(
            targets, "the tensors that share a scale differ too much; scale the wide branch down in the model"
        ),
        refuted_by="raising the concatenation to 16 bit leaves the narrow tensors as they are",
        explained=worst.explained,
        size=max(each.cost for each in found),
        behind=tuple(dict.fromkeys(each.victim for each in found if each.explained >= 0.5)),
    )


def _shared_evidence(case: Case, domain: Domain, grid: Grid, narrow: Sequence[str], partner: str) -> Iterator[Evidence]:
    for name in narrow[:4]:
        steps = width(case, name) / grid.step
        yield Evidence(
            f"{name} spans {width(case, name):.4g}, that is {steps:.1f} steps of {grid.step:.4g}", steps, name
        )
    if partner:
        span = width(case, partner)
        yield Evidence(f"{partner} spans {span:.4g} and sets the scale of all", span, partner)
    else:
        yield Evidence(f"a tensor that is not compared sets the scale: {grid.width:.4g}", grid.width)
    yield Evidence(f"{', '.join(domain.binders)} makes {len(domain.members)} tensors share one scale")


def _wide(case: Case, domain: Domain, found: list[Coarse], grid: Grid | None) -> Finding:
    worst = max(found, key=lambda each: each.cost)
    named = list(dict.fromkeys(each.tensor for each in sorted(found, key=lambda each: -each.cost)))
    origins = [name for name in domain.members if _made_here(case, name, domain) and case.grid(name)]
    layers = tuple(dict.fromkeys([*origins, *named]))
    evidence = [_cost(worst)]
    evidence += [fact for name in layers[:1] for fact in spread(case, name)]
    if grid is not None:
        evidence.append(
            Evidence(f"{layers[0]}: step {grid.step:.4g}, {grid.bits} bit over {grid.width:.4g}", grid.step, layers[0])
        )
    return Finding(
        Cause.WIDE_RANGE,
        layers,
        confidence=_confidence(worst),
        evidence=tuple(evidence),
        advice=_advice(raisable(case, domain.members), "scale the wide channels down in the model, or clip them"),
        refuted_by="in 16 bit the layer behind it is as bad as before",
        explained=worst.explained,
        size=max(each.cost for each in found),
        behind=tuple(dict.fromkeys(each.victim for each in found if each.explained >= 0.5)),
    )


def _made_here(case: Case, name: str, domain: Domain) -> bool:
    """Whether a member is computed, not handed on from another member."""
    op = case.graph.producer(name)
    return name in case.compared and (op is None or not any(r.name in domain.members for r in op.inputs))


def _cost(worst: Coarse) -> Evidence:
    if not worst.proven and worst.tensor != worst.victim:
        text = f"{worst.victim} goes bad by {percent(worst.cost)} of its signal right behind {worst.tensor}"
        return Evidence(f"{text} (not proven: it can not be computed again)", worst.cost, worst.tensor)
    if worst.tensor == worst.victim:
        text = f"{worst.tensor}: rounding to its step is an error of {percent(worst.cost)} of its signal"
    else:
        text = (
            f"the 8 bits of {worst.tensor}, nothing else, change {worst.victim} by {percent(worst.cost)} of its signal"
        )
    return Evidence(f"{text} ({worst.explained:.0%} of the error there)", worst.cost, worst.tensor)


def _confidence(worst: Coarse) -> float:
    return min(0.99, (0.6 + 0.4 * worst.explained) if worst.proven else (0.4 + 0.3 * worst.explained))


def _advice(targets: Sequence[str], otherwise: str) -> tuple[str, ...]:
    if not targets:
        return (otherwise,)
    names = ",".join(targets)
    return (f"raise to 16 bit: tensor_arrays='{names}'; in [CONV_CONFIG], then convert and calibrate again",)


def raisable(case: Case, members: Sequence[str]) -> tuple[str, ...]:
    """The members that [CONV_CONFIG] can raise: convolution inputs other than the network's own."""
    own = {item.name for item in case.inputs}
    return tuple(name for name in members if name not in own and case.graph.feeds_convolution(name))


def spread(case: Case, name: str) -> Iterator[Evidence]:
    """How concentrated a tensor's values are: per channel where known, and inside a few steps."""
    grid = case.grid(name)
    if grid is None or not case.comparable(name):
        return
    crowd, signal = inside(case, name), rms(case.both(name)[1])
    yield Evidence(f"{name}: {crowd:.0%} of its non-zero values lie within 2 steps of 0", crowd, name)
    tops = channel_tops(case, name)
    if tops.size:
        widest, middle = int(np.argmax(tops)), float(np.median(tops))
        ratio = float(tops[widest] / middle) if middle else None
        text = f"{name}: channel {widest} reaches {tops[widest]:.4g}, the median channel {middle:.4g}"
        yield Evidence(text, ratio, name)
    if signal:
        predicted = 20 * np.log10(signal / (grid.step / np.sqrt(12)))
        yield Evidence(
            f"{name}: rounding alone leaves it an SQNR of {predicted:.1f} dB as a whole", float(predicted), name
        )
