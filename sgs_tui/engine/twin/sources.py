"""Where a layer's error comes from: the share of every source, by switching it off with all others on.

A source is what rounds: a stored tensor (its rounding, its clipping, the scale it shares), a convolution's weights, the
network's input. With e the error of a layer under everything and e_i that with source i switched off, the share of i is
<e - e_i, e> / <e, e>: vectors, not energies, since errors partly cancel (energies promise up to 5.7 dB too much).
Shares add up to about 1; `together` says to how much.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Event

import numpy as np

from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.text import visible
from sgs_tui.engine.twin.domains import passes
from sgs_tui.engine.twin.figures import dot
from sgs_tui.engine.twin.fixed_kernels import stored_type
from sgs_tui.engine.twin.kernels import Array
from sgs_tui.engine.twin.meaning import Floats, Pool
from sgs_tui.engine.twin.network import Twin, TwinOp
from sgs_tui.engine.twin.plan import Grid, Plan, narrow_grid, wide_grid
from sgs_tui.engine.twin.predict import run
from sgs_tui.engine.twin.trials import Trials
from sgs_tui.language import Message

CLOSER = 0.03
"""Share from which a tensor's part is looked at closer: clipping and the shared scale apart."""


class Kind(StrEnum):
    """What about a source makes the error."""

    INPUT = "network input"
    ROUNDING = "activation rounding"
    WEIGHTS = "weights"
    CLIPPING = "clipping"
    SHARED_SCALE = "shared scale"


@dataclass(frozen=True, slots=True)
class Source:
    """`name` the tensor (for weights: what the convolution writes)."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Share:
    """The share of one source in one layer's error; negative: it makes the others' smaller."""

    source: Source
    share: float


@dataclass(frozen=True, slots=True)
class Origins:
    """A layer's error by source, largest first. `together`: what the shares add up to."""

    layer: str
    shares: tuple[Share, ...]
    together: float

    @property
    def additive(self) -> bool:
        """Whether the shares mean anything: they are parts of a whole, not chance (an output of two values is)."""
        return 0.5 <= self.together <= 1.5


@dataclass(frozen=True, slots=True)
class Progress:
    """One source switched off."""

    done: int
    total: int
    source: Source


def error_sources(
    trials: Trials,
    layers: Sequence[str],
    cancel: Event | None = None,
    go_on: Callable[[], bool] = lambda: True,
) -> Iterator[Progress | tuple[Origins, ...]]:
    """Progress of each run, and at the end the origins of every layer in `layers`.

    The network's inputs come first, then what is nearest to the layers; it ends early where `go_on` says so.
    Raises UsageError for a layer that is not stored, RunError, CancelledError.
    """
    stored = set(trials.plan.layers())
    for name in layers:
        if name not in stored:
            raise UsageError(
                Message("{name}: is no layer of the fixed model", name=visible(name)),
                Message("fused tensors have no error of their own"),
            )
    job = _Job(trials, tuple(layers), cancel)
    errors = job.errors(trials.plan)
    found: dict[str, list[Share]] = {name: [] for name in layers}
    nearest = _sources(trials.plan, layers)[::-1]
    sources = sorted(nearest, key=lambda source: source.kind is not Kind.INPUT)
    for done, source in enumerate(sources, 1):
        for name, shares in _shares(job, errors, source).items():
            found[name] += shares
        yield Progress(done, len(sources), source)
        if not go_on():
            break
    yield tuple(_origins(name, found[name]) for name in layers)


@dataclass(frozen=True)
class _Job:
    trials: Trials
    layers: tuple[str, ...]
    cancel: Event | None

    def errors(self, plan: Plan) -> dict[str, Floats]:
        """Predicted less float values of the layers under a plan."""
        trials = self.trials
        inputs = {name: self._input(name, codes, plan.grids.get(name)) for name, codes in trials.inputs.items()}
        found: dict[str, Floats] = {}
        for layer in run(plan, inputs, trials.kernels, base=trials.base, cancel=self.cancel):
            if layer.name in self.layers:
                found[layer.name] = layer.values() - self.reference(layer.name)
        return found

    def reference(self, name: str) -> Floats:
        return self.trials.references.read(self.trials.plan.twin.records[name])

    def _input(self, name: str, codes: Array, grid: Grid | None) -> Array:
        """The float values where the input is left in float; where it only rounds, only what clipping cut differs."""
        if grid is not None and grid.limited:
            return codes
        free = self.reference(name).reshape(codes.shape)
        known = self.trials.plan.grids.get(name)
        if grid is None or known is None:
            return free
        limits = np.iinfo(stored_type(known))
        steps = np.rint(free / known.scale)
        cut = (steps + known.zero < limits.min) | (steps + known.zero > limits.max)
        kept = codes.astype(np.float32) - np.float32(known.zero)
        return np.asarray(np.where(cut, steps, kept) * known.scale, np.float32)


