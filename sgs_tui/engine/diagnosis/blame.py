"""What every layer does to the error, and how the error runs over the network.

Apart because `diagnose` judges causes; this judges layers, whatever the cause.
"""

from collections.abc import Iterator, Sequence, Set
from itertools import pairwise
from math import isfinite, nan

import numpy as np

from sgs_tui.engine.compare.limits import vanishing
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.diagnosis.case import SUSPECT, Case
from sgs_tui.engine.diagnosis.causes.clipping import NOTICED
from sgs_tui.engine.diagnosis.causes.coarse_step import PART
from sgs_tui.engine.diagnosis.results import Blame, Budget, Course, Role, Trend, percent
from sgs_tui.language import Message

_JUMP = 1.0  # the vendor's rule: RMSE more than this above the layer before
_SUDDEN = 3.0  # growth of the error from one layer to the next that counts as a jump (+9.5 dB)
_DEEP = 6  # layers over which an error has to grow to be called a drift


def jumps(rows: Sequence[LayerDiff]) -> frozenset[str]:
    """Layers that the vendor's script marks: RMSE over 1.00 above the compared layer before. What is all but zero has
    no RMSE that means anything."""
    compared = [row for row in rows if row.metrics is not None and not vanishing(row)]
    return frozenset(
        after.name
        for before, after in pairwise(compared)
        if before.metrics and after.metrics and after.metrics.rmse - before.metrics.rmse > _JUMP
    )


def blame(case: Case, budgets: Sequence[Budget], guilty: frozenset[str]) -> tuple[Blame, ...]:
    """One entry per compared layer, in network order. `guilty`: layers that findings name as where it begins."""
    marked = jumps(list(case.rows.values()))
    return tuple(
        Blame(
            name=b.name,
            role=role(case, b, b.name in guilty),
            total=b.total,
            inherited=b.inherited,
            own=b.own if isfinite(b.total) else nan,
            own_steps=b.own_steps,
            proven=b.proven,
            jump=b.name in marked,
            culprits=tuple(_culprits(case, b)),
        )
        for b in budgets
    )


def role(case: Case, budget: Budget, guilty: bool = False) -> Role:
    """Introduced where the error is the layer's own or comes from rounding an input that looks fine itself."""
    error = case.error(budget.name)
    inputs = [case.error(source) for source in budget.inputs if source in case.compared]
    # What enters with the network's input is explained there, and still begins at its first layer.
    if guilty and budget.total >= NOTICED and (not inputs or _is_own(budget, error)):
        return Role.INTRODUCED
    if error < SUSPECT:
        return Role.RECOVERED if any(each >= SUSPECT for each in inputs) else Role.CLEAN
    if not budget.inputs and not case.graph.known:
        return Role.UNKNOWN
    fine = all(each < SUSPECT for each in inputs)
    grown = fine and (any(_culprits(case, budget)) or error > 2 * max(inputs, default=0))
    return Role.INTRODUCED if grown or _is_own(budget, error) else Role.INHERITED


def _is_own(budget: Budget, error: float) -> bool:
    """Whether a good part of a layer's error is its own."""
    return budget.own**2 >= PART * min(error, budget.total) ** 2


def _culprits(case: Case, budget: Budget) -> Iterator[str]:
    """Inputs whose rounding alone explains a good part of the layer's error."""
    if case.error(budget.name) >= SUSPECT and budget.total > 0:
        yield from (source for source, cost in budget.rounding if (cost / budget.total) ** 2 >= PART)


def trend(case: Case, introduced: Set[str]) -> Trend:
    """The course of the error over the whole network: jump, drift or wobble. `introduced`: layers with that role."""
    names = list(case.compared)
    errors = np.array([case.error(name) for name in names])
    if not case.suspects:
        return _quiet(case, names, errors)
    first = next(iter(case.suspects))
    place = names.index(first)
    before = float(errors[max(place - 1, 0)]) if place else 0.0
    guilty = next((name for name in case.suspects if name in introduced), None)
    if guilty is None and place >= _DEEP and errors[place] < _SUDDEN * max(before, 1e-9):
        span = Message(
            "{error} at {layer}, at most {most}",
            error=percent(float(errors[0])),
            layer=names[0],
            most=percent(float(errors.max())),
        )
        text = Message("grows slowly: {span}, over the limit from {first} on", span=span, first=first)
        return Trend(Course.DRIFT, first, text)
    where = guilty or first
    known = {"where": where, "before": percent(before), "first": first}
    error = case.error(where)
    text = (
        Message(
            "jumps at {where}: {error} of its signal, {before} in the layer before {first}",
            error=percent(error),
            **known,
        )
        if isfinite(error)
        else Message("jumps at {where}: its error has no finite size, {before} in the layer before {first}", **known)
    )
    return Trend(Course.JUMP, where, text)


def _quiet(case: Case, names: Sequence[str], errors: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Trend:
    if not names:
        return Trend(Course.LOW, None, Message("no layer is compared"))
    worst = names[int(errors.argmax())]
    turns = int(np.sum(np.diff(np.sign(np.diff(errors))) != 0)) if len(errors) > 2 else 0
    if errors.max() > 0.1 and turns >= len(errors) // 3:
        return Trend(
            Course.WOBBLE,
            worst,
            Message("wobbles below the limit, at most {most} at {worst}", most=percent(errors.max()), worst=worst),
        )
    return Trend(
        Course.LOW, worst, Message("stays below {most}, highest at {worst}", most=percent(errors.max()), worst=worst)
    )
