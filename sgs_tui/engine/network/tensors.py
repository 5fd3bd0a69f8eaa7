"""Values of tensors: whole where they are small, slices of the file where they are not; and the size of errors."""

from collections import OrderedDict
from math import isfinite
from threading import RLock

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.format import Form, Record
from sgs_tui.engine.dumps.reader import Dump

Values = npt.NDArray[np.float32]

WHOLE = 1 << 22  # elements up to which a tensor may be read whole (16 MB as float32)
KEPT = 1 << 21  # elements kept at once over all tensors of a dump (8 MB as float32)
_MOST_KEPT = 1 << 10  # pieces kept at once: of tiny tensors what is around the numbers is larger than they are
_TINY, _AHEAD = 1 << 12, 1 << 16
"""Bytes of a record that is read together with those behind it, and of what is read then."""
BLOCK = 1 << 13
"""Elements read at once for a small slice, since its neighbours are asked for next; larger slices are read as such."""


class Tensors:
    """Reads tensors of one dump as float32, for several threads; what was read last is kept, memory stays bounded by
    `KEPT`.

    Small tensors are kept whole, larger ones in blocks. Text can only be read from its front, so it is kept whole.
    """

    def __init__(self, dump: Dump) -> None:
        self.dump = dump
        self._kept: OrderedDict[tuple[int, int], Values] = OrderedDict()
        self._count = 0
        self._ahead, self._ahead_at, self._last = b"", 0, -_AHEAD
        self._lock = RLock()

    def readable(self, record: Record) -> bool:
        """Whether slices can be had without reading the text of a huge tensor from its front."""
        return record.count <= WHOLE or self.dump.form is Form.BINARY

    def slice(self, record: Record, start: int, stop: int) -> Values:
        """Elements [start, stop), codes dequantized; callers must not write to it. Raises DumpError."""
        stop = min(stop, record.count)
        if record.count <= BLOCK or (self.dump.form is Form.TEXT and self.readable(record)):
            return self.whole(record)[start:stop]
        if stop - start >= BLOCK:
            return self._read(record, start, stop)
        return self._from_blocks(record, start, stop)

    def whole(self, record: Record) -> Values:
        """Every element, flat; callers must not write to it. Raises DumpError."""
        return self._remembered((record.number, -1), record, 0, record.count)

    def spread(self, record: Record, budget: int, block: int = 1) -> Values:
        """At most about `budget` elements: all of them, or equal stretches spread evenly over the tensor.

        Stretches begin and end on multiples of `block` elements, so that channels stay together.
        """
        if record.count <= budget:
            return self.slice(record, 0, record.count)
        parts = stretches(record.count, budget, block)
        if self.dump.form is Form.TEXT or self.dump.dequantizes(record):
            read = self.slice if self.dump.form is Form.TEXT else self._read
            return np.concatenate([read(record, a, b) for a, b in parts])
        self.dump.check_unchanged()
        found, done = np.empty(sum(b - a for a, b in parts), record.dtype), 0
        for a, b in parts:
            self.dump.read_into(record, a, found[done : done + b - a])
            done += b - a
        return found.astype(np.float32, copy=False)

    def _from_blocks(self, record: Record, start: int, stop: int) -> Values:
        parts = []
        for number in range(start // BLOCK, max(stop - 1, start) // BLOCK + 1):
            first = number * BLOCK
            block = self._remembered((record.number, number), record, first, first + BLOCK)
            parts.append(block[max(start - first, 0) : max(stop - first, 0)])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _remembered(self, key: tuple[int, int], record: Record, start: int, stop: int) -> Values:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            else:
                self._keep(key, self._read(record, start, stop))
            return self._kept[key]

    def _read(self, record: Record, start: int, stop: int) -> Values:
        if not self.dump.dequantizes(record):
            with self._lock:
                tiny = self._tiny(record, start, stop)
            values = self.dump.read(record, start, stop) if tiny is None else tiny
            return values.astype(np.float32, copy=False)
        return self.dump.values(record, start, stop).astype(np.float32)

    def _tiny(self, record: Record, start: int, stop: int) -> AnyArray | None:
        """All of a small record from what was read ahead: of many tiny layers one read each costs more than the rest.

        None for others, and where the read before was not close by.
        """
        size = record.count * record.dtype.itemsize
        if size > _TINY or self.dump.form is Form.TEXT or (start, stop) != (0, record.count):
            return None
        at, close = record.offset - self._ahead_at, 0 <= record.offset - self._last < _AHEAD
        self._last = record.offset
        if close and not 0 <= at <= len(self._ahead) - size:
            self.dump.check_unchanged()
            self._ahead, self._ahead_at, at = self.dump.bytes_at(record.offset, _AHEAD), record.offset, 0
        if not 0 <= at <= len(self._ahead) - size:
            return None
        return np.frombuffer(self._ahead, record.dtype, record.count, at)

    def _keep(self, key: tuple[int, int], values: Values) -> None:
        self._kept[key] = values
        self._count += values.size
        while (self._count > KEPT or len(self._kept) > _MOST_KEPT) and len(self._kept) > 1:
            self._count -= self._kept.popitem(last=False)[1].size


def stretches(count: int, budget: int, block: int = 1, pieces: int = 64) -> list[tuple[int, int]]:
    """Up to `pieces` equal stretches [start, stop) of together about `budget` elements, on multiples of `block`."""
    blocks = count // block
    length = max(1, budget // block // pieces)
    starts = np.linspace(0, max(blocks - length, 0), min(pieces, blocks)).astype(np.int64).tolist()
    merged: list[tuple[int, int]] = []
    for start in (value * block for value in dict.fromkeys(starts)):  # np.unique loads numpy.ma: 0.05 s
        stop = min(start + length * block, blocks * block)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], stop)
        else:
            merged.append((start, stop))
    return merged


