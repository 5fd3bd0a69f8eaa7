"""Which INT16 tensors, as few as possible, bring a network under its limits?

First how accurate a fixed dump is, in figures that sets of tensors are ranked by; then the search among the sets. It
says which sets it wants tried and is told how accurate they are; it knows nothing of models:

    searching = search(candidates)
    sets = next(searching)
    while True:
        sets = searching.send({one: accuracy_of(one) for one in sets})     # StopIteration.value is the SearchOutcome

Every tensor is tried alone. Then the one that gains most, measured together with those already chosen, is added until
the goal is reached. Tensors that only help together (a wide tensor followed by another one) gain nothing alone: where
no single one helps, the rest is halved again and again (delta debugging, Zeller and Hildebrandt 2002). At the end
every tensor that turns out unnecessary is taken out again, so that no member of the result can be missed.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import inf, isfinite, isnan, log10
from pathlib import Path
from threading import Event
from typing import Any

from sgs_tui.engine.compare.limits import Profile, judge, vanishing
from sgs_tui.engine.compare.metrics import METRICS
from sgs_tui.engine.compare.results import (
    LayerDiff,
    LayerRange,
    Metrics,
    RangeSource,
    SideStats,
    Verdict,
)
from sgs_tui.engine.errors import NothingComparableError
from sgs_tui.engine.events import Row
from sgs_tui.engine.network.narrow import NarrowSlice, Slices
from sgs_tui.engine.session import CompareRequest, open_comparison
from sgs_tui.language import Message

_MOST = 3.0
"""Decades that one figure may weigh: a layer that is lost altogether must not hide all others."""
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class MeasuredLayer:
    """A layer's figures, apart from any profile, so that they can be judged again under another one."""

    name: str
    op_type: str
    metrics: Metrics
    sample: SideStats
    benchmark: SideStats
    range: LayerRange
    feeds_convolution: bool | None
    slices: Slices | None = None
    grid_width: float = 0.0

    @classmethod
    def of(cls, row: LayerDiff) -> "MeasuredLayer | None":
        """None for a layer without figures."""
        if row.metrics is None or row.sample is None or row.benchmark is None or row.range is None:
            return None
        fed = row.pair.feeds_convolution
        return cls(
            row.name, row.op_type, row.metrics, row.sample, row.benchmark, row.range, fed, row.slices, row.grid_width
        )

    @property
    def holds_own_infinities(self) -> bool:
        """As many on both sides, and no NaN: the network brings them in itself (a mask), whatever is INT16."""
        sides = (self.sample, self.benchmark)
        return not any(side.nan for side in sides) and self.sample.inf == self.benchmark.inf > 0

    def to_json(self) -> dict[str, Any]:
        """Every field; numbers that are not finite as Python's json writes them."""
        return asdict(self)

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "MeasuredLayer":
        """The inverse. Raises KeyError, TypeError or ValueError for anything else."""
        spread, slices = entry["range"], entry.get("slices")
        return cls(
            entry["name"],
            entry["op_type"],
            Metrics(**entry["metrics"]),
            SideStats(**entry["sample"]),
            SideStats(**entry["benchmark"]),
            LayerRange(spread["minimum"], spread["maximum"], RangeSource(spread["source"])),
            entry["feeds_convolution"],
            slices
            and Slices(slices["judged"], slices["step"], tuple(NarrowSlice(**each) for each in slices["narrow"])),
            entry.get("grid_width", 0.0),
        )


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A whole network's figures under a profile.

    `failing` layers of `layers` are beyond a fail limit; `deficit` sums how far, in decades of the error (0 when
    all limits are kept). `worst_rmse` is inf where a layer holds NaN or Inf. Means are over layers with numbers.
    """

    layers: int
    failing: int
    deficit: float
    worst_rmse: float
    worst_layer: str
    mean_rmse: float
    min_cos: float
    mean_cos: float

    @property
    def meets(self) -> bool:
        """No layer is beyond a fail limit."""
        return self.failing == 0

    @property
    def rank(self) -> tuple[int, float, float]:
        """The smaller the better."""
        return self.failing, self.deficit, self.mean_rmse


LOST = Accuracy(0, 1 << 30, inf, inf, "", inf, 0.0, 0.0)
"""Of a trial that came to nothing."""


def measure(
    sample: Path, benchmark: Path, ranges: Path | None = None, cancel: Event | None = None
) -> tuple[MeasuredLayer, ...]:
    """Compare two dumps layer by layer. Raises NothingComparableError where no layer has figures, CancelledError."""
    comparison = open_comparison(CompareRequest(sample, benchmark, ranges))
    try:
        rows = [event.value for event in comparison.run(cancel, workers=1) if isinstance(event, Row)]
    finally:
        comparison.close()
    found = tuple(layer for row in rows if (layer := MeasuredLayer.of(row)) is not None)
    if not found:
        raise NothingComparableError(
            Message("{sample} and {benchmark} share no layer with figures", sample=sample, benchmark=benchmark),
            Message("are they one network's?"),
        )
    return found


def accuracy(layers: Sequence[MeasuredLayer], profile: Profile) -> Accuracy:
    """The figures of all layers as one, but for those that hold infinities of their own."""
    layers = [layer for layer in layers if not layer.holds_own_infinities] or layers
    telling = [layer for layer in layers if not vanishing(layer)] or layers
    errors = [inf if isnan(layer.metrics.rmse) else layer.metrics.rmse for layer in telling]
    cosines = [layer.metrics.cos for layer in telling if not isnan(layer.metrics.cos)]
    worst = max(range(len(telling)), key=errors.__getitem__)
    return Accuracy(
        layers=len(layers),
        failing=sum(judge(layer, profile).verdict is Verdict.FAIL for layer in layers),
        deficit=sum(_deficit(layer, profile) for layer in telling),
        worst_rmse=errors[worst],
        worst_layer=telling[worst].name,
        mean_rmse=_mean([error for error in errors if isfinite(error)]),
        min_cos=min(cosines, default=0.0),
        mean_cos=_mean(cosines),
    )


def _deficit(layer: MeasuredLayer, profile: Profile) -> float:
    """Decades that the errors are beyond the fail limits, summed; INT16 makes a range neither wider nor narrower."""
    if isnan(layer.metrics.rmse):
        return 2 * _MOST
    limits, _ = profile.limits_for(layer.name, layer.op_type)
    return sum(_beyond(key, layer, limits[key]) for key in limits.broken(layer) if key != "range")


def _beyond(key: str, layer: MeasuredLayer, limit: float) -> float:
    metric = METRICS[key]
    value = metric.value(layer)
    error = inf if value is None else metric.error(value)
    decades = log10(error / max(metric.error(limit), _TINY)) if isfinite(error) else _MOST
    return min(_MOST, max(_TINY, decades))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else inf


Chosen = frozenset[str]
Asked = tuple[Chosen, ...]
Told = Mapping[Chosen, Accuracy]

_TOGETHER = 4
"""Sets asked for at once while one tensor is chosen: a trial more or less costs little, waiting for one by one much."""
_WORTH = 0.01
"""Part of the whole deficit that a tensor must take away to be worth a place of its own."""
_NEAR = 0.05
"""Part of what all INT16 tensors gain that may be missed where even they do not reach the profile."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A set of INT16 tensors and the accuracy with it; `name` is the one added last, empty for no tensor at all."""

    names: tuple[str, ...]
    accuracy: Accuracy

    @property
    def name(self) -> str:
        return self.names[-1] if self.names else ""


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """The result: `steps` from no tensor to all of `chosen`, each added where it gains most.

    `reached`: `chosen` keeps every limit of the profile. Otherwise not even `everything` does, and `chosen` comes as
    near as that. `sensitivities`: each tensor alone, in the order of what it gains; `useless` ones can not be INT16.
    """

    chosen: tuple[str, ...]
    reached: bool
    steps: tuple[Tried, ...]
    everything: Accuracy | None
    sensitivities: tuple[Tried, ...]
    useless: tuple[str, ...] = ()


