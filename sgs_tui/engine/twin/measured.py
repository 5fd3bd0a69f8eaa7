"""What a fixed dump tells on top: exact types and zero points, scales, weight modes, accumulator shifts.

types, zero points   the header's, exact
scales               the plan's own where it agrees with the header's six decimals; else refined from the values:
                     k = round(v / s) of small distinct values, s = sum(v k) / sum(k k), then of larger ones; the
                     range of such a tensor is then what its codes can hold
weight mode          row 2 of the bias [2, Cout] holds mantissas: all equal is one scale a tensor
shifts               row 1 of the bias is b = round((B - z_x s_x sum W [+ z s]) / (2^k s_x s_w)): k is the one whole
                     number that gives all of it (609 of 653 convolutions; the rest have codes too small to tell)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2

import numpy as np

from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.network.graph import build_graph
from sgs_tui.engine.network.scales import one_scale
from sgs_tui.engine.twin.arithmetic import ACCUMULATOR, largest_sum, quantize_weights
from sgs_tui.engine.twin.domains import Domains, find_domains, raised_inputs
from sgs_tui.engine.twin.figures import dot
from sgs_tui.engine.twin.fixed_kernels import channel_extremes, growth
from sgs_tui.engine.twin.fusing import Group, fused_tensors
from sgs_tui.engine.twin.meaning import Elementwise, Floats
from sgs_tui.engine.twin.network import Bounds, Twin, TwinOp
from sgs_tui.engine.twin.plan import HALF, NARROW, WIDE, Grid, Plan, Weights, bare, plan, plan_fused, with_qdq
from sgs_tui.engine.twin.qdq import Qdq, read_qdq
from sgs_tui.engine.twin.values import Values
from sgs_tui.language import Message, plural

HEADER = 6e-7
"""Half the last decimal of a scale in a header, and a little."""

TELLING = 30
"""Codes from which a bias tells its shift."""


@dataclass(frozen=True)
class FixedRecords:
    """A fixed dump's records by the twin's names: exact ones, else those alike without `#NN`."""

    dump: Dump
    by_name: Mapping[str, Record]
    constants: Mapping[str, tuple[Record, ...]]


def fixed_records(twin: Twin, dump: Dump) -> FixedRecords:
    """Pair the records of a fixed dump with the twin's tensors. `constants` by the weights' bare name."""
    written: dict[str, Record] = {}
    for record in dump.records:
        if not record.constant:
            written.setdefault(record.name, record)
    alike: dict[str, list[Record]] = {}
    for record in written.values():
        alike.setdefault(bare(record.name), []).append(record)
    found = {name: written[name] for name in twin.tensors if name in written}
    for name in twin.tensors:
        candidates = alike.get(bare(name), [])
        if name not in found and len(candidates) == 1 and candidates[0].name not in twin.records:
            found[name] = candidates[0]
    constants = {op.outputs[0].name: op.constants for op in build_graph(dump).ops if op.outputs}
    return FixedRecords(dump, found, constants)


def read_plan(
    twin: Twin, dump: Dump, ranges: Mapping[str, Bounds] | None, softmax: Mapping[str, Bounds] | None = None
) -> Plan:
    """The plan of a fixed dump of the same network. `ranges` as for `plan`.

    Raises InputError where the two share no tensor, or the dump is a float one.
    """
    records = fixed_records(twin, dump)
    types = {record.type_name for record in records.by_name.values()}
    if not types & set(_TYPES):
        raise InputError(
            Message("{path}: is no fixed dump of this network", path=dump.path),
            Message("give the fixed simulator's dump"),
        )
    _check_network(records)
    structural = find_domains(twin, raised_inputs(twin, ()), fused_tensors(twin))
    qdq = read_qdq(twin, records.by_name, structural)
    raised = _raised(twin, records, structural) if qdq is None else _wide_roots(qdq, records)
    twin = twin if qdq is None else replace(twin, ops=tuple(_with_stored(op, records) for op in twin.ops))
    fused = fused_tensors(twin) - set(records.by_name)
    told = plan_fused(plan(twin, ranges, sorted(raised), 2, softmax, exact=True), fused)
    told = told if qdq is None else with_qdq(told, qdq, raised)
    told = replace(told, weights=_modes(told, records))
    grids = {name: _grid(records, name, grid) for name, grid in told.grids.items()}
    limits = dict(_limits(told, grids))
    deep = {name: (-grid.scale * WIDE, 0.0) for name in limits if (grid := grids[name]) is not None and grid.wide}
    told = replace(told, grids=grids, ranges={**told.ranges, **limits}, softmax={**(told.softmax or {}), **deep})
    level = 2 if any(each is not None and each.by_channel for each in told.weights.values()) else 1
    return replace(told, level=level, learned=_learned(told, records), fed=_fed(twin, records))


def _with_stored(op: TwinOp, records: FixedRecords) -> TwinOp:
    """The op with the constants of its elementwise function as onnxruntime rounds them too: those of the fixed dump."""
    stored = records.constants.get(op.outputs[0], ()) if op.outputs else ()
    if not isinstance(op.meaning, Elementwise):
        return op
    own = [each for each in op.meaning.operands if not isinstance(each, int)]
    if not own or [each.size for each in own] != [record.count for record in stored]:
        return op
    rounded = (
        records.dump.read(record).astype(np.float32).reshape(each.shape)
        for record, each in zip(stored, own, strict=True)
    )
    operands = tuple(each if isinstance(each, int) else next(rounded) for each in op.meaning.operands)
    return replace(op, meaning=replace(op.meaning, operands=operands))


def _check_network(records: FixedRecords) -> None:
    """Raises InputError where less than half of the fixed dump's layers are this network's."""
    layers = {record.name for record in records.dump.outputs()}
    known = layers & {record.name for record in records.by_name.values()}
    if 2 * len(known) < len(layers):
        raise InputError(
            plural(
                len(known),
                "{path}: only {number} of its {layers} layers is in the float dump",
                "{path}: only {number} of its {layers} layers are in the float dump",
                path=records.dump.path,
                layers=len(layers),
            ),
            Message("give dumps of one network, converted once"),
        )


def _fed(twin: Twin, records: FixedRecords) -> dict[str, Floats]:
    """A fixed dump's values of what barriers write."""
    values, found = Values(records.dump), {}
    for op in twin.barriers():
        for name in op.outputs:
            record = records.by_name.get(name)
            if record is not None and record.count == twin.records[name].count:
                found[name] = values.read(record)
    return found


