"""Undo the layouts of a fixed dump that kept its padding (`dequantFixed` without `eliminateGarbage`).

Headers and sizes of such a dump are those of a good one, but the payload is the hardware's layout, cut to N
values. One of these, found by trial on all 56 layers of two networks, with C channels, P pixels and
b = 16 / (bytes of the record's own type), so 16 for U8 and S8, 8 for S16:

    PLAIN    [P][C]                      nothing to do
    BLOCKS   [ceil(C/b)][P][b], cut      channel blocks, the last one padded
    ROWS     [P][ceil(C/b)*b], cut       every pixel padded

What lay beyond the cut is lost (10 to 75 % of a layer, nothing where C is a multiple of b). A raw dump with padding is
not cut: its record is longer than the tensor.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.dumps.dtypes import INTEGER_TYPES, AnyArray
from sgs_tui.engine.dumps.format import Record

Mask = npt.NDArray[np.bool_]
Read = Callable[[int, int], AnyArray]

LINE = 16  # bytes of the hardware's memory line


class Stored(StrEnum):
    """How a payload lies in the file."""

    PLAIN = "plain"
    BLOCKS = "channel blocks"
    ROWS = "padded rows"


@dataclass(frozen=True, slots=True)
class Padded:
    """A tensor of `pixels` x `channels` in a layout of `block` channels a line, `stored` elements in the file."""

    layout: Stored
    pixels: int
    channels: int
    block: int
    stored: int

    @property
    def lines(self) -> int:
        """Channel blocks a pixel needs."""
        return -(-self.channels // self.block)

    @property
    def differs(self) -> bool:
        """Whether the layout is another order than the plain one."""
        if self.layout is Stored.PLAIN or self.pixels <= 1:
            return False
        return self.lines > 1 if self.layout is Stored.BLOCKS else self.channels % self.block != 0

    def present(self, first: int, last: int) -> Mask:
        """Which values of pixels [first, last) are in the file, as [pixels, channels]."""
        pixel = np.arange(first, last, dtype=np.int64)[:, None]
        channel = np.arange(self.channels, dtype=np.int64)[None, :]
        if self.layout is Stored.BLOCKS:
            places = (channel // self.block * self.pixels + pixel) * self.block + channel % self.block
        else:
            width = self.channels if self.layout is Stored.PLAIN else self.lines * self.block
            places = pixel * width + channel
        result: Mask = places < self.stored
        return result

    def kept(self) -> float:
        """Share of the tensor's values that are in the file."""
        total = self.pixels * self.channels
        if self.layout is Stored.PLAIN or not total:
            return 1.0
        if self.layout is Stored.ROWS:
            whole, rest = divmod(self.stored, self.lines * self.block)
            return min(1.0, (whole * self.channels + min(rest, self.channels)) / total)
        return min(1.0, sum(self._kept_in(line) for line in range(self.lines)) / total)

    def _kept_in(self, line: int) -> int:
        """Values of one channel block that are in the file."""
        width = min(self.block, self.channels - line * self.block)
        most = self.pixels * self.block
        whole, rest = divmod(min(max(self.stored - line * most, 0), most), self.block)
        return whole * width + min(rest, width)

    def undo(self, read: Read, first: int, last: int) -> tuple[AnyArray, Mask]:
        """(values, present) of pixels [first, last) as [pixels, channels]; absent values are 0.

        `read(start, stop)` gives stored elements; at most `lines` contiguous stretches are read.
        """
        present = self.present(first, last)
        lines = range(self.lines if self.layout is Stored.BLOCKS else 1)
        pieces = [self._line(read, line, first, last) for line in lines]
        values = np.concatenate(pieces, axis=1)[:, : self.channels]
        return np.where(present, values, np.zeros(1, values.dtype)), present

    def _line(self, read: Read, line: int, first: int, last: int) -> AnyArray:
        """Stored elements of one line of pixels [first, last), zeros where the file ends."""
        rows = self.lines * self.block
        width = {Stored.PLAIN: self.channels, Stored.ROWS: rows, Stored.BLOCKS: self.block}[self.layout]
        offset = line * self.pixels * width if self.layout is Stored.BLOCKS else 0
        start, stop = (min(offset + pixel * width, self.stored) for pixel in (first, last))
        found = read(start, stop)
        whole = np.zeros((last - first) * width, found.dtype)
        whole[: found.size] = found
        return whole.reshape(last - first, width)


def block_of(record: Record) -> int:
    """Channels in one memory line of the record's own type, whatever the payload is written as."""
    dtype = INTEGER_TYPES.get(record.type_name)
    return LINE // dtype.itemsize if dtype is not None else LINE


def candidates(record: Record, count: int, channels: int = 0) -> Iterator[Padded]:
    """Layouts in which `record` may hold a tensor of `count` elements and give another order than the plain one.

    `channels` 0: unknown, every divisor of `count` is offered. A record longer than the tensor has to fit exactly.
    """
    block = block_of(record)
    for each in [channels] if channels else divisors(count):
        for layout in (Stored.BLOCKS, Stored.ROWS):
            found = Padded(layout, count // each, each, block, record.count)
            whole = found.pixels * found.lines * block
            if count % each == 0 and found.differs and record.count in (count, whole):
                yield found


def divisors(number: int) -> list[int]:
    """Every divisor of a positive number, ascending."""
    small = [d for d in range(1, int(number**0.5) + 1) if number % d == 0]
    return small + [number // d for d in reversed(small) if d * d != number]
