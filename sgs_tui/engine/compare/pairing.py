"""Pair the layers of two dumps; nothing is dropped without a reason."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import prod

from sgs_tui.engine.compare.elements import Layout, unpadded
from sgs_tui.engine.compare.results import Matching, Pair, Side, Unmatched
from sgs_tui.engine.dumps.format import Direction, Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.network.channels import infer_channels
from sgs_tui.engine.network.graph import network_outputs
from sgs_tui.engine.network.indices import index_tensors
from sgs_tui.engine.network.ops import family_of
from sgs_tui.engine.text import sanitised
from sgs_tui.language import Message


def match(sample: Dump, benchmark: Dump) -> Matching:
    """Outputs paired by exact name, then by the vendor's sanitised name, in the benchmark's order."""
    left, right = _layers(sample), _layers(benchmark)
    outputs_only = bool(sample.index.results or benchmark.index.results)
    partners = _partners(left, right)
    if outputs_only:
        partners |= _by_size(sample, benchmark, partners)
    channels = infer_channels(sample.records) | infer_channels(benchmark.records)
    indices = index_tensors(sample.records) | index_tensors(benchmark.records)
    feeds = _convolution_inputs(benchmark) or _convolution_inputs(sample)
    pairs: list[Pair] = []
    unmatched: list[Unmatched] = []
    for record in right:
        partner = partners.pop(record.number, None)
        if partner is None:
            unmatched.append(_lonely(record, "benchmark", outputs_only, benchmark))
            continue
        fed = None if feeds is None else record.name in feeds
        pair = _pair(len(pairs), partner, record, fed, channels.get(record.name))
        if not indices.isdisjoint((partner.name, record.name)) and _unscaled(partner) and _unscaled(record):
            pair = replace(pair, indices=True)
        reason = _why_not(pair)
        if reason is None:
            pairs.append(pair)
        else:
            unmatched.append(Unmatched(record.name, "benchmark", reason, record))
            unmatched.append(Unmatched(partner.name, "sample", reason, partner))
    taken = {pair.sample.number for pair in pairs} | {item.record.number for item in unmatched if item.side == "sample"}
    unmatched += [_lonely(r, "sample", outputs_only, sample) for r in left if r.number not in taken]
    excluded = (*_excluded(sample, "sample", left, benchmark), *_excluded(benchmark, "benchmark", right, sample))
    return Matching(tuple(pairs), (*unmatched, *excluded))


def _lonely(record: Record, side: Side, outputs_only: bool, dump: Dump) -> Unmatched:
    """A layer of one side; where the other holds outputs alone most are inside the network."""
    if outputs_only and not dump.index.results and record not in network_outputs(dump):
        return Unmatched(
            record.name, side, Message("inside the network, the other side holds its outputs alone"), record
        )
    return Unmatched(record.name, side, Message("only in {side}", side=Message(side)), record)


def _by_size(sample: Dump, benchmark: Dump, paired: Mapping[int, Record]) -> dict[int, Record]:
    """Outputs that are called differently but are the only ones left of their size on both sides."""
    used = {record.number for record in paired.values()}
    left = [each for each in network_outputs(sample) if each.number not in used]
    right = [each for each in network_outputs(benchmark) if each.number not in paired]
    ours, theirs = (Counter(_elements(each) for each in side) for side in (left, right))
    alone = {_elements(each): each for each in left if ours[_elements(each)] == 1}
    return {each.number: alone[size] for each in right if theirs[size := _elements(each)] == 1 and size in alone}


def _elements(record: Record) -> int:
    return prod(record.shape) if record.shape and not record.problem else record.count


def _unscaled(record: Record) -> bool:
    return record.scale in (0.0, 1.0)


def _layers(dump: Dump) -> tuple[Record, ...]:
    """The last output of each name, in the dump's order."""
    last = {record.name: record for record in dump.outputs()}
    return tuple(record for record in dump.outputs() if last[record.name] is record)


def _excluded(dump: Dump, side: Side, layers: tuple[Record, ...], other: Dump) -> Iterable[Unmatched]:
    """Repeated names, then the inputs that no op produces and that are no constants, each once.

    Inputs that an op of the other dump writes are none of the graph's.
    """
    last = {record.name: record for record in layers}
    for r in dump.outputs():
        if last[r.name] is not r:
            why = Message("written again by op {op}, which is the one compared", op=last[r.name].op_index)
            yield Unmatched(r.name, side, why, r)
    seen, elsewhere = set(last), {record.name for record in other.outputs()}
    for record in dump.records:
        if record.direction is Direction.IN and not record.constant and record.name not in seen:
            seen.add(record.name)
            lost = record.name in elsewhere
            yield Unmatched(
                record.name,
                side,
                Message("no op of the {side} writes it", side=Message(side)) if lost else Message("graph input"),
                record,
            )


