"""The twin as data: ops with their meaning and proof, shapes, and what the numbers said about each tensor."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np

from sgs_tui.engine.dumps.format import Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.twin.figures import dot
from sgs_tui.engine.twin.meaning import Barrier, Convolution, Floats, Meaning, Shape

Bounds = tuple[float, float]

CAST = "#/Mul0Input1"
"""In the name of the constant 1 that an inserted cast multiplies with."""


class Proof(StrEnum):
    """How well an op's meaning gives the dump's own output (relative L2 error over all its elements)."""

    EXACT = "exact"
    CLOSE = "close"
    BARRIER = "barrier"


EXACT, CLOSE = 1e-5, 1e-3
"""Largest errors of an exact and of a close op; 1,670 of 1,671 ops of 39 float dumps are below 6e-7 (text dumps:
5e-6)."""


@dataclass(frozen=True, slots=True)
class TwinOp:
    """One op: `kind` in the dump's word, tensors by name in slot order (constants left out), `error` of its proof.

    `why` says why it is a barrier. `cast` marks the multiplications by 1 that the converter inserts to change types.
    """

    index: int
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    meaning: Meaning
    proof: Proof
    error: float
    why: str = ""
    cast: bool = False

    @property
    def barrier(self) -> bool:
        """Whether the dumped values go on instead of computed ones."""
        return isinstance(self.meaning, Barrier)

    @property
    def convolution(self) -> Convolution | None:
        """The op as a convolution (a fully connected layer is one), or None."""
        return self.meaning if isinstance(self.meaning, Convolution) else None

    @property
    def attributes(self) -> str:
        """The meaning in words."""
        return str(self.meaning)


@dataclass(frozen=True, slots=True, eq=False)
class Extremes:
    """Least and largest finite value of each output channel of a convolution: [Cout] each."""

    low: Floats
    high: Floats


@dataclass(frozen=True)
class Twin:
    """A network rebuilt from a float dump.

    `shapes` NHWC of every tensor; `bounds` least and largest finite value in the dump; `nonfinite` tensors that hold
    NaN or Inf; `whole_error` the worst relative L2 error of any tensor when the network runs from its inputs alone
    (`whole_worst` names it). `records` are those to read a tensor's dumped values from: `dump` stays open.
    """

    dump: Dump = field(repr=False)
    ops: tuple[TwinOp, ...]
    inputs: tuple[str, ...]
    records: Mapping[str, Record] = field(repr=False)
    shapes: Mapping[str, Shape] = field(repr=False)
    bounds: Mapping[str, Bounds] = field(repr=False)
    extremes: Mapping[str, Extremes] = field(repr=False)
    nonfinite: frozenset[str]
    whole_error: float
    whole_worst: str
    seconds: float

    @cached_property
    def producers(self) -> Mapping[str, TwinOp]:
        """The op that writes each tensor."""
        return {name: op for op in self.ops for name in op.outputs}

    @cached_property
    def readers(self) -> Mapping[str, tuple[TwinOp, ...]]:
        """The ops that read each tensor."""
        found: dict[str, list[TwinOp]] = {}
        for op in self.ops:
            for name in dict.fromkeys(op.inputs):
                found.setdefault(name, []).append(op)
        return {name: tuple(ops) for name, ops in found.items()}

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Tensors that no op reads: the network's outputs."""
        return tuple(name for op in self.ops for name in op.outputs if name not in self.readers)

    @property
    def tensors(self) -> tuple[str, ...]:
        """Every tensor, inputs first, in execution order."""
        return (*self.inputs, *(name for op in self.ops for name in op.outputs))

    def convolution_inputs(self) -> tuple[str, ...]:
        """First inputs of convolutions without the network's own: what [CONV_CONFIG] can raise, in network order."""
        names = (op.inputs[0] for op in self.ops if is_weighted(op.kind) and op.inputs)
        return tuple(dict.fromkeys(name for name in names if name not in self.inputs))

    def barriers(self) -> tuple[TwinOp, ...]:
        """Ops that could not be rebuilt."""
        return tuple(op for op in self.ops if op.barrier)

    def behind_barriers(self, fed: Container[str] = ()) -> frozenset[str]:
        """Tensors that barriers write, and all computed from them; not from those that are `fed` with better values."""
        found: set[str] = set()
        for op in self.ops:
            if op.barrier or any(name in found and name not in fed for name in op.inputs):
                found.update(op.outputs)
        return frozenset(found)


def is_weighted(kind: str) -> bool:
    """Whether ops of that type multiply their first input with weights; counts also where the window is unknown."""
    return kind.upper().startswith(("CONV", "DEPTHWISE", "GROUP_CONV", "TRANSPOSE_CONV", "FULLY_CONNECTED"))


def relative_error(found: Floats, wanted: Floats) -> float:
    """L2 norm of the difference over that of `wanted`; inf where NaN and infinities sit in other places."""
    if found.size != wanted.size:
        return float("inf")
    found, wanted = found.reshape(-1), wanted.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        square = dot(wanted, wanted)
        if np.isfinite(square) and 1e-30 < square < 1e30:
            return float(np.sqrt(_apart(found, wanted) / square))
    return _careful_error(found, wanted)


def _apart(one: Floats, other: Floats) -> float:
    """Squares of the difference, of so many elements at once that they stay in the cache."""
    total = 0.0
    for at in range(0, one.size, _AT_ONCE):
        difference = one[at : at + _AT_ONCE] - other[at : at + _AT_ONCE]
        total += dot(difference, difference)
    return total


_AT_ONCE = 1 << 16


def _careful_error(found: Floats, wanted: Floats) -> float:
    """For values that float32 squares can not hold, and for NaN and infinities."""
    finite = np.isfinite(wanted)
    if not np.array_equal(found[~finite], wanted[~finite], equal_nan=True) or not np.isfinite(found[finite]).all():
        return float("inf")
    wide, other = wanted[finite].astype(np.float64), found[finite].astype(np.float64)
    size, error = float(np.linalg.norm(wide)), float(np.linalg.norm(wide - other))
    return error / size if size else (0.0 if error == 0 else float("inf"))
