"""`rebuild`: a float dump -> Twin. Every op inferred from its constants and numbers, then proven on all its elements.

One sweep over the ops in order: infer, run the op on the dumped inputs and compare (proof), run it on the values
computed so far and compare (whole network). Values are dropped after their last reader.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from math import prod
from threading import Event
from time import perf_counter, thread_time

import numpy as np

from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.errors import CancelledError, InputError, RunError
from sgs_tui.engine.network.graph import Graph, Op, build_graph
from sgs_tui.engine.network.scales import CODES
from sgs_tui.engine.network.tensors import channel_bounds
from sgs_tui.engine.text import visible
from sgs_tui.engine.twin.infer import candidates, knows
from sgs_tui.engine.twin.kernels import Kernel, float_kernel
from sgs_tui.engine.twin.meaning import Barrier, Floats, Given, Known, Shape, results
from sgs_tui.engine.twin.network import CAST, CLOSE, EXACT, Bounds, Extremes, Proof, Twin, TwinOp, relative_error
from sgs_tui.engine.twin.situation import Situation
from sgs_tui.engine.twin.values import Values
from sgs_tui.engine.twin.windows import BUDGET
from sgs_tui.language import Message

PATIENCE = 2 * BUDGET
"""Seconds of CPU that barriers may take together; then windows are searched but in passing. Of 2,357 ops of real
networks one was a barrier; a dump with holes has many."""

LATE = Message("the time was up")
"""Why an op is a barrier that nobody looked at."""

TRIED = 24
"""Candidates of one op that are proven; the right one is nearly always the first."""


@dataclass(frozen=True, slots=True, eq=False)
class _Proven:
    """A meaning, its kernel (None for a barrier) and what it gave on the dumped inputs."""

    meaning: Known | Barrier
    error: float
    kernel: Kernel | None = None


@dataclass(slots=True)
class _Sweep:
    """What grows from op to op; `running` holds the values of the whole network that are still to be read, `patience`
    the seconds left for barriers. With `kernels` what proved the ops is kept there, and the whole is not run."""

    values: Values
    left: Counter[str]
    shapes: dict[str, Shape] = field(default_factory=dict)
    bounds: dict[str, Bounds] = field(default_factory=dict)
    extremes: dict[str, Extremes] = field(default_factory=dict)
    nonfinite: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    running: dict[str, Floats] = field(default_factory=dict)
    worst: tuple[float, str] = (0.0, "")
    patience: float = PATIENCE
    kernels: dict[int, Kernel] | None = None
    late: Callable[[], bool] = lambda: False


def rebuild(
    dump: Dump, cancel: Event | None = None, patience: float = PATIENCE, kernels: dict[int, Kernel] | None = None,
    late: Callable[[], bool] = lambda: False, values: Values | None = None,
) -> Twin:  # fmt: skip
    """The network of a float dump, every op proven exact (1e-5), close (1e-3) or a barrier that says why.

    The dump has to stay open as long as the twin is used. With `kernels`, which collects the ops' float kernels by
    index, the network is not run as a whole: `whole_error` is NaN, which a diagnosis does not ask for. From the op on
    at which it is `late` all are barriers. `values` of the dump keep what is read here for whoever asks next.

    Raises InputError where the dump holds no inputs (ONNX, Caffe, TFLite dumps), is not float, or is damaged;
    CancelledError.
    """
    started = perf_counter()
    _check(dump)
    graph = build_graph(dump)
    if not graph.known:
        raise InputError(
            Message("{path}: holds outputs only, so the network can not be rebuilt", path=dump.path),
            Message("use the SDK's float simulator's dump"),
        )
    _check_order(dump, graph)
    read = Counter(record.name for op in graph.ops for record in op.inputs)
    sweep = _Sweep(values or Values(dump), read, patience=patience)
    sweep.kernels, sweep.late = kernels, late
    if kernels is not None:
        sweep.worst = (float("nan"), "")
    inputs = tuple(record.name for record in graph.inputs())
    for record in graph.inputs():
        _take_input(sweep, record)
    ops = (
        tuple(_take(sweep, op, cancel) for op in graph.ops) if kernels is None else _guessing(sweep, graph.ops, cancel)
    )
    records = {record.name: record for op in graph.ops for record in (*op.inputs, *op.outputs)}
    for record in records.values():  # read by nothing that tells its shape
        sweep.shapes.setdefault(record.name, (1, record.count))
    return Twin(
        dump, ops, inputs, records, sweep.shapes, sweep.bounds, sweep.extremes, frozenset(sweep.nonfinite),
        *sweep.worst, perf_counter() - started,
    )  # fmt: skip


def _check(dump: Dump) -> None:
    if not dump.is_float or any(record.type_name in CODES and record.scale > 0 for record in dump.outputs()[:8]):
        raise InputError(
            Message("{path}: is no float dump", path=dump.path),
            Message("the twin is built from the float simulator's dump"),
        )
    if not dump.health.ok:
        raise InputError(
            Message("{path}: {health}", path=dump.path, health=dump.health.text),
            Message("dump again: a network with holes can not be rebuilt"),
        )


def _check_order(dump: Dump, graph: Graph) -> None:
    """A simulator writes ops as it runs them; other orders tell nothing to run by."""
    coming = {record.name for op in graph.ops for record in op.outputs}
    written = set[str]()
    for op in graph.ops:
        early = next((each.name for each in op.inputs if each.name in coming and each.name not in written), None)
        if early is not None:
            raise InputError(
                Message(
                    "{path}: op {index} ({kind}) reads {name} before any op writes it",
                    path=dump.path,
                    index=op.index,
                    kind=op.kind,
                    name=early,
                ),
                Message("the twin is built from dumps in the order of computation: dump again"),
            )
        written.update(record.name for record in op.outputs)


def _take_input(sweep: _Sweep, record: Record) -> None:
    values = sweep.values.read(record)
    sweep.running[record.name] = values
    if record.shape is not None:
        sweep.shapes[record.name] = record.shape
    _note(sweep, record.name, values)


def _note(sweep: _Sweep, name: str, values: Floats) -> None:
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if not (np.isfinite(low) and np.isfinite(high)):
        sweep.nonfinite.add(name)
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    sweep.bounds[name] = (low, high)


def _take(sweep: _Sweep, op: Op, cancel: Event | None) -> TwinOp:
    """Infer and prove one op, and carry shapes and values on."""
    if cancel is not None and cancel.is_set():
        raise CancelledError(Message("rebuilding was stopped"))
    proven = _proven(sweep, op)
    for record in op.outputs:
        _note(sweep, record.name, sweep.values.read(record))
    _carry_shapes(sweep, op, proven.meaning)
    if proven.kernel is not None:
        _note_extremes(sweep, op, proven.meaning)
    _carry_values(sweep, op, proven)
    return _twin_op(op, proven)


def _twin_op(op: Op, proven: _Proven) -> TwinOp:
    proof = Proof.BARRIER if proven.kernel is None else Proof.EXACT if proven.error <= EXACT else Proof.CLOSE
    return TwinOp(
        index=op.index,
        kind=op.kind,
        inputs=tuple(record.name for record in op.inputs),
        outputs=tuple(record.name for record in op.outputs),
        meaning=proven.meaning,
        proof=proof,
        error=proven.error,
        why=proven.meaning.why if isinstance(proven.meaning, Barrier) else "",
        cast=any(CAST in record.name for record in op.constants),
    )


# The first candidate is nearly always right: while it is proven on the other core, the next op is inferred from it.


@dataclass(frozen=True, slots=True, eq=False)
class _Guess:
    """An op's first candidate, its proof under way, and what was known before it."""

    op: Op
    proven: Future[_Proven]
    shapes: dict[str, Shape]


