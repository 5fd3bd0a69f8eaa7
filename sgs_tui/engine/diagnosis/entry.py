"""What happened at the network's input: hypotheses tested by computing the first layer again from a changed input.

The dumped input record does not show it (a clipped or wrongly normalised input is dumped as if nothing were
wrong), so the first layer has to: which change of the benchmark's input makes it give the sample's output?
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite

import numpy as np

from sgs_tui.engine.diagnosis.budget import Budgets
from sgs_tui.engine.diagnosis.case import Case, NetInput
from sgs_tui.engine.diagnosis.fits import Fit, affine_fit
from sgs_tui.engine.diagnosis.grids import Grid, grid_of
from sgs_tui.engine.diagnosis.pictures import Comparison, Kinship, compare_pictures
from sgs_tui.engine.diagnosis.results import Budget
from sgs_tui.engine.diagnosis.trials import Change


class Kind(StrEnum):
    """A change of the input."""

    CLIPPED = "clipped at the calibrated limits"
    ORDER = "channels in another order"
    LAYOUT = "NHWC read as NCHW"
    PICTURE = "another picture"
    AFFINE = "another gain and offset"


@dataclass(frozen=True, slots=True)
class Tested:
    """A hypothesis and the share (0 to 1) of the first layer's own error that it removes.

    `gains`, `offsets`: per channel, of AFFINE (input seen = gain * benchmark's input + offset) and PICTURE.
    """

    kind: Kind
    explained: float
    change: Change
    limits: Grid | None = None
    order: tuple[int, ...] = ()
    gains: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A network input, the layer computed from it alone, and the hypotheses, the best first.

    `outside`: share of the benchmark's input values beyond the calibrated limits. Empty `tested`: no replay;
    then `fit` says how far a gain and an offset for each of the layer's channels go.
    """

    item: NetInput
    layer: str
    budget: Budget
    pictures: Comparison
    limits: Grid | None
    outside: float
    tested: tuple[Tested, ...] = ()
    fit: Fit | None = None


def entries(case: Case, budgets: Budgets) -> Iterator[Entry]:
    """Every network input whose first layer is bad by itself, with the hypotheses tested."""
    seen: set[str] = set()
    names = {item.name: item for item in case.inputs}
    for name in case.compared:
        sources = budgets.nearest(name) or _unseen(case, name)
        if len(sources) == 1 and sources[0] in names and sources[0] not in seen:
            seen.add(sources[0])
            yield _entry(case, budgets, names[sources[0]], name)


def _entry(case: Case, budgets: Budgets, item: NetInput, layer: str) -> Entry:
    limits = input_limits(case, item)
    pictures, outside = Comparison(Kinship.UNKNOWN), 0.0
    if item.benchmark is not None and case.tensors.readable(item.benchmark):
        values = case.tensors.spread(item.benchmark, 1 << 18)
        if limits is not None and values.size:
            slack = limits.step
            outside = float(np.mean((values < limits.low - slack) | (values > limits.high + slack)))
        if item.sample is not None and item.benchmark.count <= 1 << 22:
            pictures = compare_pictures(
                case.sample_tensors.whole(item.sample), case.tensors.whole(item.benchmark), _channels(case, item)
            )
    budget, fit = budgets.of(layer), None
    if not budget.proven and isfinite(budget.total) and case.comparable(layer):
        fit = affine_fit(*case.both(layer), case.shape(layer).channels)
    return Entry(item, layer, budget, pictures, limits, outside, fit=fit)


def _channels(case: Case, item: NetInput) -> int:
    """Channels of a network input; RGB, where it is told by nothing but its padding to four."""
    known = case.shape(item.name).channels
    if known or item.sample is None or item.benchmark is None:
        return known
    return 3 if 3 * item.sample.count == 4 * item.benchmark.count else 0


def _unseen(case: Case, name: str) -> tuple[str, ...]:
    """Network inputs of a layer that the benchmark does not hold (dumpers write outputs only)."""
    own = {item.name for item in case.inputs}
    return tuple(source for source in case.graph.upstream(name) if source in own)


def input_limits(case: Case, item: NetInput) -> Grid | None:
    """Limits a fixed network clips its input to: [calibrated min, max(calibrated max, 0)] (faults.md)."""
    grid = grid_of(item.sample) if item.sample else None
    known = case.ranges.find(item.name) if case.ranges else None
    if grid is None and known is not None and known[1] > known[0]:
        grid = Grid((known[1] - known[0]) / 255, *known)
    elif grid is not None and known is not None:
        grid = replace(grid, low=known[0], high=known[1])
    return replace(grid, high=max(grid.high, 0.0), low=min(grid.low, 0.0)) if grid else None
