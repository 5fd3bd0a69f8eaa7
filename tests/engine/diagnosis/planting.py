"""A case of the matrix: a pair with known faults, each of which shows by itself, and whether a diagnosis is right."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sgs_tui.engine.diagnosis.results import Cause, Diagnosis
from tests.engine.diagnosis.faults import FAULTS, INSIDE, SUBTLE
from tests.engine.diagnosis.nets import Pair
from tests.engine.diagnosis.networks import Network
from tests.engine.diagnosis.planted import Planted


def plant(network: Network, faults: Sequence[str], seed: int, folder: Path, tries: int = 8) -> tuple[Planted, Pair]:
    """A pair with these faults, each of which breaks a limit by itself. Raises LookupError where none does.

    Input faults need not: they are told by the numbers however small.
    """
    for attempt in range(tries):
        if len(faults) == 1:
            alone = _planted(network, faults, [seed, attempt, 0])
            pair = alone.write(folder)
            if alone.shows or faults[0] in SUBTLE:
                return alone, pair
        elif all(_breaks(network, fault, (seed, attempt, place), folder) for place, fault in enumerate(faults)):
            both = _planted(network, faults, [seed, attempt])
            return both, both.write(folder)
    raise LookupError(f"{network.name}: {' and '.join(faults)} break no limit")


def _breaks(network: Network, fault: str, seed: tuple[int, int, int], folder: Path) -> bool:
    """Whether a fault alone breaks a limit, or need not."""
    key = (fault, *seed)
    if key not in network.shown:
        alone = _planted(network, [fault], list(seed))
        if fault not in SUBTLE:
            alone.write(folder)
        network.shown[key] = fault in SUBTLE or alone.shows
    return network.shown[key]


def _planted(network: Network, faults: Sequence[str], seed: list[int]) -> Planted:
    """Every fault draws from numbers of its own, so that it is the same alone and beside another."""
    planted = Planted(np.random.default_rng(seed), network)
    for place, fault in enumerate(faults):
        planted.rng = np.random.default_rng([*seed[:2], seed[2] if len(seed) > 2 else place])
        FAULTS[fault](planted)
    planted.rng = np.random.default_rng(seed[:2])
    return planted


def named(planted: Planted, diagnosis: Diagnosis) -> list[bool]:
    """Of each planted fault, whether a finding has its cause and one of its tensors."""
    return [place is not None for place in _places(planted, diagnosis)]


def in_order(planted: Planted, diagnosis: Diagnosis) -> bool:
    """Whether every planted fault is named, in the order in which to mend them; two inside a network in any order."""
    places = [place for place in _places(planted, diagnosis) if place is not None]
    return len(places) == len(planted.causes) and (_any_order(planted) or places == sorted(places))


def _places(planted: Planted, diagnosis: Diagnosis) -> list[int | None]:
    """Of each planted fault, which finding has its cause and one of its tensors."""
    found: list[int | None] = []
    for cause, culprits in planted.causes:
        hits = (
            place
            for place, each in enumerate(diagnosis.findings)
            if place not in found and each.cause == cause and (not culprits or set(culprits) & set(each.layers))
        )
        found.append(next(hits, None))
    return found


def _any_order(planted: Planted) -> bool:
    """Whether the faults are in tensors of the network, the range of one among them: the larger first."""
    return all(cause in INSIDE or (cause, len(culprits)) == ("clipping", 1) for cause, culprits in planted.causes)


def right(planted: Planted, diagnosis: Diagnosis) -> bool:
    """Whether the first finding is the (first) planted fault; healthy where there is none."""
    first = diagnosis.first
    if not planted.causes:
        return first.cause is Cause.HEALTHY
    return any(
        first.cause == cause and (not culprits or bool(set(culprits) & set(first.layers)))
        for cause, culprits in (planted.causes if _any_order(planted) else planted.causes[:1])
    )
