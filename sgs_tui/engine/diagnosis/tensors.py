"""Values of tensors for the diagnosis: whole where they are small, slices of the file where they are not."""

from collections import OrderedDict

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import Form, Record

Values = npt.NDArray[np.float32]

WHOLE = 1 << 22
"""Elements up to which a tensor is read whole (16 MB as float32)."""

KEPT = 1 << 24
"""Elements kept at once over all tensors of a dump (64 MB as float32)."""


class Tensors:
    """Reads tensors of one dump as float32, the small ones once; memory stays bounded by `KEPT`."""

    def __init__(self, dump: Dump) -> None:
        self.dump = dump
        self._kept: OrderedDict[int, Values] = OrderedDict()
        self._count = 0

    def readable(self, record: Record) -> bool:
        """Whether slices can be had without reading the text of a huge tensor from its front."""
        return record.count <= WHOLE or self.dump.form is Form.BINARY

    def slice(self, record: Record, start: int, stop: int) -> Values:
        """Elements [start, stop), codes dequantised. Raises DumpError."""
        if record.count <= WHOLE:
            return self.whole(record)[start:stop]
        return self._read(record, start, stop)

    def whole(self, record: Record) -> Values:
        """Every element, flat; callers must not write to it. Raises DumpError."""
        if record.number in self._kept:
            self._kept.move_to_end(record.number)
            return self._kept[record.number]
        values = self._read(record, 0, record.count)
        self._keep(record, values)
        return values

    def spread(self, record: Record, budget: int, block: int = 1) -> Values:
        """At most about `budget` elements: all of them, or equal stretches spread evenly over the tensor.

        Stretches begin and end on multiples of `block` elements, so that channels stay together.
        """
        if record.count <= budget:
            return self.slice(record, 0, record.count)
        return np.concatenate([self.slice(record, a, b) for a, b in stretches(record.count, budget, block)])

    def _read(self, record: Record, start: int, stop: int) -> Values:
        values: Values = self.dump.values(record, start, stop).astype(np.float32)
        return values

    def _keep(self, record: Record, values: Values) -> None:
        self._kept[record.number] = values
        self._count += values.size
        while self._count > KEPT and len(self._kept) > 1:
            self._count -= self._kept.popitem(last=False)[1].size


def stretches(count: int, budget: int, block: int = 1, pieces: int = 64) -> list[tuple[int, int]]:
    """Up to `pieces` equal stretches [start, stop) of together about `budget` elements, on multiples of `block`."""
    blocks = count // block
    length = max(1, budget // block // pieces)
    starts = np.unique(np.linspace(0, max(blocks - length, 0), min(pieces, blocks)).astype(np.int64))
    merged: list[tuple[int, int]] = []
    for start in (int(value) * block for value in starts):
        stop = min(start + length * block, blocks * block)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], stop)
        else:
            merged.append((start, stop))
    return merged
