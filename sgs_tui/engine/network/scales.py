"""Which tensors are bound to one scale.

A concatenation, pool, reshape, split or transpose passes codes through unchanged, so its inputs and outputs
print the same scale; chained concatenations carry one scale backward through a whole network. Which tensors
really share one is read from the sample's headers, the graph says through which ops.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.network.graph import Graph, Op, build_graph
from sgs_tui.engine.network.ops import family_of
from sgs_tui.engine.network.tensors import Values


@dataclass(frozen=True, slots=True)
class Domain:
    """Tensors that share a scale, and the concatenations or additions that bind them."""

    members: tuple[str, ...]
    binders: tuple[str, ...]

    @property
    def shared(self) -> bool:
        """Whether tensors of different origin are bound together."""
        return bool(self.binders)


def pad_lanes_of(*dumps: Dump) -> frozenset[str]:
    """Those of any of the dumps. No graph is built where headers name no `Align` op."""
    aligning = (dump for dump in dumps if any(family_of(kind).aligns for kind in {r.op_type for r in dump.records}))
    return frozenset().union(*(pad_lanes(build_graph(dump)) for dump in aligning))


def pad_lanes(graph: Graph) -> frozenset[str]:
    """Tensors with pad lanes: outputs of `Align` ops and what passes them on.

    Their pad lanes are 0 in float and leftover memory in fixed, even with eliminateGarbage, so they
    can not be compared.
    """
    found: set[str] = set()
    for op in graph.ops:
        aligned = op.family.aligns or family_of(op.result).aligns
        if aligned or (op.family.passes_values and any(record.name in found for record in op.inputs)):
            found.update(record.name for record in op.outputs)
    return frozenset(found)


def domains(graph: Graph, sample: Mapping[str, Record]) -> dict[str, Domain]:
    """The domain of every tensor; `sample` has the quantized records by name (empty: by structure alone)."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for op in graph.ops:
        for record in op.outputs:
            for source in op.inputs:
                if _bound(op, source.name, record.name, sample):
                    parent[root(source.name)] = root(record.name)
    groups: dict[str, list[str]] = {}
    for name in _names(graph):
        groups.setdefault(root(name), []).append(name)
    found = {}
    for members in groups.values():
        domain = Domain(tuple(members), _binders(graph, frozenset(members)))
        found.update(dict.fromkeys(members, domain))
    return found


def _names(graph: Graph) -> Iterable[str]:
    return dict.fromkeys(record.name for op in graph.ops for record in (*op.inputs, *op.outputs))


def _bound(op: Op, source: str, target: str, sample: Mapping[str, Record]) -> bool:
    """Whether two ends of an op share one scale. An addition binds only where the headers say so."""
    binds = op.family.passes_values
    left, right = sample.get(source), sample.get(target)
    if left is None or right is None or not left.scale or not right.scale:
        return binds
    same = (left.scale, left.zero_point, left.type_name) == (right.scale, right.zero_point, right.type_name)
    return same and (binds or op.kind.upper() == "ADD")


def _binders(graph: Graph, members: frozenset[str]) -> tuple[str, ...]:
    """Outputs of ops that bring several members together."""
    return tuple(
        record.name
        for op in graph.ops
        for record in op.outputs
        if record.name in members and len({source.name for source in op.inputs if source.name in members}) > 1
    )


CODES: dict[str, tuple[int, int]] = {
    "SGS_U8": (0, 255),
    "SGS_S8": (-128, 127),
    "SGS_U16": (0, 65535),
    "SGS_S16": (-32768, 32767),
}
"""Smallest and largest code of a type."""

_FEWEST = 3  # distinct values from which a step can be told from the values alone


@dataclass(frozen=True, slots=True)
class Grid:
    """Values low, low + step, ..., high."""

    step: float
    low: float
    high: float

    @property
    def bits(self) -> int:
        """8 or 16."""
        return 8 if self.levels <= 256 else 16

    @property
    def levels(self) -> int:
        """How many values there are."""
        return round((self.high - self.low) / self.step) + 1

    @property
    def width(self) -> float:
        """high - low."""
        return self.high - self.low

    def rounded(self, values: Values) -> Values:
        """`values` on the grid's steps, beyond its limits too: rounding alone."""
        steps: Values = np.asarray(values / np.float32(self.step), np.float32)
        np.round(steps, out=steps)
        steps *= np.float32(self.step)
        return steps

    def holds(self, low: float, high: float) -> bool:
        """Whether nothing between two values is cut."""
        return bool(np.float32(self.low) <= low and high <= np.float32(self.high))

    def clipped(self, values: Values) -> Values:
        """`values` cut at the limits: clipping alone."""
        return np.clip(values, np.float32(self.low), np.float32(self.high))


def grid_of(record: Record) -> Grid | None:
    """The grid that a header prints; None where it prints none (float tensors, a scale below 1e-6)."""
    codes = CODES.get(record.type_name)
    if codes is None or not record.scale > 0:
        return None
    low, high = ((code - record.zero_point) * record.scale for code in codes)
    return Grid(record.scale, low, high)


def grid_in(values: Values) -> Grid | None:
    """The 8-bit grid that `values` lie on, told from the values alone; None where they lie on none.

    For dumps that print no scale. The limits are those of the values, so they say nothing about clipping.
    """
    ordered = values[np.isfinite(values)].astype(np.float64)
    ordered.sort()
    steps = ordered[1:] - ordered[:-1]
    rises = steps.nonzero()[0]
    if not _FEWEST <= rises.size + 1 <= 256:
        return None
    low, high, step = float(ordered[0]), float(ordered[-1]), float(steps[rises].min())
    if (high - low) / step > 255.5:
        return None
    places = (ordered[rises + 1] - low) / step
    return Grid(step, low, high) if np.abs(places - np.round(places)).max() <= 0.05 else None


def weight_steps(weights: Values, record: Record, shared: bool | None = None) -> Values | None:
    """Steps of a convolution's weights, one for all or one per output channel, from the fixed dump's header.

    Observed: with one scale for all, the largest weight is code 127 of it; with one per channel (quant level
    L2 and up) the header prints the first channel's only. Unsigned weights passed a QuantizeLinear like an
    activation: one scale. `weights` are [taps, channels]; `shared` what the stored ones tell (`one_scale`).
    """
    codes = CODES.get(record.type_name)
    largest = float(np.abs(weights).max(initial=0.0))
    if codes is None or not record.scale > 0 or largest == 0:
        return None
    told = abs(largest / record.scale / codes[1] - 1) < 0.02 if shared is None else shared
    if codes[0] == 0 or told:
        return np.full(weights.shape[1], record.scale, np.float32)
    each: Values = np.abs(weights).max(axis=0) / np.float32(codes[1])
    return np.where(each > 0, each, np.float32(1)).astype(np.float32)


_DECIMALS = 6e-7
"""Half the last decimal of a scale in a header, and a little."""


def one_scale(stored: AnyArray, record: Record) -> bool | None:
    """Whether a fixed dump's dequantized weights lie on the grid of their header's scale; None where it does not tell.

    onnxruntime's have the largest of the channels' scales in the header. The SDK's are codes, whatever isFloat says.
    """
    codes, largest = CODES.get(record.type_name), float(np.abs(stored).max(initial=0.0))
    if codes is None or not record.scale > 0 or largest > (codes[1] + 1) * record.scale:
        return None
    places, off = stored.astype(np.float64) / record.scale, 0.02 + codes[1] * _DECIMALS / record.scale
    return bool(np.abs(places - np.rint(places)).max(initial=0.0) <= off) if off < 0.2 else None
