"""A network as few onnxruntime sessions, which run picture after picture: in float, and under the fixed arithmetic.

A trial changes one op and computes what is downstream of it, so it runs kernel by kernel (`kernels`). A picture runs
all of them, and one session for the ops of a segment takes two thirds of the time: nothing is handed through Python,
and convolutions keep their blocked layout from one to the next. A segment ends where its tensors reach `MOST` values,
so that memory does not grow with the network.

Every op's output is an output of its session. What onnxruntime fuses over several ops rounds in other places and
depends on who else reads a value: so nothing is, and a picture has the same numbers in a sweep as in its dumps. Of the
passes within an op those are off that compute with weights or biases once more: the codes of the fixed arithmetic are
then those of the kernels.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

import numpy as np

from sgs_tui.engine.errors import CancelledError
from sgs_tui.engine.twin.fixed_kernels import append_group, decoded, settings_of, stored_type
from sgs_tui.engine.twin.fusing import Group
from sgs_tui.engine.twin.kernels import Array, Bound, Input, Kernel
from sgs_tui.engine.twin.meaning import Barrier, Floats
from sgs_tui.engine.twin.network import Twin, TwinOp
from sgs_tui.engine.twin.onnx_nodes import Graph, emit
from sgs_tui.engine.twin.plan import Grid, Plan
from sgs_tui.language import Message

MOST = 4 << 20
"""Values that a segment writes, from which the next one begins."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a segment writes: a tensor's values, which are `told`, or what later segments read, which is `held`."""

    name: str
    told: bool
    held: bool


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Ops that follow each other, in one session; nobody reads `done_with` after it. `values`: what the session calls
    its outputs."""

    kernel: Kernel
    reads: tuple[str, ...]
    outputs: tuple[Output, ...]
    values: tuple[str, ...]
    done_with: tuple[str, ...]

    @property
    def tells(self) -> tuple[str, ...]:
        """The tensors whose values it gives out, in order."""
        return tuple(output.name for output in self.outputs if output.told)

    def bound(self, room: Mapping[str, Floats]) -> Bound:
        """The session writing what it tells of the tensors in `room` there, float32 of shape (n,)."""
        named = zip(self.values, self.outputs, strict=True)
        return self.kernel.bound({value: room[out.name] for value, out in named if out.told and out.name in room})


def float_segments(twin: Twin) -> list[Segment]:
    """The network in float; barriers must have been refused. Raises RunError."""
    ends = [(op.inputs, op.outputs) for op in twin.ops]
    return [_float(twin, twin.ops[each.start : each.stop], each) for each in _stretches(ends, twin)]


def fixed_segments(plan: Plan) -> list[Segment]:
    """The network under a plan: codes in, the stored tensors' values out. Raises RunError."""
    ends = [(each.reads, each.writes) for each in plan.groups]
    return [_fixed(plan, plan.groups[each.start : each.stop], each) for each in _stretches(ends, plan.twin)]


def run(
    segments: Sequence[Segment], inputs: Mapping[str, Array], cancel: Event | None = None
) -> Iterator[tuple[str, Floats]]:
    """Every tensor that an op writes and its values in float32, in the order of the ops.

    `inputs` as the first segments read them. Raises CancelledError between segments, RunError.
    """
    held = dict(inputs)
    for segment in segments:
        if cancel is not None and cancel.is_set():
            raise CancelledError(Message("the run was stopped"))
        made = segment.kernel.run([held[name] for name in segment.reads])
        for output, values in zip(segment.outputs, made, strict=True):
            if output.held:
                held[output.name] = values
        for name in segment.done_with:
            held.pop(name, None)
        for output, values in zip(segment.outputs, made, strict=True):
            if output.told:
                yield output.name, values.reshape(-1)