def search(candidates: Sequence[str]) -> Generator[Asked, Told, SearchOutcome]:
    """Search among `candidates`, of which earlier ones win ties. See the module for the protocol."""
    return (yield from _Search().run(candidates))


class _Search:
    def __init__(self) -> None:
        self._known: dict[Chosen, Accuracy] = {}
        self._gains: dict[str, float] = {}
        """Deficit that a tensor took away when it was measured last."""
        self._goal = 0, 0.0
        self._worth = 0.0

    def run(self, candidates: Sequence[str]) -> Generator[Asked, Told, SearchOutcome]:
        (nothing,) = yield from self._measure([()])
        if nothing.meets or not candidates:
            return SearchOutcome((), nothing.meets, (Tried((), nothing),), None, ())
        alone = yield from self._measure((name,) for name in candidates)
        found = sorted(
            (Tried((name,), one) for name, one in zip(candidates, alone, strict=True)),
            key=lambda each: each.accuracy.rank,
        )
        useful = [each.name for each in found if each.accuracy.layers]
        self._gains = {each.name: nothing.deficit - each.accuracy.deficit for each in found}
        (everything,) = yield from self._measure([useful])
        self._set_goal(nothing, everything)
        chosen = yield from self._grow(useful)
        chosen = yield from self._prune(chosen)
        prefixes = [chosen[:length] for length in range(len(chosen) + 1)]
        steps = tuple(map(Tried, prefixes, (yield from self._measure(prefixes))))
        return SearchOutcome(
            chosen=chosen,
            reached=steps[-1].accuracy.meets,
            steps=steps,
            everything=everything,
            sensitivities=tuple(each for each in found if each.name in useful),
            useless=tuple(each.name for each in found if each.name not in useful),
        )

    def _measure(self, sets: Iterable[Sequence[str]]) -> Generator[Asked, Told, list[Accuracy]]:
        wanted = [frozenset(names) for names in sets]
        missing = tuple(one for one in dict.fromkeys(wanted) if one not in self._known)
        if missing:
            told = yield missing
            self._known.update(told)
        return [self._known[one] for one in wanted]

    def _set_goal(self, nothing: Accuracy, everything: Accuracy) -> None:
        """To keep every limit; where not even all tensors do, nearly what they do."""
        self._worth = _WORTH * nothing.deficit
        if not everything.meets:
            slack = _NEAR * max(0.0, nothing.deficit - everything.deficit)
            self._goal = everything.failing, everything.deficit + slack

    def _is_enough(self, found: Accuracy) -> bool:
        return found.meets or (found.failing <= self._goal[0] and found.deficit <= self._goal[1])

    def _grow(self, useful: Sequence[str]) -> Generator[Asked, Told, tuple[str, ...]]:
        """Tensors one after the other, and what is still needed together at the end."""
        chosen: tuple[str, ...] = ()
        left = list(useful)
        while left and not self._is_enough(self._known[frozenset(chosen)]):
            best, found = yield from self._best(chosen, left)
            if self._gains[best] <= self._worth and not self._is_enough(found):
                return chosen + (yield from self._together(chosen, left))
            chosen = (*chosen, best)
            left.remove(best)
        return chosen

    def _best(self, chosen: tuple[str, ...], left: Sequence[str]) -> Generator[Asked, Told, tuple[str, Accuracy]]:
        """The tensor whose adding gains most, and the accuracy with it.

        A gain usually is the larger the fewer tensors are INT16 already. So those that gained most are measured
        again until the best of them beats what the next one gained before.
        """
        order = sorted(left, key=lambda name: -self._gains[name])
        base = self._known[frozenset(chosen)].deficit
        measured: dict[str, Accuracy] = {}
        while len(measured) < len(order):
            group = order[len(measured) : len(measured) + _TOGETHER]
            found = yield from self._measure((*chosen, name) for name in group)
            measured |= dict(zip(group, found, strict=True))
            self._gains |= {name: base - one.deficit for name, one in zip(group, found, strict=True)}
            most = max(self._gains[name] for name in measured)
            if len(measured) < len(order) and most > max(0.0, self._gains[order[len(measured)]]):
                break
        best = min(measured, key=lambda name: measured[name].rank)
        return best, measured[best]

    def _together(self, chosen: tuple[str, ...], left: Sequence[str]) -> Generator[Asked, Told, tuple[str, ...]]:
        """The part of `left` that reaches the goal with `chosen`, none of it to be missed (ddmin)."""
        part, pieces = list(left), 2
        while len(part) > 1:
            smaller, cut = yield from self._smaller(chosen, part, pieces)
            if smaller:
                part, pieces = smaller, 2 if cut else max(2, pieces - 1)
            elif pieces < len(part):
                pieces = min(len(part), 2 * pieces)
            else:
                break
        return tuple(part)

    def _smaller(
        self, chosen: tuple[str, ...], part: list[str], pieces: int
    ) -> Generator[Asked, Told, tuple[list[str], bool]]:
        """A piece of `part` that is enough (True), or all but a piece (False); empty where none is."""
        bounds = [len(part) * number // pieces for number in range(pieces + 1)]
        cuts = [part[low:high] for low, high in pairwise(bounds)]
        rests = [[name for name in part if name not in cut] for cut in cuts] if pieces > 2 else []
        found = yield from self._measure((*chosen, *names) for names in (*cuts, *rests))
        enough = [self._is_enough(one) for one in found]
        if True not in enough:
            return [], False
        place = enough.index(True)
        return (*cuts, *rests)[place], place < len(cuts)

    def _prune(self, chosen: tuple[str, ...]) -> Generator[Asked, Told, tuple[str, ...]]:
        """Without the tensors that can be missed, the least missed ones first; then none of the rest can be."""
        while True:
            fewer = [_without(chosen, name) for name in chosen]
            found = yield from self._measure(fewer)
            ranked = sorted(zip(chosen, found, strict=True), key=lambda each: each[1].rank)
            spare = [name for name, one in ranked if self._is_enough(one)]
            if not spare:
                return chosen
            for name in spare:
                (one,) = yield from self._measure([_without(chosen, name)])
                if self._is_enough(one):
                    chosen = _without(chosen, name)


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(other for other in names if other != name)
