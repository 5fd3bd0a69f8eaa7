"""Causes `wide_range` and `shared_scale`: the step is too coarse for what it has to tell apart.

Either values of one tensor differ too much for 255 steps (a channel 400 times the others), or a tensor has to
take the scale of another it is concatenated with. Both hide well: the wide record itself looks fine to COS while its
other channels are all wrong and the next layer collapses (RMSE 1.1 to 2.3). A shared scale prints the same `s` in all
its records and runs backward through chained concats, so that the first bad layer can lie before the culprit.
Two observations prove them: a layer whose own error stays within a step but is as large as its signal, and a
layer that goes bad when its input is rounded to that input's grid, in float, with nothing else changed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sgs_tui.engine.diagnosis.case import SUSPECT, Case
from sgs_tui.engine.diagnosis.results import Budget, Cause, Evidence, Finding, percent
from sgs_tui.engine.diagnosis.words import int16_words
from sgs_tui.engine.network.scales import Domain, Grid
from sgs_tui.engine.network.tensors import Values, channel_bounds, rms
from sgs_tui.engine.twin.figures import median
from sgs_tui.language import Message

WITHIN = 1.0  # own errors up to this many steps (RMS) are rounding: 0.29 for the output, up to 0.6 with 8-bit weights
_COSTLY = 0.07
"""An input whose rounding alone costs this share of the output's signal (-23 dB) is too coarse; healthy: 0.03."""

PART = 0.2  # ... and it has to explain this share of the output's error energy, or make the layer bad all by itself
_SPREAD = 16.0  # a channel this many times larger than the lower quartile leaves those four bits
CROWDED = 0.5  # share of the non-zero values within two steps of 0 from which a tensor is suspected without a replay
OWN = 0.7 * SUSPECT  # own error that makes a layer suspect all by itself, nearly
_NARROW = 4.0  # a member this many times narrower than its shared scale loses two of its eight bits (12 dB)


@dataclass(frozen=True, slots=True)
class _Coarse:
    """A tensor whose step is too coarse: `cost` in the signal of `victim` (itself where it is crushed).

    `around`: the cost is that of the weights around it as well.
    """

    tensor: str
    victim: str
    cost: float
    explained: float
    proven: bool
    around: bool = False


def _coarse_tensors(case: Case, budgets: Sequence[Budget]) -> Iterator[_Coarse]:
    """Every tensor that is crushed by its own step, or whose rounding spoils a layer behind it."""
    known = {budget.name: budget for budget in budgets}
    for budget in budgets:
        if not budget.proven and budget.own >= OWN and not budget.own_steps <= WITHIN:
            yield from _suspected(case, budget)
        if _is_crushed(case, budget):
            part = min(1.0, (budget.floor / budget.own) ** 2) if budget.own else 0.0
            yield _Coarse(budget.name, budget.name, budget.own, part, budget.proven)
        for source, cost in _costs(case, budget, known) if budget.total >= OWN else ():
            part = min(1.0, (cost / budget.total) ** 2) if budget.total else 0.0
            if cost >= _COSTLY and (part >= PART or cost >= SUSPECT):
                yield _Coarse(source, budget.name, cost, part, True)


def _costs(case: Case, budget: Budget, known: Mapping[str, Budget]) -> Iterator[tuple[str, float]]:
    """What each input costs a layer: its rounding, or all of its own error where 8 bits make that too."""
    passed = dict(budget.passed)
    for source, cost in budget.rounding:
        own = known.get(source)
        eight = own is not None and (own.own_steps <= WITHIN or _wide_weights(case, own, source))
        yield source, max(cost, passed.get(source, 0.0)) if eight else cost


def _wide_weights(case: Case, budget: Budget, name: str) -> bool:
    """Whether weights that make one channel of a layer large cost the others their bits.

    Where no channel of the layer is large its weights alone are coarse, which is no fault of the tensor they make.
    """
    if not is_spread(case, name):
        return False
    return budget.weights >= 0.5 and not any(is_spread(case, name) for name in budget.inputs)


def _suspected(case: Case, budget: Budget) -> Iterator[_Coarse]:
    """Without a replay: a layer goes bad while an input looks fine, though most of its values fill no step."""
    for source in budget.inputs:
        if source in case.compared and case.error(source) < SUSPECT and inside(case, source) >= CROWDED:
            yield _Coarse(source, budget.name, budget.own, 0.6, proven=False)


