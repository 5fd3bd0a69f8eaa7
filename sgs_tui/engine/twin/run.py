"""The twin on a new picture: float and fixed values of every tensor, written as the simulators write their dumps."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from threading import Event

import numpy as np

from sgs_tui.engine.dumps.format import Direction, Record
from sgs_tui.engine.dumps.writer import Draft, create_dump
from sgs_tui.engine.errors import CancelledError, InputError
from sgs_tui.engine.text import visible
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.fixed_kernels import stored_numbers
from sgs_tui.engine.twin.fusing import Group
from sgs_tui.engine.twin.kernels import Array, Kernel, float_kernel
from sgs_tui.engine.twin.meaning import Barrier, Floats
from sgs_tui.engine.twin.network import Twin, TwinOp
from sgs_tui.engine.twin.plan import Plan
from sgs_tui.engine.twin.predict import Inputs, Layer, input_codes
from sgs_tui.engine.twin.rebuild import refuse_barriers
from sgs_tui.engine.twin.segments import Segment, fixed_segments, float_segments, run
from sgs_tui.engine.twin.values import Values
from sgs_tui.language import Message, plural


def float_layers(
    twin: Twin, inputs: Inputs, kernels: dict[int, Kernel] | None = None, cancel: Event | None = None
) -> Iterator[tuple[TwinOp, Mapping[str, Floats]]]:
    """Every op in order with the values of what it reads and writes, flat NHWC, in float.

    `kernels` keeps what was made for the next picture. Barriers give the dump's values. Raises InputError for inputs
    that are missing or of another size, RunError, CancelledError.
    """
    _check(twin, inputs)
    made = kernels if kernels is not None else {}
    left = Counter(name for op in twin.ops for name in op.inputs)
    held: dict[str, Floats] = {name: inputs[name].reshape(-1).astype(np.float32) for name in twin.inputs}
    for op in twin.ops:
        if cancel is not None and cancel.is_set():
            raise CancelledError(Message("the run was stopped"))
        held |= dict(zip(op.outputs, _computed(twin, op, held, made), strict=True))
        yield op, held
        _drop(op.inputs, op.outputs, held, left)


def _check(twin: Twin, inputs: Inputs) -> None:
    for name in twin.inputs:
        wanted, given = twin.records[name].count, inputs.get(name)
        if given is None or given.size != wanted:
            shape = "x".join(map(str, twin.shapes.get(name, (wanted,))))
            got = Message("nothing") if given is None else plural(given.size, "{number} value", "{number} values")
            raise InputError(
                Message(
                    "network input {name}: expected {wanted} values ({shape}, NHWC), got {got}",
                    name=visible(name),
                    wanted=wanted,
                    shape=shape,
                    got=got,
                )
            )


def _computed(twin: Twin, op: TwinOp, held: Mapping[str, Floats], made: dict[int, Kernel]) -> Sequence[Floats]:
    if isinstance(op.meaning, Barrier):
        values = Values(twin.dump)
        return [values.read(twin.records[name]) for name in op.outputs]
    if op.index not in made:
        made[op.index] = float_kernel(op.meaning, [twin.shapes[name] for name in op.inputs], op.outputs[0])
    return [each.reshape(-1) for each in made[op.index].run([held[name] for name in op.inputs])]


def _drop(reads: Sequence[str], writes: Sequence[str], held: dict[str, Floats], left: Counter[str]) -> None:
    left.subtract(reads)
    for name in (*reads, *writes):
        if left[name] <= 0:
            held.pop(name, None)


def write_float_dump(
    twin: Twin, inputs: Inputs, path: Path, cancel: Event | None = None, segments: Sequence[Segment] | None = None
) -> None:
    """The float dump of a new picture: the records of the twin's own dump, in its order, constants included.

    `segments`: the `float_segments` of the twin, where there are more pictures. Raises InputError where an op could not
    be rebuilt, for wrong inputs, and where the file can not be written; RunError, CancelledError.
    """
    refuse_barriers(twin)
    _check(twin, inputs)
    records: dict[int, list[Record]] = {}
    for record in twin.dump.records:
        records.setdefault(record.op_index, []).append(record)
    given = {name: inputs[name].reshape(-1).astype(np.float32) for name in twin.inputs}
    made = run(segments or float_segments(twin), given, cancel)
    with create_dump(path) as writer:
        for op, held in zip(twin.ops, _held(given, made, [(op.inputs, op.outputs) for op in twin.ops]), strict=True):
            for record in records[op.index]:
                writer.write(_draft(record, twin.dump.read(record) if record.constant else held[record.name]))


def _held(
    given: Mapping[str, Floats], made: Iterator[tuple[str, Floats]], ends: Sequence[tuple[Sequence[str], Sequence[str]]]
) -> Iterator[Mapping[str, Floats]]:
    """For each op what it reads and writes, of which `ends` has the names; dropped behind the last reader."""
    held, left = dict(given), Counter(name for reads, _ in ends for name in reads)
    for reads, writes in ends:
        held.update(islice(made, len(writes)))
        yield held
        _drop(reads, writes, held, left)


def _draft(record: Record, values: Array) -> Draft:
    return Draft(
        record.direction, record.slot, record.op_index, record.op_type, record.name, values,
        type_name=record.type_name, constant=record.constant, shape=record.shape,
    )  # fmt: skip


def write_fixed_dump(
    plan: Plan,
    inputs: Inputs,
    path: Path,
    pixels: Pixels | None = Pixels(),  # noqa: B008 - frozen
    cancel: Event | None = None,
    segments: Sequence[Segment] | None = None,
) -> None:
    """The fixed dump of a new picture, dequantized as `dequantFixed` writes it.

    Ops are numbered as they run; fused ones print their first type going in and their last coming out. Of the constants
    a convolution's weights and bias are written: they tell how it was quantized. `segments`: the
    `fixed_segments` of the plan, where there are more pictures. Raises as `write_float_dump`.
    """
    refuse_barriers(plan.twin)
    codes = input_codes(plan, inputs, pixels)
    given = {name: Layer(name, stored, plan.grids.get(name)).values() for name, stored in codes.items()}
    made = run(segments or fixed_segments(plan), codes, cancel)
    held = _held(given, made, [(each.reads, each.writes) for each in plan.groups])
    constants = [tuple(_constants(each, plan)) for each in plan.groups]
    with create_dump(path) as writer:
        for number, (group, values) in enumerate(zip(plan.groups, held, strict=True)):
            for direction, op, names in (
                (Direction.IN, group.ops[0], group.reads), (Direction.OUT, group.last, group.writes),
            ):  # fmt: skip
                for slot, name in enumerate(names):
                    writer.write(_quantized(Draft(direction, slot, number, op.kind, name, values[name]), plan))
                for slot, draft in enumerate(constants[number] if direction is Direction.IN else (), len(names)):
                    writer.write(replace(draft, slot=slot, op_index=number, op_type=op.kind))


def _constants(group: Group, plan: Plan) -> Iterator[Draft]:
    """The weights [Cout, kh, kw, Cin / groups] and the bias of a group's convolution: codes as the SDK's dumps have
    them, though in another order; values where onnxruntime computes, whose dumps have the largest scale in the header.
    """
    found = stored_numbers(group, plan)
    op = group.convolutions[0] if found is not None else None
    written = [each for each in plan.twin.dump.records if op is not None and each.op_index == op.index]
    names = [each.name for each in written if each.constant]
    if found is None or op is None or not names:
        return
    (codes, numbers), how = found, plan.weights[op.index]
    values, scale = (codes.codes, codes.scales[0]) if plan.qdq is None else (codes.values(), codes.scales.max())
    named = "SGS_S16" if how is not None and how.wide else "SGS_S8"
    blank = Draft(Direction.IN, 0, 0, "", names[0], values.reshape(-1), constant=True)
    yield replace(blank, scale=float(scale), type_name=named)
    if numbers is not None and len(names) > 1:
        yield replace(blank, name=names[1], payload=numbers.stored.reshape(-1), type_name="SGS_S16")


def _quantized(draft: Draft, plan: Plan) -> Draft:
    """With its tensor's grid in the header."""
    grid = plan.grids.get(draft.name)
    if grid is None:
        return replace(draft, scale=0.0, zero_point=0, type_name="float")
    return replace(draft, scale=grid.scale, zero_point=grid.zero, type_name=grid.type_name)
