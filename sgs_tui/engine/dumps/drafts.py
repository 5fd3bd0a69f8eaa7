"""Records on their way into a dump: what `DumpWriter` takes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import FLOAT32, INTEGER_TYPES, AnyArray, Direction, Record
from sgs_tui.engine.errors import DumpError, UsageError
from sgs_tui.engine.text import visible

_STEP = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """One tensor to write; the fields are those of `Record`.

    `payload` is an array of any shape, or arrays that follow each other (a generator, for tensors that must
    not be in memory at once). `count` is the number of elements and is needed for the second kind unless
    `shape` tells it; a payload that yields another number is an error.
    """

    direction: Direction
    slot: int
    op_index: int
    op_type: str
    name: str
    payload: AnyArray | Iterable[AnyArray]
    scale: float = 0.0
    zero_point: int = 0
    type_name: str = "float"
    constant: bool = False
    shape: tuple[int, ...] | None = None
    count: int | None = None

    def elements(self) -> int:
        """Number of elements that the payload promises. Raises UsageError where nothing tells it."""
        if self.count is not None:
            return self.count
        if isinstance(self.payload, np.ndarray):
            return self.payload.size
        if self.shape is not None:
            return prod(self.shape)
        raise UsageError(f"{visible(self.name)}: the number of elements is unknown", "give count or shape")

    def dtype(self, is_float: bool) -> np.dtype[np.generic]:
        """Element type of the payload in the file (observed: `isFloat: 1` is float32 whatever `type:` says)."""
        return FLOAT32 if is_float else INTEGER_TYPES.get(self.type_name, FLOAT32)

    def pieces(self, is_float: bool) -> Iterator[AnyArray]:
        """The payload as flat, contiguous arrays in the file's element type, at most 2^18 elements each.

        Raises DumpError when the payload does not hold the promised number of elements.
        """
        arrays = (self.payload,) if isinstance(self.payload, np.ndarray) else self.payload
        count = 0
        for array in arrays:
            flat = np.asarray(array).reshape(-1)
            count += flat.size
            for start in range(0, flat.size, _STEP):
                with np.errstate(over="ignore", invalid="ignore"):  # 1e300 is inf in a dump, and no warning
                    piece = np.ascontiguousarray(flat[start : start + _STEP], self.dtype(is_float))
                yield piece
        if count != self.elements():
            raise DumpError(f"{visible(self.name)}: expected {self.elements()} elements to write, got {count}")


def draft_of(dump: Dump, record: Record) -> Draft:
    """A record of an open dump, to be written again; its payload is read when it is written, in pieces."""
    return Draft(
        direction=record.direction,
        slot=record.slot,
        op_index=record.op_index,
        op_type=record.op_type,
        name=record.name,
        payload=dump.chunks(record),
        scale=record.scale,
        zero_point=record.zero_point,
        type_name=record.type_name,
        constant=record.constant,
        shape=record.shape,
        count=record.count,
    )
