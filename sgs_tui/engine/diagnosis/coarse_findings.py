"""From coarse tensors to findings: whose fault the step is, which numbers prove it, what to raise."""

from collections.abc import Iterable, Mapping, Sequence

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.coarse import COSTLY, NARROW, WITHIN, Coarse, coarse_tensors, width
from sgs_tui.engine.diagnosis.coarse_evidence import cost_of, shared_evidence, spread
from sgs_tui.engine.diagnosis.domains import Domain
from sgs_tui.engine.diagnosis.grids import Grid
from sgs_tui.engine.diagnosis.results import Budget, Cause, Evidence, Finding


def find_coarse(case: Case, budgets: Sequence[Budget]) -> list[Finding]:
    """One finding for each group of tensors that share a scale."""
    return grouped(case, budgets, coarse_tensors(case, budgets))


def grouped(case: Case, budgets: Sequence[Budget], found_ones: Iterable[Coarse]) -> list[Finding]:
    """Findings for some coarse tensors, one for each group that shares a scale."""
    groups: dict[tuple[str, ...], list[Coarse]] = {}
    for coarse in found_ones:
        domain = case.domains.get(coarse.tensor) or Domain((coarse.tensor,), ())
        groups.setdefault(domain.members, []).append(coarse)
    known = {budget.name: budget for budget in budgets}
    return [_finding(case, Domain(members, _binders(case, members)), found, known) for members, found in groups.items()]


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
        evidence=(*shared_evidence(case, domain, grid, narrow, partner), cost_of(worst)),
        advice=_advice(
            targets, "the tensors that share a scale differ too much; scale the wide branch down in the model"
        ),
        refuted_by="raising the concatenation to 16 bit leaves the narrow tensors as they are",
        explained=worst.explained,
        size=max(each.cost for each in found),
        behind=tuple(dict.fromkeys(each.victim for each in found if each.explained >= 0.5)),
    )


def _wide(case: Case, domain: Domain, found: list[Coarse], grid: Grid | None) -> Finding:
    worst = max(found, key=lambda each: each.cost)
    named = list(dict.fromkeys(each.tensor for each in sorted(found, key=lambda each: -each.cost)))
    origins = [name for name in domain.members if _made_here(case, name, domain) and case.grid(name)]
    layers = tuple(dict.fromkeys([*origins, *named]))
    evidence = [cost_of(worst)]
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
