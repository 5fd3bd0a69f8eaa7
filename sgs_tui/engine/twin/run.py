"""The twin on a new picture: float and fixed values of every tensor, written as the simulators write their dumps."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event

import numpy as np

from sgs_tui.engine.dumps.format import Direction, Record
from sgs_tui.engine.dumps.writer import Draft, create_dump
from sgs_tui.engine.errors import CancelledError, InputError
from sgs_tui.engine.text import visible
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.kernels import Array, Kernel, float_kernel
from sgs_tui.engine.twin.meaning import Barrier, Floats
from sgs_tui.engine.twin.network import Twin, TwinOp
from sgs_tui.engine.twin.plan import Grid, Plan
from sgs_tui.engine.twin.predict import Inputs, Kernels, Layer, predict
from sgs_tui.engine.twin.rebuild import refuse_barriers
from sgs_tui.engine.twin.values import Values


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
            raise CancelledError("the run was stopped")
        held |= dict(zip(op.outputs, _computed(twin, op, held, made), strict=True))
        yield op, held
        _drop(op, held, left)


def _check(twin: Twin, inputs: Inputs) -> None:
    for name in twin.inputs:
        wanted, given = twin.records[name].count, inputs.get(name)
        if given is None or given.size != wanted:
            shape = "x".join(map(str, twin.shapes.get(name, (wanted,))))
            got = "nothing" if given is None else f"{given.size} values"
            raise InputError(f"network input {visible(name)}: expected {wanted} values ({shape}, NHWC), got {got}")


def _computed(twin: Twin, op: TwinOp, held: Mapping[str, Floats], made: dict[int, Kernel]) -> Sequence[Floats]:
    if isinstance(op.meaning, Barrier):
        values = Values(twin.dump)
        return [values.read(twin.records[name]) for name in op.outputs]
    if op.index not in made:
        made[op.index] = float_kernel(op.meaning, [twin.shapes[name] for name in op.inputs], op.outputs[0])
    return [each.reshape(-1) for each in made[op.index].run([held[name] for name in op.inputs])]


def _drop(op: TwinOp, held: dict[str, Floats], left: Counter[str]) -> None:
    left.subtract(op.inputs)
    for name in (*op.inputs, *op.outputs):
        if left[name] <= 0:
            held.pop(name, None)


def write_float_dump(twin: Twin, inputs: Inputs, path: Path, cancel: Event | None = None) -> None:
    """The float dump of a new picture: the records of the twin's own dump, in its order, constants included.

    Raises InputError where an op could not be rebuilt, for wrong inputs, and where the file can not be written.
    """
    refuse_barriers(twin)
    records: dict[int, list[Record]] = {}
    for record in twin.dump.records:
        records.setdefault(record.op_index, []).append(record)
    with create_dump(path) as writer:
        for op, held in float_layers(twin, inputs, cancel=cancel):
            for record in records[op.index]:
                values = twin.dump.read(record) if record.constant else held[record.name]
                writer.write(_draft(record, values))


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
    kernels: Kernels | None = None,
    cancel: Event | None = None,
) -> None:
    """The fixed dump of a new picture, dequantized as `dequantFixed` writes it, without constants.

    Ops are numbered as they run; fused ones print their first type going in and their last coming out. Raises as
    `write_float_dump`.
    """
    refuse_barriers(plan.twin)
    held: dict[str, Layer] = {}
    left = Counter(name for each in plan.groups for name in each.reads)
    layers = predict(plan, inputs, pixels, kernels, cancel)
    with create_dump(path) as writer:
        for _ in plan.twin.inputs:
            layer = next(layers)
            held[layer.name] = layer
        for number, each in enumerate(plan.groups):
            held |= {layer.name: layer for layer in (next(layers) for _ in each.writes)}
            drafts = _drafts(number, each.ops[0].kind, Direction.IN, (held[name] for name in each.reads))
            for draft in (*drafts, *_drafts(number, each.last.kind, Direction.OUT, (held[n] for n in each.writes))):
                writer.write(draft)
            left.subtract(each.reads)
            for name in (*each.reads, *each.writes):
                if left[name] <= 0:
                    held.pop(name, None)


def _drafts(number: int, kind: str, direction: Direction, layers: Iterable[Layer]) -> Iterator[Draft]:
    for slot, layer in enumerate(layers):
        grid = layer.grid or Grid(True, 0.0, 0)
        yield Draft(
            direction, slot, number, kind, layer.name, layer.values(), grid.scale, grid.zero,
            grid.type_name if layer.grid is not None else "float",
        )  # fmt: skip