def _partners(sample: tuple[Record, ...], benchmark: tuple[Record, ...]) -> dict[int, Record]:
    """Benchmark record number to sample record: exact names first, then unambiguous sanitised ones."""
    by_name = {record.name: record for record in sample}
    found = {record.number: by_name[record.name] for record in benchmark if record.name in by_name}
    used = {record.number for record in found.values()}
    rest = [record for record in sample if record.number not in used]
    open_ones = [record for record in benchmark if record.number not in found]
    left, right = _by_sanitised(rest), _by_sanitised(open_ones)
    return found | {record.number: left[name] for name, record in right.items() if name in left}


def _by_sanitised(records: list[Record]) -> dict[str, Record]:
    """Those whose sanitised name no other has."""
    times = Counter(sanitised(record.name) for record in records)
    return {name: record for record in records if times[name := sanitised(record.name)] == 1}


def _convolution_inputs(dump: Dump) -> frozenset[str] | None:
    """Names of the tensors that convolutions read; None where the dump holds no inputs (ONNX, Caffe)."""
    inputs = [record for record in dump.records if record.direction is Direction.IN]
    if not inputs:
        return None
    return frozenset(r.name for r in inputs if r.slot == 0 and family_of(r.op_type).is_convolution and not r.constant)


def _pair(number: int, sample: Record, benchmark: Record, feeds: bool | None, channels: int | None) -> Pair:
    notes, shape = [], benchmark.shape or sample.shape
    if sample.name != benchmark.name:
        how = Message("sanitised name") if sanitised(sample.name) == sanitised(benchmark.name) else Message("size")
        notes.append(Message("matched by {how}, sample's is {name}", how=how, name=sample.name))
    for side, record in (("sample", sample), ("benchmark", benchmark)):
        if row := unpadded(record, shape).row:
            notes.append(
                Message(
                    "{side} un-padded, last axis {stored} to {true}", side=Message(side), stored=row[1], true=row[0]
                )
            )
    if sample.batches > 1 and sample.batches == benchmark.batches:
        notes.append(Message("{batches} batches of {shape}", batches=sample.batches, shape=list(sample.shape or ())))
    if sample.shape and benchmark.shape and sample.shape != benchmark.shape and sample.count == benchmark.count:
        notes.append(
            Message(
                "shapes differ: sample {sample}, benchmark {benchmark}",
                sample=list(sample.shape),
                benchmark=list(benchmark.shape),
            )
        )
    return Pair(number, sample, benchmark, shape, feeds, tuple(notes), shape[-1] if shape else channels)


def layouts_of(pair: Pair) -> tuple[Layout, Layout]:
    """How each side is read: un-padded along the last axis where it is longer than the shape, else as stored."""
    return unpadded(pair.sample, pair.shape), unpadded(pair.benchmark, pair.shape)


def _why_not(pair: Pair) -> str | None:
    """Why a pair of equal name can not be compared; None where it can."""
    for side, record in (("sample", pair.sample), ("benchmark", pair.benchmark)):
        if record.problem:
            return Message("{side} not read: {problem}", side=Message(side), problem=record.problem)
        if record.is_short:
            return Message(
                "{side} carries {size} of {declared} bytes",
                side=Message(side),
                size=record.size,
                declared=record.declared,
            )
    left, right = layouts_of(pair)
    if left.count(pair.sample) == right.count(pair.benchmark):
        return None
    reason = Message(
        "size differs: sample {sample}, benchmark {benchmark} elements",
        sample=pair.sample.count,
        benchmark=pair.benchmark.count,
    )
    for side, record in (("sample", pair.sample), ("benchmark", pair.benchmark)):
        if record.batches > 1:
            return Message(
                "{reason}; {side} holds {batches} batches of {shape}",
                reason=reason,
                side=Message(side),
                batches=record.batches,
                shape=list(record.shape or ()),
            )
    if pair.shape is not None:
        return Message(
            "{reason}, shape {shape} holds {held}", reason=reason, shape=list(pair.shape), held=prod(pair.shape)
        )
    return reason