def inside(case: Case, name: str) -> float:
    """Share of a tensor's non-zero values that lie within two steps of 0; in healthy tensors it is a few percent."""
    grid = case.grid(name)
    if grid is None or grid.bits != 8 or not case.comparable(name):
        return 0.0
    truth = case.truth(name)
    live = truth[np.isfinite(truth) & (truth != 0)]
    return float(np.mean(np.abs(live) < 2 * grid.step)) if live.size else 0.0


def _is_crushed(case: Case, budget: Budget) -> bool:
    """Whether a layer's own error is within a step and yet as large as its signal."""
    mostly = budget.own >= OWN and budget.own**2 >= PART * budget.total**2
    return mostly and budget.own_steps <= WITHIN and case.error(budget.name) >= OWN


def width(case: Case, name: str) -> float:
    """How much of the grid a tensor needs: calibrated or measured range, zero included."""
    row = case.rows.get(name)
    if row is None or row.benchmark is None:
        return 0.0
    known = case.ranges.find(name) if case.ranges else None
    low, high = known or (row.benchmark.minimum, row.benchmark.maximum)
    return max(high, 0.0) - min(low, 0.0)


def _channel_tops(case: Case, name: str) -> Values:
    """Largest magnitude of every channel of the benchmark; empty where the channels are not known."""
    channels = case.channels(name)
    truth = case.truth(name) if channels > 1 and case.comparable(name) else np.empty(0, np.float32)
    if not truth.size or truth.size % channels:
        return np.empty(0, np.float32)
    low, high = channel_bounds(truth.reshape(-1, channels))
    tops = np.maximum(high, -low)
    return tops if not np.isnan(tops).any() else np.nanmax(np.abs(truth.reshape(-1, channels)), axis=0)


def is_spread(case: Case, name: str) -> bool:
    """Whether one channel is far larger than the smaller ones; dead channels do not count."""
    tops = _channel_tops(case, name)
    live = tops[(tops > 0) & np.isfinite(tops)]
    return bool(live.size) and float(live.max()) >= _SPREAD * float(np.percentile(live, 25))


def _cost_of(case: Case, worst: _Coarse) -> Evidence:
    """What a coarse tensor costs the layer that suffers most."""
    if not worst.proven and worst.tensor != worst.victim:
        text = Message(
            "{victim} goes bad by {cost} of its signal right behind {tensor}",
            victim=worst.victim,
            cost=percent(worst.cost),
            tensor=worst.tensor,
        )
        return Evidence(
            Message("{text} (not proven: {why})", text=text, why=case.why_unproven), worst.cost, worst.tensor
        )
    if worst.tensor == worst.victim:
        text = Message(
            "{tensor}: rounding to its step is an error of {cost} of its signal",
            tensor=worst.tensor,
            cost=percent(worst.cost),
        )
    elif worst.around:
        text = Message(
            "the 8 bits of {tensor} and of the weights around it change {victim} by {cost} of its signal",
            tensor=worst.tensor,
            victim=worst.victim,
            cost=percent(worst.cost),
        )
    else:
        text = Message(
            "the 8 bits of {tensor}, nothing else, change {victim} by {cost} of its signal",
            tensor=worst.tensor,
            victim=worst.victim,
            cost=percent(worst.cost),
        )
    return Evidence(
        Message("{text} ({share:.0%} of the error there)", text=text, share=worst.explained),
        worst.cost,
        worst.tensor,
    )


def _shared_evidence(case: Case, domain: Domain, grid: Grid, narrow: Sequence[str], partner: str) -> Iterator[Evidence]:
    """How narrow the narrow members of a domain are, and who sets its scale."""
    for name in narrow[:4]:
        steps = width(case, name) / grid.step
        yield Evidence(
            Message(
                "{name} spans {span:.4g}, that is {steps:.1f} steps of {step:.4g}",
                name=name,
                span=width(case, name),
                steps=steps,
                step=grid.step,
            ),
            steps,
            name,
        )
    if partner:
        span = width(case, partner)
        yield Evidence(
            Message("{name} spans {span:.4g} and sets the scale of all", name=partner, span=span), span, partner
        )
    else:
        yield Evidence(
            Message("a tensor that is not compared sets the scale: {width:.4g}", width=grid.width), grid.width
        )
    yield Evidence(
        Message(
            "{names} makes {number} tensors share one scale",
            names=", ".join(domain.binders),
            number=len(domain.members),
        )
    )