_AHEAD = 2
"""Ops that are inferred from others not proven yet; their values are kept as long."""


def _guessing(sweep: _Sweep, ops: Sequence[Op], cancel: Event | None) -> tuple[TwinOp, ...]:
    """As `_take` one after the other. Behind a guess that was wrong all is inferred again."""
    found, guesses = list[TwinOp](), deque[_Guess]()
    with ThreadPoolExecutor(1, "proofs") as pool:
        while len(found) < len(ops):
            place = len(found) + len(guesses)
            guess = _guessed(sweep, ops[place], pool) if place < len(ops) and len(guesses) <= _AHEAD else None
            if guess is not None:
                guesses.append(guess)
            elif guesses and _is_settled(proven := guesses[0].proven.result()):
                op = guesses.popleft().op
                found.append(_twin_op(op, proven))
                if proven.kernel is not None and sweep.kernels is not None:
                    sweep.kernels[op.index] = proven.kernel
            else:
                if guesses:
                    wait([each.proven for each in guesses])
                    sweep.shapes = guesses[0].shapes
                    guesses.clear()
                found.append(_take(sweep, ops[len(found)], cancel))
            if cancel is not None and cancel.is_set():
                raise CancelledError(Message("rebuilding was stopped"))
    return tuple(found)


def _is_settled(proven: _Proven) -> bool:
    """Whether nothing else has to be tried."""
    return proven.error <= EXACT or isinstance(proven.meaning, Barrier)


