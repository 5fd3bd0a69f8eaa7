"""Cause `other_model`: layers compute other numbers than the float model's from whatever they read.

One such layer is a riddle (`unexplained`). Several, each computed again in float from the sample's own inputs and each
off by far more than its step, limits or 8-bit weights make it, were made from other weights: another file, an earlier
training step. The dumped weights themselves do not tell: the simulator keeps them in an order of its own.
Two tensors that stand under each other's name look the same at their readers, so that is asked first.
"""

from collections.abc import Iterator, Sequence

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.causes.clipping import MOSTLY
from sgs_tui.engine.diagnosis.causes.coarse_step import OWN, PART, WITHIN
from sgs_tui.engine.diagnosis.error_budget import Budgets
from sgs_tui.engine.diagnosis.results import Budget, Cause, Evidence, Finding, Proof, percent
from sgs_tui.engine.numbers import count
from sgs_tui.engine.text import some
from sgs_tui.engine.twin.figures import figures
from sgs_tui.language import Message, plural

_RIDDLES = (Cause.UNEXPLAINED, Cause.BAD_CHANNELS, Cause.GAIN_OFFSET)
"""Causes that other weights look like at a single layer."""

_FAR = 4.0
"""Own error in steps from which no step of the layer makes it."""

_ALIKE, _CANDIDATES = 0.99, 12
"""COS from which a layer holds another one's values, and how many bad layers of one size are held against it."""


def find_exchanged(case: Case, budgets: Budgets, found: Sequence[Finding]) -> list[Finding]:
    """The findings, with two layers that hold each other's values as one, and without those of their readers."""
    names = [each.layers[0] for each in found if each.cause in _RIDDLES and each.layers and each.layers[0] in case.rows]
    for name in names:
        other = next((each for each in _like(case, name) if _holds(case, name, each) and _holds(case, each, name)), "")
        if other:
            pair = {name, other}
            rest = [each for each in found if not (each.cause in _RIDDLES and _reads(budgets, each, pair))]
            return [_exchanged(case, name, other), *rest]
    return list(found)


def _like(case: Case, name: str) -> list[str]:
    """Other bad layers of the same size."""
    size = case.rows[name].pair.benchmark.count
    alike = [each for each, row in case.suspects.items() if each != name and row.pair.benchmark.count == size]
    return alike[:_CANDIDATES] if size > 1 and case.comparable(name) else []


def _holds(case: Case, name: str, other: str) -> bool:
    """Whether the sample's layer holds the benchmark's values of another one."""
    if not case.comparable(other):
        return False
    return figures(case.both(name)[0], case.both(other)[1]).cos >= _ALIKE


def _reads(budgets: Budgets, finding: Finding, pair: set[str]) -> bool:
    """Whether a finding is about one of two tensors, or about a layer that is computed from one."""
    names = [each for each in finding.layers[:1] if budgets.knows(each)]
    return any(name in pair or pair & set(budgets.of(name).inputs) for name in names)


def _exchanged(case: Case, name: str, other: str) -> Finding:
    text = Message(
        "the sample's {name} holds the benchmark's {other}, and the other way round: two tensors changed names",
        name=name,
        other=other,
    )
    return Finding(
        Cause.UNEXPLAINED,
        (name, other),
        confidence=0.9,
        evidence=(Evidence(text, case.error(name), name),),
        advice=(
            Message("take both dumps from one conversion; if they are, the dump mixes up two tensors of one size"),
        ),
        refuted_by=Message("on another picture the two layers differ from each other's benchmark"),
        explained=1.0,
        size=min(case.error(name), 2.0),
        proof=Proof.LAYER,
    )


def find_other_model(case: Case, budgets: Budgets, found: Sequence[Finding]) -> list[Finding]:
    """The findings, with those of single layers that other weights explain as one: two or more of them."""
    weighted = [each for each in budgets.all() if each.proven and _has_weights(case, each)]
    known = {name for each in found if each.cause not in _RIDDLES for name in (*each.layers, *each.behind)}
    bad = [each for each in weighted if _computes_otherwise(case, each) and (each.name not in known or _far_off(each))]
    riddles = {each.layers[0]: each for each in found if each.cause in _RIDDLES and len(each.layers) == 1}
    all_over = 2 * len(bad) >= len(weighted)
    mine = {each.name for each in bad if each.name in riddles}
    beside = {each.name for each in bad if each.name in known}
    spread = any(riddles[name].cause is Cause.UNEXPLAINED for name in mine)
    if not mine or len(mine | beside) < 2 or not (all_over or spread):
        return list(found)
    layers = [each for each in bad if all_over or each.name in mine | beside]
    rest = [each for each in found if not (len(each.layers) == 1 and each.layers[0] in mine)]
    return [*rest, _finding(layers, len(weighted))]


def _has_weights(case: Case, budget: Budget) -> bool:
    """Whether a layer is computed by a convolution from what it is computed from."""
    assert case.twin is not None
    open_ones, producers = [budget.name], case.twin.producers
    while open_ones:
        op = producers.get(open_ones.pop())
        if op is not None and op.convolution is not None:
            return True
        open_ones += [name for name in op.inputs if name not in budget.inputs] if op is not None else []
    return False


def _computes_otherwise(case: Case, budget: Budget) -> bool:
    """Whether a layer's own error is large, its own, and no matter of steps, limits or 8-bit weights."""
    large = budget.own >= OWN and budget.own**2 >= PART * min(budget.total, 1e3) ** 2
    quantized = budget.own_steps <= WITHIN or budget.clipped >= MOSTLY or budget.weights >= MOSTLY
    return large and not quantized and not case.rows[budget.name].has_non_finite


def _far_off(budget: Budget) -> bool:
    """Whether a layer that another fault sits in as well has an error that this fault can not make: many steps, which
    limits and weights together explain less than half of."""
    return budget.own_steps >= _FAR and budget.clipped + budget.weights < MOSTLY


def _finding(layers: Sequence[Budget], weighted: int) -> Finding:
    worst = max(layers, key=lambda each: each.own)
    return Finding(
        Cause.OTHER_MODEL,
        tuple(each.name for each in layers),
        confidence=0.9,
        evidence=tuple(_evidence(layers, worst, weighted)),
        advice=(
            Message(
                "convert the very model that the float dump is of, "
                "or dump float again with the model that was converted"
            ),
        ),
        refuted_by=Message("both dumps are of one conversion of one file"),
        explained=0.9,
        size=min(worst.own, 2.0),
        proof=Proof.LAYER,
    )


def _evidence(layers: Sequence[Budget], worst: Budget, weighted: int) -> Iterator[Evidence]:
    names = some([each.name for each in layers])
    text = plural(
        len(layers),
        "{number} of {layers} with weights computes other numbers from what it reads: {names}",
        "{number} of {layers} with weights compute other numbers from what they read: {names}",
        layers=count(weighted, "layer"),
        names=names,
    )
    yield Evidence(text, float(len(layers)))
    text = Message(
        "{name}, computed again in float from the sample's own inputs, is off by {own}",
        name=worst.name,
        own=percent(worst.own),
    )
    yield Evidence(text, worst.own, worst.name)
    yield Evidence(Message("neither steps, limits nor 8-bit weights explain that: other weights do"))


def with_other_model(case: Case, budgets: Budgets, found: Sequence[Finding]) -> list[Finding]:
    """The findings, with the riddles solved that several layers together tell."""
    if case.twin is None or not any(each.cause in _RIDDLES for each in found):
        return list(found)
    return find_other_model(case, budgets, find_exchanged(case, budgets, found))