def spread(case: Case, name: str) -> Iterator[Evidence]:
    """How concentrated a tensor's values are: per channel where known, and inside a few steps."""
    grid = case.grid(name)
    if grid is None or not case.comparable(name):
        return
    crowd, signal = inside(case, name), rms(case.truth(name))
    yield Evidence(
        Message("{name}: {share:.0%} of its non-zero values lie within 2 steps of 0", name=name, share=crowd),
        crowd,
        name,
    )
    tops = _channel_tops(case, name)
    if tops.size:
        widest, middle = int(np.argmax(tops)), median(tops)
        ratio = float(tops[widest] / middle) if middle else None
        text = Message(
            "{name}: channel {widest} reaches {top:.4g}, the median channel {middle:.4g}",
            name=name,
            widest=widest,
            top=tops[widest],
            middle=middle,
        )
        yield Evidence(text, ratio, name)
    if signal:
        predicted = 20 * np.log10(signal / (grid.step / np.sqrt(12)))
        yield Evidence(
            Message(
                "{name}: rounding alone leaves it an SQNR of {sqnr:.1f} dB as a whole",
                name=name,
                sqnr=predicted,
            ),
            float(predicted),
            name,
        )


def find_coarse(case: Case, budgets: Sequence[Budget], found: Iterable[_Coarse] | None = None) -> list[Finding]:
    """One finding for each group of (all or the `found`) coarse tensors that share a scale."""
    groups: dict[Domain, list[_Coarse]] = {}
    for coarse in _coarse_tensors(case, budgets) if found is None else found:
        groups.setdefault(case.domains.get(coarse.tensor) or Domain((coarse.tensor,), ()), []).append(coarse)
    known = {budget.name: budget for budget in budgets}
    return [_finding(case, domain, group, known) for domain, group in groups.items()]


def find_measured(
    case: Case, budgets: Sequence[Budget], costs: Iterable[tuple[str, str, float, float]]
) -> list[Finding]:
    """Findings of tensors that the twin tells the cost of: tensor, layer behind, what both it and the weights around it
    cost there, its share of the error there."""
    return find_coarse(case, budgets, [_Coarse(*each, proven=True, around=True) for each in costs])


_FAINT, _MOST = 0.02, 6
"""What rounding an input costs a layer from which it may still matter, and how many of these are told at most."""


def find_faint(case: Case, budgets: Sequence[Budget], known: Collection[str]) -> list[Finding]:
    """Tensors whose rounding costs too little to be suspected by single layers, but may spoil those behind."""
    costs: dict[str, _Coarse] = {}
    for budget in budgets:
        for source, cost in budget.rounding:
            if cost >= _FAINT and source not in known and (source not in costs or cost > costs[source].cost):
                part = min(1.0, (cost / budget.total) ** 2) if budget.total else 0.0
                costs[source] = _Coarse(source, budget.name, cost, part, True)
    largest = sorted(costs.values(), key=lambda each: -each.cost)[:_MOST]
    return find_coarse(case, budgets, largest) if largest else []


def _finding(case: Case, domain: Domain, found: list[_Coarse], known: Mapping[str, Budget]) -> Finding:
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
    narrow = grid is not None and width(case, widest) * _NARROW <= grid.width
    return "" if unseen and narrow else widest


def _hurt(case: Case, name: str, grid: Grid, found: list[_Coarse], known: Mapping[str, Budget]) -> bool:
    """Whether a member is far narrower than the shared scale and the worse for it."""
    budget = known.get(name)
    if budget is None or width(case, name) * _NARROW > grid.width:
        return False
    return any(each.tensor == name for each in found) or (budget.own >= _COSTLY and budget.own_steps <= WITHIN)