_TYPES = {"SGS_U8": False, "SGS_S16": True, "SGS_U16": True}
"""What a tensor's codes are, and whether they are INT16's; unsigned ones are onnxruntime's."""


def _raised(twin: Twin, records: FixedRecords, structural: Domains) -> frozenset[str]:
    """Convolution inputs in INT16 that structure alone does not make so."""
    wide = {name for name, record in records.by_name.items() if _TYPES.get(record.type_name)}
    without = structural.by_name
    return frozenset(
        name for name in twin.convolution_inputs() if name in wide and name in without and not without[name].wide
    )


def _wide_roots(qdq: Qdq, records: FixedRecords) -> frozenset[str]:
    return frozenset(root for root in qdq.roots.values() if _TYPES.get(records.by_name[root].type_name))


def _modes(told: Plan, records: FixedRecords) -> dict[int, Weights | None]:
    found = dict(told.weights)
    for each in told.groups if told.qdq is not None else ():
        stored = _constants(records, each)[:1]
        shared = one_scale(records.dump.read(stored[0]), stored[0]) if stored and each.convolutions else None
        for op in each.convolutions if shared is not None else ():
            found[op.index] = replace(how, by_channel=not shared) if (how := found.get(op.index)) is not None else None
    for each in told.groups if told.qdq is None else ():
        rows = _bias(records, each)
        for op in each.convolutions if rows is None and len(each.convolutions) == 1 else ():
            found[op.index] = _by_header(op, found.get(op.index), _constants(records, each))
        for op in each.convolutions if rows is not None and len(each.convolutions) == 1 else ():
            how = found.get(op.index)
            mantissas = rows[1] if rows is not None else np.zeros(0)
            if how is not None and mantissas.size > 1:
                found[op.index] = replace(how, by_channel=float(np.ptp(mantissas)) > 1)
    return found


_ONE_SCALE = 1e-3
"""How near a header's scale, of six decimals, is to that of the largest weight."""


def _by_header(op: TwinOp, how: Weights | None, stored: Sequence[Record]) -> Weights | None:
    """Without a bias's mantissas: one scale where the header prints that of the largest weight, though the first
    channel, whose scale it prints where each has its own, holds a smaller one."""
    if how is None or op.convolution is None or not stored or not stored[0].scale > 0:
        return how
    peaks = np.abs(op.convolution.weights.reshape(len(op.convolution.weights), -1)).max(axis=1)
    largest = float(peaks.max()) / (32767 if how.wide else 127)
    one = abs(largest / stored[0].scale - 1) < _ONE_SCALE and peaks[0] < (1 - 2 * _ONE_SCALE) * peaks.max()
    return replace(how, by_channel=False) if one else how


