"""Pair the layers of two dumps; nothing is dropped without a reason."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import prod

from sgs_tui.engine.compare.elements import Layout, unpadded
from sgs_tui.engine.compare.results import Matching, Pair, Side, Unmatched
from sgs_tui.engine.dumps.format import Direction, Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.network.ops import kind_of
from sgs_tui.engine.network.shapes import infer_channels
from sgs_tui.engine.text import sanitised


def match(sample: Dump, benchmark: Dump) -> Matching:
    """Outputs paired by exact name, then by the vendor's sanitised name, in the benchmark's order."""
    left, right = _Side.of(sample, "sample", benchmark), _Side.of(benchmark, "benchmark", sample)
    partners = _partners(left.layers, right.layers)
    channels = infer_channels(sample.records) | infer_channels(benchmark.records)
    feeds = _convolution_inputs(benchmark) or _convolution_inputs(sample)
    pairs: list[Pair] = []
    unmatched: list[Unmatched] = []
    for record in right.layers:
        partner = partners.pop(record.number, None)
        if partner is None:
            unmatched.append(Unmatched(record.name, "benchmark", "only in benchmark", record))
            continue
        fed = None if feeds is None else record.name in feeds
        pair = _pair(len(pairs), partner, record, fed, channels.get(record.name))
        reason = _why_not(pair)
        if reason is None:
            pairs.append(pair)
        else:
            unmatched.append(Unmatched(record.name, "benchmark", reason, record))
            unmatched.append(Unmatched(partner.name, "sample", reason, partner))
    taken = {pair.sample.number for pair in pairs} | {item.record.number for item in unmatched if item.side == "sample"}
    unmatched += [Unmatched(r.name, "sample", "only in sample", r) for r in left.layers if r.number not in taken]
    return Matching(tuple(pairs), tuple(unmatched) + left.excluded + right.excluded)


@dataclass(frozen=True, slots=True)
class _Side:
    """The layers of one dump, and what is excluded: repeated names and graph inputs."""

    layers: tuple[Record, ...]
    excluded: tuple[Unmatched, ...]

    @classmethod
    def of(cls, dump: Dump, side: Side, other: Dump) -> "_Side":
        last = {record.name: record for record in dump.records if record.is_layer}
        layers = tuple(record for record in dump.records if record.is_layer and last[record.name] is record)
        repeated = [
            Unmatched(r.name, side, f"written again by op {last[r.name].op_index}, which is the one compared", r)
            for r in dump.records
            if r.is_layer and last[r.name] is not r
        ]
        elsewhere = {record.name for record in other.records if record.is_layer}
        return cls(layers, tuple(repeated) + tuple(_graph_inputs(dump, side, set(last), elsewhere)))


def _graph_inputs(dump: Dump, side: Side, produced: set[str], elsewhere: set[str]) -> Iterable[Unmatched]:
    """Inputs that no op produces and that are no constants, each once; those that an op of the other dump writes
    are none of the graph's."""
    seen = set(produced)
    for record in dump.records:
        if record.direction is Direction.IN and not record.constant and record.name not in seen:
            seen.add(record.name)
            lost = record.name in elsewhere
            yield Unmatched(record.name, side, f"no op of the {side} writes it" if lost else "graph input", record)


def _partners(sample: tuple[Record, ...], benchmark: tuple[Record, ...]) -> dict[int, Record]:
    """Benchmark record number to sample record: exact names first, then unambiguous sanitised ones."""
    by_name = {record.name: record for record in sample}
    found = {record.number: by_name[record.name] for record in benchmark if record.name in by_name}
    used = {record.number for record in found.values()}
    rest = [record for record in sample if record.number not in used]
    open_ones = [record for record in benchmark if record.number not in found]
    return found | _by_key(rest, open_ones, lambda record: sanitised(record.name))


def _by_key(sample: list[Record], benchmark: list[Record], key: Callable[[Record], str]) -> dict[int, Record]:
    """Pairs whose key occurs exactly once on either side."""
    left, right = Counter(map(key, sample)), Counter(map(key, benchmark))
    by_key = {key(record): record for record in sample if left[key(record)] == 1}
    return {r.number: by_key[key(r)] for r in benchmark if right[key(r)] == 1 and key(r) in by_key}


def _convolution_inputs(dump: Dump) -> frozenset[str] | None:
    """Names of the tensors that convolutions read; None where the dump holds no inputs (ONNX, Caffe)."""
    inputs = [record for record in dump.records if record.direction is Direction.IN]
    if not inputs:
        return None
    return frozenset(
        r.name for r in inputs if r.slot == 0 and kind_of(r.op_type).family.is_convolution and not r.constant
    )


def _pair(number: int, sample: Record, benchmark: Record, feeds: bool | None, channels: int | None) -> Pair:
    notes = []
    if sample.name != benchmark.name:
        notes.append(f"matched by sanitised name, sample's is {sample.name}")
    shape = benchmark.shape or sample.shape
    pair = Pair(number, sample, benchmark, shape, feeds, channels=shape[-1] if shape else channels)
    if shape is None:
        return replace(pair, notes=tuple(notes)) if notes else pair
    for side, layout in zip(("sample", "benchmark"), layouts_of(pair), strict=True):
        if layout.row is not None:
            notes.append(f"{side} un-padded, last axis {layout.row[1]} to {layout.row[0]}")
    if sample.shape and benchmark.shape and sample.shape != benchmark.shape and sample.count == benchmark.count:
        notes.append(f"shapes differ: sample {list(sample.shape)}, benchmark {list(benchmark.shape)}")
    return replace(pair, notes=tuple(notes)) if notes else pair


def layouts_of(pair: Pair) -> tuple[Layout, Layout]:
    """How each side is read: un-padded along the last axis where it is longer than the shape, else as stored."""
    return unpadded(pair.sample, pair.shape), unpadded(pair.benchmark, pair.shape)


def _why_not(pair: Pair) -> str | None:
    """Why a pair of equal name can not be compared; None where it can."""
    for side, record in (("sample", pair.sample), ("benchmark", pair.benchmark)):
        if record.is_short:
            return f"{side} carries {record.size} of {record.declared} bytes"
    left, right = layouts_of(pair)
    if left.count(pair.sample) == right.count(pair.benchmark):
        return None
    reason = f"size differs: sample {pair.sample.count}, benchmark {pair.benchmark.count} elements"
    if pair.shape is not None:
        reason += f", shape {list(pair.shape)} holds {prod(pair.shape)}"
    return reason