_ROW = 512
"""Values of a row of which numpy takes the least and the largest at full speed."""


def channel_bounds(values: Values) -> tuple[Values, Values]:
    """Least and largest value of every channel of contiguous [positions, channels]; NaN of one that holds NaN.

    Several positions make a row first: along few channels numpy goes value by value, ten times slower.
    """
    positions, channels = values.shape
    together = max(1, _ROW // channels)
    whole = positions // together * together
    rows, rest = values[:whole].reshape(-1, together * channels), values[whole:]
    parts = [part for part in (_bounds(rows, channels), (rest, rest)) if len(part[0])]
    low, high = (np.concatenate(each) for each in zip(*parts, strict=True))
    return low.min(axis=0), high.max(axis=0)


def _bounds(rows: Values, channels: int) -> tuple[Values, Values]:
    if not len(rows):
        return rows, rows
    return rows.min(axis=0).reshape(-1, channels), rows.max(axis=0).reshape(-1, channels)


PIECE = 1 << 12
"""Elements whose squares are summed in float32: few enough for seven digits, and they stay in the cache."""

STRETCH = 16 * PIECE
"""Values at once: what is made of them stays in the cache."""

_SQUARES = (1e-20, 1e30)
"""Sums of squares that float32 holds without loss."""


def rms(values: Values) -> float:
    """Root mean square; 0 for nothing. Without BLAS, whose threads wait for each other on a busy machine."""
    if not values.size:
        return 0.0
    with np.errstate(all="ignore"):
        return rms_of(squares(values.reshape(-1)), values.size)


def distance(one: Values, other: Values) -> float:
    """Root mean square of the difference of flat values."""
    with np.errstate(all="ignore"):
        starts = range(0, one.size, STRETCH)
        parts = [squares(one[at : at + STRETCH] - other[at : at + STRETCH]) for at in starts]
        return rms_of([each for part in parts for each in part], one.size) if parts else 0.0


def rms_of(parts: list[float], count: int) -> float:
    """That of so many values from the sums of their `squares`."""
    return float(np.sqrt(sum(parts) / count))


def squares(flat: Values) -> list[float]:
    """Sums of squares of the pieces of flat values; of `STRETCH` values they go on with those behind."""
    whole = flat.size // PIECE * PIECE
    pieces = flat[:whole].reshape(-1, PIECE)
    sums: list[float] = np.vecdot(pieces, pieces).tolist()
    for place, found in enumerate(sums):
        if not _SQUARES[0] < found < _SQUARES[1]:
            sums[place] = _wide_squares(pieces[place])
    return [*sums, _squares(flat[whole:])] if whole < flat.size else sums


def _squares(piece: Values) -> float:
    found = float(np.einsum("i,i->", piece, piece))
    return found if _SQUARES[0] < found < _SQUARES[1] else _wide_squares(piece)


def _wide_squares(piece: Values) -> float:
    if not piece.any():
        return 0.0
    wide = piece.astype(np.float64)
    return _product(wide, wide)


def share(error: Values, rest: Values) -> float:
    """How much of an error's energy is gone when only `rest` of it is left: 1 all, 0 none or it got worse."""
    return share_of(rms(error), rms(rest))


def share_of(error: float, rest: float) -> float:
    """The same from both root mean squares."""
    energy = error**2
    return max(0.0, 1 - rest**2 / energy) if energy > 0 and isfinite(energy) else 0.0


def cosine(ours: Values, theirs: Values) -> float:
    """Cosine of two flat tensors in float64; 0 where one is empty, all zero or not finite. Without BLAS, as `rms`."""
    left, right = ours.astype(np.float64, copy=False), theirs.astype(np.float64, copy=False)
    with np.errstate(all="ignore"):
        size = np.sqrt(_product(left, left) * _product(right, right))
        return _product(left, right) / float(size) if size > 0 and np.isfinite(size) else 0.0


def _product(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> float:
    return float(np.einsum("i,i->", left, right))