# Making them.


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Ops [start, stop): what they read of others, what others `later` read, and what they read as the last ones."""

    start: int
    stop: int
    reads: tuple[str, ...]
    later: frozenset[str]
    done_with: tuple[str, ...]


def _stretches(ends: Sequence[tuple[Sequence[str], Sequence[str]]], twin: Twin) -> Iterator[_Stretch]:
    """Of ops that read and write: so many that what they write reaches `MOST`."""
    last = {name: place for place, (reads, _) in enumerate(ends) for name in reads}
    start = total = 0
    for place, (_, writes) in enumerate(ends, 1):
        total += sum(twin.records[name].count for name in writes)
        if total >= MOST or place == len(ends):
            own = {name for _, names in ends[start:place] for name in names}
            read = dict.fromkeys(name for names, _ in ends[start:place] for name in names if name not in own)
            later = frozenset(name for name, reader in last.items() if reader >= place)
            yield _Stretch(start, place, tuple(read), later, tuple(name for name in read if name not in later))
            start, total = place, 0


def _float(twin: Twin, ops: Sequence[TwinOp], stretch: _Stretch) -> Segment:
    graph, reads = Graph(), stretch.reads
    inputs = [_input(graph, f"in::{name}", np.float32, twin.shapes[name]) for name in reads]
    values = dict(zip(reads, (item.name for item in inputs), strict=True))
    given: dict[str, str] = {}
    for op in ops:
        assert not isinstance(op.meaning, Barrier)  # refused before
        values.update(zip(op.outputs, emit(op.meaning, graph, [values[name] for name in op.inputs]), strict=True))
        for name in op.outputs:
            if values[name] in given.values() or values[name].startswith("in::"):  # an op that changes nothing
                values[name] = graph.node("Identity", [values[name]], graph.shapes[values[name]])
            given[name] = values[name]
    kernel = _session(graph, inputs, [(value, np.float32) for value in given.values()], ops[0].outputs[0])
    outputs = tuple(Output(name, True, name in stretch.later) for name in given)
    return Segment(kernel, reads, outputs, tuple(given.values()), stretch.done_with)


def _fixed(plan: Plan, groups: Sequence[Group], stretch: _Stretch) -> Segment:
    graph, reads = Graph(), stretch.reads
    inputs = [_input(graph, f"in::{name}", stored_type(plan.grids.get(name)), plan.twin.shapes[name]) for name in reads]
    stored = {name: (item.name, plan.grids.get(name)) for name, item in zip(reads, inputs, strict=True)}
    outputs: list[tuple[Output, str, Any]] = []
    for group in groups:
        codes = append_group(graph, group, settings_of(group, plan), plan, stored)
        for name, value in zip(group.writes, codes, strict=True):
            grid = plan.grids.get(name)
            stored[name] = value, grid
            outputs += _both(graph, name, value, grid, name in stretch.later)
    kernel = _session(graph, inputs, [(value, kind) for _, value, kind in outputs], groups[0].writes[0])
    told, values = tuple(output for output, _, _ in outputs), tuple(value for _, value, _ in outputs)
    return Segment(kernel, reads, told, values, stretch.done_with)


def _both(graph: Graph, name: str, value: str, grid: Grid | None, later: bool) -> list[tuple[Output, str, Any]]:
    """A stored tensor's values, and its codes where a later segment reads them."""
    kind = stored_type(grid)
    if kind is np.float32:
        return [(Output(name, True, later), value, kind)]
    found = [(Output(name, True, False), decoded(graph, value, grid), np.float32)]
    return [*found, (Output(name, False, True), value, kind)] if later else found


def _input(graph: Graph, name: str, kind: Any, shape: tuple[int, ...]) -> Input:
    graph.shapes[name] = shape
    return Input(name, kind, shape)


def _session(graph: Graph, inputs: Sequence[Input], outputs: Sequence[tuple[str, Any]], what: str) -> Kernel:
    model = graph.model([(item.name, item.dtype, item.shape) for item in inputs], outputs)
    return Kernel(model, inputs, Message("the ops from {what} on", what=what), heavy=True)