def _guessed(sweep: _Sweep, op: Op, pool: Executor) -> _Guess | None:
    """None where there is nothing to infer."""
    if _hopeless(op) or sweep.late() or _tells_shapes(sweep, op):
        return None
    situation, before, started = _situation(sweep, op), dict(sweep.shapes), thread_time()
    meaning: Known | Barrier | None = next(candidates(situation), None)
    if meaning is None:
        sweep.patience -= thread_time() - started
        meaning = Barrier(_why(op, float("inf")))
    _carry_shapes(sweep, op, meaning)
    return _Guess(op, pool.submit(_noted, sweep, op, meaning, situation), before)


def _noted(sweep: _Sweep, op: Op, meaning: Known | Barrier, situation: Situation) -> _Proven:
    proven = _Proven(meaning, float("inf")) if isinstance(meaning, Barrier) else _tried(op, meaning, situation)
    for record, values in zip(op.outputs, situation.outputs, strict=True):
        _note(sweep, record.name, values)
    if proven.kernel is not None:
        _note_extremes(sweep, op, meaning)
    return proven


def _tells_shapes(sweep: _Sweep, op: Op) -> bool:
    """Whether the outputs depend on shapes alone."""
    return op.kind.upper() in _SHAPES or sweep.given.issuperset(record.name for record in op.inputs)


def _proven(sweep: _Sweep, op: Op) -> _Proven:
    reason = _hopeless(op) or (LATE if sweep.late() else "")
    if reason:
        return _Proven(Barrier(reason), float("inf"))
    if _tells_shapes(sweep, op):
        return _given(sweep, op)
    situation = _situation(sweep, op)
    best, started = _Proven(Barrier(""), float("inf")), thread_time()
    for number, meaning in enumerate(candidates(situation)):
        tried = _tried(op, meaning, situation)
        best = min(best, tried, key=lambda each: each.error)
        if best.error <= EXACT or number >= TRIED:
            break
    if best.error <= CLOSE:
        return best
    sweep.patience -= thread_time() - started
    return _Proven(Barrier(_why(op, best.error)), best.error)


_SHAPES = ("SHAPE", "SIZE")
"""Ops whose outputs tell their input's shape, not its values."""


def _given(sweep: _Sweep, op: Op) -> _Proven:
    """Outputs that depend on shapes alone are what they are for every picture."""
    sweep.given.update(record.name for record in op.outputs)
    meaning = Given(tuple(sweep.values.read(each).reshape(each.shape or (1, each.count)) for each in op.outputs))
    sources = [_shape(sweep, record) or (1, record.count) for record in op.inputs]
    return _Proven(meaning, 0.0, float_kernel(meaning, sources, op.outputs[0].name))


def _shape(sweep: _Sweep, record: Record) -> Shape | None:
    """As the header has it, else as the ops before told it."""
    return record.shape if _tells(record) else sweep.shapes.get(record.name)


def _tells(record: Record) -> bool:
    return record.shape is not None and len(record.shape) > 1 and prod(record.shape) == record.count


def _hopeless(op: Op) -> str:
    """Why an op can not be looked at at all; empty where it can."""
    if not op.inputs or not op.outputs:
        return Message("its inputs or outputs are missing in the dump")
    if op.fused:
        return Message(
            "{kind} and {result} are fused in this dump: what lies between them was not written",
            kind=op.kind,
            result=op.result,
        )
    return ""


def _why(op: Op, error: float) -> str:
    if not knows(op.kind) and error == float("inf"):
        return Message("ops of type {kind} are not known", kind=op.kind)
    if error == float("inf"):
        return Message("no attributes were found that fit its numbers")
    return Message(
        "the best attributes found leave an error of {error:.1e} (allowed: {most:g})", error=error, most=CLOSE
    )


def _situation(sweep: _Sweep, op: Op) -> Situation:
    numbers = {record.number: number for number, record in enumerate(op.inputs)}
    ordered = sorted((*op.inputs, *op.constants), key=lambda record: record.slot)
    return Situation(
        kind=op.kind,
        slots=tuple(numbers[r.number] if r.number in numbers else sweep.values.constant(r) for r in ordered),
        inputs=tuple(sweep.values.read(record) for record in op.inputs),
        shapes=tuple(_shape(sweep, record) for record in op.inputs),
        outputs=tuple(sweep.values.read(record) for record in op.outputs),
        budget=min(BUDGET, max(0.02, sweep.patience)),
        stored=next((each.shape for each in op.constants[:1] if each.shape is not None), ()),
        results=tuple(each.shape if _tells(each) else None for each in op.outputs),
    )