def _shared(case: Case, domain: Domain, found: list[_Coarse], grid: Grid, narrow: list[str], partner: str) -> Finding:
    worst = max(found, key=lambda each: each.cost)
    targets = _targets(case, domain.binders) or _targets(case, domain.members)
    return Finding(
        Cause.SHARED_SCALE,
        tuple(dict.fromkeys((*narrow, *domain.binders, *([partner] if partner else []), *domain.members))),
        confidence=_confidence(worst),
        evidence=(*_shared_evidence(case, domain, grid, narrow, partner), _cost_of(case, worst)),
        advice=_advice(
            case,
            targets,
            Message("the tensors that share a scale differ too much; scale the wide branch down in the model"),
        ),
        refuted_by=Message("the concatenation in INT16 leaves the narrow tensors as they are"),
        explained=worst.explained,
        size=max(each.cost for each in found),
        behind=tuple(dict.fromkeys(each.victim for each in found if each.explained >= 0.5)),
        int16=targets,
    )


def _wide(case: Case, domain: Domain, found: list[_Coarse], grid: Grid | None) -> Finding:
    worst = max(found, key=lambda each: each.cost)
    named = list(dict.fromkeys(each.tensor for each in sorted(found, key=lambda each: -each.cost)))
    origins = [name for name in domain.members if _made_here(case, name, domain) and case.grid(name)]
    layers = tuple(dict.fromkeys([*origins, *named]))
    targets = _targets(case, domain.members)
    evidence = [_cost_of(case, worst)]
    evidence += [fact for name in layers[:1] for fact in spread(case, name)]
    if grid is not None:
        evidence.append(
            Evidence(
                Message(
                    "{layer}: step {step:.4g}, {bits} bit over {width:.4g}",
                    layer=layers[0],
                    step=grid.step,
                    bits=grid.bits,
                    width=grid.width,
                ),
                grid.step,
                layers[0],
            )
        )
    return Finding(
        Cause.WIDE_RANGE,
        layers,
        confidence=_confidence(worst),
        evidence=tuple(evidence),
        advice=_advice(case, targets, _scaled_down(case, layers)),
        refuted_by=Message("in INT16 the layer behind it is as bad as before"),
        explained=worst.explained,
        size=max(each.cost for each in found),
        behind=tuple(dict.fromkeys(each.victim for each in found if each.explained >= 0.5)),
        int16=targets,
    )


def _scaled_down(case: Case, layers: Sequence[str]) -> str:
    """What is left where nothing can be INT16: another scale of the channels, in the model or before it."""
    if layers and any(item.name == layers[0] for item in case.inputs):
        return Message(
            "give the channels of the network's input values of one size: scale the wide ones in the preprocess"
        )
    return Message("scale the wide channels down in the model, or clip them")


def _made_here(case: Case, name: str, domain: Domain) -> bool:
    """Whether a member is computed, not handed on from another member."""
    op = case.graph.producer(name)
    return name in case.compared and (op is None or not any(r.name in domain.members for r in op.inputs))


def _confidence(worst: _Coarse) -> float:
    return min(0.99, (0.6 + 0.4 * worst.explained) if worst.proven else (0.4 + 0.3 * worst.explained))


def _advice(case: Case, targets: Sequence[str], otherwise: str) -> tuple[str, ...]:
    return (int16_words(targets, case.by_onnxruntime) if targets else otherwise,)


def _targets(case: Case, members: Sequence[str]) -> tuple[str, ...]:
    """The members that can be set to INT16 by name."""
    return tuple(name for name in members if case.choosable(name))


MOSTLY = 0.5  # share of a layer's error that a coarse input has to explain where no layer is bad
_MILD = 0.7  # confidence in such a finding, relative to one that spoils a layer


def find_mild(case: Case, budgets: Sequence[Budget]) -> list[Finding]:
    """The worst first. Rounding one input of a healthy layer costs 0.05 of its signal at most; here it is 0.07.

    Only with a replay's proof and most of the layer's error explained; for a layer behind, one channel has to be far
    above the others; for a layer that its own step crushes, its error is twice what healthy layers have (0.05).
    """
    sure = [each for each in _coarse_tensors(case, budgets) if _is_sure(case, each)]
    found = [replace(each, confidence=_MILD * each.confidence) for each in find_coarse(case, budgets, sure)]
    return sorted(found, key=lambda each: -each.size)


def _is_sure(case: Case, each: _Coarse) -> bool:
    apart = each.tensor == each.victim or is_spread(case, each.tensor)
    return each.proven and each.explained >= MOSTLY and apart