def _sources(plan: Plan, layers: Sequence[str]) -> list[Source]:
    """Everything upstream of the layers that rounds."""
    twin, upstream = plan.twin, _upstream(plan.twin, layers)
    found = [Source(name, Kind.INPUT) for name in twin.inputs if plan.grids.get(name) is not None]
    for each in plan.groups:
        if not upstream.intersection(each.writes):
            continue
        found += [
            Source(op.outputs[0], Kind.WEIGHTS) for op in each.convolutions if plan.weights.get(op.index) is not None
        ]
        if not passes(each.last) or _averages(each.last):
            found += [Source(name, Kind.ROUNDING) for name in each.writes if plan.grids.get(name) is not None]
    return found


def _averages(op: TwinOp) -> bool:
    return isinstance(op.meaning, Pool) and op.meaning.average


def _upstream(twin: Twin, layers: Sequence[str]) -> set[str]:
    found, queue = set(layers), list(layers)
    while queue:
        producer = twin.producers.get(queue.pop())
        if producer is not None:
            queue += [name for name in producer.inputs if name not in found]
            found.update(producer.inputs)
    return found


def _shares(job: _Job, errors: Mapping[str, Floats], source: Source) -> dict[str, list[Share]]:
    plan = job.trials.plan
    whole = _parts(job, errors, without(plan, source))
    if source.kind is Kind.WEIGHTS or max(map(abs, whole.values()), default=0) < CLOSER:
        return {name: [Share(source, share)] for name, share in whole.items()}
    clipped = _parts(job, errors, unlimited(plan, source.name))
    own = own_scale(plan, source.name)
    shared = _parts(job, errors, own) if own is not None else dict.fromkeys(whole, 0.0)
    return {
        name: [
            Share(source, share - clipped[name] - shared[name]),
            Share(Source(source.name, Kind.CLIPPING), clipped[name]),
            Share(Source(source.name, Kind.SHARED_SCALE), shared[name]),
        ]
        for name, share in whole.items()
    }


def _parts(job: _Job, errors: Mapping[str, Floats], plan: Plan) -> dict[str, float]:
    """What of each layer's error goes away under a plan."""
    other = job.errors(plan)
    return {name: _part(error, error - other[name]) for name, error in errors.items()}


def _part(error: Floats, part: Floats) -> float:
    if not np.isfinite(part).all():  # the error is finite where the part is
        finite = np.isfinite(part)
        error, part = error[finite], part[finite]
    wide = error.astype(np.float64)
    size = dot(wide, wide)
    return dot(part.astype(np.float64), wide) / size if size else 0.0


def without(plan: Plan, source: Source) -> Plan:
    """The plan with one source switched off."""
    if source.kind is Kind.WEIGHTS:
        return replace(plan, weights={**plan.weights, plan.twin.producers[source.name].index: None})
    off: dict[str, Grid | None] = dict.fromkeys(_passed_on(plan.twin, source.name), None)
    reads = {read: grid for read, grid in plan.reads.items() if read[1] not in off}
    writes = {name: grid for name, grid in plan.writes.items() if name not in off}
    return replace(plan, grids={**plan.grids, **off}, reads=reads, writes=writes)


def unlimited(plan: Plan, name: str) -> Plan:
    """The plan with one tensor (and what passes it on) rounded but not clipped."""
    grids = {each: plan.grids.get(each) for each in _passed_on(plan.twin, name)}
    free = {each: replace(grid, limited=False) if grid is not None else None for each, grid in grids.items()}
    return replace(plan, grids={**plan.grids, **free})


def own_scale(plan: Plan, name: str) -> Plan | None:
    """The plan with one tensor on a scale of its own range; None where it shares with nobody, or another computes
    it."""
    grid, domain = plan.grids.get(name), plan.domains.by_name.get(name)
    if grid is None or domain is None or len(domain.members) < 2:
        return None
    low, high = plan.ranges[name]
    own = wide_grid(low, high) if grid.wide else narrow_grid(min(0.0, low), max(0.0, high))
    if own.scale > 0.99 * grid.scale:
        return None
    off: dict[str, Grid | None] = dict.fromkeys(_passed_on(plan.twin, name), None)
    return replace(plan, grids={**plan.grids, **off, name: own})


def _passed_on(twin: Twin, name: str) -> list[str]:
    """A tensor and those that hold its values: a grid behind it would round once more."""
    found, queue = [name], [name]
    while queue:
        for op in twin.readers.get(queue.pop(), ()):
            if passes(op) and not _averages(op):
                fresh = [each for each in op.outputs if each not in found]
                found += fresh
                queue += fresh
    return found


def _origins(layer: str, shares: Sequence[Share]) -> Origins:
    ordered = sorted((each for each in shares if each.share != 0), key=lambda each: -abs(each.share))
    return Origins(layer, tuple(ordered), sum(each.share for each in ordered))
