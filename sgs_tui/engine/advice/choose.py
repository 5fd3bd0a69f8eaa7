"""The smallest set of tensors that brings every layer under the limits."""

from collections.abc import Sequence
from itertools import combinations
from math import inf

from sgs_tui.engine.advice.predict import Model

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
