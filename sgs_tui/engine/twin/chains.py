"""Chains: tensors that help only together in INT16.

A convolution, its activation and a pool that are not fused are tensors of their own, each on 8 bits: a channel that
one of them loses no other brings back. And a tensor in INT16 holds no more than the 8-bit weights that make it gave:
those are INT16 with the input of their convolution.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sgs_tui.engine.twin.network import is_weighted
from sgs_tui.engine.twin.plan import Plan

LONGEST = 12
"""Tensors of a chain, the nearest ones: sums of branches would lead through a whole network."""


def chain_of(plan: Plan, name: str) -> tuple[str, ...]:
    """What can be INT16 between the convolutions before a tensor and those behind it, in network order."""
    twin = plan.twin

    def before(each: str) -> Iterable[str]:
        op = twin.producers.get(each)
        return () if op is None or is_weighted(op.kind) else op.inputs

    def behind(each: str) -> Iterable[str]:
        return (name for op in twin.readers.get(each, ()) if not is_weighted(op.kind) for name in op.outputs)

    return choices_of(plan, [*_reached(plan, name, before), *_reached(plan, name, behind)])


def _reached(plan: Plan, name: str, following: Callable[[str], Iterable[str]]) -> list[str]:
    """Stored tensors along `following`, the nearest first."""
    found, seen, stored = [name], {name}, set(plan.grids)
    for each in found:
        for other in following(each):
            if other not in seen and sum(name in stored for name in found) < LONGEST:
                seen.add(other)
                found.append(other)
    return found


def makers_inputs(plan: Plan, names: Iterable[str]) -> tuple[str, ...]:
    """Inputs of the convolutions that compute tensors: with them in INT16 those have INT16 weights too."""
    open_ones, seen, found = list(names), set[str](), []
    while open_ones:
        op = plan.twin.producers.get(open_ones.pop())
        if op is None:
            continue
        if is_weighted(op.kind):
            found += list(op.inputs[:1])
            continue
        open_ones += [name for name in op.inputs if name not in seen]
        seen.update(op.inputs)
    return choices_of(plan, found)


def choices_of(plan: Plan, names: Iterable[str]) -> tuple[str, ...]:
    """By which names tensors are put into INT16, in network order; not those that are."""
    roots = plan.qdq.roots if plan.qdq is not None else {}
    wanted = {roots.get(name, name) for name in names} - plan.raised
    return tuple(name for name in plan.choices() if name in wanted)


def units(plan: Plan, candidates: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Sets of candidates that are worth trying as one, each once, the small ones first."""
    found: dict[tuple[str, ...], None] = {}
    for name in candidates:
        chain = chain_of(plan, name)
        for together in (chain, (*makers_inputs(plan, (name,)), name), (*makers_inputs(plan, chain), *chain)):
            unit = tuple(each for each in candidates if each in together)
            if len(unit) > 1:
                found[unit] = None
    yield from sorted(found, key=len)
