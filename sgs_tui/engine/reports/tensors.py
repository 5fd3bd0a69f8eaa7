"""A tensor of a dump as a .npy file, written piece by piece."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from sgs_tui.engine.compare.results import Pair, Side
from sgs_tui.engine.compare.sides import PLAIN, Layout, SideReader, unpadding
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import Record

_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class TensorFile:
    """One side of a layer as an array of float32, `shape` without padding (one axis where the shape is unknown)."""

    side: Side
    record: Record
    layout: Layout
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes of the .npy file."""
        return len(self.header) + 4 * prod(self.shape)

    @property
    def header(self) -> bytes:
        """What numpy writes in front of the values."""
        buffer = io.BytesIO()
        description = {"descr": "<f4", "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_1_0(buffer, description)
        return buffer.getvalue()

    def pieces(self, dump: Dump) -> Iterator[bytes]:
        """The file's bytes; codes become numbers. Raises SgsError where the dump changed or can not be read."""
        yield self.header
        reader = SideReader(dump, self.record, self.layout)
        for start in range(0, reader.count, _CHUNK):
            with np.errstate(invalid="ignore"):  # signalling NaNs are data here
                values = reader.take(start, min(_CHUNK, reader.count - start)).astype(np.float64)
            dump.dequantise(self.record, values)
            with np.errstate(over="ignore"):
                yield values.astype("<f4").tobytes()
        dump.check_unchanged()


def tensor_of(pair: Pair, side: Side) -> TensorFile:
    """One side of a pair."""
    record = pair.sample if side == "sample" else pair.benchmark
    layout = unpadding(record, pair.shape) or PLAIN
    count = record.count if layout.row is None else record.count // layout.row[1] * layout.row[0]
    fits = pair.shape is not None and prod(pair.shape) == count
    return TensorFile(side, record, layout, pair.shape if fits and pair.shape is not None else (count,))
