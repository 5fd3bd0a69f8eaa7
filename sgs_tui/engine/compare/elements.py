"""One side of a layer as a stream of elements: plain, un-padded, or read as NHWC where it is stored NCHW."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from threading import Event
from typing import Protocol

import numpy as np

from sgs_tui.engine.dumps.dtypes import AnyArray, FloatArray
from sgs_tui.engine.dumps.format import Record, batches_of
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.text_payload import TextReader
from sgs_tui.engine.errors import CancelledError

PIECE = 1 << 18
"""Elements held at once where a layer is read for something else than its metrics."""
_CACHED = 1 << 20
"""Elements gathered at once where a tensor is read in another order than it is stored."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How stored elements become the tensor's.

    `row` = (c, padded): the last axis holds c of `padded` stored elements. `nchw` = (n, h, w, c): stored NCHW,
    delivered NHWC. Both None: as stored.
    """

    row: tuple[int, int] | None = None
    nchw: tuple[int, int, int, int] | None = None

    def count(self, record: Record) -> int:
        """Elements of the tensor, without padding."""
        return record.count if self.row is None else record.count // self.row[1] * self.row[0]


PLAIN = Layout()


def unpadded(record: Record, shape: tuple[int, ...] | None) -> Layout:
    """The layout that cuts alignment padding off `record`'s last axis; PLAIN where it does not fit exactly."""
    if not shape or not prod(shape) or record.count <= prod(shape) or record.count % prod(shape[:-1]):
        return PLAIN
    if batches_of(record.count, shape) > 1:
        return PLAIN
    return Layout(row=(shape[-1], record.count // prod(shape[:-1])))


class Elements(Protocol):
    """One side of a layer for a pass over it, in order. `codes`: elements are integers still to be dequantized."""

    @property
    def codes(self) -> bool: ...
    @property
    def count(self) -> int: ...
    def values(self, start: int, count: int) -> FloatArray:
        """The same elements as numbers: float64, a copy of shape (count,)."""

    def take(self, start: int, count: int) -> AnyArray:
        """Elements [start, start + count); valid until the next call."""

    def dequantize(self, values: FloatArray) -> None:
        """Codes to numbers, in place."""


class ArrayReader:
    """A side that is in memory: numbers, shape (n,)."""

    __slots__ = ("_values",)

    codes = False

    def __init__(self, values: AnyArray) -> None:
        self._values = values

    def take(self, start: int, count: int) -> AnyArray:
        return self._values[start : start + count]

    @property
    def count(self) -> int:
        return len(self._values)

    def values(self, start: int, count: int) -> FloatArray:
        """The same elements as float64, a copy."""
        return self._values[start : start + count].astype(np.float64)

    def dequantize(self, values: FloatArray) -> None:
        """They are numbers."""


class SideReader:
    """Elements of one record, mostly in order, through a buffer that is used again by the next `take`.

    `codes`: the elements are integers that still have to be dequantized.
    """

    __slots__ = ("_buffer", "_cache", "_cache_start", "_layout", "_text", "_text_next", "codes", "dump", "record")

    def __init__(self, dump: Dump, record: Record, layout: Layout = PLAIN) -> None:
        self.dump, self.record, self._layout = dump, record, layout
        self.codes = dump.dequantizes(record)
        self._buffer: AnyArray | None = None
        self._text: TextReader | None = None
        self._text_next = 0
        self._cache: AnyArray | None = None
        self._cache_start = 0

    @property
    def count(self) -> int:
        return self._layout.count(self.record)

    def take(self, start: int, count: int) -> AnyArray:
        """Elements [start, start + count); valid until the next call."""
        if self._layout.nchw is not None:
            return self._take_transposed(start, count)
        if self._layout.row is not None:
            return self._take_unpadded(start, count)
        return self._stored(start, count)

    def dequantize(self, values: FloatArray) -> None:
        """Codes to numbers, in place."""
        self.dump.dequantize(self.record, values)

    def values(self, start: int, count: int) -> FloatArray:
        """The same elements as numbers: float64, codes dequantized, a copy of shape (count,)."""
        with np.errstate(invalid="ignore"):  # signalling NaNs are data here
            values = self.take(start, count).astype(np.float64)
        self.dump.dequantize(self.record, values)
        return values

    def pieces(self, cancel: Event | None = None) -> Iterator[FloatArray]:
        """All `values`, in order. Raises FileChangedError once they are read, CancelledError."""
        for start in range(0, self.count, PIECE):
            if cancel is not None and cancel.is_set():
                raise CancelledError("stopped")
            yield self.values(start, min(PIECE, self.count - start))
        self.dump.check_unchanged()

    def _stored(self, start: int, count: int) -> AnyArray:
        if self.dump.reads_in_order():
            return self._take_text(start, count)
        if self._buffer is None or len(self._buffer) < count:
            self._buffer = np.empty(count, self.record.dtype)
        stretch = self._buffer if len(self._buffer) == count else self._buffer[:count]
        self.dump.read_into(self.record, start, stretch)
        return stretch

    def _take_text(self, start: int, count: int) -> AnyArray:
        if self._text is None or start < self._text_next:
            self._text, self._text_next = self.dump.text_reader(self.record), 0
        self._text.skip(start - self._text_next)
        self._text_next = start + count
        return self._text.exactly(count)

    def _take_unpadded(self, start: int, count: int) -> AnyArray:
        assert self._layout.row is not None
        used, padded = self._layout.row
        first, last = start // used, -(-(start + count) // used)
        rows = self._stored(first * padded, (last - first) * padded).reshape(-1, padded)
        return rows[:, :used].reshape(-1)[start - first * used :][:count]

    def _take_transposed(self, start: int, count: int) -> AnyArray:
        inside = start - self._cache_start
        if self._cache is None or not 0 <= inside <= len(self._cache) - count:
            self._cache, self._cache_start, inside = self._gather(start, max(count, _CACHED)), start, 0
        return self._cache[inside : inside + count]

    def _gather(self, start: int, count: int) -> AnyArray:
        """NHWC elements from `start` of a tensor stored NCHW: for each channel one contiguous stretch of pixels."""
        assert self._layout.nchw is not None
        batch, height, width, channels = self._layout.nchw
        pixels = height * width
        first, last = start // channels, min(-(-(start + count) // channels), batch * pixels)
        pieces = []
        for image in range(first // pixels, -(-last // pixels)):
            low, high = max(first - image * pixels, 0), min(last - image * pixels, pixels)
            planes = np.empty((channels, high - low), self.record.dtype)
            for channel in range(channels):
                planes[channel] = self._stored((image * channels + channel) * pixels + low, high - low)
            pieces.append(planes.T.reshape(-1))
        return np.concatenate(pieces)[start - first * channels :]