def _tried(op: Op, meaning: Known, situation: Situation) -> _Proven:
    """The meaning's error on the dumped inputs; infinite where onnxruntime does not accept it, or where the dump has
    other outputs than it gives (the mask of a Dropout).
    """
    sources = [situation.shape(number) for number in range(len(situation.inputs))]
    try:
        kernel = float_kernel(meaning, sources, op.outputs[0].name)
        found = kernel.run(situation.inputs)
    except (RunError, ValueError):
        return _Proven(meaning, float("inf"))
    if len(found) != len(situation.outputs):
        return _Proven(meaning, float("inf"))
    errors = [relative_error(a, b) for a, b in zip(found, situation.outputs, strict=True)]
    return _Proven(meaning, max(errors), kernel)


def _carry_shapes(sweep: _Sweep, op: Op, meaning: Known | Barrier) -> None:
    """Shapes of the outputs; a convolution also tells the shape of an input that nobody knew."""
    if isinstance(meaning, Barrier):
        sweep.shapes |= {r.name: r.shape if r.shape is not None else _likely(sweep, op, r) for r in op.outputs}
        return
    for record, shape in zip(op.outputs, results(meaning), strict=True):
        sweep.shapes[record.name] = record.shape if record.shape is not None and _tells(record) else shape
    source = getattr(meaning, "source", None)
    if source is not None and not _tells(op.inputs[0]) and len(sweep.shapes.get(op.inputs[0].name, ())) != 4:
        sweep.shapes[op.inputs[0].name] = source


def _likely(sweep: _Sweep, op: Op, record: Record) -> Shape:
    """A barrier's output: the shape of an input of its size, else a row."""
    alike = [sweep.shapes[each.name] for each in op.inputs if each.count == record.count and each.name in sweep.shapes]
    return alike[0] if alike else (1, record.count)


def _carry_values(sweep: _Sweep, op: Op, proven: _Proven) -> None:
    """The op on the values computed so far; what nobody reads any more is dropped."""
    if sweep.kernels is not None:
        sweep.kernels |= {op.index: proven.kernel} if proven.kernel is not None else {}
        return
    outputs = [sweep.values.read(record) for record in op.outputs]
    found: Sequence[Floats] = outputs
    if proven.kernel is not None:
        found = [each.reshape(-1) for each in proven.kernel.run([sweep.running[r.name] for r in op.inputs])]
        error, name = max((relative_error(a, b), r.name) for a, b, r in zip(found, outputs, op.outputs, strict=True))
        sweep.worst = max(sweep.worst, (error, name))
    sweep.running |= {record.name: values for record, values in zip(op.outputs, found, strict=True)}
    _drop(sweep.left, sweep.running, op)


def _note_extremes(sweep: _Sweep, op: Op, meaning: Known | Barrier) -> None:
    channels = int(getattr(getattr(meaning, "bias", None), "size", 0))
    if channels:
        values = sweep.values.read(op.outputs[0]).reshape(-1, channels)
        finite = np.where(np.isfinite(values), values, 0) if op.outputs[0].name in sweep.nonfinite else values
        sweep.extremes[op.outputs[0].name] = Extremes(*channel_bounds(finite))


def _drop(left: Counter[str], running: dict[str, Floats], op: Op) -> None:
    for record in op.inputs:
        left[record.name] -= 1
        if left[record.name] <= 0:
            running.pop(record.name, None)
    for record in op.outputs:
        if not left[record.name]:
            running.pop(record.name, None)


def op_totals(twin: Twin) -> Mapping[str, int]:
    """Number of ops of each proof."""
    found = Counter(str(op.proof) for op in twin.ops)
    return {str(proof): found[str(proof)] for proof in Proof}


def refuse_barriers(twin: Twin) -> None:
    """Raise InputError that names the first barrier; for jobs that need the whole network."""
    for op in twin.barriers():
        name = visible(op.outputs[0]) if op.outputs else Message("op {index}", index=op.index)
        raise InputError(
            Message(
                "{path}: {kind} {name} could not be rebuilt: {why}",
                path=twin.dump.path,
                kind=op.kind,
                name=name,
                why=op.why,
            ),
            Message("`sgs-tui twin` lists all ops"),
        )