def _bias(records: FixedRecords, group: Group) -> Floats | None:
    """The bias [2, Cout] of a group's convolution as it stands in the fixed dump; None where it is not there
    plainly."""
    constants = _constants(records, group)
    channels = [op.convolution.bias.size for op in group.convolutions if op.convolution is not None]
    if len(channels) != 1 or len(constants) < 2 or constants[1].count != 2 * channels[0]:
        return None
    return records.dump.read(constants[1]).astype(np.float32).reshape(2, -1)


def _constants(records: FixedRecords, group: Group) -> tuple[Record, ...]:
    """The weights and the bias of a group in the fixed dump, as far as they are there."""
    record = records.by_name.get(group.writes[0]) if group.writes else None
    return records.constants.get(record.name, ()) if record is not None else ()


def _grid(records: FixedRecords, name: str, grid: Grid | None) -> Grid | None:
    record = records.by_name.get(name)
    if record is None or record.type_name not in _TYPES:
        return grid
    wide = _TYPES[record.type_name]
    zero = record.zero_point - (HALF if record.type_name == "SGS_U16" else 0)
    if grid is not None and grid.wide == wide and abs(grid.scale - record.scale) <= HEADER + 1e-6 * record.scale:
        return replace(grid, zero=zero)
    return Grid(wide, _refined(records, record), zero)


def _limits(told: Plan, grids: Mapping[str, Grid | None]) -> Iterator[tuple[str, Bounds]]:
    """Ranges of tensors whose scale in the dump is not the one that the ranges give: the limits of the dump's grid.

    So changing the type of some tensors leaves the scales of all others as the dump has them. That is so where ranges
    are missing, are of another calibration, or are not what the calibrator took (L3 and up).
    """
    for name, grid in grids.items():
        made = told.grids[name]
        if grid is None or made is None or grid.scale == made.scale:
            continue
        if told.qdq is not None:
            codes = (-HALF, WIDE) if grid.wide else (0, NARROW)
            yield name, ((codes[0] - grid.zero) * grid.scale, (codes[1] - grid.zero) * grid.scale)
        elif grid.wide:
            low, high = told.ranges[name]
            part = grid.scale * WIDE / (max(abs(low), abs(high)) or 1.0)
            yield name, (low * part, high * part)
        else:
            yield name, (-grid.zero * grid.scale, (NARROW - grid.zero) * grid.scale)


def _refined(records: FixedRecords, record: Record) -> float:
    """A scale to more than the header's six decimals, from dequantized values."""
    scale = max(record.scale, 1e-12)
    if records.dump.dequantizes(record):
        return scale
    values = np.sort(np.abs(Values(records.dump).read(record)))
    values = values[np.diff(values, prepend=0) > 0].astype(np.float64)  # each once, without NaN
    values = values[np.isfinite(values)]
    limit = 0.25 * scale / HEADER
    while values.size:
        codes = np.rint(values / scale)
        inside = (codes > 0) & (codes <= limit)
        if inside.any():
            scale = dot(values[inside], codes[inside]) / dot(codes[inside], codes[inside])
        if limit > WIDE:
            break
        limit *= 1.5
    return scale


def _learned(told: Plan, records: FixedRecords) -> dict[int, float]:
    """By op index: what to add to the estimate of log2 of the largest sum so that the dump's shift comes out."""
    found: dict[int, float] = {}
    for each in told.groups:
        rows = _bias(records, each)
        if rows is not None and each.convolutions[0].inputs[0] not in told.twin.inputs:
            correction = _correction(told, each, each.convolutions[0], rows[0].astype(np.float64))
            if correction is not None:
                found[each.convolutions[0].index] = correction
    return found


def _correction(
    told: Plan, group: Group, op: TwinOp, codes: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> float | None:
    source, result, how = told.grids.get(op.inputs[0]), told.grids.get(group.writes[0]), told.weights.get(op.index)
    if op.convolution is None or source is None or result is None or how is None or np.abs(codes).max() < TELLING:
        return None
    quantized = quantize_weights(op.convolution.weights, how)
    steps = source.scale * quantized.scales
    behind = [each for each in group.ops if each.index > op.index]
    zero = result.zero * result.scale if all(each.kind.upper() == "RELU" for each in behind) else 0.0
    base = op.convolution.bias.astype(np.float64) - source.zero * source.scale * quantized.sums * quantized.scales
    errors = {shift: float(np.abs((base + zero) / (2.0**shift * steps) - codes).max()) for shift in range(-12, 24)}
    shift = min(errors, key=errors.__getitem__)
    if errors[shift] > 0.6:
        return None
    estimate = log2(max(largest_sum(base, zero, channel_extremes(told, op), growth(told, op), steps), 1e-30))
    return float(np.clip(estimate, ACCUMULATOR + shift - 1 + 1e-3, ACCUMULATOR + shift - 1e-3)) - estimate
