"""What flows out of a dump: records, health, and the index that holds them."""

from dataclasses import dataclass
from enum import StrEnum
from math import prod

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
AnyArray = npt.NDArray[np.generic]

INTEGER_TYPES: dict[str, np.dtype[np.generic]] = {
    "SGS_U8": np.dtype("<u1"),
    "SGS_S8": np.dtype("<i1"),
    "SGS_BOOL": np.dtype("<u1"),
    "SGS_U16": np.dtype("<u2"),
    "SGS_S16": np.dtype("<i2"),
    "SGS_S32": np.dtype("<i4"),
    "SGS_S64": np.dtype("<i8"),
}
"""`type:` of a header to the payload's element type in an `isFloat: 0` file."""

FLOAT32 = np.dtype("<f4")


class Direction(StrEnum):
    """Whether a record is an operand or a result of its op."""

    IN = "in"
    OUT = "out"


class Form(StrEnum):
    """How payloads are written."""

    BINARY = "binary"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Record:
    """One tensor in a dump, as its header tells it.

    `name` keeps every byte of the file (surrogateescape, see engine/text.py). `scale` has six decimals
    in the file, so values rebuilt from it are off by up to 1.6 %. `offset` is the payload's first byte,
    `size` the bytes (binary) or characters (text form) really there, `declared` what the header's size
    line promises (None in the text form that has none). `count` is the number of elements. `shape` is None
    where the file does not say it. `number` is the record's position in the file, from 0.
    """

    number: int
    direction: Direction
    slot: int
    op_index: int
    op_type: str
    name: str
    scale: float
    zero_point: int
    type_name: str
    constant: bool
    shape: tuple[int, ...] | None
    dtype: np.dtype[np.generic]
    offset: int
    size: int
    declared: int | None
    count: int

    @property
    def is_short(self) -> bool:
        """The file carries fewer payload bytes than the record declares."""
        return self.declared is not None and self.size < self.declared

    @property
    def is_layer(self) -> bool:
        """An output that is no constant: what gets compared."""
        return self.direction is Direction.OUT and not self.constant

    @property
    def padded(self) -> bool:
        """More elements than the shape holds."""
        return self.shape is not None and self.count > prod(self.shape)


class HealthState(StrEnum):
    """What is wrong with a dump as a file."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"
    SHORT_RECORDS = "short records"
    EMPTY = "empty"
    STOPS_EARLY = "stops early"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Health:
    """State of a dump and one sentence that says where (byte, record) and why."""

    state: HealthState
    detail: str = ""
    byte: int | None = None
    record: int | None = None

    @property
    def ok(self) -> bool:
        """Nothing is missing."""
        return self.state is HealthState.COMPLETE

    def __str__(self) -> str:
        return f"{self.state}: {self.detail}" if self.detail else str(self.state)


class Stage(StrEnum):
    """Where in the pipeline a dump comes from."""

    ORIGINAL = "original"
    FLOAT = "float"
    CMODEL_FLOAT = "cmodel_float"
    FIXED = "fixed"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells that a file is still the one that was indexed."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class DumpIndex:
    """Everything a dump says in its headers. `is_float` is the file's first line (`isFloat: 1`)."""

    is_float: bool
    form: Form
    records: tuple[Record, ...]
    health: Health
    state: FileState
